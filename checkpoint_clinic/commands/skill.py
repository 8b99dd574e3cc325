"""`clinic skill`: what an agent reads of this package, as a file of its own."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ..command import READERS, Refused, help_of, print_json, written
from ..console import say
from ..library import Library
from ..skill import NAME, skill

HELP = """Print a SKILL.md for agents: what to run when a load fails, when it warns, and before hours of training.
It is written from this version's commands and articles. With --out DIR: into DIR/checkpoint-clinic/SKILL.md.

Exit status: 0, or 2 if it could not be written."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--out", metavar="DIR", help="the folder of skills, such as .claude/skills")


def run(given: argparse.Namespace, library: Library) -> int:
    """Print it, or write it; an older one gives way, another file does not."""
    others = [name for name in READERS if name != given.command]
    text = skill(library.articles, {name: partial(help_of, name) for name in others})
    file = _write(Path(given.out) / NAME / "SKILL.md", text) if given.out else ""
    if given.as_json:
        return written(0, lambda: print_json({"version": 1, "name": NAME, "text": text, "file": file}))
    return written(0, lambda: say(f"wrote {file}") if file else print(text, end=""))


def _write(file: Path, text: str) -> str:
    begin = f"---\nname: {NAME}\n"
    try:
        if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(begin):
            raise Refused(f"{file} is another file: expected the skill {NAME}. Remove it, or name another --out.")
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(".SKILL.md.new")
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(file)
    except OSError as error:
        raise Refused(f"cannot write {file}: {error.strerror}. Name another --out.") from None
    return str(file)
