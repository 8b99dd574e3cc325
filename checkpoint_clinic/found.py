"""Where in a block of lines a message stands, and what was found of it: the other half of `match`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from .normalise import begins_record, body, prefix_of, rank_of

PIECE = 4096  # a longer line is cut into pieces of this many characters
BEHIND, AHEAD = 8, 8  # lines around a literal part to which a wrapped message may extend
WINDOWS = (
    (0, 0),
    (0, 1),
    (0, 2),
    (0, 4),
    (1, 0),
    (1, 1),
    (2, 2),
    (4, 4),
    (BEHIND, AHEAD),
)  # in the order in which they are tried
MISSES = 50  # near misses after which only the line itself is tried; after four times as many, nothing
NEAR = 600  # characters around a literal part in which the pattern is run
FEW = 500  # occurrences of one message that are looked at closely; the others are only counted
SHOWN = 400  # characters of a line that are quoted
WIDTHS = (80, 100, 120, 132, 160, 200)  # of terminals

_WORD = re.compile(r"[a-z_]{2,}")
_LETTERS = re.compile(r"[a-z]{4,}")
_CUT, _NAME = re.compile(r"[\w.]$", re.ASCII), re.compile(r"^\w+\.\w+\.[\w.]+$", re.ASCII)
_COMMA = re.compile(r",(?=\d)")  # a shape that lost its space where it was wrapped
_SEVERAL = re.compile(" {2,}")

Span = tuple[tuple[int, int], tuple[int, int]]  # (line, character without spaces) of the beginning and of the end
Located = tuple[int, str, dict[str, str], Span]  # the first line, what is quoted, the variable parts, the place


@dataclass(frozen=True)
class Needle:
    """A literal part to look for, in small letters, and whose it is: which signature or look-alike of which article."""

    article: int
    kind: str
    number: int
    literal: str
    pattern: str
    not_after: tuple[str, ...]
    begins_line: bool
    priority: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that a text must hold, whole, to hold the literal part: those that it neither begins nor ends with."""
        words = [found for found in _WORD.finditer(self.literal) if found.start() > 0 and found.end() < len(self.literal)]
        return tuple(sorted({found[0] for found in words}))

    @cached_property
    def squeezed(self) -> str:
        """The literal part without spaces."""
        return self.literal.replace(" ", "")

    @cached_property
    def runs(self) -> tuple[str, ...]:
        """Its runs of letters."""
        return tuple(sorted(set(_LETTERS.findall(self.literal))))

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern; the literal part itself where there is none."""
        return re.compile(self.pattern or re.escape(self.literal).replace("\\ ", " ?"), re.ASCII | re.IGNORECASE)

    def may_follow(self, preceding: str) -> bool:
        """Whether the message can stand after this text of its line."""
        return not (self.begins_line and preceding) and not (self.not_after and preceding.lower().endswith(self.not_after))

    @cached_property
    def must_hold(self) -> int:
        """How many of the words must be there: all, but for those inside which a line may have been wrapped."""
        return len(self.words) - (1 + len(self.literal) // 40 if len(self.words) > 2 else 0)


class Looked(Protocol):
    """What a block needs of the stream whose lines it looks at."""

    lines: list[str]
    numbers: list[int]
    dropped: int
    fresh: int
    found: dict[int, Found]
    misses: Counter[int]

    @property
    def needles(self) -> list[Needle]:
        """The literal parts that are looked for."""

    @property
    def marks(self) -> list[list[bytes]]:
        """For each of them, runs of letters of which some line holds one."""

    @property
    def before(self) -> list[list[int]]:
        """For each of them, those of the same article that say more."""


@dataclass
class Found:
    """The occurrences of one message: how many, the first, and where those are that were looked at closely."""

    line: str
    number: int
    captured: dict[str, str]
    count: int = 0
    priority: int = 0
    signature: int = 0
    spans: list[Span] = field(default_factory=list)
    distinct: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: Found, own: list[Span], priority: int) -> None:
        """Count the occurrences that only another signature of the same article knows; the first says how the message looks."""
        self.count += len(own)
        self.priority = max(self.priority, priority)
        self.spans = sorted(self.spans + own)
        for name, values in other.distinct.items() if own else ():
            self.distinct.setdefault(name, set()).update(values)


class Block:
    """The lines of a stream that are looked at together, as bodies, and as one text in small letters without spaces."""

    def __init__(self, stream: Looked, end: int, text: bytes, candidates: Iterable[int]) -> None:
        self.stream, self.end = stream, end
        self.prefixes: dict[int, str] = {}
        self.bodies = [""] * len(stream.lines)
        squeezed = ["\n"] * len(stream.lines)  # of a line that no message can touch
        for line in self._near(text, [stream.marks[number] for number in candidates]):
            self.bodies[line] = body(stream.lines[line], self._prefix(line))
            squeezed[line] = self.bodies[line].replace(" ", "").lower()
        self.text = "".join(squeezed)
        self.starts = list(accumulate(map(len, squeezed), initial=0))

    def _near(self, text: bytes, marks: list[list[bytes]]) -> Iterable[int]:
        """Return the lines that hold a mark of a needle, and those around them that may belong to the same record."""
        count = len(self.stream.lines)
        if not all(marks):
            return range(count)
        starts = list(accumulate((len(line) + 1 for line in self.stream.lines), initial=0))
        near = set()
        for mark in {mark for several in marks for mark in several}:
            at = text.find(mark)
            while at >= 0:
                near.add(line := bisect_right(starts, at) - 1)
                at = text.find(mark, starts[line + 1])
        for line in sorted(near):
            for step in (-1, 1):
                other = line
                for _ in range(BEHIND + AHEAD):
                    other += step
                    if other in near or not 0 <= other < count or self._begins_record(max(other, other - step)):
                        break
                    near.add(other)
        return near

    def _prefix(self, line: int) -> str:
        """Return what stands before a line's body."""
        if line not in self.prefixes:
            self.prefixes[line] = prefix_of(self.stream.lines[line])
        return self.prefixes[line]

    def search(self, candidates: Iterable[int]) -> None:
        """Look for the needles, an article's signatures in their order."""
        begin, end = self.starts[self.stream.fresh], self.starts[self.end]
        for number in candidates:
            needle = self.stream.needles[number]
            better = [self.stream.found[one] for one in self.stream.before[number] if one in self.stream.found]
            if any(len(found.spans) >= FEW for found in better):
                continue  # where the article's message is only counted, less telling forms of it are not looked for
            start = self.text.find(needle.squeezed, begin)
            while 0 <= start < end:
                found = self.stream.found.get(number)
                if found and len(found.spans) >= FEW:
                    found.count += self.text.count(needle.squeezed, start, min(end + len(needle.squeezed) - 1, len(self.text)))
                    break
                if self.stream.misses[number] > 4 * MISSES:
                    break
                if not any(overlaps(self._place(start), found.spans) for found in better):
                    self._occurrence(number, needle, start)
                start = self.text.find(needle.squeezed, start + len(needle.squeezed))

    def _place(self, start: int) -> Span:
        """Return the place of one character in the whole text."""
        line = bisect_right(self.starts, start) - 1
        at = line + self.stream.dropped, start - self.starts[line]
        return at, (at[0], at[1] + 1)

    def _occurrence(self, number: int, needle: Needle, start: int) -> None:
        """Look closely at one place where the literal part stands, and keep it if the pattern agrees."""
        located = self._locate(needle, start, WINDOWS if self.stream.misses[number] < MISSES else WINDOWS[:1])
        if not located:
            self.stream.misses[number] += 1
            return
        first, shown, captured, span = located
        found = self.stream.found.setdefault(number, Found(shown, self.stream.numbers[first], captured))
        found.count += 1
        found.spans.append(span)
        for name, value in captured.items():
            found.distinct.setdefault(name, set()).add(value)

    def _locate(self, needle: Needle, start: int, windows: Iterable[tuple[int, int]]) -> Located | None:
        """Run the pattern on the line of the literal part, then on more lines around it, joined as before they were wrapped."""
        first = bisect_right(self.starts, start) - 1
        end = start + len(needle.squeezed)
        last = bisect_right(self.starts, end - 1) - 1
        above, below = start - self.starts[first] < NEAR, self.starts[last + 1] - end < NEAR  # more lines could say more
        tried = set()
        for before, after in windows:
            top, bottom = self._reach(first, -1, before * above), self._reach(last, 1, after * below)
            if (top, bottom) in tried or ((before or after) and self.starts[bottom + 1] - self.starts[top] > 2 * PIECE):
                continue
            tried.add((top, bottom))
            found = self._match(needle, start, top, bottom)
            if found:
                for nearer in range(first, top, -1):  # no line more than the message needs
                    if shorter := self._match(needle, start, nearer, bottom):
                        top, found = nearer, shorter
                        break
                while self._continues(needle, top, bottom, *found):
                    longer = self._match(needle, start, top - 1, bottom)
                    if not longer:
                        break
                    top, found = top - 1, longer
                preceding = found[0].string[: found[0].start()].rstrip(" '\"")
                return self._describe(*found) if needle.may_follow(preceding) else None
        return None

    def _reach(self, line: int, step: int, many: int) -> int:
        """Return the line so many further up or down, or the last one on the way that is no new record."""
        for _ in range(many):
            lower = line if step < 0 else line + 1  # the line that would continue the one above it
            if not 0 <= line + step < len(self.bodies) or self._begins_record(lower):
                break
            line += step
        return line

    def _begins_record(self, line: int) -> bool:
        """Whether a logger began this line; one whose rows all carry the same prefix was wrapped before it got it."""
        prefix = self._prefix(line)
        return begins_record(prefix) and not (line and prefix == self._prefix(line - 1))

    def _match(self, needle: Needle, start: int, top: int, bottom: int) -> tuple[re.Match[str], int] | None:
        """Return the pattern's longest match around the literal part in these lines, and how many characters stand before it.

        The lines are joined with nothing between them, and with a space where one of two had a space at the break.
        """
        start -= self.starts[top]
        end = start + len(needle.squeezed)
        best: tuple[re.Match[str], int] | None = None
        for text in dict.fromkeys((self._joined(top, bottom, ""), self._joined(top, bottom, " "))):
            left, right = 0, len(text)
            if right > 2 * NEAR:
                left, right = max(0, _index(text, start) - NEAR), _index(text, end - 1) + 1 + NEAR
            before = _squeezed_length(text, left)
            for match in needle.compiled.finditer(text[left:right]):
                if before + _squeezed_length(match.string, match.end()) >= end:
                    fits = before + _squeezed_length(match.string, match.start()) <= start
                    if fits and (not best or _length(match) > _length(best[0])):
                        best = match, self.starts[top] + before
                    break
        return best

    def _joined(self, top: int, bottom: int, space: str) -> str:
        """Return lines as one, as before they were wrapped; `space` stands where one of two lines has a space at the break."""
        text = self.bodies[top]
        for number in range(top + 1, bottom + 1):
            breaks = self.stream.lines[number - 1].endswith(" ") or self._prefix(number).endswith(" ")
            text += (space if breaks else "") + self.bodies[number]
        return _SEVERAL.sub(" ", text)

    def _continues(self, needle: Needle, top: int, bottom: int, match: re.Match[str], before: int) -> bool:
        """Whether a match that begins with a variable part at a line's beginning is the rest of one cut in the line before."""
        begin = match.string[: match.start()]
        if begin not in ("", ".") or before != self.starts[top] or not needle.pattern.startswith("("):
            return False
        if top == 0 or self._begins_record(top):
            return False
        above = self.bodies[top - 1]
        if not _CUT.search(above) or needle.squeezed in self.text[self.starts[top - 1] : self.starts[top]]:
            return False
        return begin == "." or above.endswith(".") or bool(_NAME.search(above)) or self._is_full(top - 1, bottom)

    def _is_full(self, line: int, bottom: int) -> bool:
        """Whether a line is as long as a terminal is wide, by the lines below it that belong together, or else around it."""
        width = len(self.stream.lines[line])
        rows = [len(row) for row in self.stream.lines[line + 1 : bottom + 1]]
        if len(rows) > 1:
            return width == max(rows)
        near = [len(row) for row in self.stream.lines[max(0, line - 19) : line + 21]]
        return width >= 20 and width == max(near) and (near.count(width) > 1 or width in WIDTHS)

    def _describe(self, match: re.Match[str], before: int) -> Located:
        """Return the line on which a match begins, what is quoted of it, its variable parts and its place."""
        begin = before + _squeezed_length(match.string, match.start())
        finish = before + _squeezed_length(match.string, match.end())
        first, last = bisect_right(self.starts, begin) - 1, bisect_right(self.starts, finish - 1) - 1
        captured = {name: _tidy(value) for name, value in match.groupdict().items() if value is not None}
        line = self.stream.lines[first]
        if "rank" not in captured and (rank := rank_of(self._prefix(first))):
            captured["rank"] = rank
        shown = line.strip(" ") if first == last else match.string
        if len(shown) > SHOWN:
            shown = _excerpt(match)
        offset = self.stream.dropped
        span = ((first + offset, begin - self.starts[first]), (last + offset, finish - self.starts[last]))
        return first, shown, captured, span


