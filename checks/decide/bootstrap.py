"""Install what `clinic run` needs from a folder of wheels, then start it: for a machine with Python and no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ENGINE = "CLINIC_ENGINE"


def main() -> int:
    """Install into .clinic/, then start `python -m checks` again with the same arguments; status 2 without --wheels."""
    root = Path(__file__).resolve().parents[2]
    wheels = _option("--wheels")
    if wheels is None or ENGINE in os.environ:
        repair = "make setup, or give --wheels DIR with the wheels (collect them with: clinic wheels DIR)"
        print(f"clinic: its own packages are not installed here.\n    repair: {repair}", file=sys.stderr)
        return 2
    engine = root / ".clinic" / f"engine-{sys.version_info.major}.{sys.version_info.minor}"
    requirements = root / "requirements" / "engine.txt"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--upgrade",
        "--no-index",
        "--no-deps",
        "--require-hashes",
    ]
    command += ["--find-links", wheels, "--target", str(engine), "--requirement", str(requirements)]
    print(f"installing the engine from {wheels}", file=sys.stderr)
    if subprocess.run(command, check=False).returncode:
        repair = "collect the wheels again: clinic wheels DIR"
        print(f"clinic: pip could not install {requirements.name} from {wheels}.\n    repair: {repair}", file=sys.stderr)
        return 2
    path = os.pathsep.join(filter(None, [str(engine), str(root), os.environ.get("PYTHONPATH")]))
    again = [sys.executable, "-m", "checks", *sys.argv[1:]]
    return subprocess.run(again, env={**os.environ, "PYTHONPATH": path, ENGINE: str(engine)}, check=False).returncode


def _option(name: str) -> str | None:
    for index, argument in enumerate(sys.argv):
        if argument == name and index + 1 < len(sys.argv):
            return sys.argv[index + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None
