"""OSV records: of the public form, and only where a release that is wrong lies between two that were measured to be right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from checks.decide.plan import load_project
from checks.show import osv
from checks.show.facts import Span, fact_of
from checks.show.osv import records, write_osv

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}  # RFC 3339, in UTC, as the format asks
TEXT = {"type": "string", "minLength": 1}
# What the public schema (version 1.6) asks of the fields that are used here; unknown fields are refused.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["schema_version", "id", "modified"],
    "additionalProperties": False,
    "properties": {
        "schema_version": {"const": "1.6.0"},
        "id": TEXT,
        "modified": TIME,
        "summary": TEXT,
        "details": TEXT,
        "affected": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["package", "ranges", "versions"],
                "additionalProperties": False,
                "properties": {
                    "package": {
                        "type": "object",
                        "required": ["ecosystem", "name"],
                        "properties": {"ecosystem": {"const": "PyPI"}, "name": TEXT},
                    },
                    "ranges": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["type", "events"],
                            "properties": {
                                "type": {"enum": ["GIT", "SEMVER", "ECOSYSTEM"]},
                                "events": {
                                    "type": "array",
                                    "minItems": 1,
                                    "contains": {"required": ["introduced"]},
                                    "items": {
                                        "type": "object",
                                        "minProperties": 1,
                                        "maxProperties": 1,
                                        "additionalProperties": False,
                                        "properties": {"introduced": TEXT, "fixed": TEXT},
                                    },
                                },
                                "database_specific": {"type": "object"},
                            },
                        },
                    },
                    "versions": {"type": "array", "items": TEXT},
                },
            },
        },
        "references": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "url"],
                "properties": {"type": {"const": "EVIDENCE"}, "url": {"type": "string", "pattern": "^https://"}},
            },
        },
        "database_specific": {"type": "object"},
    },
}


@pytest.mark.parametrize("site", ["", "https://clinic.example/"])
def test_a_record_has_the_public_form(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", site)
    made = list(records(PROJECT))
    assert made
    for record in made:
        Draft202012Validator(SCHEMA).validate(record)
        assert re.fullmatch(r"CC\d{3,}-\w+\.\w+", record["id"])
        assert bool(record["references"]) == bool(site)


def test_a_record_names_versions_that_were_measured_to_be_wrong_and_their_measured_neighbours() -> None:
    for record in records(PROJECT):
        article = next(one for one in PROJECT.articles if one.id == record["database_specific"]["article"])
        claim = next(one for one in article.claims if one.name == record["database_specific"]["claim"])
        assert claim.name in article.toml.affected
        spans = fact_of(PROJECT, article, claim).spans
        measured = {version: span.verdict for span in spans for version in span.versions}
        order = list(measured)
        (affected,) = record["affected"]
        assert {measured[version] for version in affected["versions"]} == {"refuted"}
        for one in affected["ranges"]:
            first, last = order.index(one["database_specific"]["first_bad"]), order.index(one["database_specific"]["last_bad"])
            assert one["events"] == [{"introduced": order[first]}, {"fixed": order[last + 1]}]
            assert one["database_specific"]["last_good"] == order[first - 1]
            assert measured[order[first - 1]] == measured[order[last + 1]] == "holds"
            assert set(order[first : last + 1]) <= set(affected["versions"])


@pytest.mark.parametrize(
    ("verdicts", "ranges"),
    [
        (["holds", "refuted", "holds"], [("2", "3")]),
        (["holds", "refuted"], []),  # not cured in any release measured
        (["refuted", "holds"], []),  # the release that brought it was not measured
        (["refuted", "holds", "refuted"], []),
        (["holds", "refuted", "holds", "refuted", "holds"], [("2", "3"), ("4", "5")]),
    ],
)
def test_both_ends_of_a_range_were_measured(verdicts: list[str], ranges: list[tuple[str, str]]) -> None:
    spans = tuple(Span(verdict, "package", (str(number),)) for number, verdict in enumerate(verdicts, start=1))
    assert [(wrong.versions[0], after.versions[0]) for _, wrong, after in osv._between(spans)] == ranges


def test_the_list_leads_to_every_record(tmp_path: Path) -> None:
    write_osv(PROJECT, tmp_path)
    listed = json.loads((tmp_path / "osv" / "index.json").read_text(encoding="utf-8"))["records"]
    assert {one["file"] for one in listed} == {path.name for path in (tmp_path / "osv").glob("CC*.json")}
    for one in listed:
        assert json.loads((tmp_path / "osv" / one["file"]).read_text(encoding="utf-8"))["id"] == one["id"]
