"""What was observed, in words: ranges that were measured, and never more than that."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from checks.decide.plan import load_project
from checks.show.facts import fact_in, fact_of, spans_of

from ..conftest import edit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)


def test_neighbours_with_the_same_verdict_are_one_range() -> None:
    answers = [("1.10", "holds"), ("1.2", "holds"), ("1.9", "refuted"), ("2.0", "holds"), ("1.3", "holds")]
    spans = spans_of([(Version(version), verdict) for version, verdict in answers], "thing")
    assert [(span.verdict, span.versions) for span in spans] == [
        ("holds", ("1.2", "1.3")),
        ("refuted", ("1.9",)),
        ("holds", ("1.10", "2.0")),
    ]
    assert [span.words("en") for span in spans] == ["1.2 to 1.3 (2 measured)", "1.9", "1.10 to 2.0 (2 measured)"]


@pytest.mark.parametrize("article", PROJECT.articles, ids=lambda one: one.id)
def test_a_fact_holds_each_cell_once_and_no_version_that_was_not_seen(article) -> None:  # type: ignore[no-untyped-def]
    for claim in article.claims:
        cells = [cell for cell in PROJECT.cells(article) if cell.claim is claim]
        fact = fact_of(PROJECT, article, claim)
        assert sorted(cell.name for cell in (*fact.holds, *fact.refuted, *fact.not_run)) == sorted(cell.name for cell in cells)
        for verdict, chosen in (("holds", fact.holds), ("refuted", fact.refuted)):
            assert all(PROJECT.judge(cell).observed == verdict for cell in chosen)
            word = {"holds": "true ", "refuted": "false "}[verdict]
            assert (word in fact.words("en")) == bool(chosen), claim.name
        versions = [version for span in fact.spans for version in span.versions]
        assert len(versions) == len(set(versions))


def test_a_sentence_that_is_false_somewhere_says_where() -> None:
    article = PROJECT.article("CC002")
    assert article
    claim = next(one for one in article.claims if one.name == "load_across_versions.ignoring_mismatches_is_exact")
    told = fact_of(PROJECT, article, claim).words("en")
    assert told.startswith("true with transformers 5.0.0 to ") and "; false with transformers " in told
    assert fact_of(PROJECT, article, claim).kind == "mixed"


def test_a_reconstruction_is_no_version() -> None:
    article = PROJECT.article("CC002")
    assert article
    for claim in article.claims:
        fact = fact_of(PROJECT, article, claim)
        assert all("undo" in cell.environment.name or "pull" in cell.environment.name for cell in fact.apart), claim.name


def test_what_is_not_current_is_not_run(decided: Path) -> None:
    edit(decided, "checks/errors/old-evidence/remembered.py", "def ", "def  ")
    project = load_project(decided)
    article = project.article("old-evidence")
    assert article
    fact = fact_of(project, article, article.claims[0])
    assert (fact.kind, fact.count, fact.words("en"), fact.words("zh")) == ("not run", "–", "not run", "未运行")


def test_of_some_cells_only_these_are_told() -> None:
    article = PROJECT.article("CC002")
    assert article
    name = "load_across_versions.ignoring_mismatches_is_exact"
    cells = [cell for cell in PROJECT.cells(article) if cell.claim.name == name]
    old = [cell for cell in cells if cell.environment.name in ("transformers-4.49.0", "transformers-4.50.3")]
    assert fact_in(PROJECT, old, "transformers").words("en").startswith("false with transformers 4.49.0 to 4.50.3 (2 measured)")
    assert fact_in(PROJECT, old, "").words("en") == "false with transformers-4.49.0, transformers-4.50.3"


def test_a_newer_release_than_any_measured_is_named() -> None:
    for known, told in (("4.49.0", ""), ("1.0", ""), ("99.1", "transformers 99.1")):
        project = load_project(ROOT)
        project.__dict__["releases"] = {"transformers": Version(known)}
        article = project.article("CC002")
        assert article
        claim = next(one for one in article.claims if one.name == "load_across_versions.ignoring_mismatches_is_exact")
        fact = fact_of(project, article, claim)
        assert fact.spans
        assert fact.unmeasured == told
        assert fact.words("en").endswith(f"; not measured: {told}") == bool(told)
        assert fact.words("zh").endswith(f"；没有测过 {told}") == bool(told)


def test_without_a_list_of_releases_nothing_is_said_of_them(decided: Path) -> None:
    assert load_project(decided).releases == {}
