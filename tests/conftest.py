"""A miniature clinic for each test (tests/examples, copied), and the command line in a process of its own."""

from __future__ import annotations

import ast
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from checks.content.environment import load_environments
from checks.decide import install
from checks.decide.plan import Job, load_project

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = Path(__file__).with_name("examples")
CLINIC = Path(sys.executable).with_name("clinic")
ERRORS, BARE = "checks/errors", "checks/environments/bare"


def edit(root: Path, file: str, old: str, new: str) -> None:
    """Replace `old`, which must be there once."""
    text = (root / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} contains {old!r} {text.count(old)} times"
    (root / file).write_text(text.replace(old, new), encoding="utf-8")


def add_byte(path: Path) -> None:
    """Change a file by one byte, at its end, where it means nothing to any of our formats."""
    path.write_bytes(path.read_bytes() + b"\n")


def write_check(root: Path, source: str) -> Job:
    """Make `source` the check module of the article old-evidence, each public function of it a claim; return its job."""
    folder = root / ERRORS / "old-evidence"
    source = dedent(source)
    (folder / "remembered.py").write_text(source, encoding="utf-8")
    functions = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    toml = (folder / "article.toml").read_text(encoding="utf-8").partition("[claims]")[0]
    claims = "".join(f'"remembered.{name}" = {{ holds = ["bare"] }}\n' for name in functions)
    (folder / "article.toml").write_text(f"{toml}[claims]\n{claims}", encoding="utf-8")
    return job_of(root, "old-evidence")


def job_of(root: Path, slug: str, environment: str = "bare") -> Job:
    return next(job for job in load_project(root).jobs if (job.article.slug, job.environment.name) == (slug, environment))


def statuses(root: Path) -> dict[str, str]:
    """Return cell -> status, as the files of this moment give it."""
    project = load_project(root)
    return {f"{cell.article.slug} {cell.name}": project.judge(cell).status for cell in project.cells()}


def contents(root: Path) -> dict[str, bytes]:
    """Return every file below `root`, to tell whether anything was written."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def processes_of(root: Path) -> list[str]:
    """Return the command lines of the probes that work for a project."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found += [line] if "probe.py" in line and str(root) in line else []
    return found


def is_held(lock: Path) -> bool:
    """Tell whether a process holds the lock on this file, as a check's processes do for as long as they live."""
    with lock.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def happens(condition: Callable[[], bool]) -> bool:
    """Wait until the condition is true; False after far longer than that takes.

    Of a page, too: Playwright's wait_for_function evaluates text in the page, which its Content-Security-Policy forbids.
    """
    return any(condition() or time.sleep(0.02) for _ in range(1000))


OWN_HOME = install.home(REPOSITORY)  # before `home` below points elsewhere
OWN_UV_CACHE = os.environ.get("UV_CACHE_DIR")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of environments, which the tests share: each is built once."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLINIC_HOME", str(folder))
        patch.setenv("UV_CACHE_DIR", str(folder / "uv"))
        patch.delenv("SOURCE_DATE_EPOCH", raising=False)
        yield folder


def clinic(
    root: Path, *arguments: str, before: Callable[[], None] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `clinic ARGUMENTS` in `root`, with these environment variables; `before` is called in the new process."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **variables}
    return subprocess.run(
        [CLINIC, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False, preexec_fn=before
    )


@pytest.fixture(scope="session")
def python() -> Path:
    """The default environment of this machine, not one of the tests' own: torch is too large to be installed twice."""
    environments = load_environments(REPOSITORY / "checks" / "environments", REPOSITORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("UV_CACHE_DIR", raising=False)
        if OWN_UV_CACHE:
            patch.setenv("UV_CACHE_DIR", OWN_UV_CACHE)
        OWN_HOME.mkdir(parents=True, exist_ok=True)
        with (OWN_HOME / "tests.lock").open("w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the other processes that run these tests want it, too
            return install.install(environments["torch-2.13-cpu"], OWN_HOME / "environments").python


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLES, tmp_path / "clinic")


@pytest.fixture(scope="session")
def _decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("decided") / "clinic")
    done = clinic(root, "run")
    assert done.returncode == 1, done.stderr  # wrong-expectation is failing, the rest verified
    return root


@pytest.fixture
def decided(_decided: Path, tmp_path: Path) -> Path:
    """The miniature clinic after one `clinic run`."""
    return shutil.copytree(_decided, tmp_path / "clinic")
