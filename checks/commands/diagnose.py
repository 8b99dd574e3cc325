"""`clinic diagnose`."""

from __future__ import annotations

import contextlib
from enum import IntEnum
from typing import Any, BinaryIO

import click

from checkpoint_clinic.answer import Answer
from checkpoint_clinic.log import Ends, NoLog, pieces
from checkpoint_clinic.match import Stream
from checkpoint_clinic.words import LANGUAGES, Language

from ..decide.plan import find_root, load_project
from ..tend.vectors import Diagnoser
from .command import err, out, print_json


class Diagnosis(IntEnum):
    """What `clinic diagnose` found."""

    KNOWN, LOOKALIKE, NOT_KNOWN = 0, 1, 3


@click.command()
@click.argument("file", required=False, type=click.File("rb"), default="-")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="The language of the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: findings in order, nearest articles, lines read.")
def command(file: BinaryIO, language: Language, as_json: bool) -> int:
    """Say which article has the message that a log holds: python train.py 2>&1 | clinic diagnose.

    Reads FILE, or standard input. Nothing leaves this machine. Exit status: 0 known, 1 only a look-alike, 2 no log, 3 not
    known.
    """
    diagnoser = Diagnoser(load_project(find_root(own=True)))
    diagnosis, printed = _read(diagnoser.matcher.stream(), file)
    answer = Answer(diagnoser.complete(diagnosis), diagnoser.dictionary, language, printed)
    if as_json:
        print_json(answer.as_json())
    else:
        for line in answer.lines():
            out.print(line)
    kinds = [finding["kind"] for finding in answer.findings]
    return Diagnosis.KNOWN if "match" in kinds else Diagnosis.LOOKALIKE if kinds else Diagnosis.NOT_KNOWN


def _read(stream: Stream, file: BinaryIO) -> tuple[dict[str, Any], str]:
    """Feed a log to the matcher, with progress; an interrupted pipe is answered with what was read. Return its ends, too."""
    ends = Ends()
    if file.isatty():
        err.print("[dim]Paste the message, then press Ctrl+D.[/]")
    try:
        with contextlib.suppress(KeyboardInterrupt), err.status("reading") as status:
            for text, read in pieces(file):
                stream.feed(text)
                ends.add(text)
                status.update(f"reading, {read >> 20} MB so far")
    except (NoLog, OSError) as error:
        raise click.ClickException(str(error)) from error
    return stream.finish(), ends.text
