"""A diagnosis in words: what a terminal shows, and what `--json` prints. Twin: overrides/assets/clinic/answer.js."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .console import Line, line
from .library import url
from .mask import mask
from .normalise import clean, telling
from .words import Language, say

VERSION = 1  # of the form of `--json`, whatever the command
REPORTED, LAST = 12, 5  # lines of a report, and how many of them are the last of the log
SHOWN = 400  # characters of each
_PLACE = re.compile(r"\{([\w.]+)\}", re.ASCII)
_EMPTY = re.compile(r"^\W*$|^[\w ()\[\]]+: *(?:<N/A>)?$", re.ASCII)  # rulers, and headings with nothing behind them
_LETTER = re.compile(r"[^\x00-\x7f]")
_LINE_ENDS = re.compile(r"[\r\n]")


class Answer:
    """A diagnosis, the dictionary of signatures that it was made with, and the language of its reader.

    `printed` is how the text begins and ends, as it was printed: the diagnosis has no Markdown signs. `site` is the address
    of the pages in that language; without it an answer names the command that shows the article.
    """

    def __init__(
        self,
        diagnosis: dict[str, Any],
        signatures: dict[str, Any],
        language: Language,
        printed: str = "",
        site: str = "",
    ) -> None:
        self.diagnosis, self.language, self.parts, self.site = diagnosis, language, signatures["parts"], site
        self.articles = {article["id"]: article for article in signatures["articles"]}
        self.printed = printed
        self.findings = [one for one in diagnosis["findings"] if not self._is_said_better(one)]
        self.nearest = [one for one in diagnosis["nearest"] if one["article"] in self.articles]

    def say(self, key: str, *values: object) -> str:
        """Return one of the engine's words in this language."""
        return say(self.language, key, *values)

    def as_json(self) -> dict[str, Any]:
        """Return the diagnosis with each finding's words."""
        findings = [{**one, **self.words(one), "url": self._url(one)} for one in self.findings]
        nearest = [
            {**one, "title": self._of(one, "title"), "harm": self._harm(one)}
            | {"answer": self._of(one, "answer"), "url": self._url(one)}
            for one in self.nearest
        ]
        lines = self.diagnosis["lines"]
        return {"version": VERSION, "language": self.language, "findings": findings, "nearest": nearest, "lines": lines}

    def lines(self) -> Iterator[Line]:
        """Yield what a terminal shows."""
        for finding in self.findings:
            yield from self._match(finding) if finding["kind"] == "match" else self._lookalike(finding)
            yield line()
        if not self.findings:
            yield from self._closest() if self.diagnosis["asked"] else self._not_known()

    def words(self, finding: dict[str, Any]) -> dict[str, Any]:
        """Return what the article says of a finding: of this form of its message, where it says something else of it."""
        article = self.articles[finding["article"]]
        words: dict[str, Any] = {"title": self._of(finding, "title")}
        if finding["kind"] == "lookalike":
            lookalike = article["lookalikes"][finding["lookalike"]]
            return {**words, "means": lookalike["means"][self.language], "see": lookalike.get("see")}
        form = article["signatures"][finding["signature"]]
        answer = form.get("answer", article["answer"])[self.language]
        return {**words, "harm": form.get("harm", article["harm"]), "answer": answer, "says": self._sentences(finding, form)}

    def captured(self, finding: dict[str, Any]) -> dict[str, str]:
        """Return a finding's variable parts as they are shown: a number without the zeros that a file's name puts before it."""
        parts = {name: value for name, value in finding["captured"].items() if value}
        return {
            name: value.lstrip("0") or "0" if self.parts.get(name, {}).get("number") and value.isdecimal() else value
            for name, value in parts.items()
        }

    def report(self) -> list[str]:
        """Return the lines for a report, masked: the latest of those that speak of something wrong, and the last ones."""
        found = self.diagnosis["telling"]
        ends = _LINE_ENDS.split(clean(self.printed)) if self.printed else found
        last = _with_content(ends)[-LAST:]
        wrong = [line for line in _with_content(telling("\n".join(found))) if line not in last]
        lines = [*wrong[len(last) - REPORTED :], *last]
        printed = {
            line: raw for raw in _LINE_ENDS.split(self.printed) if "\x1b" not in raw for line in _with_content([clean(raw)])
        }
        return [mask(printed.get(line, line).strip(" ")[:SHOWN]) for line in lines]

    def _is_said_better(self, finding: dict[str, Any]) -> bool:
        """Whether it stands beside a finding of an article that knows more about the same text."""
        article = self.articles[finding["article"]]
        match = finding["kind"] == "match"
        form = article["signatures"][finding["signature"]] if match else article["lookalikes"][finding["lookalike"]]
        unless = form.get("unless", ())
        return any(other["article"] in unless for other in self.diagnosis["findings"])

    def _sentences(self, finding: dict[str, Any], form: dict[str, Any]) -> list[str]:
        """Return the sentences whose every part is known."""
        values = {"count": f"{finding['count']:,}", **self.captured(finding)}
        values |= {f"distinct.{name}": f"{count:,}" for name, count in finding["distinct"].items()}
        says = [one[self.language] for one in form.get("says", ())]
        sentences = [one for one in says if set(_PLACE.findall(one)) <= values.keys()]
        return [_PLACE.sub(lambda found: values[found[1]], sentence) for sentence in sentences]

    def _of(self, finding: dict[str, Any], key: str) -> str:
        return str(self.articles[finding["article"]][key][self.language])

    def _harm(self, finding: dict[str, Any]) -> str:
        return str(self.articles[finding["article"]]["harm"])

    def _titled(self, near: dict[str, Any]) -> Line:
        """Return a nearest article's title with its harm: who met no error sees that it is of one."""
        return line("  ", ("bold", self._of(near, "title")), "  ", ("yellow", self.say(f"harm {self._harm(near)}")))

    def _url(self, finding: dict[str, Any]) -> str:
        return url(self.site, self.articles[finding["article"]])

    def _where(self, finding: dict[str, Any]) -> Line:
        where = self.say("line of", finding["line_number"], finding["count"])
        return line("  ", ("dim", where), f"  {finding['line']}")

    def _match(self, finding: dict[str, Any]) -> Iterator[Line]:
        words = self.words(finding)
        harm = self.say(f"harm {words['harm']}")
        yield line(("bold", words["title"]), "  ", ("yellow", harm))
        for sentence in (words["answer"], *words["says"]):
            yield line(f"  {sentence}")
        yield self._where(finding)
        for name, value in self.captured(finding).items():
            others = finding["distinct"].get(name, 1) - 1
            shown = self.say("ask others", value, others) if others else value
            label = self.parts.get(name, {}).get(self.language, name)
            yield line("  ", ("dim", self.say("part", label)), shown)
        yield line("  ", ("dim", self.say("read on", self._url(finding))))

    def _lookalike(self, finding: dict[str, Any]) -> Iterator[Line]:
        words = self.words(finding)
        yield line(("yellow", self.say("ask looks like", finding["article"])))
        yield line(f"  {words['means']}")
        yield self._where(finding)
        if words["see"]:
            yield line("  ", ("dim", self.say("part", self.say("see"))), words["see"])
        article = self.say("ask looks link", words["title"])
        yield line("  ", ("dim", f"{article}  {self._url(finding)}"))

    def _closest(self) -> Iterator[Line]:
        """Yield the answer to a question in words."""
        named = self.diagnosis["named"]
        yield line(("bold", self.say("named" if named else "closest" if self.nearest else "not known")))
        for one in self.nearest:
            yield self._titled(one)
            yield line(f"  {self._of(one, 'answer')}")
            yield line("  ", ("dim", self.say("read on", self._url(one))))
        if not named:
            yield line(self.say("ask for more"))

    def _not_known(self) -> Iterator[Line]:
        yield line(("bold", self.say("not recognised" if self.nearest else "not known")))
        for one in self.nearest:
            yield (*self._titled(one), *line("  ", ("dim", self._url(one))))
        if lines := self.report():
            yield line(self.say("report it"))
            yield line()
            yield from (line(f"    {one}") for one in lines)  # indented: code in Markdown, whatever signs it holds


def _with_content(lines: Iterable[str]) -> list[str]:
    """Return the lines that say something, each once, no longer than is shown."""
    found = (line.strip(" ")[:SHOWN] for line in lines)
    return [line for line in dict.fromkeys(found) if _LETTER.search(line) or not _EMPTY.match(line)]
