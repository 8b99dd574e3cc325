"""What a terminal shows: colours where it has them, characters that it can write, a pipe that may be closed."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

Line = tuple[tuple[str, str], ...]  # (style, text), from left to right
STYLES = {"bold": "1", "dim": "2", "yellow": "33"}


def line(*parts: str | tuple[str, str]) -> Line:
    """Return a line of parts, each a text or (style, text)."""
    return tuple(("", part) if isinstance(part, str) else part for part in parts)


def plain(shown: Line) -> str:
    """Return a line's text."""
    return "".join(text for _, text in shown)


def printable(text: str) -> str:
    """Return text without what would steer a terminal: control characters, and those that change the direction of writing."""
    text = text.expandtabs(4)
    return text if text.isprintable() else "".join(one for one in text if unicodedata.category(one) not in ("Cc", "Cf", "Cs"))


def prepare() -> None:
    """Let both streams replace what the console's encoding lacks, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def show(lines: Iterable[Line], file: TextIO | None = None) -> None:
    """Print lines, with colours if the file is a terminal that has them."""
    file = file or sys.stdout
    coloured = _has_colours(file)
    for shown in lines:
        parts = (_styled(style, printable(text)) if coloured else printable(text) for style, text in shown)
        print("".join(parts), file=file)


def say(text: str) -> None:
    """Print a line to standard error."""
    show([line(text)], sys.stderr)


def _styled(style: str, text: str) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style else text


def _has_colours(file: TextIO) -> bool:
    """Whether escapes would be read: old consoles of Windows show them as they are."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not file.isatty():
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ
