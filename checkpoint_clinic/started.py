"""A snippet, started as a program: what `clinic audit` and `clinic verify` do."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .command import USAGE, Refused, written
from .console import line
from .formats import Answered, Fact, put
from .library import Library

FIRST = 20  # lines of a snippet's output that are annotated
MISSING = "import importlib.util, sys; print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None])"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both commands take."""
    parser.add_argument("--python", default=sys.executable, help="the Python that runs it (default: the one that runs clinic)")
    parser.set_defaults(rest=[])  # whatever else is given is the snippet's
    parser.usage = f"{parser.prog} [--format FORM] [--language {{en,zh}}] [--python PYTHON] ..."


def start(name: str, given: argparse.Namespace, library: Library, means: Mapping[int, str], needs: tuple[str, ...] = ()) -> int:
    """Run a snippet with the arguments that it was given, and return its exit status, which `means` says in words."""
    text = library.snippet(name) or ""
    structured = given.format in ("json", "github", "sarif") and '"--json"' in text
    status, output = ran(name, [*given.rest, "--json"] if structured else given.rest, given, library, needs)
    if given.format == "human":
        return written(status, lambda: sys.stdout.write(output))
    said, report = output.splitlines(), _report(output)
    value = {"version": 1, "snippet": name, "status": status, "report": report, "output": said}
    meaning = means.get(status, "nothing was looked at")
    facts = list(facts_of(name, status, meaning, report, said))
    return put(given, Answered(status, meaning, value, map(line, said), facts))


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
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8", newline="\n")
        return ask_python(given.python, [str(file), *arguments])


def facts_of(name: str, status: int, meaning: str, report: Any, said: list[str]) -> Iterator[Fact]:
    """Yield each problem of a report; of a snippet that prints none, its lines, if its status is not 0."""
    if isinstance(report, dict):
        folder = Path(report.get("folder") or "")
        for one in report.get("problems", ()):
            text = f"expected {one['expected']}, found {one['found']}. {one['repair']}"
            yield Fact(name, "error", meaning, text, file=str(folder / one["file"]))
        for one in report.get("not_looked_at", ()):
            yield Fact(name, "note", "not looked at", one)
    elif status:
        for one in [*said[:-1][:FIRST], *said[-1:]]:
            yield Fact(name, "error" if status == 1 else "warning", meaning, one)


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
