"""What the search is measured with: the same articles each time, in the form of real ones, and each is found."""

from __future__ import annotations

from pathlib import Path

from checkpoint_clinic.match import Matcher
from checkpoint_clinic.nearest import Ranking
from checkpoint_clinic.normalise import SHARED
from checks.content.pattern import refusals
from checks.decide.plan import load_project
from checks.show.signatures import words

from .generated import generate, in_form

ROOT = Path(__file__).parents[1]
MADE = generate(100)


def test_the_same_seed_makes_the_same_articles() -> None:
    assert generate(100) == MADE
    assert generate(100, seed=1) != MADE
    assert generate(30).signatures == MADE.signatures[:30]


def test_made_up_patterns_are_such_as_lint_takes() -> None:
    assert [refusals(pattern) for pattern in MADE.patterns] == [[]] * 100


def test_each_made_up_message_is_found_first_and_no_look_alike_is_taken_for_it() -> None:
    matcher = Matcher({"shared": SHARED, "articles": MADE.signatures})
    found = {"match": 0, "lookalike": 0}
    for case in MADE.cases:
        if case.kind in found:
            findings = matcher.diagnose(case.text)["findings"]
            assert [(one["article"], one["kind"]) for one in findings] == [(case.article, case.kind)], case.text
            found[case.kind] += 1
    assert found == {"match": 600, "lookalike": 100}


def test_most_questions_about_made_up_articles_are_answered_in_words() -> None:
    ranking = Ranking(in_form(MADE, words(load_project(ROOT))))
    asked = [case for case in MADE.cases if case.kind == "query"]
    first = [case for case in asked if [one["article"] for one in ranking.nearest(case.text)][:1] == [case.article]]
    assert len(first) >= 0.9 * len(asked)
