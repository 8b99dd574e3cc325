"""`clinic snippet`: a tested file to copy."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from ..command import Refused, print_json, written
from ..console import say
from ..library import Library

HELP = """Print a snippet, or write it to a file: the very file that the checks import.

Exit status: 0, or 2 if there is no such snippet or another file of that name exists."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("name", metavar="NAME", help="a snippet's name, such as verify_loaded.py (see: clinic list)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it here; another file of that name is kept")


def run(given: argparse.Namespace, library: Library) -> int:
    """Print or write the snippet."""
    text = library.snippet(given.name)
    if text is None:
        raise Refused(f"no snippet {given.name} (known: {', '.join(library.snippets)})")
    fresh = _write(given.output, text) if given.output else True
    name = given.name if given.name.endswith(".py") else f"{given.name}.py"
    digest = hashlib.sha256(text.encode()).hexdigest()
    value = {"version": 1, "name": name, "sha256": digest, "text": text, "file": str(given.output or "")}
    if given.as_json:
        return written(0, lambda: print_json(value))
    if given.output:
        say(f"wrote {given.output}" if fresh else f"{given.output} is already {name}, byte for byte")
        return 0
    return written(0, lambda: sys.stdout.write(text))


def _write(path: Path, text: str) -> bool:
    """Write a new file; return whether it was new: False where the same bytes lay there, so that a line can be run twice."""
    data = text.encode("utf-8")
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        if path.is_file() and path.read_bytes() == data:
            return False
        raise Refused(f"{path} exists and was kept. Name another file, or remove it.") from None
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}.") from None
    return True
