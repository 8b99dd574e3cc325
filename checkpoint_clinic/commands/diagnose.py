"""`clinic diagnose`: which article has the message that a log holds."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO

from ..answer import Answer
from ..command import FORMS, Refused
from ..console import say
from ..formats import Answered, Fact, Level, put
from ..library import Library
from ..log import Ends, NoLog, pieces
from ..match import Stream
from ..named import named

HELP = """Say which article has the message that a log holds: python train.py 2>&1 | clinic diagnose

Reads FILE, or standard input; an article's id or address is answered, too. Nothing leaves this machine.
Exit status: 0 known, 1 only a look-alike, 2 no log, 3 not known."""
FORMATS = FORMS


class Diagnosis(IntEnum):
    """What was found."""

    KNOWN, LOOKALIKE, NOT_KNOWN = 0, 1, 3


MEANS = {
    Diagnosis.KNOWN: "known",
    Diagnosis.LOOKALIKE: "only a look-alike: it resembles an article's message and is something else",
    Diagnosis.NOT_KNOWN: "not known here",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="a log (default: standard input)")


def run(given: argparse.Namespace, library: Library) -> int:
    """Read the log, print the answer, return what was found."""
    diagnoser = library.diagnoser
    with contextlib.ExitStack() as stack:
        file = _open(given.file, stack, diagnoser.dictionary["articles"])
        diagnosis, printed = _read(diagnoser.matcher.stream(), file, quiet=given.format != "human")
    site = library.site(given.language)
    completed = diagnoser.complete(diagnosis)
    answer = Answer(completed, diagnoser.dictionary, given.language, printed, site)
    kinds = [finding["kind"] for finding in answer.findings]
    status = (
        Diagnosis.KNOWN if "match" in kinds or completed["named"] else Diagnosis.LOOKALIKE if kinds else Diagnosis.NOT_KNOWN
    )
    facts = list(facts_of(answer, "" if given.file == "-" else given.file))
    return put(given, Answered(status, MEANS[status], answer.as_json(), answer.lines(), facts, next_of(answer)))


def facts_of(answer: Answer, file: str) -> Iterator[Fact]:
    """Yield a fact for each finding; `file` is the log's, or empty."""
    for one in answer.as_json()["findings"]:
        if one["kind"] == "match":
            text = " ".join([one["answer"], *one["says"]])
            level: Level = "note" if one["harm"] == "none" else "error"
        else:
            text, level = one["means"], "note"
        yield Fact(one["article"], level, one["title"], text, one["line_number"], one["url"], file)


def next_of(answer: Answer) -> list[str]:
    """Return the commands that go on from an answer: each article that was found or comes near, else the list of all."""
    found = [one["article"] for one in answer.findings or answer.nearest]
    return [f"clinic explain {name}" for name in dict.fromkeys(found)] or ["clinic list"]


def _open(name: str, stack: contextlib.ExitStack, articles: list[dict[str, Any]]) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    if named(name, articles) and not Path(name).exists():
        return io.BytesIO(name.encode())  # `clinic diagnose CC002`
    try:
        return stack.enter_context(Path(name).open("rb"))
    except OSError as error:
        raise Refused(f"cannot read {name}: {error.strerror}. Give a log's file, or pipe it in.") from None


def _read(stream: Stream, file: BinaryIO, quiet: bool = False) -> tuple[dict[str, Any], str]:
    """Feed a log to the matcher, with progress; an interrupted pipe is answered with what was read. Return its ends, too."""
    ends = Ends()
    shown = sys.stderr.isatty() and not quiet
    if file.isatty():
        say("Paste the message, then press Ctrl+D (Windows: Ctrl+Z, Enter).")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            for text, read in pieces(file):
                stream.feed(text)
                ends.add(text)
                if shown and read >> 20:
                    print(f"\rreading, {read >> 20} MB so far ", end="", file=sys.stderr, flush=True)
    except (NoLog, OSError) as error:
        raise Refused(str(error)) from error
    finally:
        if shown:
            print("\r\x1b[K" if sys.platform != "win32" else "\r", end="", file=sys.stderr, flush=True)
    return stream.finish(), ends.text
