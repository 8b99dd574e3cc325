"""The articles nearest to a text in words: for questions, and for what no signature knows. Twin: nearest.js."""

from __future__ import annotations

import math
import re
from collections import Counter
from heapq import nlargest
from typing import Any

ASKED = 400  # different words of a text that are searched for
K1, B = 8, 0.75  # of BM25; with few articles, how often a word stands in each says more than usual
PRIOR = 20  # articles that are not there: with few, a word that only one holds would say too much
CHIEF = 2  # what a word of the title, the answer, the tags, the headings or the message counts more
FAINT = 0.25  # what a word counts that says nothing here, however few articles there are
LEAST = 18  # the score below which one of two articles does not speak of a text; of many, a word says less
# What of that score is least, too, once it counts by the share of the text that an article holds: one rare word is none.
FITS_QUESTION, FITS_LOG = 0.45, 2.0  # what a program printed names much by chance
BESIDE = 0.5  # of the best one's, below which another article is not named beside it
HELD = 0.4  # the share of a log's words that an article must hold: a long text shares some with any
SAID = 0.66  # of the words of one printed line, by weight: what an article's messages must hold; its prose holds any library's
LINES = 400  # of what was printed, the last of which are compared with messages
SHORT = 120  # characters that a question has at most
NEAREST = 3  # articles that are named
CODE = r"error|exception|traceback|warning[:(]|[\[\]{}()=<>\\|]|::|/\w+/|\w\.\w+\.\w|\w_\w+_\w"  # what was printed
PRINTED = r"\w(?:error|exception|warning): "  # what was raised, with its name
QUESTION = (
    r"^ *(?:are|can|could|do|does|how|i|is|my|should|what|when|where|which|who|why|will)\b|[?\uff1f] *$"
    r"|什么|怎么|怎样|如何|为何|哪|吗|呢|是否|是不是|有没有|能不能|可不可以|要不要"
)
COMMON = """
a an and are as at be but by can do does for from has have how i if in into is it its me my no not of on one or so that the then there
this to was what when where which why will with you load loaded loading loads model models weight weights checkpoint checkpoints file files
best learning rate
加载 模型 权重 参数 文件 检查 查点 怎么 什么 为什 这个 一个 可以 需要 时候 是不 不是 有没 没有 的时 的模 的权 的参 我的
"""  # noqa: E501  a list
# Words of any log and any question: an article that shares them does not speak of a text yet.
ANYWHERE = (
    r"^(?:\d+|\w*error|\w*exception|py|python|line|home|root|user|info|call|last|most|recent"
    r"|cuda|gpu|cpu|device|pip|install|安装)$"
)
# Ways to say the same: of each line the first stands for the others.
SAME = (
    ("shape", "shapes", "size", "sizes", "dimension", "dimensions", "形状", "尺寸", "维度", "大小"),
    (
        "mismatch",
        "mismatched",
        "mismatches",
        "does not match",
        "do not match",
        "doesn't match",
        "not fit",
        "不匹配",
        "对不上",
        "不一致",
        "不符",
        "不对应",
    ),
    (
        "empty",
        "zero elements",
        "no elements",
        "zero size",
        "zero-size",
        "空的",
        "为空",
        "是空",
        "为0",
        "是0",
        "为零",
        "没有元素",
        "变成零",
    ),
    ("expert", "experts", "moe", "mixture of experts", "专家"),
    ("merge", "merged", "merging", "merges", "合并", "拼接"),
    ("ignore", "ignored", "ignoring", "忽略", "无视", "不管"),
    ("zero-3", "zero3", "zero 3", "zero stage 3", "stage 3", "stage3"),
    ("warning", "warnings", "警告", "告警"),
    ("verify", "check", "compare", "验证", "检验", "比对", "核对"),
    ("vision", "visual", "multimodal", "vlm", "视觉", "多模态"),
    ("version", "versions", "release", "upgrade", "downgrade", "版本", "升级", "降级"),
    ("random", "randomly", "newly initialized", "随机"),
)
_CANONICAL = {way: f" same{number} " for number, ways in enumerate(SAME) for way in ways}
_CANONICAL["检查点"] = " checkpoint "  # which the pages write in both languages; it stays a common word
_WAYS = "|".join(
    rf"(?<![a-z0-9_]){way}(?![a-z0-9_])" if way.isascii() else way
    for way in sorted(_CANONICAL, key=lambda way: (-len(way), way))
)
SHARED: dict[str, Any] = {  # for words.json
    "common": COMMON.split(),
    "ways": _WAYS,
    "canonical": _CANONICAL,
    "code": CODE,
    "printed": PRINTED,
    "question": QUESTION,
    "anywhere": ANYWHERE,
}
_SAME, _COMMON = re.compile(_WAYS), frozenset(COMMON.split())
_CODE, _PRINTED, _QUESTION, _ANYWHERE = (
    re.compile(text, re.ASCII | re.IGNORECASE) for text in (CODE, PRINTED, QUESTION, ANYWHERE)
)
_TERM = re.compile(r"[a-z0-9_]{2,}|[\u4e00-\u9fff]+")


