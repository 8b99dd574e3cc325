"""`clinic diagnose`: which article has the message that a log holds."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO

from ..answer import Answer
from ..command import Refused, print_json, written
from ..console import say, show
from ..library import Library
from ..log import Ends, NoLog, pieces
from ..match import Stream
from ..named import named

HELP = """Say which article has the message that a log holds: python train.py 2>&1 | clinic diagnose

Reads FILE, or standard input; an article's id or address is answered, too. Nothing leaves this machine.
Exit status: 0 known, 1 only a look-alike, 2 no log, 3 not known."""


class Diagnosis(IntEnum):
    """What was found."""

    KNOWN, LOOKALIKE, NOT_KNOWN = 0, 1, 3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="a log (default: standard input)")


def run(given: argparse.Namespace, library: Library) -> int:
    """Read the log, print the answer, return what was found."""
    diagnoser = library.diagnoser
    with contextlib.ExitStack() as stack:
        diagnosis, printed = _read(diagnoser.matcher.stream(), _open(given.file, stack, diagnoser.dictionary["articles"]))
    site = library.site(given.language)
    completed = diagnoser.complete(diagnosis)
    answer = Answer(completed, diagnoser.dictionary, given.language, printed, site)
    kinds = [finding["kind"] for finding in answer.findings]
    status = (
        Diagnosis.KNOWN if "match" in kinds or completed["named"] else Diagnosis.LOOKALIKE if kinds else Diagnosis.NOT_KNOWN
    )
    return written(status, lambda: print_json(answer.as_json()) if given.as_json else show(answer.lines()))


def _open(name: str, stack: contextlib.ExitStack, articles: list[dict[str, Any]]) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    if named(name, articles) and not Path(name).exists():
        return io.BytesIO(name.encode())  # `clinic diagnose CC002`
    try:
        return stack.enter_context(Path(name).open("rb"))
    except OSError as error:
        raise Refused(f"cannot read {name}: {error.strerror}. Give a log's file, or pipe it in.") from None


def _read(stream: Stream, file: BinaryIO) -> tuple[dict[str, Any], str]:
    """Feed a log to the matcher, with progress; an interrupted pipe is answered with what was read. Return its ends, too."""
    ends = Ends()
    shown = sys.stderr.isatty()
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
