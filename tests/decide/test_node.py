"""A bundle's `run.py` on a machine: what it observes comes back as it was, and what does not fit is refused before it runs."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.decide import node as node_module

from ..conftest import ERRORS, add_byte, clinic, edit, statuses
from .test_bundle import bundle, make_source, prepare
from .test_install import make_wheel

USES_THING = 'from thing import VERSION\n\n\ndef value_is_kept():\n    """It is kept."""\n    assert VERSION == "built"\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinic, the wheels of its bundle, and the bundle: an environment that needs torch and what is built from source."""
    folder = tmp_path_factory.mktemp("made")
    root = shutil.copytree(Path(__file__).parents[1] / "examples", folder / "clinic")
    wheels = folder / "wheels"
    prepare(root, wheels, make_source(wheels) + f"torch==1.0+cpu {make_wheel(wheels, 'torch', '1.0+cpu')}\n")
    (root / ERRORS / "old-evidence/remembered.py").write_text(USES_THING, encoding="utf-8")
    assert bundle(root, wheels, folder / "bundle", "--without-torch").returncode == 0
    return folder


@pytest.fixture
def node(made: Path, tmp_path: Path) -> Path:
    """The bundle, carried to a machine."""
    return shutil.copytree(made / "bundle", tmp_path / "node")


def start(node: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "run.py", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(node.parent), "PYTHONPATH": "/nowhere", "UV_DEFAULT_INDEX": "nothing"}
    return subprocess.run(command, cwd=node, env=environment, capture_output=True, text=True, check=False)


def refused(node: Path, *arguments: str) -> list[str]:
    """Start what must not run; return what it says."""
    done = start(node, *arguments)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False), done.stderr
    assert done.stderr.endswith("Nothing was run.\n")
    assert not (node / "run").exists()
    return [line.removeprefix("run.py: ") for line in done.stderr.splitlines()[:-1]]


