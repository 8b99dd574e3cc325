"""The commands `clinic` and `checkpoint-clinic` (= python -m checkpoint_clinic).

The installed package answers readers by itself. Where it lies in a clone of the project, with no files made for it, the
clone's engine answers: it makes them as they are asked for, and has the maintainers' commands. That is the only bridge.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from .command import MAINTAINERS, USAGE
from .command import main as answer
from .console import say
from .library import installed

DATA = Path(__file__).with_name("data")
ENGINE = Path("checks", "__main__.py")


def main() -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:]
    if not DATA.is_dir():
        return int(import_module("checks.__main__").main())
    if arguments and arguments[0] in MAINTAINERS:
        return _in_clone(arguments)
    return answer(arguments, installed(DATA))


def _in_clone(arguments: list[str]) -> int:
    """Start the engine of the clone in which this is called; outside of one, say what the command needs."""
    here = Path.cwd()
    root = next(
        (one for one in (here, *here.parents) if (one / ENGINE).is_file() and (one / "checks" / "errors").is_dir()), None
    )
    if root is None:
        say(f"clinic {arguments[0]} is a maintainer's command: run it inside a clone of the project, after `make setup` there.")
        return USAGE
    if sys.version_info < (3, 11):
        say(f"clinic {arguments[0]} needs Python 3.11 or newer; this is {sys.version.split()[0]}. Reading needs 3.10.")
        return USAGE
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "checks", *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
