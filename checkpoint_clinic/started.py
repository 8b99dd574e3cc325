"""A snippet, started as a program: what `clinic audit` and `clinic verify` do."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .command import USAGE, Refused, print_json, written
from .library import Library

MISSING = "import importlib.util, sys; print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None])"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both commands take."""
    parser.add_argument("--python", default=sys.executable, help="the Python that runs it (default: the one that runs clinic)")
    parser.set_defaults(rest=[])  # whatever else is given is the snippet's
    parser.usage = f"{parser.prog} [--json] [--language {{en,zh}}] [--python PYTHON] ..."


def start(name: str, given: argparse.Namespace, library: Library, needs: tuple[str, ...] = ()) -> int:
    """Run a snippet with the arguments that it was given, and return its exit status."""
    status, output = ran(name, given.rest, given, library, needs)
    if not given.as_json:
        return written(status, lambda: sys.stdout.write(output))
    value = {"version": 1, "snippet": name, "status": status, "report": _report(output), "output": output.splitlines()}
    return written(status, lambda: print_json(value))


def ran(
    name: str, arguments: list[str], given: argparse.Namespace, library: Library, needs: tuple[str, ...] = ()
) -> tuple[int, str]:
    """Run a snippet as a program; return its exit status and what it printed.

    Raises:
        Refused: if that Python cannot be started, or lacks one of the packages that the snippet needs.
    """
    text = library.snippet(name)
    assert text is not None, f"{name} is one of the snippets"
    if missing := ask_python(given.python, ["-c", MISSING, *needs])[1].split() if needs else []:
        raise Refused(
            f"{given.python} does not have {', '.join(missing)}. Name the Python that you train with: --python .venv/bin/python"
        )
    rest = [*arguments, "--json"] if given.as_json and '"--json"' in text else arguments
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8", newline="\n")
        return ask_python(given.python, [str(file), *rest])


def ask_python(python: str, arguments: list[str]) -> tuple[int, str]:
    """Run a Python and return its exit status and standard output; whatever the console is, the two speak UTF-8."""
    variables = {**os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"}
    try:
        done = subprocess.run([python, *arguments], check=False, stdout=subprocess.PIPE, env=variables)
    except OSError as error:
        raise Refused(f"cannot start {python}: {error.strerror}. Name a Python: --python PATH") from None
    return done.returncode if done.returncode >= 0 else USAGE, done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")


def _report(output: str) -> Any:
    """Return what the snippet printed as JSON, or None."""
    try:
        return json.loads(output)
    except ValueError:
        return None
