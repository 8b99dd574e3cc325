"""Both halves of a diagnosis, by signature and in words. Twin: overrides/assets/clinic/diagnosis.js."""

from __future__ import annotations

from typing import Any

from .match import Matcher
from .named import named
from .nearest import Ranking, asks


class Diagnoser:
    """The dictionaries signatures.json and words.json, ready to be asked."""

    def __init__(self, signatures: dict[str, Any], words: dict[str, Any]) -> None:
        self.dictionary, self.words = signatures, words
        self.matcher, self.ranking = Matcher(signatures), Ranking(words)

    def diagnose(self, text: str) -> dict[str, Any]:
        """Return the diagnosis of a text."""
        return self.complete(self.matcher.diagnose(text))

    def complete(self, diagnosis: dict[str, Any]) -> dict[str, Any]:
        """Add to what a stream returned the nearest articles, whether it is a question, and the article that it only names."""
        text = "\n".join(diagnosis["telling"])
        name = None if diagnosis["findings"] else named(text, self.dictionary["articles"])
        nearest = [{"article": name, "score": 1, "share": 1}] if name else self.ranking.nearest(text)
        return {**diagnosis, "nearest": nearest, "asked": bool(name) or asks(text), "named": name}
