"""What mutants.json comes to: counts by claim and article, derived from what was observed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from checks.content.article import Article
from checks.decide.plan import load_project
from checks.show.kills import Kills, Measured, Mutations, Tried, kills, location, mutants_told, read, write

ONE, TWO = "load_renamed.plain_look_up_fails", "load_renamed.renamed_keys_are_found"


@pytest.fixture
def article(example: Path) -> Article:
    return load_project(example).articles[0]


def tried(name: str, observed: dict[str, str], each: bool = False) -> Tried:
    claims = (ONE, TWO)
    return Tried.model_validate(
        {"name": name, "file": "f.py", "line": 3, "kind": "value", "claims": claims, "each": each, "observed": observed}
    )


def mutations(*modules: tuple[Tried, ...]) -> Mutations:
    made = (
        Measured(module=f"m{number}", environment="bare", recorded=date(2026, 1, 2), subjects={"f.py": "0"}, mutants=one)
        for number, one in enumerate(modules)
    )
    return Mutations(article="CC001", modules=tuple(made))


def counts(counted: Kills) -> tuple[int, int, int]:
    return counted.noticed, counted.total, counted.not_run


def test_a_shared_mutant_counts_for_the_claims_that_noticed_it(article: Article) -> None:
    found = mutations((tried("a", {ONE: "refuted", TWO: "holds"}),))
    assert [counts(kills(article, found, claim)) for claim in (None, ONE, TWO)] == [(1, 1, 0), (1, 1, 0), (0, 0, 0)]


def test_one_that_nobody_noticed_counts_against_all(article: Article) -> None:
    found = mutations((tried("a", {ONE: "holds", TWO: "holds"}),))
    assert [counts(kills(article, found, claim)) for claim in (None, ONE, TWO)] == [(0, 1, 0)] * 3


def test_each_claim_must_notice_what_is_its_own(article: Article) -> None:
    found = mutations((tried("a", {ONE: "undecided", TWO: "holds"}, each=True),))
    assert [counts(kills(article, found, claim)) for claim in (None, ONE, TWO)] == [(0, 1, 0), (1, 1, 0), (0, 1, 0)]


def test_a_shared_place_that_another_module_notices_is_no_survivor(article: Article) -> None:
    found = mutations((tried("a", {ONE: "refuted", TWO: "holds"}),), (tried("a", {ONE: "holds", TWO: "holds"}),))
    assert counts(kills(article, found)) == (1, 1, 0)


def test_what_was_not_run_is_counted_apart(article: Article) -> None:
    found = mutations((tried("a", {}), tried("b", {ONE: "refuted", TWO: "refuted"})))
    assert counts(kills(article, found)) == (1, 1, 1)


def test_the_file_is_read_as_it_was_written(article: Article) -> None:
    found = mutations((tried("a", {ONE: "refuted", TWO: "holds"}), tried("b", {})), (tried("c", {}),))
    write(article, found)
    assert read(article) == found
    location(article).write_text("{}", "utf-8")
    with pytest.raises(ValueError):
        read(article)


def test_the_page_says_how_many_and_names_survivors(article: Article, example: Path) -> None:
    write(article, mutations((tried("a", {ONE: "holds", TWO: "holds"}), tried("b", {ONE: "refuted"}))))
    told = mutants_told(load_project(example), article, None, "en")
    assert told is not None
    assert told[0].startswith("1 of 2 changes made to the checks on purpose were noticed")
    assert told[1] == [("a (f.py:3)", "")]
