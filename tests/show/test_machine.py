"""An article as JSON: of the form that the schema states, and nothing that was not measured."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from packaging.version import Version

from checkpoint_clinic.commands.list import SCHEMA
from checkpoint_clinic.words import LANGUAGES, Language
from checks.content.article import Article
from checks.decide.plan import load_project
from checks.show.facts import Fact, fact_of, observed, version_in
from checks.show.machine import FORM, article_data, article_markdown, articles_data, evidence_markdown, write_machine
from checks.show.text import Text

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
BOTH = pytest.mark.parametrize(
    ("article", "language"),
    [(article, language) for article in PROJECT.articles for language in LANGUAGES],
    ids=lambda one: getattr(one, "id", one),
)
SCHEMAS = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]


def strict(schema: Any) -> Any:
    """Return a schema that also refuses what it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    return {**made, "additionalProperties": False} if "properties" in schema and "required" in schema else made


def check(name: str, value: dict[str, Any]) -> None:
    schema = {"$defs": strict(SCHEMAS), "$ref": f"#/$defs/{name}"}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


@BOTH
@pytest.mark.parametrize("site", ["", "https://clinic.example/sub"])
def test_an_article_has_the_form_that_the_schema_states(
    article: Article, language: Language, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", site)
    monkeypatch.delenv("CLINIC_SITE_URL_ZH", raising=False)
    data = article_data(Text(PROJECT, language), article)
    check("article", {**FORM, **data})
    check("articles", articles_data(PROJECT, language))
    folder = "zh/" if language == "zh" else ""
    assert data.get("url", "") == (f"https://clinic.example/sub/{folder}errors/{article.slug}/" if site else "")
    assert all(link.startswith("https://") == bool(site) for link in data["links"].values())


@BOTH
def test_each_claim_says_where_it_was_true_where_false_and_where_nobody_knows(article: Article, language: Language) -> None:
    claims = {one["name"]: one for one in article_data(Text(PROJECT, language), article)["claims"]}
    assert list(claims) == [claim.name for claim in article.claims]
    for cell in PROJECT.cells(article):
        seen = observed(PROJECT, cell)
        key = "not_run" if seen == "not run" else seen
        assert cell.environment.name in claims[cell.claim.name][key]
    for one in claims.values():
        assert one["words"] and one["sentence"]
        assert (one["kind"] == "mixed") == (bool(one["holds"]) and bool(one["refuted"]))


@BOTH
def test_ranges_name_measured_versions_only_and_the_neighbours_between_which_the_answer_changes(
    article: Article, language: Language
) -> None:
    data = article_data(Text(PROJECT, language), article)
    facts: dict[str, Fact] = {claim.name: fact_of(PROJECT, article, claim) for claim in article.claims}
    assert {one["claim"] for one in data["measured"]} == {name for name, fact in facts.items() if fact.spans}
    for one in data["measured"]:
        fact, module = facts[one["claim"]], one["claim"].partition(".")[0]
        seen = {
            (str(version_in(PROJECT, article, module, cell.environment, one["package"])), verdict)
            for verdict in ("holds", "refuted")
            for cell in getattr(fact, verdict)
            if cell not in fact.apart
        }
        assert {(version, part["verdict"]) for part in one["ranges"] for version in part["versions"]} == seen
        order = [Version(version) for part in one["ranges"] for version in part["versions"]]
        assert order == sorted(order)
        for part in one["ranges"]:
            assert (part["first"], part["last"]) == (part["versions"][0], part["versions"][-1])
            assert part["measured"] == len(part["versions"])
        ends = [(before["last"], after["first"]) for before, after in pairwise(one["ranges"])]
        assert [(change["after"], change["before"]) for change in one["changes"]] == ends
        assert all(change["from"] != change["to"] for change in one["changes"])


@BOTH
def test_cases_carry_no_mark_and_no_include(article: Article, language: Language) -> None:
    cases = article_data(Text(PROJECT, language), article)["cases"]
    assert cases
    for case in cases:
        told = json.dumps(case, ensure_ascii=False)
        assert "[^" not in told and "--8<--" not in told and ".md)" not in told and "///" not in told
        assert case["condition"] and (case["text"] or case["commands"])


def test_both_pages_lie_as_markdown_beside_each_article(tmp_path: Path) -> None:
    write_machine(PROJECT, tmp_path)
    for language, folder in (("en", tmp_path), ("zh", tmp_path / "zh")):
        text = Text(PROJECT, language)  # type: ignore[arg-type]
        listed = json.loads((folder / "articles.json").read_text(encoding="utf-8"))["articles"]
        assert [one["id"] for one in listed] == sorted(article.id for article in PROJECT.articles)
        for article in PROJECT.articles:
            place = folder / "errors" / article.slug
            assert (place / "index.md").read_text(encoding="utf-8") == article_markdown(text, article)
            assert (place / "evidence/index.md").read_text(encoding="utf-8") == evidence_markdown(text, article)
            written = json.loads((place / f"{article.slug}.json").read_text(encoding="utf-8"))
            assert written == {**FORM, **article_data(text, article)}
        for one in listed:
            assert (folder / one["json"]).is_file()
