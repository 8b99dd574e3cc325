"""Install what `clinic run` needs from a folder of wheels, then start it: for a machine with Python and no network."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

ENGINE = "CLINIC_ENGINE"
COLLECT = "collect the wheels again: clinic wheels DIR"


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
    uv = _unpack_uv(Path(wheels), root / ".clinic")
    if uv is None:
        print(f"clinic: expected a wheel of uv in {wheels}; found none.\n    repair: {COLLECT}", file=sys.stderr)
        return 2
    command = [str(uv), "pip", "install", "--quiet", "--no-config", "--no-cache", "--offline", "--no-index", "--no-deps"]
    command += ["--require-hashes", "--find-links", wheels, "--python", sys.executable, "--target", str(engine)]
    print(f"installing the engine from {wheels}", file=sys.stderr)
    if subprocess.run([*command, "--requirement", str(requirements)], check=False).returncode:
        print(f"clinic: uv could not install {requirements.name} from {wheels}.\n    repair: {COLLECT}", file=sys.stderr)
        return 2
    path = os.pathsep.join(filter(None, [str(engine), str(root), os.environ.get("PYTHONPATH")]))
    signal.signal(signal.SIGINT, lambda *_: None)  # the engine has it from the terminal, too, and ends in order: wait for it
    again = [sys.executable, "-m", "checks", *sys.argv[1:]]
    return subprocess.run(again, env={**os.environ, "PYTHONPATH": path, ENGINE: str(engine)}, check=False).returncode


def _unpack_uv(wheels: Path, folder: Path) -> Path | None:
    """Take uv out of its wheel: a machine's Python need not have pip."""
    for wheel in sorted(wheels.glob("uv-*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".data/scripts/uv"):
                    folder.mkdir(parents=True, exist_ok=True)
                    uv = folder / "uv"
                    uv.unlink(missing_ok=True)  # one that runs cannot be written
                    uv.write_bytes(archive.read(name))
                    uv.chmod(0o755)
                    return uv
    return None


def _option(name: str) -> str | None:
    for index, argument in enumerate(sys.argv):
        if argument == name and index + 1 < len(sys.argv):
            return sys.argv[index + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None
