"""A log, from a file or a pipe -> pieces of text: encodings recognised, binary data refused, no more than a piece in memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 1 << 20  # bytes
HEAD, TAIL = 4000, 12000  # characters that are kept of a log as they were printed
_BEGINS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CONTROL = bytes(set(range(32)) - set(b"\a\b\t\n\v\f\r\x1b"))
_BINARY = 20  # one control byte in so many, and it is no text


class NoLog(Exception):
    """What was given is no log; says what it is instead, and what to do."""


class Ends:
    """How a text that arrives in pieces begins and ends, as it was printed."""

    def __init__(self) -> None:
        self.head = self.tail = ""

    def add(self, text: str) -> None:
        """Take the next piece."""
        room = HEAD - len(self.head)
        self.head += text[:room]
        self.tail = (self.tail + text[room:])[-TAIL:]

    @property
    def text(self) -> str:
        """The whole of a short text; of a longer one both ends."""
        return self.head + ("\n" if len(self.tail) == TAIL else "") + self.tail


def pieces(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """Yield the text piece by piece, each with the bytes read so far; characters that cannot be decoded are replaced.

    Raises:
        NoLog: if there is nothing, or if it begins like binary data.
    """
    read = first = file.read(PIECE)
    if not first:
        raise NoLog("nothing to read: the input is empty (a pipe needs 2>&1: python train.py 2>&1 | clinic diagnose)")
    head = first[: 1 << 16]
    mark = next((mark for mark in _BEGINS if first.startswith(mark)), b"")
    encoding = _BEGINS.get(mark) or _without_mark(head)
    if encoding == "utf-8" and len(head) - len(head.translate(None, _CONTROL)) > len(head) // _BINARY:
        hint = "; to look into a checkpoint: clinic audit DIR"
        raise NoLog(f"binary data, not a log (give the text that the program printed{hint})")
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    total = 0
    piece = first[len(mark) :]
    while read:
        total += len(read)
        yield decoder.decode(piece), total
        read = piece = file.read(PIECE)
    yield decoder.decode(b"", final=True), total


def _without_mark(head: bytes) -> str:
    """Return the encoding of a text that does not name it: zeros at every other place are UTF-16."""
    half = len(head) / 2
    zeros = [head[start::2].count(0) for start in (0, 1)]
    if zeros[1] > 0.4 * half and zeros[0] < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.4 * half and zeros[1] < 0.05 * half else "utf-8"
