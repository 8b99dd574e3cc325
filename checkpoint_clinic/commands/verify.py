"""`clinic verify`: load a model and compare it with its files."""

from __future__ import annotations

import argparse
import sys

from ..command import FORMS, written
from ..console import line
from ..formats import Answered, put
from ..library import Library
from ..started import add_arguments, facts_of, ran

HELP = """Load a model and compare it with its files, parameter by parameter (runs the snippet verify_loaded.py); then
what no file of tensors holds, with config.json: RoPE, sizes, ties, buffers (runs verify_built.py).

It needs torch, safetensors and transformers. Name the Python that has them:
clinic verify --python .venv/bin/python ...

Arguments are those of verify_loaded.py: clinic verify -- --help
Exit status, the worse of both: 0 equal, 1 something differs, 2 something not looked at, 3 equal after a cast."""
FORMATS = FORMS
NEEDS = ("torch", "safetensors", "transformers")
WORST_FIRST = (1, 2, 3, 0)
MEANS = {
    0: "equal",
    1: "something differs, is in no file, or is in a file and not in the model",
    2: "something was not looked at",
    3: "equal only after a cast to another type",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_arguments(parser)


def run(given: argparse.Namespace, library: Library) -> int:
    """Run both snippets; the second where the arguments name the folder that is loaded."""
    answers = {"verify_loaded.py": ran("verify_loaded.py", given.rest, given, library, NEEDS)}
    folder = _folder(given.rest)
    if folder is not None:
        answers["verify_built.py"] = ran("verify_built.py", [folder], given, library)
    status = min((one for one, _ in answers.values()), key=_rank)
    output = "".join(text for _, text in answers.values())
    if given.format == "human":
        return written(status, lambda: sys.stdout.write(output))
    said = output.splitlines()
    parts = [{"snippet": name, "status": one, "output": text.splitlines()} for name, (one, text) in answers.items()]
    value = {"version": 1, "snippet": "verify_loaded.py", "status": status, "report": None, "output": said, "parts": parts}
    meaning = MEANS.get(status, "nothing was looked at")
    facts = [
        fact
        for name, (one, text) in answers.items()
        for fact in facts_of(name, one, MEANS.get(one, meaning), None, text.splitlines())
    ]
    return put(given, Answered(status, meaning, value, map(line, said), facts))


def _rank(status: int) -> int:
    return WORST_FIRST.index(status) if status in WORST_FIRST else 0


def _folder(rest: list[str]) -> str | None:
    """Return the folder that is loaded; None where the arguments are not those of a comparison."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--model")
    for name in ("--checkpoint", "--new", "--without"):
        parser.add_argument(name, action="append")
    try:
        found, unknown = parser.parse_known_args(rest)
    except argparse.ArgumentError:
        return None
    return None if unknown or bool(found.folder) == bool(found.model) else str(found.folder or found.model)
