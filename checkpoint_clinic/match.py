"""Pasted text -> the articles whose message it holds, and what only looks like one.

Fed by the dictionary that `signatures` makes and that the site publishes as signatures.json. The browser's twin is
overrides/assets/clinic/match.js, function by function: a change here is a change there, and the same vectors run
through both.

A log is read in blocks. Its lines lose what terminals, loggers and mail programs add (`body`); a block whose words
could hold a signature's literal part is searched for that part with all white space left out, so that it does not
matter where a line was wrapped or joined, near the lines that hold one of its words; the signature's pattern is then
run on the few lines around it. Capital letters are small ones in all of this: people type messages, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .found import AHEAD, BEHIND, PIECE, SHOWN, Block, Found, Needle, Span, overlaps
from .normalise import clean, telling

BLOCK = 1 << 17  # characters that are looked at together
HEAD = 4000  # characters: a shorter text is searched in words whole
TELLING = 40  # lines that are kept for the search in words
MARKS = 2  # runs of letters of a literal part for which lines are looked through
_SPLITS = bytes(code if chr(code).islower() or chr(code) == "_" else 32 for code in range(128)) + b" " * 128


class Matcher:
    """The signatures, ready to be looked for."""

    def __init__(self, signatures: dict[str, Any]) -> None:
        self.articles: list[dict[str, Any]] = signatures["articles"]
        self.needles = list(self._needles())
        self.always = [number for number, needle in enumerate(self.needles) if not needle.words]
        self.keys: dict[bytes, int] = {}  # a bit for each needle: with thousands, the fastest way to count to two
        self.single = 0  # a bit for each needle for which one word is enough to look closer
        self.held = [frozenset(word.encode() for word in needle.words) for needle in self.needles]
        frequency = Counter(word for needle in self.needles for word in needle.words)
        for number, needle in enumerate(self.needles):
            rarest = sorted(needle.words, key=lambda word: (frequency[word], word))
            several = needle.must_hold > 1
            self.single |= (not several) << number
            for word in rarest[: len(rarest) - needle.must_hold + 1 + several]:
                self.keys[word.encode()] = self.keys.get(word.encode(), 0) | 1 << number
        self.known = frozenset(self.keys)
        shared = Counter(run for needle in self.needles for run in needle.runs)
        self.marks = [self._marks(needle, shared) for needle in self.needles]
        self.before = [self._before(number) for number in range(len(self.needles))]

    def _needles(self) -> Iterator[Needle]:
        for number, article in enumerate(self.articles):
            for kind in ("signatures", "lookalikes"):
                for place, one in enumerate(article.get(kind, ())):
                    literal, pattern = one["contains"], one.get("pattern") or ""
                    yield Needle(
                        number,
                        kind,
                        place,
                        literal.lower(),
                        pattern,
                        tuple(end.lower() for end in one.get("not_after", ())),
                        one.get("begins_line", False),
                        one.get("priority", 0),
                    )

    @staticmethod
    def _marks(needle: Needle, shared: Counter[str]) -> list[bytes]:
        """Return the runs of letters of which some line holds one whole, wherever it was wrapped; none if there are not two."""
        runs = sorted(needle.runs, key=lambda run: (-shared[run], -len(run), run))  # those of several needles: fewer searches
        return [run.encode() for run in runs[:MARKS]] if len(runs) > 1 else []

    def _before(self, number: int) -> list[int]:
        """Return the signatures of the same article that say more: those before a signature, all before a look-alike."""
        article, before = self.needles[number].article, []
        while number and self.needles[number - 1].article == article:
            number -= 1
            before += [number] if self.needles[number].kind == "signatures" else []
        return before

    def candidates(self, text: bytes) -> list[int]:
        """Return the numbers of the needles that a text, in small letters, could hold by its words, in their order."""
        words = set(text.translate(_SPLITS).split())  # many times faster than an expression
        once = twice = 0
        for word in words & self.known:
            twice |= once & self.keys[word]
            once |= self.keys[word]
        near = [number for number, bit in enumerate(reversed(f"{twice | once & self.single:b}")) if bit == "1"]
        held = [number for number in near if len(self.held[number] & words) >= self.needles[number].must_hold]
        return sorted(held + self.always)

    def stream(self) -> Stream:
        """Return something to feed a text to, piece by piece."""
        return Stream(self)

    def diagnose(self, text: str) -> dict[str, Any]:
        """Return the diagnosis of a text."""
        stream = self.stream()
        stream.feed(text)
        return stream.finish()


class Stream:
    """A text that arrives in pieces. Its memory does not grow with the text: a block, and a bounded number of occurrences."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.needles, self.marks, self.before = matcher.needles, matcher.marks, matcher.before
        self.found: dict[int, Found] = {}
        self.rest = ""
        self.lines: list[str] = []  # those that are looked at together, and the number of each in the text
        self.numbers: list[int] = []
        self.breaks, self.inside = 0, False  # line ends so far, and whether something followed the last one
        self.dropped = 0  # how many lines there were before `lines`
        self.fresh = 0  # the first of `lines` in which no occurrence was looked for yet
        self.head = ""  # how the text begins, and the first and the latest of its telling lines
        self.telling: list[str] = []
        self.latest = ""
        self.misses: Counter[int] = Counter()  # how often a needle's literal part stood there and the pattern did not agree

    def feed(self, text: str) -> None:
        """Take the next piece of the text."""
        text, start = self.rest + text, 0
        while len(text) - start > BLOCK:
            end = text.rfind("\n", start, start + BLOCK) + 1 or text.rfind("\r", start, start + BLOCK) + 1
            end = end if end > start else start + BLOCK  # one long line
            self._take(text[start:end])
            start = end
        self.rest = text[start:]

    def finish(self) -> dict[str, Any]:
        """Return the diagnosis of all that was fed."""
        self._take(self.rest)
        self._look(len(self.lines))
        short = not self.breaks or len(self.head) < HEAD
        telling = [line for line in self.head.split("\n") if line.strip(" ")] if short else self._telling()
        return {
            "findings": self._findings(),
            "lines": self.breaks + self.inside,
            "telling": [line[:SHOWN] for line in telling[:TELLING]],
        }

    def _take(self, text: str) -> None:
        """Add a block's lines, and look at all but the last few."""
        text = clean(text)
        if len(self.head) < HEAD:
            self.head += text[: HEAD - len(self.head)].replace("\r", "\n")
        if len(self.telling) < TELLING // 2:
            self.telling += islice(telling(text), TELLING // 2 - len(self.telling))
        self.latest = text or self.latest
        lines = text.split("\n")
        numbers = range(self.breaks + 1, self.breaks + 1 + len(lines))
        self.breaks, self.inside = self.breaks + len(lines) - 1, bool(lines[-1])
        begin = 0
        special = [place for place, line in enumerate(lines) if "\r" in line or len(line) > PIECE]
        for end in [*special, len(lines)]:
            parts = _parts(lines[end]) if end < len(lines) else []
            self.lines += [*lines[begin:end], *parts]
            self.numbers += [*numbers[begin:end], *[end + numbers.start] * len(parts)]
            begin = end + 1
        self._look(max(self.fresh, len(self.lines) - AHEAD))

    def _telling(self) -> list[str]:
        """Return the first telling lines of the text and the latest, for the search in words."""
        latest = list(telling(self.latest))[-TELLING // 2 :]
        return list(dict.fromkeys([*self.telling, *latest]))

    def _look(self, end: int) -> None:
        """Look for occurrences that begin in the lines from `fresh` to `end`, then forget the lines that are done with."""
        text = "\n".join(self.lines).encode("ascii", "replace").lower()
        candidates = self.matcher.candidates(text)
        if candidates:
            Block(self, end, text, candidates).search(candidates)
        drop = max(0, end - BEHIND)
        del self.lines[:drop], self.numbers[:drop]
        self.dropped += drop
        self.fresh = end - drop

    def _findings(self) -> list[dict[str, Any]]:
        """Return one finding for each article's message and each look-alike that is nobody's message."""
        needles = self.matcher.needles
        matches: dict[int, Found] = {}
        taken: list[Span] = []
        for number in sorted(self.found):
            needle, found = needles[number], self.found[number]
            if needle.kind == "signatures":
                first = matches.get(needle.article)
                own = [span for span in found.spans if not first or not overlaps(span, first.spans)]
                if first:
                    first.add(found, own, needle.priority)
                elif own:
                    matches[needle.article] = found
                    found.priority, found.signature = needle.priority, needle.number
        for found in matches.values():
            taken += found.spans
        taken.sort()
        findings = [
            ({**self._finding(article, "match", found), "signature": found.signature}, found.priority)
            for article, found in matches.items()
        ]
        for number in self._lookalikes(taken):
            needle = needles[number]
            finding = self._finding(needle.article, "lookalike", self.found[number])
            findings.append(({**finding, "lookalike": needle.number}, 0))
        findings.sort(key=lambda one: (one[0]["kind"] != "match", -one[1], one[0]["line_number"]))
        return [finding for finding, _ in findings]

    def _lookalikes(self, taken: list[Span]) -> Iterator[int]:
        """Yield the look-alikes that are nobody's message; of an article's own, the one written first where several stand.

        Two that say the same are one: it has several literal parts.
        """
        own: dict[int, list[Span]] = {}
        said: set[tuple[int, str]] = set()
        for number in sorted(self.found):
            needle, found = self.matcher.needles[number], self.found[number]
            if needle.kind != "lookalikes" or any(overlaps(span, taken) for span in found.spans):
                continue
            free = [span for span in found.spans if not overlaps(span, own.get(needle.article, []))]
            own[needle.article] = sorted([*own.get(needle.article, []), *free])
            means = str(self.matcher.articles[needle.article]["lookalikes"][needle.number].get("means", number))
            if free and (needle.article, means) not in said:
                said.add((needle.article, means))
                yield number

    def _finding(self, article: int, kind: str, found: Found) -> dict[str, Any]:
        return {
            "article": self.matcher.articles[article]["id"],
            "kind": kind,
            "line": found.line,
            "line_number": found.number,
            "count": found.count,
            "captured": found.captured,
            "distinct": {name: len(values) for name, values in found.distinct.items() if found.count <= len(found.spans)},
        }


def _parts(line: str) -> list[str]:
    """Return the states of a progress bar, and a long line in pieces."""
    return [part[at : at + PIECE] for part in line.split("\r") for at in range(0, max(len(part), 1), PIECE)]
