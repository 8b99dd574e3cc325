"""A pasted text without what terminals, loggers, launchers, boxes and mail programs put around its messages.

The expressions are shared: the site publishes them with the signatures, and the browser's twin, normalise.js, runs the
same ones. `\\w` and `\\d` mean ASCII in both, and after `clean` white space is only ever a newline, a carriage return
(the end of a progress bar's state) or a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

# What the two engines share, as text: `\w` and `\d` mean ASCII in both, and white space is only ever a space here.
ESCAPES = r"(?:\x1b|\^\[|␛)\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\?)?|\x1b[@-Z\\-_]"
COLOURS = (
    r"\[\d{1,3}(?:;\d{1,3}){0,4}m"  # what is left of an escape where the page it was copied from dropped the first character
)
INVISIBLE = r"[\x00-\x08\x0e-\x1f\x7f\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe]"
SPACES = r"[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]"
BREAKS = r"[\x0b\x0c\x85\u2028\u2029]"  # become a newline; a carriage return alone ends a progress bar's state
APOSTROPHES, QUOTES = "[‘’‚‛′]", "[“”„‟″]"
PREFIX = (
    r"(?: |[>|│┃║▏╎]|E(?=  )"  # indentation, quotation, boxes, pytest
    r"|\[?(?:rank|Rank|RANK)[ _:=]{0,2}\d{1,5}\]?:?(?= )|\[(?:default|trainer|worker)?\d{1,5}\]:(?=[ \[])"  # torchrun
    r"|[\w.-]{1,60}: (?=\[(?:rank|default)\d)"  # pdsh, for DeepSpeed on several machines
    r"|\d{1,4}: (?=[^ ])"  # srun
    r"|\[\d{1,4},\d{1,5}\]<std(?:err|out)>:|\([\w.:-]{0,60} ?pid=\d{1,9}(?:, ip=[\d.]{7,15})?\)"  # mpirun, ray
    r"|[\w.-]{1,60}[-_]\d{1,4} {1,20}\|"  # docker compose
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?"
    r"|\[?\d\d/\d\d(?:/\d\d)? \d\d:\d\d:\d\d\]?|\[?\d\d:\d\d:\d\d\]?"
    r"|\[?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\]?:?(?= )){1,12}"
)
EDGES = " │┃║|"  # what may stand at the right of a line: rich's boxes
SOURCE = r" {2}[\w./-]{1,80}\.py:\d{1,6}$"  # the column in which rich names the source
RANK = r"(?:rank|Rank|RANK)[ _:=]{0,2}(\d{1,5})"
TELLS = ("rror", "ERROR", "arning", "WARN", "xception", "ail", "ismatch", "issing", "nexpected", "nvalid", "annot", " not ")
SHARED: dict[str, str | tuple[str, ...]] = {
    "ESCAPES": ESCAPES,
    "COLOURS": COLOURS,
    "INVISIBLE": INVISIBLE,
    "SPACES": SPACES,
    "BREAKS": BREAKS,
    "APOSTROPHES": APOSTROPHES,
    "QUOTES": QUOTES,
    "PREFIX": PREFIX,
    "SOURCE": SOURCE,
    "RANK": RANK,
    "TELLS": TELLS,
}

_ESCAPES, _COLOURS = map(re.compile, (ESCAPES, COLOURS))
_ODD = re.compile("[" + "".join(characters[1:-1] for characters in (INVISIBLE, SPACES, BREAKS, APOSTROPHES, QUOTES)) + "]")
_PREFIX, _SOURCE, _RANK = (re.compile(text, re.ASCII) for text in (PREFIX, SOURCE, RANK))


@cache
def _instead(character: str) -> str:
    """Return what stands for one of the odd characters."""
    classes = {BREAKS: "\n", SPACES: " ", APOSTROPHES: "'", QUOTES: '"'}
    return next((plain for characters, plain in classes.items() if re.match(characters, character)), "")


# The same for plain text, many times faster.
_PLAIN = {code: _instead(chr(code)) or None for code in range(128) if _ODD.match(chr(code))}


def clean(text: str) -> str:
    """Return text without colours, invisible characters and typographic quotation marks."""
    if "\x1b" in text or "^[" in text or "␛" in text:
        text = _ESCAPES.sub("", text)
    text = _COLOURS.sub("", text.replace("\r\n", "\n"))
    if text.isascii():
        return text.translate(_PLAIN)
    return _ODD.sub(lambda found: _instead(found[0]), text.replace("\t", " "))


def body(line: str) -> str:
    """Return a line without what loggers, launchers, boxes and mail programs put around it."""
    found = _PREFIX.match(line)
    line = line[found.end() if found else 0 :].rstrip(EDGES)
    if ".py:" in line[-12:] and (source := _SOURCE.search(line[-100:])):
        line = line[: len(line) - len(source[0])].rstrip(" ")
    return line


def rank_of(prefix: str) -> str | None:
    """Return the rank that stands before a line's body, as printed."""
    found = _RANK.search(prefix)
    return found[1] if found else None


def telling(text: str) -> Iterator[str]:
    """Yield the lines that speak of something that went wrong."""
    words = [word for word in TELLS if word in text]
    if words:
        yield from (line.strip(" ") for line in re.split("[\r\n]", text) if any(word in line for word in words))
