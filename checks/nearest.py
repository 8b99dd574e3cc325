"""The articles nearest to a text in words: for questions, and for what no signature knows. Twin: nearest.js."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

ASKED = 400  # different words of a text that are searched for
K1, B = 1.2, 0.75  # BM25's usual constants
_TERM = re.compile(r"[a-z0-9_]{2,}|[\u4e00-\u9fff]+")


class Ranking:
    """The articles by how well their texts fit a text in words: BM25 over words, and pairs of Chinese characters."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.ids = [article["id"] for article in words["articles"]]
        self.lengths: list[int] = []
        self.postings: dict[str, list[tuple[int, int]]] = {}
        for number, article in enumerate(words["articles"]):
            counts = Counter(terms(article["text"]))
            self.lengths.append(sum(counts.values()))
            for term, count in counts.items():
                self.postings.setdefault(term, []).append((number, count))
        self.mean = sum(self.lengths) / len(self.lengths) if sum(self.lengths) else 1.0

    def nearest(self, text: str) -> list[dict[str, Any]]:
        """Return at most three articles, best first: id, score, and the share of the text's words, by weight, that it holds."""
        scores: dict[int, float] = {}
        held: dict[int, float] = {}
        weight = 0.0
        for term in list(dict.fromkeys(terms(text)))[:ASKED]:
            postings = self.postings.get(term, [])
            rarity = math.log(1 + (len(self.ids) - len(postings) + 0.5) / (len(postings) + 0.5))
            weight += rarity
            for number, count in postings:
                norm = K1 * (1 - B + B * self.lengths[number] / self.mean)
                scores[number] = scores.get(number, 0.0) + rarity * count * (K1 + 1) / (count + norm)
                held[number] = held.get(number, 0.0) + rarity
        best = sorted(scores, key=lambda number: (-round(scores[number], 4), number))[:3]
        return [
            {"article": self.ids[number], "score": round(scores[number], 4), "share": round(held[number] / weight, 4)}
            for number in best
        ]


def terms(text: str) -> list[str]:
    """Return a text's words, those with underscores whole and in parts, and the pairs of neighbouring Chinese characters."""
    found = []
    for term in _TERM.findall(text.lower()):
        if term >= "\u4e00":
            found += [term[start : start + 2] for start in range(len(term) - 1)] or [term]
        else:
            found.append(term)
            if "_" in term:
                found += [part for part in term.split("_") if len(part) > 1]
    return found
