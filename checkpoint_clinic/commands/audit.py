"""`clinic audit`: look into a checkpoint folder before it is loaded."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..command import FORMS, USAGE, Refused
from ..library import Library
from ..started import add_arguments, start

HELP = """Look into a folder of checkpoint files before it is loaded (runs the snippet audit_checkpoint.py).

Arguments are those of the snippet (clinic audit -- --help), among them --model, --values, --sha256.
Exit status: 0 sound, 1 problems, 2 usage, 3 nothing wrong in what was looked at, but that is not all."""
FORMATS = FORMS
MEANS = {0: "sound", 1: "problems", 3: "nothing wrong in what was looked at, but that is not all"}
WORST = (USAGE, 1, 3, 0)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_arguments(parser)
    parser.add_argument("--beside", action="store_true", help="what is given are files, as by pre-commit: audit their folders")


def run(given: argparse.Namespace, library: Library) -> int:
    """Run the snippet, once for each folder of the files that were given where they are files."""
    if not given.beside:
        return start("audit_checkpoint.py", given, library, MEANS)
    if given.format in ("json", "sarif"):
        raise Refused(f"--beside audits several folders: expected --format human, agent or github, found {given.format}")
    statuses = {0}
    for folder in dict.fromkeys(str(Path(file).parent) for file in given.rest):
        given.rest = [folder]
        statuses.add(start("audit_checkpoint.py", given, library, MEANS))
    worst = next(status for status in WORST if status in statuses)
    return 0 if worst == 3 else worst  # what was not looked at stops no commit; it stands in the output