class Ranking:
    """The articles by how well their texts fit a text in words: BM25 over words, and pairs of Chinese characters."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.ids = [article["id"] for article in words["articles"]]
        self.least = LEAST / math.sqrt(math.log2(max(2, len(self.ids))))
        counts = [article["counts"] for article in words["articles"]]
        lengths = [sum(count.values()) for count in counts]
        mean = sum(lengths) / len(lengths) if sum(lengths) else 1.0
        self.said = [frozenset(article.get("said", article["counts"])) for article in words["articles"]]
        self.gains: dict[str, dict[int, float]] = {}  # what a term counts in each article that holds it
        for number, (count, length) in enumerate(zip(counts, lengths, strict=True)):
            norm = K1 * (1 - B + B * length / mean)
            for term, many in count.items():
                self.gains.setdefault(term, {})[number] = many * (K1 + 1) / (many + norm)

    def nearest(self, text: str) -> list[dict[str, Any]]:
        """Return at most three articles, best first: id, score, and the share of the text's words, by weight, that it holds.

        One that shares too little with the text to speak of it is none of them; of what a program raised, a line has to
        be about one that the article's messages hold.
        """
        scores = [0.0] * len(self.ids)
        asked = []
        for term in list(dict.fromkeys(terms(text)))[:ASKED]:
            gains = self.gains.get(term, {})
            rarity = math.log(1 + (PRIOR + len(self.ids) - len(gains) + 0.5) / (len(gains) + 0.5))
            rarity *= FAINT if term in _COMMON else 1
            if not gains and term >= "\u4e00":
                rarity *= FAINT  # mostly the end of one word and the beginning of the next
            asked.append((gains, rarity, 0.0 if _ANYWHERE.match(term) else rarity))
            for number, gain in gains.items():
                scores[number] += rarity * gain
        weight = sum(rarity for _, rarity, _ in asked)
        share, fits = (0.0, FITS_QUESTION) if asks(text) else (HELD, FITS_LOG)
        found: list[dict[str, Any]] = []
        best, printed = 0.0, bool(_PRINTED.search(text)) and not asks(text)
        for number in self._best(scores):
            if printed and self._line(text, number) < SAID:
                continue
            own = sum(telling * gains[number] for gains, _, telling in asked if number in gains)
            held = round(sum(rarity for gains, rarity, _ in asked if number in gains) / weight, 4)
            fit = round(own * held, 4)
            if round(own, 4) >= self.least and held >= share and fit >= max(fits * self.least, BESIDE * best):
                best = max(best, fit)
                found.append({"article": self.ids[number], "score": round(scores[number], 4), "share": held})
        return found

    def _line(self, text: str, number: int) -> float:
        """Return the share of the words of one line, by weight, that an article's messages hold: of the line that fits best."""
        best = 0.0
        for line in text.split("\n")[-LINES:]:
            weights = {term: self._tells(term) for term in terms(line)[:ASKED]}
            if whole := sum(weights.values()):
                best = max(best, sum(weight for term, weight in weights.items() if term in self.said[number]) / whole)
        return round(best, 4)

    def _tells(self, term: str) -> float:
        """Return what a word weighs in a line: nothing if it stands in any log."""
        if _ANYWHERE.match(term):
            return 0.0
        many = len(self.gains.get(term, ()))
        rarity = math.log(1 + (PRIOR + len(self.ids) - many + 0.5) / (many + 0.5))
        return rarity * (FAINT if term in _COMMON or (not many and term >= "\u4e00") else 1)

    @staticmethod
    def _best(scores: list[float]) -> list[int]:
        """Return the numbers of the three articles with the highest scores; of equal ones the first."""
        least = min(nlargest(NEAREST, scores), default=0.0) - 0.001  # what rounding could still lift
        best = [number for number, score in enumerate(scores) if score and score >= least]
        return sorted(best, key=lambda number: (-round(scores[number], 4), number))[:NEAREST]


def counted(chief: str, text: str) -> dict[str, int]:
    """Return how often each word stands in an article, as words.json holds it; who asks would wait for it."""
    counts = Counter(terms(text))
    for term in terms(chief):
        counts[term] += CHIEF
    return dict(sorted(counts.items()))


def said(*messages: str) -> list[str]:
    """Return the words of an article's messages, as words.json holds them."""
    return sorted({term for message in messages for term in terms(message)})


def asks(text: str) -> bool:
    """Whether a text is a question in words: one short line that no program printed."""
    text = text.strip(" \n")
    return "\n" not in text and len(text) <= SHORT and (bool(_QUESTION.search(text)) or not _CODE.search(text))


def terms(text: str) -> list[str]:
    """Return a text's words, those with underscores whole and in parts, and the pairs of neighbouring Chinese characters."""
    found = []
    for term in _TERM.findall(_SAME.sub(lambda way: _CANONICAL[way[0]], text.lower())):
        if term >= "\u4e00":
            found += [term[start : start + 2] for start in range(len(term) - 1)] or [term]
        else:
            found.append(term)
            if "_" in term:
                found += [part for part in term.split("_") if len(part) > 1]
    return found