def say(node: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what the manifest says, and its digest with it."""
    manifest = json.loads((node / "manifest.json").read_text(encoding="utf-8"))
    change(manifest)
    text = json.dumps(manifest)
    (node / "manifest.json").write_text(text, encoding="utf-8")
    (node / "manifest.sha256").write_text(hashlib.sha256(text.encode()).hexdigest(), encoding="utf-8")


def test_evidence_comes_back_as_the_same_statements(made: Path, node: Path, tmp_path: Path) -> None:
    done = start(node, "--wheels", str(made / "wheels"))
    assert done.returncode == 1, done.stderr  # wrong-expectation, as in `clinic run`
    assert "4 statements lie in " in done.stdout
    clone = shutil.copytree(made / "clinic", tmp_path / "clone")
    brought = clinic(clone, "import", str(node / "run/evidence"))
    assert brought.returncode == 0, brought.stderr
    names = {path.relative_to(clone / "checks").as_posix() for path in clone.glob(f"{ERRORS}/*/evidence/*")}
    assert len(names) == 8
    assert names == {path.relative_to(node / "run/evidence").as_posix() for path in (node / "run/evidence").rglob("*@*")}
    assert all((clone / "checks" / name).read_bytes() == (node / "run/evidence" / name).read_bytes() for name in names)
    assert statuses(clone)["old-evidence remembered.value_is_kept@bare"] == "verified"
    again = start(node, "--wheels", str(made / "wheels"))
    assert "Every answer is current" in again.stderr


def test_a_folder_of_ones_own_is_worked_in_and_the_bundle_only_read(made: Path, node: Path, tmp_path: Path) -> None:
    before = sorted(node.rglob("*"))
    assert start(node, "--wheels", str(made / "wheels"), "--work", str(tmp_path / "work")).returncode == 1
    assert sorted(node.rglob("*")) == before
    assert len(list((tmp_path / "work/evidence").rglob("*.json"))) == 4


@pytest.mark.parametrize(
    "name", ["README.txt", "run.py", "project.zip", "wheels/built.txt", "wheels/uv-0.0.1-py3-none-any.whl"]
)
def test_a_changed_byte_is_refused(made: Path, node: Path, name: str) -> None:
    add_byte(node / name)
    (said,) = refused(node, "--wheels", str(made / "wheels"))
    assert said.startswith(f"{name}: expected the SHA-256 ")
    (node / name).unlink()
    if name != "run.py":
        (said,) = refused(node)
        assert said.startswith(f"{name}: expected a file") and said.endswith("found none. Copy the bundle again.")


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sha256"])
def test_a_changed_manifest_is_refused(node: Path, name: str) -> None:
    (node / name).write_bytes(b"\n" + (node / name).read_bytes().replace(b"0", b"1"))
    (said,) = refused(node)
    assert said.startswith("expected a manifest.json with the SHA-256 that manifest.sha256 gives")


THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "python",
            "3.99",
            f"expected Python 3.99 (CPython), for which the wheels were chosen; found {THIS}. Start it with python3.99",
        ),
        ("machine", "Plan9 vax", "expected Plan9 vax; found "),
        ("glibc", "99.1", "expected glibc 99.1 or newer, for which the wheels were built; found "),
        ("system", ["no_such_library"], "expected no_such_library in this Python, whose own is used; found none."),
    ],
)
def test_another_python_or_platform_is_refused_with_one_sentence(node: Path, key: str, value: object, words: str) -> None:
    say(node, lambda manifest: manifest.update({key: value}))
    (said,) = refused(node)
    assert said.startswith(words)


def test_what_was_left_out_has_to_be_brought_with_the_hash_of_the_lock(node: Path, tmp_path: Path) -> None:
    missing = "expected the wheels that are not in the bundle: torch==1.0+cpu"
    assert refused(node) == [f"{missing}; found no --wheels FOLDER. Give a folder that has them."]
    other = tmp_path / "other"
    make_wheel(other, "torch", "1.0")
    assert refused(node, "--wheels", str(other)) == [f"{missing}; found not these in {other}. Give a folder that has them."]
    make_wheel(other, "torch", "1.0+cpu")
    add_byte(other / "torch-1.0+cpu-py3-none-any.whl")
    (said,) = refused(node, "--wheels", str(other))
    assert said.startswith(f"{missing} (torch-1.0+cpu-py3-none-any.whl has another SHA-256); found")


def test_an_older_answer_of_the_same_machine_is_kept_when_it_is_started_again(made: Path, node: Path) -> None:
    start(node, "--wheels", str(made / "wheels"))
    statement = node / "run/evidence/errors/old-evidence/evidence/remembered@bare.json"
    before = statement.read_bytes()
    edit(node, "run/project/checks/errors/old-evidence/remembered.py", "assert VERSION", "assert not VERSION")
    start(node, "--wheels", str(made / "wheels"))  # what was changed in the copy is laid again
    assert statement.read_bytes() == before


def test_a_machine_without_uv_among_its_wheels_is_told(made: Path, node: Path) -> None:
    (node / "wheels/uv-0.0.1-py3-none-any.whl").unlink()
    say(node, lambda manifest: manifest["files"].pop("wheels/uv-0.0.1-py3-none-any.whl"))
    done = start(node, "--wheels", str(made / "wheels"))
    assert done.returncode == 2
    assert "clinic: expected a wheel of uv in " in done.stderr


def test_a_folder_that_cannot_be_worked_in_is_told(made: Path, node: Path) -> None:
    (node / "taken").touch()
    done = start(node, "--wheels", str(made / "wheels"), "--work", str(node / "taken"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("run.py: expected a folder to work in; found ")
    assert done.stderr.endswith("Give another: --work FOLDER\n")


def test_an_old_python_can_read_what_refuses_it() -> None:
    source = (Path(node_module.__file__)).read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 7))


def test_an_interrupt_ends_it_in_order_and_what_was_decided_is_brought_out(made: Path, node: Path) -> None:
    slow = 'import time\n\n\ndef value_is_kept():\n    """It is kept."""\n    time.sleep(5)\n    assert time.time() > 5\n'
    with zipfile.ZipFile(node / "project.zip", "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr(f"{ERRORS}/old-evidence/remembered.py", slow)  # the last of a name is what is unpacked
    digest = hashlib.sha256((node / "project.zip").read_bytes()).hexdigest()
    say(node, lambda manifest: manifest["files"].update({"project.zip": digest}))
    interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
    with subprocess.Popen(
        [sys.executable, "-I", "run.py", "--wheels", str(made / "wheels")],
        cwd=node,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,
    ) as process:
        assert process.stdout and process.stderr
        assert any("deciding value_is_kept" in line for line in process.stderr)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = process.communicate()
    assert (process.returncode, "Traceback" in err) == (130, False), err
    assert "Interrupted. What was decided is kept" in err
    assert "3 statements lie in " in out  # what was running has ended, nothing more has begun
