"""Questions in words: the articles of the project, and what the numbers mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.nearest import Ranking, terms
from checks.plan import load_project
from checks.vectors import Diagnoser, load_vectors

REPOSITORY = Path(__file__).parents[1]
PROJECT = load_project(REPOSITORY)
DIAGNOSER = Diagnoser(PROJECT)
QUERIES = [(article.id, query) for article in PROJECT.articles for query in load_vectors(article, REPOSITORY).query]


def test_terms_are_words_their_parts_and_pairs_of_chinese_characters() -> None:
    assert terms("State_dict 加载失败 w1w3, a 错") == ["state_dict", "state", "dict", "加载", "载失", "失败", "w1w3", "错"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_questions_in_words_find_their_article(language: str) -> None:
    asked = [(article, query.text) for article, query in QUERIES if query.language == language]
    assert len(asked) >= 20
    wrong = [text for article, text in asked if DIAGNOSER.diagnose(text)["nearest"][0]["article"] != article]
    assert len(wrong) <= len(asked) // 10, wrong


def test_share_is_that_of_the_words_an_article_holds() -> None:
    words = {"articles": [{"id": "CC001", "text": "one two three"}, {"id": "CC002", "text": "three four"}]}
    (first,) = Ranking(words).nearest("one two")
    assert (first["article"], first["share"]) == ("CC001", 1.0)
    assert [found["article"] for found in Ranking(words).nearest("four three")] == ["CC002", "CC001"]


def test_nothing_in_common_is_nothing() -> None:
    assert DIAGNOSER.ranking.nearest("☃") == []
    assert Ranking({"articles": []}).nearest("anything") == []
