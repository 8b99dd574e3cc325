"""llms.txt: the form of llmstxt.org, and links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkpoint_clinic.words import LANGUAGES, Language
from checks.decide.plan import load_project
from checks.show.llms import llms

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
LINK = re.compile(r"^- \[(?P<text>(?:\\.|[^\]\\])+)\]\((?P<url>[^)\s]+)\): (?P<notes>.+)$")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_a_title_a_quotation_and_sections_of_links(language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", "https://clinic.example/")
    monkeypatch.delenv("CLINIC_SITE_URL_ZH", raising=False)
    lines = [line for line in llms(PROJECT, language).splitlines() if line]
    assert lines[0].startswith("# ") and lines[1].startswith("> ") and not lines[2].startswith(("#", "-", ">"))
    assert lines[3].startswith("## ") and lines.count("## Optional") == 1
    links = [found for line in lines[3:] if not line.startswith("## ") and (found := LINK.match(line))]
    assert len(links) == len([line for line in lines[3:] if not line.startswith("## ")])
    assert all(link["url"].startswith("https://clinic.example/") for link in links)
    folder = "zh/" if language == "zh" else ""
    for article in PROJECT.articles:
        (listed,) = (link for link in links if link["url"].endswith(f"/{folder}errors/{article.slug}/index.md"))
        assert listed["text"].replace("\\", "") == article.title
