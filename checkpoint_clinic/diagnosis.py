"""Both halves of a diagnosis, by signature and in words."""

from __future__ import annotations

from typing import Any

from .match import Matcher
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
        """Add to what a stream returned the nearest articles, and whether it is a question."""
        text = "\n".join(diagnosis["telling"])
        return {**diagnosis, "nearest": self.ranking.nearest(text), "asked": asks(text)}
