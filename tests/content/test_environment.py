"""environment.toml and its locks: layers, pins, and what makes a lock unfit."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.content.environment import Environment, load_environments, split_lock
from checks.content.problem import Problem
from checks.tend.lint import lint_project

from ..conftest import BARE, edit

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
    "syntax": ("device = cpu", 2, "TOML", "Invalid value (at line 2, column 10)", f"correct the syntax of {TOML}"),
    "unknown key": (
        f"{DEVICE}\nspeed = 1",
        3,
        "speed: Extra inputs are not permitted",
        "1",
        f"edit speed in {TOML}",
    ),
    "missing key": ("", 1, "device: Field required", "nothing", f"edit device in {TOML}"),
    "unknown device": (
        'device = "tpu"',
        2,
        "device: Input should be 'cpu' or 'cuda'",
        "'tpu'",
        f"edit device in {TOML}",
    ),
    "requirement that is none": (
        f'{DEVICE}\nrequires = ["torch = 2"]',
        3,
        "requires.0: Value error, a requirement such as torch==2.6.0 "
        "(Expected semicolon (after name with no version specifier) or end)",
        "'torch = 2'",
        f"edit requires.0 in {TOML}",
    ),
    "unknown base": (
        f'{DEVICE}\nbase = "bear"',
        3,
        "the name of an environment as base",
        "bear",
        "name one of: bare, bare-cuda",
    ),
    "base of itself": (
        f'{DEVICE}\nbase = "bare"',
        3,
        "a base below this environment",
        "bare -> bare",
        "break the circle",
    ),
    "prelude that is not there": (
        f'{DEVICE}\nprelude = "undo.py"',
        3,
        "a file undo.py beside it",
        "none",
        "write it, or remove prelude",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_environment_is_named_with_its_repair(example: Path, name: str) -> None:
    new, *expected = BROKEN[name]
    edit(example, TOML, DEVICE, new)
    assert lint_project(example) == [Problem(TOML, *expected)]


PLAIN = "pins and hashes alone, no address and no option"
UNFIT = {
    "no pin": ("thing==1.0", "think==1.0", 1, "thing==1.0", "no pin of it"),
    "another version": ("thing==1.0", "thing==0.9", 2, "thing==1.0", "0.9"),
    "no hash": (f" {HASH}", "", 2, "a pin with its hashes", "thing==1.0"),
    "address": (HASH, f"{HASH}\nother @ https://example.org/x.whl", 3, PLAIN, "https://example.org/x.whl"),
    "option": (HASH, f"{HASH}\n--index-url example", 3, PLAIN, "--index-url example"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_unfit_lock_is_named_with_its_repair(example: Path, name: str) -> None:
    old, new, *expected = UNFIT[name]
    lock = f"{FOLDER}/thing/lock.txt"
    add(example, "thing", 'requires = ["thing==1.0"]\n', f"thing==1.0 {HASH}\n")
    assert lint_project(example) == []
    edit(example, lock, old, new)
    assert lint_project(example) == [Problem(lock, *expected, "run: clinic lock thing")]


def test_missing_lock_is_named_with_its_repair(example: Path) -> None:
    (example / LOCK).unlink()
    expected = Problem(LOCK, 1, "a hashed lock of the environment", "no such file", "run: clinic lock bare")
    assert lint_project(example) == [expected]


def test_lock_made_for_other_requirements_is_named_though_its_pins_would_do(example: Path) -> None:
    add(example, "thing", 'requires = ["thing==1.0"]\n', f"thing==1.0 {HASH}\n")
    edit(example, f"{FOLDER}/thing/environment.toml", "thing==1.0", "thing>=0.5")
    lock, fit = f"{FOLDER}/thing/lock.txt", "a lock made for this environment.toml and its base"
    assert lint_project(example) == [Problem(lock, 1, fit, "one made for another", "run: clinic lock thing")]


COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = "https://git.example/me/thing"
RECORDED = {
    "its commit": (f"thing @ git+{SOURCE}@{COMMIT}\n", []),
    "no commit yet": ("", []),
    "a branch": (f"thing @ git+{SOURCE}@main\n", [f"{SOURCE}@main"]),
    "another source": (
        f"thing @ git+https://git.example/you/thing@{COMMIT}\n",
        ["https://git.example/you/thing", f"https://git.example/you/thing@{COMMIT}"],
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_pull_request_is_recorded_by_its_full_commit(example: Path, name: str) -> None:
    lock, found = RECORDED[name]
    add(example, "thing", f'requires = ["thing @ git+{SOURCE}@pull/7"]\n', lock)
    assert [problem.found for problem in lint_project(example)] == found


def test_commit_that_nothing_asks_for_is_an_address(example: Path) -> None:
    add(example, "thing", "", f"thing @ git+{SOURCE}@{COMMIT}\n")
    assert [problem.expected for problem in lint_project(example)] == [PLAIN]


def test_lock_is_split_into_hashed_pins_and_commits() -> None:
    pins, commit = f"# for it\nother==1.0 {HASH}\n", f"thing @ git+{SOURCE}@{COMMIT}"
    assert split_lock(f"{pins}{commit}\n") == (f"{pins}\n", (commit,))
