"""Whether a page's Markdown is text: no markup of its own, no address that runs, no handler, nothing live in its front matter.

Where the builders' Markdown reads a text otherwise than is done here, the build finds it (show/policy.py); browsers refuse it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from ..content.problem import Problem, line_of, relative
from ..show.source import read_source

PLAIN = re.compile(r"[<&`\\]")  # what a title or a description does without
BLOCK_TAGS = ("div", "span", "p")  # of `/// html | ...`
_FENCE = re.compile(r"^[\s>]*(?P<fence>`{3,}|~{3,})")
_CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)")
_MARKUP = re.compile(r"<[a-zA-Z/!?][^>]*>?")
_HANDLER = re.compile(r"[{\[][^}\]]*\b(?:on[a-z]+|srcdoc|style|href|src|formaction)\s*=[^}\]]*[}\]]", re.I)
_SCHEME = re.compile(r"(?:\]\(|^\s*\[[^\]]+\]:)[\s<]*(?P<scheme>[a-z][a-z0-9+.-]*):", re.I)
_HTML_BLOCK = re.compile(r"^\s*/{3,}\s*html\s*\|\s*(?P<tag>[^\s\[]*)(?P<rest>.*)$")


def inert_problems(root: Path) -> Iterator[Problem]:
    """Yield what could run on a page, for every page of the site."""
    for path in sorted((root / "docs").rglob("*.md")):
        file, source = relative(path, root), read_source(path)
        for key in ("title", "description"):
            value = source.front.get(key, "")
            if PLAIN.search(value):
                repair = f"write the {key} without <, &, \\ and backticks: tabs, searches and links show it as it is"
                yield Problem(file, line_of(source.text, f"{key}:"), f"a {key} of plain text", value, repair)
        for number, found in live_markup(source.text):
            repair = "remove it; text that looks like markup stands in backticks, a link begins with https:"
            yield Problem(file, number, "Markdown without HTML, handlers and addresses that run", found, repair)


def live_markup(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what was found) of what Markdown would pass on as live HTML; code is left aside."""
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark["fence"].startswith(fence) else fence
        elif mark:
            fence = mark["fence"]
        else:
            yield from ((number, found[:80]) for found in _live(line))


def _live(line: str) -> Iterator[str]:
    if block := _HTML_BLOCK.match(line):
        if block["tag"].lower() not in BLOCK_TAGS or re.search(r"\bon[a-z]+\s*=", block["rest"], re.I):
            yield line.strip()
        return
    prose = _CODE.sub("", line)
    yield from (found[0] for found in _MARKUP.finditer(prose))
    yield from (found[0] for found in _HANDLER.finditer(prose))
    for found in _SCHEME.finditer(re.sub(r"[\x00-\x1f\x7f]", "", html.unescape(prose))):
        if found["scheme"].lower() not in ("https", "http", "mailto"):
            yield found[0]