def _tidy(value: str) -> str:
    """Return a variable part with the spaces that a shape has."""
    return _COMMA.sub(", ", value.replace("[ ", "[").replace(" ]", "]").strip(" "))


def _length(match: re.Match[str]) -> int:
    """Return how many characters of a match are no spaces."""
    return len(match[0]) - match[0].count(" ")


def _squeezed_length(text: str, end: int) -> int:
    """Return how many characters of text[:end] are no spaces."""
    return end - text.count(" ", 0, end)


def _index(text: str, squeezed: int) -> int:
    """Return where the character stands before which there are so many that are no spaces."""
    return bisect_left(range(len(text)), squeezed + 1, key=lambda place: _squeezed_length(text, place + 1))


def _excerpt(match: re.Match[str]) -> str:
    """Return the part of a long line around a match."""
    start = max(0, match.start() - SHOWN // 4)
    text = match.string[start : start + SHOWN]
    return ("…" if start else "") + text + ("…" if start + SHOWN < len(match.string) else "")


def overlaps(span: Span, spans: list[Span]) -> bool:
    """Whether a span shares a character with one of the sorted spans (which share none with each other)."""
    number = bisect_right(spans, span)
    return any(one[0] < span[1] and span[0] < one[1] for one in spans[max(0, number - 1) : number + 1])
