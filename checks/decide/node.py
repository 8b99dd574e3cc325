"""`run.py` of a bundle: compares every byte with the manifest, then decides the bundle's claims here, without a network.

Copied as it is by `clinic bundle`, and read by whatever Python somebody starts it with: the standard library only, and nothing
that Python 3.7 could not read. What it runs is a copy of what it has compared, in a folder `run` beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANIFEST, DIGEST, PROJECT = "manifest.json", "manifest.sha256", "project.zip"
START = "import sys; sys.path.insert(0, ''); from checks.decide.bootstrap import main; sys.exit(main())"
FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
USAGE = 2


def main() -> int:
    """Compare, copy, decide; return the exit status of `clinic run`, or 2 where nothing was run."""
    parser = argparse.ArgumentParser(
        description="Decide the bundle's claims on this machine; the evidence lies in run/evidence."
    )
    parser.add_argument("--wheels", type=Path, help="a folder with the wheels that the bundle was made without")
    parser.add_argument("--work", type=Path, default=HERE / "run", help="where to work; by default run/ beside this file")
    given = parser.parse_args()
    manifest, problems = _read()
    problems = problems or _of_this_machine(manifest) or _changed(manifest)
    brought: list[Path] = []
    if not problems:
        brought, problems = _brought(manifest, given.wheels)
    for problem in problems:
        print("run.py: " + problem, file=sys.stderr)
    if problems:
        print("Nothing was run.", file=sys.stderr)
        return USAGE
    return _decide(manifest, given.work.absolute(), brought)


def _read() -> tuple[dict[str, Any], list[str]]:
    try:
        text = (HERE / MANIFEST).read_bytes()
        if (HERE / DIGEST).read_text(encoding="ascii").split()[0] == hashlib.sha256(text).hexdigest():
            return json.loads(text), []
    except (OSError, ValueError, IndexError):
        pass
    return {}, [f"expected a {MANIFEST} with the SHA-256 that {DIGEST} gives; found another or none. Copy the bundle again."]


def _of_this_machine(manifest: dict[str, Any]) -> list[str]:
    """Return what this machine is not, and the bundle was made for; in an order in which the first explains the others."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if (sys.implementation.name, version) != ("cpython", manifest["python"]):
        found = version if sys.implementation.name == "cpython" else sys.implementation.name
        return [
            f"expected Python {manifest['python']} (CPython), for which the wheels were chosen; found {found}. "
            f"Start it with python{manifest['python']}, or make a bundle for another: clinic bundle --python VERSION"
        ]
    machine = f"{platform.system()} {platform.machine()}"
    if machine != manifest["machine"]:
        return [f"expected {manifest['machine']}; found {machine}. Make the bundle on such a machine: clinic bundle."]
    library, found = platform.libc_ver()
    if manifest["glibc"] and (library != "glibc" or _numbers(found) < _numbers(manifest["glibc"])):
        said = f"{library} {found}".strip() or "another C library"
        return [f"expected glibc {manifest['glibc']} or newer, for which the wheels were built; found {said}."]
    missing = [
        name for name in manifest["system"] if subprocess.run([sys.executable, "-c", FIND, name], check=False).returncode
    ]
    return [f"expected {name} in this Python, whose own is used; found none. Install it there." for name in missing]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _changed(manifest: dict[str, Any]) -> list[str]:
    """Return each file that is another than the manifest's; what it does not list is left where it lies."""
    problems = []
    for name, digest in manifest["files"].items():
        file = HERE / name
        if not file.is_file():
            problems.append(f"{name}: expected a file with the SHA-256 {digest}; found none. Copy the bundle again.")
        elif _sha256(file) != digest:
            problems.append(f"{name}: expected the SHA-256 {digest}; found {_sha256(file)}. Copy the bundle again.")
    return problems


def _sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as opened:
        for part in iter(lambda: opened.read(1 << 20), b""):
            found.update(part)
    return found.hexdigest()


def _brought(manifest: dict[str, Any], folder: Path | None) -> tuple[list[Path], list[str]]:
    """Return the wheels that the machine has to have itself, by the hashes of the locks, and which are missing."""
    files = sorted(folder.glob("*.whl")) if folder else []
    found, missing = [], []
    for pin, digests in manifest["left_out"].items():
        name, _, version = pin.partition("==")
        named = [file for file in files if file.name.lower().startswith(f"{name.replace('-', '_')}-{version}-")]
        fitting = [file for file in named if _sha256(file) in digests]
        found += fitting
        if not fitting:
            missing.append(pin + (f" ({named[0].name} has another SHA-256)" if named else ""))
    if not missing:
        return found, []
    where = f"not these in {folder}" if folder else "no --wheels FOLDER"
    return [], [
        f"expected the wheels that are not in the bundle: {', '.join(missing)}; found {where}. Give a folder that has them."
    ]


def _decide(manifest: dict[str, Any], work: Path, brought: list[Path]) -> int:
    try:
        _lay(manifest, work, brought)
    except OSError as error:
        print(f"run.py: expected a folder to work in; found {error}. Give another: --work FOLDER", file=sys.stderr)
        return USAGE
    command = [sys.executable, "-c", START, "run", "--wheels", str(work / "wheels")]
    command += [word for name in manifest["environments"] for word in ("--environment", name)]
    strange = ("PYTHON", "UV_", "PIP_", "CLINIC_ENGINE")  # settings of whoever else works here
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    own = {"CLINIC_HOME": str(work / "home"), "UV_CACHE_DIR": str(work / "cache"), "UV_PYTHON_DOWNLOADS": "never"}
    own["UV_OFFLINE"] = "1"
    signal.signal(signal.SIGINT, lambda *_: None)  # the engine has it from the terminal, too, and ends in order: wait for it
    status = subprocess.run(command, cwd=str(work / "project"), env={**kept, **own}, check=False).returncode
    number = _gather(work / "project" / "checks", work / "evidence")
    print(f"{number} statements lie in {work / 'evidence'}. Carry that folder to a clone; there: clinic import FOLDER")
    return status


def _lay(manifest: dict[str, Any], work: Path, brought: list[Path]) -> None:
    """Lay the project's files and links to the wheels where the engine will look; what a run wrote there stays."""
    wheels = work / "wheels"
    shutil.rmtree(str(wheels), ignore_errors=True)
    wheels.mkdir(parents=True)
    for name in manifest["files"]:
        if name.startswith("wheels/"):
            (work / name).symlink_to(HERE / name)
    for file in brought:
        (wheels / file.name).symlink_to(file.resolve())
    with zipfile.ZipFile(str(HERE / PROJECT)) as archive:
        archive.extractall(str(work / "project"))


def _gather(checks: Path, evidence: Path) -> int:
    """Copy what the runs wrote, out of the project, and return the number of statements."""
    shutil.rmtree(str(evidence), ignore_errors=True)
    number = 0
    for file in sorted(checks.glob("**/evidence/[!.]*")):
        target = evidence / file.relative_to(checks)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(file), str(target))
        number += file.suffix == ".json"
    return number


if __name__ == "__main__":
    sys.exit(main())
