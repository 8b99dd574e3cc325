"""environment.toml and its locks: layers, pins, and what makes a lock unfit."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.environment import Environment, load_environments
from checks.lint import lint_project

from .conftest import BARE, edit

FOLDER = "checks/environments"
HASH = "--hash=sha256:" + "0" * 64


def add(root: Path, name: str, toml: str, lock: str = "") -> None:
    """Write an environment with a lock whose header fits."""
    folder = root / FOLDER / name
    folder.mkdir(parents=True)
    (folder / "environment.toml").write_text(f'python = "3.11"\ndevice = "cpu"\n{toml}', encoding="utf-8")
    key = load(root)[name].lock_key
    (folder / "lock.txt").write_text(f"# for {key}\n{lock}", encoding="utf-8")


def load(root: Path) -> dict[str, Environment]:
    return load_environments(root / FOLDER, root)


@pytest.fixture
def layered(tmp_path: Path) -> Path:
    lower = 'requires = ["thing==1.0"]\nvariables = { A = "1", B = "1" }\n'
    add(tmp_path, "lower", lower, f"thing==1.0 {HASH}\nother==3 {HASH}\n")
    add(tmp_path, "upper", 'base = "lower"\nrequires = ["Thing==2.0"]\nvariables = { B = "2" }\n', f"thing==2.0 {HASH}\n")
    return tmp_path


def test_upper_layer_hides_pins_and_variables_of_the_lower_one(layered: Path) -> None:
    upper = load(layered)["upper"]
    assert [layer.name for layer in upper.layers] == ["lower", "upper"]
    assert upper.pins() == {"thing": "2.0", "other": "3"}
    assert upper.variables == {"A": "1", "B": "2"}


def test_subjects_are_the_toml_and_locks_of_all_layers_and_the_preludes(layered: Path) -> None:
    (layered / FOLDER / "lower" / "undo.py").touch()
    toml = layered / FOLDER / "lower" / "environment.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + 'prelude = "undo.py"\n', encoding="utf-8")
    files = [path.relative_to(layered / FOLDER).as_posix() for path in load(layered)["upper"].subjects]
    assert files == [
        "lower/environment.toml",
        "lower/lock.txt",
        "upper/environment.toml",
        "upper/lock.txt",
        "lower/undo.py",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "fits"),
    [
        ("lower/environment.toml", 'A = "1"', 'A = "2"', True),
        ("upper/environment.toml", 'B = "2"', 'B = "3"', True),
        ("upper/environment.toml", "Thing==2.0", "Thing==2.1", False),
        ("upper/environment.toml", 'python = "3.11"', 'python = "3.12"', False),
        ("lower/lock.txt", "other==3", "other==4", False),
    ],
)
def test_lock_fits_until_something_changes_that_it_is_resolved_from(
    layered: Path, file: str, old: str, new: str, fits: bool
) -> None:
    before = load(layered)["upper"].lock_key
    edit(layered, f"{FOLDER}/{file}", old, new)
    assert (load(layered)["upper"].lock_key == before) is fits


TOML, LOCK = f"{BARE}/environment.toml", f"{BARE}/lock.txt"
DEVICE = 'device = "cpu"'
BROKEN = {
    "syntax": (DEVICE, "device = cpu", "", "X"),
    "unknown key": (DEVICE, f"{DEVICE}\nspeed = 1", "", "X"),
    "missing key": (DEVICE, "", "", "X"),
    "unknown device": (DEVICE, 'device = "tpu"', "", "X"),
    "Python without a minor version": ('"system"', '"3"', "", "X"),
    "requirement that is none": (DEVICE, f'{DEVICE}\nrequires = ["torch = 2"]', "", "X"),
    "unknown base": (DEVICE, f'{DEVICE}\nbase = "bear"', "", "X"),
    "base of itself": (DEVICE, f'{DEVICE}\nbase = "bare"', "", "X"),
    "prelude that is not there": (DEVICE, f'{DEVICE}\nprelude = "undo.py"', "", "X"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_environment_is_named_with_its_repair(example: Path, name: str) -> None:
    old, new, _, expected = BROKEN[name]
    edit(example, TOML, old, new)
    assert "\n".join(map(str, lint_project(example))) == expected


UNFIT = {
    "made for another": ("# for ", "# for f", "X"),
    "no pin": ("thing==1.0", "think==1.0", "X"),
    "another version": ("thing==1.0", "thing==0.9", "X"),
    "no hash": (HASH, "", "X"),
    "address": (HASH, f"{HASH}\nother @ https://example.org/other.whl", "X"),
    "option": (HASH, f"{HASH}\n--index-url example", "X"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_unfit_lock_is_named_with_its_repair(example: Path, name: str) -> None:
    old, new, expected = UNFIT[name]
    add(example, "thing", 'requires = ["thing==1.0"]\n', f"thing==1.0 {HASH}\n")
    assert lint_project(example) == []
    edit(example, f"{FOLDER}/thing/lock.txt", old, new)
    assert "\n".join(map(str, lint_project(example))) == expected


def test_missing_lock_is_named_with_its_repair(example: Path) -> None:
    (example / LOCK).unlink()
    assert "\n".join(map(str, lint_project(example))) == "X"
