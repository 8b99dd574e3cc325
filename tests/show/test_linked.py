"""JSON-LD: what it says of an article, and that no text of one can end its element."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkpoint_clinic.words import LANGUAGES, Language
from checks.decide.plan import load_project
from checks.show.badges import days
from checks.show.linked import linked_data, script
from checks.show.render import to_html

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_page_says(language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", "https://clinic.example/")
    monkeypatch.delenv("CLINIC_SITE_URL_ZH", raising=False)
    for article in PROJECT.articles:
        data, run = linked_data(PROJECT, article, language), days(PROJECT, PROJECT.cells(article))
        assert (data["@type"], data["headline"], data["about"]["name"]) == ("TechArticle", article.title, article.toml.message)
        assert data["inLanguage"] == {"en": "en", "zh": "zh-Hans"}[language]
        assert run and data["dateModified"] == str(run[1])
        assert data["url"].startswith(data["isPartOf"]["url"])


def test_without_an_address_it_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLINIC_SITE_URL", raising=False)
    data = linked_data(PROJECT, PROJECT.articles[0], "en")
    assert "url" not in data and "url" not in data["isPartOf"]


def test_a_text_cannot_end_the_element() -> None:
    data = {"name": "</script><script>alert(1)</script> & \u2028 <!--"}
    html = to_html(script(data))
    inside = html.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert "<" not in inside and "&" not in inside
    assert json.loads(inside) == data
