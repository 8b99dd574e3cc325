"""`clinic verify`: load a model and compare it with its files."""

from __future__ import annotations

import argparse

from ..command import FORMS
from ..library import Library
from ..started import add_arguments, start

HELP = """Load a model and compare it with its files, parameter by parameter (runs the snippet verify_loaded.py).

It needs torch, safetensors and transformers. Name the Python that has them:
clinic verify --python .venv/bin/python ...

Arguments and exit status are those of the snippet: clinic verify -- --help"""

FORMATS = FORMS
MEANS = {
    0: "equal",
    1: "something differs, is in no file, or is in a file and not in the model",
    2: "nothing was compared",
    3: "equal only after a cast to another type",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_arguments(parser)


def run(given: argparse.Namespace, library: Library) -> int:
    """Run the snippet."""
    return start("verify_loaded.py", given, library, MEANS, needs=("torch", "safetensors", "transformers"))
