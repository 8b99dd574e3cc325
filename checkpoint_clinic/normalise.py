"""A pasted text without what terminals, loggers, launchers, boxes and mail programs put around its messages.

The expressions are shared: the site publishes them with the signatures, and the browser's twin, normalise.js, runs the
same ones. `\\w` and `\\d` mean ASCII in both, and after `clean` white space is only ever a newline, a carriage return
(the end of a progress bar's state) or a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

# What the two engines share, as text: `\w` and `\d` mean ASCII in both, and white space is only ever a space here.
# Each begins with one character, for which a text is searched many times faster than for one of several.
ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\?)?|[@-Z\\-_])"
SPELLED = r"\\(?:033|x1[bB]|u001[bB]|e)\[[0-?]*[ -/]*[@-~]"  # the same as a program's source, or JSON, has it
ESCAPE_SIGNS = ("^[[", "␛[")  # the same as less and some pages show its beginning
COLOURS = (
    r"\[\d{1,3}(?:;\d{1,3}){0,4}m"  # what is left of an escape where the page it was copied from dropped the first character
)
ENTITIES = r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(nbsp|lt|gt|amp|quot|apos|lbrack|lsqb|rbrack|rsqb|lowbar|num));"
NAMED = {"nbsp": " ", "lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "lowbar": "_", "num": "#"}
NAMED |= {"lbrack": "[", "lsqb": "[", "rbrack": "]", "rsqb": "]"}
TAGS = r"</?(?:span|code|b|i|em|strong|a|font|mark|tt)(?: [^<>]{0,400})?>"  # of a page's source
ROWS = r"</?(?:br|p|div|tr|li|pre|td)(?: [^<>]{0,400})?/?>"
MARKDOWN = r"\\(?=[_\[\]()*#<>])"  # escapes, where a message was pasted into Markdown
EMPHASIS = ("`", "**")  # and code, and emphasis
WIDE = r"[\uff01-\uff5e]"  # ASCII as Chinese fonts have it
INVISIBLE = r"[\x00-\x08\x0e-\x1f\x7f\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe]"
SPACES = r"[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]"
BREAKS = r"[\x0b\x0c\x85\u2028\u2029]"  # become a newline; a carriage return alone ends a progress bar's state
APOSTROPHES, QUOTES = "[‘’‚‛′]", "[“”„‟″]"
LETTERS = {"\u0130": "I", "\u017f": "s", "\u212a": "K"}  # whose other case is ASCII, or two characters
LEVEL = r"(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)"
_NAME = r"(?=([\w.<>/-]{1,80}))\1"  # a whole name, read once: what follows it is not tried after shorter ones
PREFIX = (
    r"(?: {1,5}\d{1,6} {1,2}(?=[^ ])"  # cat -n, an editor's margin
    r"| {1,200}|[>|│┃║▏╎]|- |E(?=  )"  # indentation, quotation, boxes, what stands between a logger's fields, pytest
    r"|(?:rank|Rank|RANK)[ _:=]{0,2}\d{1,5}:?(?= )"
    r"|\[(?:(?:rank|Rank|RANK)[ _:=]{0,2}\d{1,5}\]?:?(?= )|(?:default|trainer|worker)\d{1,5}\]:|\d{1,5}\]:(?=[ \[])"  # torchrun
    r"|\d{1,4},[\w:,-]{1,60}\]<std(?:err|out)>:|pod/[\w./-]{1,120}\]"  # mpirun, kubectl
    r"|[\w./-]{1,80}:\d{1,6}(?::\w{1,60})?\])"  # a source in brackets
    r"|(?=[\w-]{1,61}: )[\w-]{0,60}\d: (?=[^ ])|\d{1,3}(?:\.\d{1,3}){3}: (?=[^ ])|\d{1,6}:(?=[^ \d])"  # srun, pdsh, grep -n
    r"|\([\w.:=, -]{0,60}pid=\d{1,9}(?:, ip=[\d.]{7,15})?\)"  # ray
    r"|(?=[\w.-]{1,60} {1,20}\|)[\w.-]{1,60}[-_]\d{1,4} {1,20}\||std(?:out|err) [FP](?= )"  # docker compose, containerd
    r"|(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,60} [\w./@-]{1,60}(?:\[\d{1,9}\])?:(?= )"  # syslog, journald
    r"|wandb:(?= )"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?"
    r"|\[?\d\d/\d\d(?:/\d\d)? \d\d:\d\d:\d\d\]?|\[?\d\d:\d\d:\d\d\]?"
    rf"|\[?{LEVEL}\]?:?(?= )"
    rf"|{_NAME}(?: - (?={LEVEL} )|:[\w<>]{{1,60}}:\d{{1,6}} - "  # logging, mmengine, loguru
    r"|: (?=\[(?:rank|default)\d)|:\d{1,6}:(?=[^ \d]))"  # pdsh, grep -n
    r"){1,12}"
)
# In a prefix: the line begins something new. Not the time of what carries lines: 2026-11-21T10:00:00Z, Nov 21 10:00:00.
RECORD = rf"(?:^|[-/]\d\d |[^T\d ]|[^\d] )\d\d:\d\d:\d\d|{LEVEL}"
EDGES = " │┃║|\\="  # what may stand at the right of a line: rich's boxes, what an editor or mail puts where it cuts one
SOURCE = r" [\w./-]{1,80}\.py:\d{1,6}$"  # the column in which rich names the source
RANK = r"(?:rank|Rank|RANK)[ _:=]{0,2}(\d{1,5})"
TELLS = ("rror", "ERROR", "arning", "WARN", "xception", "ail", "ismatch", "issing", "nexpected", "nvalid", "annot", " not ")
SHARED: dict[str, Any] = {
    "ESCAPES": ESCAPES,
    "SPELLED": SPELLED,
    "ESCAPE_SIGNS": ESCAPE_SIGNS,
    "COLOURS": COLOURS,
    "INVISIBLE": INVISIBLE,
    "SPACES": SPACES,
    "BREAKS": BREAKS,
    "APOSTROPHES": APOSTROPHES,
    "QUOTES": QUOTES,
    "LETTERS": LETTERS,
    "ENTITIES": ENTITIES,
    "NAMED": NAMED,
    "TAGS": TAGS,
    "ROWS": ROWS,
    "MARKDOWN": MARKDOWN,
    "EMPHASIS": EMPHASIS,
    "WIDE": WIDE,
    "PREFIX": PREFIX,
    "RECORD": RECORD,
    "SOURCE": SOURCE,
    "RANK": RANK,
    "TELLS": TELLS,
}

_ESCAPES, _SPELLED, _COLOURS = map(re.compile, (ESCAPES, SPELLED, COLOURS))
_ENTITIES, _TAGS, _ROWS, _MARKDOWN = map(re.compile, (ENTITIES, TAGS, ROWS, MARKDOWN))
_ODD = re.compile(
    "["
    + "".join(characters[1:-1] for characters in (INVISIBLE, SPACES, BREAKS, APOSTROPHES, QUOTES, WIDE))
    + "".join(LETTERS)
    + "]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PREFIX, _RECORD, _SOURCE, _RANK = (re.compile(text, re.ASCII) for text in (PREFIX, RECORD, SOURCE, RANK))


@cache
def _instead(character: str) -> str:
    """Return what stands for one of the odd characters."""
    if character in LETTERS:
        return LETTERS[character]
    if re.match(WIDE, character):
        return chr(ord(character) - 0xFEE0)
    classes = {BREAKS: "\n", SPACES: " ", APOSTROPHES: "'", QUOTES: '"'}
    return next((plain for characters, plain in classes.items() if re.match(characters, character)), "")


def clean(text: str) -> str:
    """Return text without colours, invisible characters and typographic quotation marks."""
    for sign in ESCAPE_SIGNS:
        text = text.replace(sign, "\x1b[")
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\\" in text:
        text = _SPELLED.sub("", text)
    text = _COLOURS.sub("", text.replace("\r\n", "\n"))
    if "</" in text or "<br" in text:
        text = _ROWS.sub("\r", _TAGS.sub("", text))  # no line end of the text that was pasted
    if "&" in text:
        text = _ENTITIES.sub(_entity, text)
    for sign in EMPHASIS:
        text = text.replace(sign, "")
    if "\\" in text:
        text = _MARKDOWN.sub("", text)
    text = text.replace("\t", " ")
    if not text.isascii():  # most lines of most logs are, and are left alone
        text = "\n".join([line if line.isascii() else _ODD.sub(_plain, line) for line in text.split("\n")])
    return _CONTROL.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    return _instead(found[0])


def _entity(found: re.Match[str]) -> str:
    """Return the character that an HTML reference stands for."""
    if found[3]:
        return NAMED.get(found[3], " ")
    code = int(found[1]) if found[1] else int(found[2], 16)
    return chr(code) if 0 < code < 0xD800 else " "


def body(line: str, prefix: str) -> str:
    """Return a line without what loggers, launchers, boxes and mail programs put around it."""
    line = line[len(prefix) :].rstrip(EDGES)
    if ".py:" in line[-12:] and (source := _SOURCE.search(line[-100:])):
        line = line[: len(line) - len(source[0])].rstrip(" ")
    return line


def prefix_of(line: str) -> str:
    """Return what stands before a line's body."""
    found = _PREFIX.match(line)
    return found[0] if found else ""


def begins_record(prefix: str) -> bool:
    """Whether a prefix is a logger's: what follows it does not continue the line before."""
    return bool(_RECORD.search(prefix))


def rank_of(prefix: str) -> str | None:
    """Return the rank that stands before a line's body, as printed."""
    found = _RANK.search(prefix)
    return found[1] if found else None


def telling(text: str) -> Iterator[str]:
    """Yield the lines that speak of something that went wrong."""
    words = [word for word in TELLS if word in text]
    if words:
        yield from (line.strip(" ") for line in re.split("[\r\n]", text) if any(word in line for word in words))
