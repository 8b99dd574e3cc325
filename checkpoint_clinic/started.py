"""A snippet, started as a program: what `clinic audit` and `clinic verify` do."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .command import Refused, print_json, written
from .library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both commands take."""
    parser.add_argument("--python", default=sys.executable, help="the Python that runs it (default: the one that runs clinic)")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="what the snippet takes")


def start(name: str, given: argparse.Namespace, library: Library) -> int:
    """Run a snippet with the arguments that it was given, and return its exit status."""
    text = library.snippet(name)
    assert text is not None, f"{name} is one of the snippets"
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8", newline="\n")
        rest = given.rest[1:] if given.rest[:1] == ["--"] else given.rest
        try:
            done = subprocess.run(
                [given.python, str(file), *rest], check=False, stdout=subprocess.PIPE if given.as_json else None
            )
        except OSError as error:
            raise Refused(f"cannot start {given.python}: {error.strerror}. Name a Python: --python PATH") from None
    if not given.as_json:
        return done.returncode
    output = done.stdout.decode("utf-8", "replace")
    value = {"version": 1, "snippet": name, "status": done.returncode, "report": _report(output), "output": output.splitlines()}
    return written(done.returncode, lambda: print_json(value))


def _report(output: str) -> Any:
    """Return what the snippet printed as JSON, or None."""
    try:
        return json.loads(output)
    except ValueError:
        return None
