"""What is installed for a Python, of folders that only look installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from checkpoint_clinic import seen
from checks.decide.install import Unavailable, find_python


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder named as the ones of packages are, before all others on the path."""
    made = tmp_path / "site-packages"
    made.mkdir()
    monkeypatch.syspath_prepend(str(made))
    yield made


def install(folder: Path, name: str, version: str | None, **files: str) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n" + (f"Version: {version}\n" if version else ""))
    for file, text in files.items():
        (info / file.replace("_json", ".json")).write_text(text, encoding="utf-8")


def of(name: str) -> dict[str, object]:
    return dict(seen.seen([name])["packages"].get(name, {}))


def test_a_release_and_what_is_not_there(folder: Path) -> None:
    install(folder, "made_up", "1.2.3", INSTALLER="pip\n")
    assert of("made_up") == {"versions": ["1.2.3"], "module": "", "origin": "", "installer": "pip", "source": ""}
    assert of("made-up")["versions"] == ["1.2.3"]
    assert of("absent_package") == {}
    assert seen.seen([])["python"] == sys.executable


def test_what_pip_noted_is_handed_on(folder: Path) -> None:
    install(folder, "made_up", "1.2.3", direct_url_json='{"url": "file:///src"}')
    assert of("made_up")["origin"] == '{"url": "file:///src"}'


def test_two_versions_in_one_folder_are_both_told(folder: Path) -> None:
    install(folder, "made_up", "1.2.3")
    install(folder, "made_up", "1.2.4")
    versions = of("made_up")["versions"]
    assert isinstance(versions, list) and sorted(versions) == ["1.2.3", "1.2.4"]


def test_metadata_without_a_version(folder: Path) -> None:
    install(folder, "made_up", None)
    assert of("made_up")["versions"] == []


def test_code_that_lies_before_the_installed_one_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, "made_up", "1.2.3")
    (folder / "made_up").mkdir()
    (folder / "made_up/__init__.py").touch()
    assert of("made_up")["module"] == ""
    (tmp_path / "source/made_up").mkdir(parents=True)
    other = tmp_path / "source/made_up/__init__.py"
    other.write_text("raise SystemExit('it was run')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "source"))
    assert of("made_up")["module"] == str(other)


def test_code_without_metadata(folder: Path) -> None:
    (folder / "made_up").mkdir()
    (folder / "made_up/__init__.py").touch()
    assert of("made_up") == {"versions": [], "module": str(folder / "made_up/__init__.py")}


def test_a_develop_installation_of_old_lies_in_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "src/made_up.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: made_up\nVersion: 1.2.3\n")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    assert of("made_up")["source"] == str(tmp_path / "src")


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.14", "3.13", "3.12"])
def test_other_pythons_run_it_without_the_users_settings(tmp_path: Path, version: str) -> None:
    python = None
    with suppress(Unavailable):
        python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    place = tmp_path / "with"
    (place / "made_up-1.2.3.dist-info").mkdir(parents=True)
    (place / "made_up-1.2.3.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: made_up\nVersion: 1.2.3\n")
    (place / "sitecustomize.py").write_text("print('it was run')")
    (place / "json.py").write_text("raise SystemExit('it was run')")
    command = [str(python), "-I", seen.__file__, "made_up", "absent"]
    done = subprocess.run(command, cwd=place, env={**os.environ, "PYTHONPATH": str(place)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["packages"]["made_up"]["versions"] == ["1.2.3"] and "absent" not in told["packages"]
    assert told["version"].startswith(version)
