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

Exit status: 0, or 2 if there is no such snippet or the file exists."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("name", metavar="NAME", help="a snippet's name, such as verify_loaded.py (see: clinic list)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it here; an existing file is kept")


def run(given: argparse.Namespace, library: Library) -> int:
    """Print or write the snippet."""
    text = library.snippet(given.name)
    if text is None:
        raise Refused(f"no snippet {given.name} (known: {', '.join(library.snippets)})")
    if given.output:
        try:
            with given.output.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            raise Refused(f"{given.output} exists and was kept. Name another file, or remove it.") from None
        except OSError as error:
            raise Refused(f"cannot write {given.output}: {error.strerror}.") from None
    name = given.name if given.name.endswith(".py") else f"{given.name}.py"
    digest = hashlib.sha256(text.encode()).hexdigest()
    value = {"version": 1, "name": name, "sha256": digest, "text": text, "file": str(given.output or "")}
    if given.as_json:
        return written(0, lambda: print_json(value))
    if given.output:
        say(f"wrote {given.output}")
        return 0
    return written(0, lambda: sys.stdout.write(text))
