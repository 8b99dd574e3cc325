"""A byte changed in an installed layer, or in the cache it came from, is noticed before a check runs."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from checks.decide.integrity import accept, changed_files, write_down, written_down

FILES = {"library/__init__.py": b"VERSION = 1\n", "library/data.bin": bytes(range(256)), "jupyter.py": b"one\n"}
PACKAGES = "lib/python3.11/site-packages"


def record(packages: Path, package: str, files: dict[str, bytes]) -> None:
    folder = packages / f"{package}-1.0.dist-info"
    folder.mkdir(parents=True)
    lines = [f"{package}-1.0.dist-info/RECORD,,"]
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
        (packages / name).parent.mkdir(exist_ok=True)
        (packages / name).write_bytes(content)
    (folder / "RECORD").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "layer-1"
    record(place / PACKAGES, "library", FILES)
    (place / "bin").mkdir()
    (place / "bin/python").symlink_to("/usr/bin/python3")
    (place / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    return place


@pytest.fixture
def layer(place: Path) -> Path:
    assert write_down(place, place / PACKAGES) == []
    return place


def test_an_untouched_layer_has_no_changed_file(layer: Path) -> None:
    assert changed_files(layer) == changed_files(layer) == []


@pytest.mark.parametrize("name", FILES)
def test_a_fresh_layer_that_is_not_what_its_record_says_is_not_written_down(place: Path, name: str) -> None:
    content = bytearray(FILES[name])
    content[-1] ^= 1
    (place / PACKAGES / name).write_bytes(content)
    assert write_down(place, place / PACKAGES) == [name]
    assert not written_down(place).exists()


@pytest.mark.parametrize("restored", [True, False])
@pytest.mark.parametrize("name", [*(f"{PACKAGES}/{name}" for name in FILES), "pyvenv.cfg"])
def test_one_changed_byte_is_noticed_with_its_time_set_back_too(layer: Path, name: str, restored: bool) -> None:
    file = layer / name
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    if restored:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed_files(layer) == [name]
    assert changed_files(layer) == [name], "and again: it is not taken for known"


def test_a_file_changed_together_with_its_record_is_noticed(layer: Path) -> None:
    packages = layer / PACKAGES
    (packages / "jupyter.py").write_bytes(b"two\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"two\n").digest()).rstrip(b"=").decode()
    told = packages / "library-1.0.dist-info/RECORD"
    lines = [
        line if not line.startswith("jupyter") else f"jupyter.py,sha256={digest},4" for line in told.read_text().split("\n")
    ]
    told.write_text("\n".join(lines), encoding="utf-8")
    assert changed_files(layer) == [f"{PACKAGES}/jupyter.py", f"{PACKAGES}/library-1.0.dist-info/RECORD"]


@pytest.mark.parametrize("name", ["extra.pth", "sitecustomize.py", "library/more.py", "library/__pycache__/odd.txt"])
def test_a_file_that_no_package_brought_is_noticed(layer: Path, name: str) -> None:
    file = layer / PACKAGES / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("import os\n", encoding="utf-8")
    assert changed_files(layer) == [f"{PACKAGES}/{name}"]


def test_bytecode_that_was_not_written_down_is_removed_and_what_was_accepted_stays(layer: Path) -> None:
    folder = layer / PACKAGES / "library/__pycache__"
    folder.mkdir()
    for name in ("planted", "__init__"):
        (folder / f"{name}.cpython-311.pyc").write_bytes(b"code")
    accept(layer, [f"{PACKAGES}/library/__pycache__/__init__.cpython-311.pyc"])
    assert changed_files(layer) == []
    assert [file.name for file in folder.iterdir()] == ["__init__.cpython-311.pyc"]
    (folder / "__init__.cpython-311.pyc").write_bytes(b"edoc")
    assert changed_files(layer) == [] and list(folder.iterdir()) == []


def test_another_interpreter_is_noticed(layer: Path) -> None:
    (layer / "bin/python").unlink()
    (layer / "bin/python").symlink_to("/bin/sh")
    assert changed_files(layer) == ["bin/python"]


def test_a_missing_file_is_noticed(layer: Path) -> None:
    (layer / PACKAGES / "library/data.bin").unlink()
    assert changed_files(layer) == [f"{PACKAGES}/library/data.bin"]


def test_a_file_that_is_only_touched_is_hashed_again_and_accepted(layer: Path) -> None:
    os.utime(layer / PACKAGES / "jupyter.py", (1, 1))
    assert changed_files(layer) == []


@pytest.mark.parametrize("content", ["", "[]", '{"jupyter.py": 1}', "\0"])
def test_a_broken_memory_is_no_excuse(layer: Path, content: str) -> None:
    written_down(layer).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError):
        changed_files(layer)


def test_a_file_of_two_packages_may_be_either(place: Path) -> None:
    record(place / PACKAGES, "other", {"jupyter.py": b"three\n"})
    assert write_down(place, place / PACKAGES) == []
