"""`clinic here`: what the load atlas says of the versions that are installed here, and of a model."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..answer import VERSION
from ..atlas import CHIEF, Atlas
from ..command import FORMS, Refused
from ..config import Model, NoModel, read
from ..console import line
from ..formats import Answered, Fact, Level, put
from ..here import WRONG, Standing, answer
from ..installed import Installed, NotRead, of_python, of_text
from ..library import Library
from ..log import NoLog, pieces
from ..told import Told
from ..words import say

MOST = 4_000_000  # characters of a list of packages
COMMAND = "uvx checkpoint-clinic here"
PYTHON = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")
HELP = """Say whether the installed transformers loads this model exactly, from the load atlas: measured of tiny
models under the published names. Of other versions and models it says that they were not measured.

MODEL: a folder with config.json, owner/name in the hub's cache, or a model_type; without it all are told.
Exit status: 0 measured exact in every way asked, 1 measured wrong in one (silent, an error, no such class),
2 nothing that could be asked, 3 not measured."""

FORMATS = FORMS
MEANS = {
    Standing.EXACT: "measured exact in every way asked",
    Standing.WRONG: "measured wrong in a way asked",
    Standing.NOT_MEASURED: "not measured",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="such as path/to/Qwen3-30B-A3B")
    parser.add_argument("--way", action="append", default=[], metavar="WAY", help="only this way, such as zero3 (repeatable)")
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--python", metavar="PATH", help="the Python to ask (default: the one that runs clinic)")
    text = 'such as "transformers 5.4.0, deepspeed 0.18.5"; -: read pip freeze from standard input'
    asked.add_argument("--installed", metavar="VERSIONS", help=text)
    parser.usage = f"{parser.prog} [MODEL] [--way WAY] [--python PATH | --installed VERSIONS] [--format FORM] [--language zh]"


def run(given: argparse.Namespace, library: Library) -> int:
    """Look, print the answer, return how it stands."""
    atlas = library.atlas
    if not atlas.architectures:
        raise Refused("this package was built without the load atlas. Take the published one: uvx checkpoint-clinic here")
    if strange := [one for one in given.way if one not in {way.id for way in atlas.ways}]:
        raise Refused(f"no way {strange[0]} (known: {', '.join(way.id for way in atlas.ways)})")
    model = _model(given.model, atlas)
    installed = _installed(given, atlas)
    if CHIEF not in installed.packages:
        return _not_looked(given, installed)
    here = answer(atlas, installed, model, given.way)
    told = Told(here, atlas, given.language, given.python or "", library.site(given.language))
    value = told.as_json()
    return put(given, Answered(here.standing, MEANS[here.standing], value, told.lines(), list(_facts(value)), value["settle"]))


def _facts(value: dict[str, Any]) -> Iterator[Fact]:
    """Yield what was measured wrong, and what was not measured."""
    for one in value["architectures"]:
        for way in one["ways"]:
            if way["outcome"] != "exact":
                level: Level = "error" if way["outcome"] in WRONG else "note"
                yield Fact(
                    "load-atlas", level, f"{one['title']}, {way['words']}", f"{way['outcome']}: {way['said']}", url=value["url"]
                )


def _model(named: str | None, atlas: Atlas) -> Model | None:
    """Return the model that is named: by its files, or by a model_type of the atlas."""
    if named is None:
        return None
    try:
        found = read(named)
    except NoModel as error:
        raise Refused(str(error)) from None
    types = sorted({one["model_type"] for one in atlas.architectures})
    if found is None and named not in types:
        raise Refused(f"no folder {named}, no such model in the hub's cache, and no model_type (known: {', '.join(types)})")
    return found or Model(folder="", model_type=named)


def _installed(given: argparse.Namespace, atlas: Atlas) -> Installed:
    try:
        if given.installed is None:
            return of_python(given.python, atlas.packages)
        text = _standard_input() if given.installed == "-" else given.installed
        found = of_text(text, atlas.packages)
    except (NotRead, NoLog) as error:
        raise Refused(str(error)) from None
    if CHIEF not in found.packages:
        raise Refused('no version of transformers in what was given. Write it as "transformers 5.4.0", or give pip freeze.')
    return found


def _standard_input() -> str:
    text = ""
    for piece, _ in pieces(sys.stdin.buffer):
        text += piece
        if len(text) > MOST:
            raise NotRead("standard input is no list of packages: it does not end")
    return text


def _not_looked(given: argparse.Namespace, installed: Installed) -> int:
    """Say that this Python has no transformers, and how to ask the right one."""
    note = say(given.language, "here not looked", installed.python, installed.python_version)
    commands = _ask_again(given.model)
    value = {
        "version": VERSION,
        "language": given.language,
        "status": int(Standing.NOT_MEASURED),
        "installed": asdict(installed),
        "model": None,
        "architectures": [],
        "notes": [note],
        "scope": "",
        "settle": commands,
        "url": "",
    }
    lines = [line(note), *(line("  ", ("bold", command)) for command in commands)]
    facts = [Fact("load-atlas", "note", MEANS[Standing.NOT_MEASURED], note)]
    return put(given, Answered(Standing.NOT_MEASURED, MEANS[Standing.NOT_MEASURED], value, lines, facts, commands))


def _ask_again(model: str | None) -> list[str]:
    """Return the lines for a virtual environment, the activated one if there is one, and for a list of packages."""
    folder = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX") or ".venv"
    python = Path(folder, PYTHON)
    here = f"{COMMAND} {shlex.quote(model)}" if model else COMMAND
    return [f"{here} --python {shlex.quote(str(python))}", f"pip freeze | {here} --installed -"]
