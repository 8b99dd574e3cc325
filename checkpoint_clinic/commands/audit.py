"""`clinic audit`: look into a checkpoint folder before it is loaded."""

from __future__ import annotations

import argparse

from ..command import FORMS
from ..library import Library
from ..started import add_arguments, start

HELP = """Look into a folder of checkpoint files before it is loaded (runs the snippet audit_checkpoint.py).

Arguments are those of the snippet (clinic audit -- --help), among them --model, --values, --sha256.
Exit status: 0 sound, 1 problems, 2 usage, 3 nothing wrong in what was looked at, but that is not all."""

FORMATS = FORMS
MEANS = {0: "sound", 1: "problems", 3: "nothing wrong in what was looked at, but that is not all"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_arguments(parser)


def run(given: argparse.Namespace, library: Library) -> int:
    """Run the snippet."""
    return start("audit_checkpoint.py", given, library, MEANS)
