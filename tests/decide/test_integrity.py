"""A byte changed in an installed layer, or in the cache it came from, is noticed before a check runs."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from checks.decide.integrity import LOOKED_AT, changed_files

FILES = {"library/__init__.py": b"VERSION = 1\n", "library/data.bin": bytes(range(256)), "jupyter.py": b"one\n"}


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
def layer(tmp_path: Path) -> tuple[Path, Path]:
    packages = tmp_path / "site-packages"
    record(packages, "library", FILES)
    return packages, tmp_path


def test_an_untouched_layer_has_no_changed_file(layer: tuple[Path, Path]) -> None:
    assert changed_files(*layer) == []
    assert changed_files(*layer) == []


@pytest.mark.parametrize("looked_before", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_noticed(layer: tuple[Path, Path], name: str, looked_before: bool) -> None:
    packages, place = layer
    if looked_before:
        assert changed_files(packages, place) == []
    content = bytearray(FILES[name])
    content[-1] ^= 1
    (packages / name).write_bytes(content)
    assert changed_files(packages, place) == [name]
    assert changed_files(packages, place) == [name], "and again: it is not taken for known"


def test_a_missing_file_is_noticed(layer: tuple[Path, Path]) -> None:
    packages, place = layer
    assert changed_files(packages, place) == []
    (packages / "library/data.bin").unlink()
    assert changed_files(packages, place) == ["library/data.bin"]


def test_a_file_that_is_only_touched_is_hashed_again_and_accepted(layer: tuple[Path, Path]) -> None:
    packages, place = layer
    assert changed_files(packages, place) == []
    os.utime(packages / "jupyter.py", (1, 1))
    assert changed_files(packages, place) == []


def test_a_broken_memory_is_no_excuse(layer: tuple[Path, Path]) -> None:
    packages, place = layer
    for content in ("", "[]", '{"jupyter.py": 1}', "\0"):
        (place / LOOKED_AT).write_text(content, encoding="utf-8")
        (packages / "jupyter.py").write_bytes(b"two\n")
        assert changed_files(packages, place) == ["jupyter.py"]
        (packages / "jupyter.py").write_bytes(FILES["jupyter.py"])
        assert changed_files(packages, place) == []


def test_a_file_of_two_packages_may_be_either(layer: tuple[Path, Path]) -> None:
    packages, place = layer
    record(packages, "other", {"jupyter.py": b"three\n"})
    assert changed_files(packages, place) == []
