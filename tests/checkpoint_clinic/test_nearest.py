"""Questions in words: the articles of the project, and what the numbers mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkpoint_clinic.nearest import Ranking, asks, counted, said, terms
from checks.content.vectors import load_vectors
from checks.decide.plan import load_project
from checks.tend.vectors import diagnoser_of

REPOSITORY = Path(__file__).parents[2]
PROJECT = load_project(REPOSITORY)
DIAGNOSER = diagnoser_of(PROJECT)
QUERIES = [(article.id, query) for article in PROJECT.articles for query in load_vectors(article, REPOSITORY).query]


def test_terms_are_words_their_parts_and_pairs_of_chinese_characters() -> None:
    assert terms("State_dict 加载失败 w1w3, a 错") == ["state_dict", "state", "dict", "加载", "载失", "失败", "w1w3", "错"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_questions_in_words_find_their_article(language: str) -> None:
    asked = [(article, query.text) for article, query in QUERIES if query.language == language]
    assert len(asked) >= 20
    named = {text: [one["article"] for one in DIAGNOSER.diagnose(text)["nearest"]] for _, text in asked}
    missed = [text for article, text in asked if article not in named[text]]
    wrong = [text for article, text in asked if named[text][:1] != [article]]
    assert len(missed) <= len(asked) // 14, missed
    assert len(wrong) <= len(asked) // 6, wrong  # articles that speak of the same: experts, adapters of experts, heads


def test_an_article_is_not_named_beside_one_that_fits_twice_as_well() -> None:
    articles = [
        {"id": "CC001", "counts": counted("", "alpha beta gamma delta " * 40)},
        {"id": "CC002", "counts": counted("", f"alpha {'other ' * 120}" * 10)},
    ]
    assert [one["article"] for one in Ranking({"articles": articles}).nearest("alpha beta gamma delta")] == ["CC001"]


def test_share_is_that_of_the_words_an_article_holds() -> None:
    articles = [
        {"id": "CC001", "counts": counted("first " * 40, "alpha beta gamma " * 40)},
        {"id": "CC002", "counts": counted("", "gamma delta " * 40)},
    ]
    words = {"articles": articles}
    (first,) = Ranking(words).nearest("alpha beta")
    assert (first["article"], first["share"]) == ("CC001", 1.0)
    assert [found["article"] for found in Ranking(words).nearest("delta gamma")] == ["CC002"]
    assert Ranking(words).nearest("first")[0]["article"] == "CC001"


def test_ways_to_say_the_same_are_one_and_common_words_count_little() -> None:
    assert terms("shape mismatch") == terms("尺寸 对不上") != terms("形状")
    assert terms("stage 3, zero3") == terms("ZeRO-3 ZeRO-3")
    articles = [
        {"id": "CC001", "counts": counted("", "load the model files " * 40)},
        {"id": "CC002", "counts": counted("", "pickle " * 200)},
    ]
    found = Ranking({"articles": articles}).nearest("load the pickle")
    assert [one["article"] for one in found] == ["CC002"]


def test_nothing_in_common_is_nothing() -> None:
    assert DIAGNOSER.ranking.nearest("☃") == []
    assert Ranking({"articles": []}).nearest("anything") == []


@pytest.mark.parametrize(
    "text",
    [
        "how to cook rice",
        "what is the best learning rate for bert",
        "怎么配置 nginx 反向代理",
        "python list comprehension with condition",
        "Traceback (most recent call last):\n  main()\nZeroDivisionError: division by zero",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a capacity of 79 GiB",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1024x1280 and 77x64)",
        "EOFError: Ran out of input",
        "RuntimeError: out of cheese at /home/alice/x.py",
        "how to install cuda 12 on ubuntu",
    ],
)
def test_what_no_article_speaks_of_is_near_to_none(text: str) -> None:
    assert DIAGNOSER.diagnose(text)["nearest"] == []


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: Missing key in checkpoint state_dict: layers.3.attention.q_norm.weight.",
        "ValueError: Can not map tensor 'model.layers.2.mlp.down_proj.weight_scale_inv'",
        "ValueError: Received 1 parameters not in model: lm_head.weight.",
    ],
)
def test_what_a_program_printed_is_near_to_no_article_for_the_library_that_both_speak_of(text: str) -> None:
    assert DIAGNOSER.diagnose(text)["nearest"] == []


def test_of_a_printed_line_the_messages_of_an_article_hold_two_thirds_or_it_is_not_named() -> None:
    words = "alpha beta gamma delta epsilon zeta"
    prose = counted("", f"{words} " * 40)
    for message, named in (("alpha beta gamma delta epsilon", ["CC001"]), ("alpha beta gamma", []), ("other", [])):
        ranking = Ranking(
            {"articles": [{"id": "CC001", "counts": prose, "said": said(message)}, {"id": "CC002", "counts": {}}]}
        )
        assert [one["article"] for one in ranking.nearest(f"KeyError: {words}")] == named
        assert [one["article"] for one in ranking.nearest(f"what is {words}")] == ["CC001"]


def test_a_distorted_message_is_near_to_its_article() -> None:
    for article in PROJECT.articles:
        found = DIAGNOSER.ranking.nearest(article.toml.message.replace("shape", "shpe"))
        assert found[0]["article"] == article.id


def test_a_question_is_one_short_line_that_no_program_printed() -> None:
    for text in (
        "what is torch.Size([0])?",
        "checkpoint loads but is empty",
        "检查点是 [3420]，模型却是 [0]，什么原因",
        "why\n",
    ):
        assert asks(text), text
    for text in ("KeyError: 0", "/data/x/model not found", "why\nis it", "does it work " * 20):
        assert not asks(text), text


def test_of_many_articles_a_word_says_less_so_less_is_asked_of_it() -> None:
    def of(number: int) -> Ranking:
        texts = ["frobnicate " * 5, *(f"word{other} " * 5 for other in range(1, number))]
        return Ranking({"articles": [{"id": f"A{n}", "counts": counted("", text)} for n, text in enumerate(texts)]})

    assert of(2).nearest("how to frobnicate") == []
    assert [one["article"] for one in of(64).nearest("how to frobnicate")] == ["A0"]
