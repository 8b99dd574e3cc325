"""`clinic verify`: load a model and compare it with its files."""

from __future__ import annotations

import argparse

from ..library import Library
from ..started import add_arguments, start

HELP = """Load a model and compare it with its files, parameter by parameter (runs the snippet verify_loaded.py).

It needs torch, safetensors and transformers. Name the Python that has them:
clinic verify --python .venv/bin/python ...

Arguments and exit status are those of the snippet: clinic verify -- --help"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_arguments(parser)


def run(given: argparse.Namespace, library: Library) -> int:
    """Run the snippet."""
    return start("verify_loaded.py", given, library, needs=("torch", "safetensors", "transformers"))
