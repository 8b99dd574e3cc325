"""A diagnosis in words: what a terminal shows, and what `--json` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from .article import Language
from .mask import mask
from .words import say

_PLACE = re.compile(r"\{([\w.]+)\}")


class Answer:
    """A diagnosis, the dictionary of signatures that it was made with, and the language of its reader."""

    def __init__(self, diagnosis: dict[str, Any], signatures: dict[str, Any], language: Language) -> None:
        self.diagnosis, self.language, self.parts = diagnosis, language, signatures["parts"]
        self.articles = {article["id"]: article for article in signatures["articles"]}

    def say(self, key: str, *values: object) -> str:
        """Return one of the engine's words in this language."""
        return say(self.language, key, *values)

    def as_json(self) -> dict[str, Any]:
        """Return the diagnosis with each finding's words."""
        findings = [{**one, **self._words(one)} for one in self.diagnosis["findings"]]
        nearest = [{**one, "title": self._of(one, "title"), "page": self._page(one)} for one in self.diagnosis["nearest"]]
        return {"language": self.language, "findings": findings, "nearest": nearest, "lines": self.diagnosis["lines"]}

    def lines(self) -> Iterator[str]:
        """Yield what a terminal shows, in rich's markup; everything that was pasted is escaped."""
        for finding in self.diagnosis["findings"]:
            yield from self._finding(finding)
            yield ""
        if not self.diagnosis["findings"]:
            yield from self._not_known()

    def sentences(self, finding: dict[str, Any]) -> list[str]:
        """Return what the article says of this very message: the sentences whose every part is known."""
        values = {"count": finding["count"], **finding["captured"]}
        values |= {f"distinct.{name}": count for name, count in finding["distinct"].items()}
        says = self.articles[finding["article"]]["signatures"][finding["signature"]].get("says", ())
        sentences = [one[self.language] for one in says if set(_PLACE.findall(one[self.language])) <= values.keys()]
        return [_PLACE.sub(lambda found: str(values[found[1]]), sentence) for sentence in sentences]

    def _of(self, finding: dict[str, Any], key: str) -> str:
        return str(self.articles[finding["article"]][key][self.language])

    def _page(self, finding: dict[str, Any]) -> str:
        return f"docs/{self.language}/errors/{self.articles[finding['article']]['slug']}.md"

    def _words(self, finding: dict[str, Any]) -> dict[str, Any]:
        words: dict[str, Any] = {"title": self._of(finding, "title"), "page": self._page(finding)}
        if finding["kind"] == "lookalike":
            lookalike = self.articles[finding["article"]]["lookalikes"][finding["lookalike"]]
            return {**words, "means": lookalike["means"][self.language], "see": lookalike.get("see")}
        return {**words, "answer": self._of(finding, "answer"), "says": self.sentences(finding)}

    def _finding(self, finding: dict[str, Any]) -> Iterator[str]:
        words = self._words(finding)
        where = self.say("line of", finding["line_number"], finding["count"])
        if finding["kind"] == "lookalike":
            yield f"[yellow]{escape(self.say('looks like', finding['article']))}[/]  {escape(words['title'])}"
            yield f"  [dim]{where}[/]  {escape(finding['line'])}"
            yield f"  {escape(words['means'])}"
            yield from [f"  {escape(words['see'])}"] if words["see"] else []
            return
        harm = self.say(f"harm {self.articles[finding['article']]['harm']}")
        yield f"[bold]{finding['article']}[/]  [bold]{escape(words['title'])}[/]  [yellow]{harm}[/]"
        yield f"  [dim]{where}[/]  {escape(finding['line'])}"
        for name, value in finding["captured"].items():
            yield f"  [dim]{self.parts.get(name, {}).get(self.language, name)}:[/] {escape(value)}"
        for sentence in (words["answer"], *words["says"]):
            yield f"  {escape(sentence)}"
        yield f"  [dim]{self.say('read on', words['page'])}[/]"

    def _not_known(self) -> Iterator[str]:
        yield f"[bold]{self.say('not known')}[/]"
        if self.diagnosis["nearest"]:
            yield self.say("nearest")
            for one in self.diagnosis["nearest"]:
                yield f"  {one['article']}  {escape(self._of(one, 'title'))}  [dim]{self._page(one)}[/]"
        if self.diagnosis["telling"]:
            yield self.say("report it")
            yield from (f"  [dim]|[/] {escape(mask(line))}" for line in self.diagnosis["telling"][:12])
