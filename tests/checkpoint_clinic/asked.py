"""Asks the readers' command line many things in one process. Standard library only: it also runs where a wheel is installed.

python asked.py QUESTIONS ANSWERS [hidden]   # `hidden`: as on a system without the modules that only POSIX has
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path


def ask(main: Callable[[list[str]], int], arguments: list[str]) -> tuple[int, str]:
    """Return the exit status of one command line and what it printed, on a console that speaks UTF-8."""
    printed = io.BytesIO()
    output = io.TextIOWrapper(printed, encoding="utf-8", newline="\n", write_through=True)
    with contextlib.redirect_stdout(output):
        status = main(arguments)
    return status, printed.getvalue().decode("utf-8")


def hide_posix() -> None:
    """Make every import of these fail, and the functions that Windows lacks."""
    import os

    for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"):
        sys.modules[name] = None  # type: ignore[assignment]
    for name in ("killpg", "getpgid", "setsid", "fork", "getuid"):
        with contextlib.suppress(AttributeError):
            delattr(os, name)


def answers(questions: Path, written: Path) -> None:
    """Answer by the installed package whatever the file lists."""
    from checkpoint_clinic import __file__ as where
    from checkpoint_clinic.__main__ import DATA
    from checkpoint_clinic.command import main
    from checkpoint_clinic.library import installed

    library = installed(DATA)
    asked = json.loads(questions.read_text(encoding="utf-8"))
    found = [ask(lambda arguments: main(arguments, library), one) for one in asked]
    written.write_text(json.dumps({"where": where, "path": sys.path, "answers": found}), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[3:] == ["hidden"]:
        hide_posix()
    answers(Path(sys.argv[1]), Path(sys.argv[2]))
