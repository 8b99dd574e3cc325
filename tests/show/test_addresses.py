"""Addresses: of the site, of other pages in a text, and the short ones."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from checkpoint_clinic.words import Language
from checks.decide.plan import load_project
from checks.show.addresses import site_address, site_words, with_addresses, write_addresses

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
SITE = "https://clinic.example/sub/"


@pytest.fixture(autouse=True)
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLINIC_SITE_URL", raising=False)
    monkeypatch.delenv("CLINIC_SITE_URL_ZH", raising=False)


@pytest.mark.parametrize(
    ("english", "chinese", "addresses"),
    [
        ("", "", ("", "")),
        (SITE, "", (SITE, f"{SITE}zh/")),
        (SITE.rstrip("/"), "", (SITE, f"{SITE}zh/")),
        (SITE, "https://zh.example/zh", (SITE, "https://zh.example/zh/")),
    ],
)
def test_the_chinese_address_follows_from_the_english(
    monkeypatch: pytest.MonkeyPatch, english: str, chinese: str, addresses: tuple[str, str]
) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", english)
    monkeypatch.setenv("CLINIC_SITE_URL_ZH", chinese)
    assert (site_address("en"), site_address("zh")) == addresses


@pytest.mark.parametrize(
    ("written", "link", "relative", "absolute"),
    [
        ("errors/a.md", "a/evidence.md#why", "evidence/#why", f"{SITE}errors/a/evidence/#why"),
        ("errors/a.md", "../method.md", "../../method/", f"{SITE}method/"),
        ("errors/a.md", "../index.md", "../../", SITE),
        ("errors/a/evidence.md", "../a.md#what-to-do", "../#what-to-do", f"{SITE}errors/a/#what-to-do"),
        ("errors/a/evidence.md", "../b.md", "../../b/", f"{SITE}errors/b/"),
        ("index.md", "errors/a.md", "errors/a/", f"{SITE}errors/a/"),
    ],
)
def test_a_link_to_a_source_becomes_one_to_its_page(
    monkeypatch: pytest.MonkeyPatch, written: str, link: str, relative: str, absolute: str
) -> None:
    file = ROOT / "docs" / "en" / written
    assert with_addresses(f"[x]({link})", file, ROOT, "en") == f"[x]({relative})"
    monkeypatch.setenv("CLINIC_SITE_URL", SITE)
    assert with_addresses(f"[x]({link})", file, ROOT, "en") == f"[x]({absolute})"


@pytest.mark.parametrize("text", ["[x](https://host.example/a.md)", "[x](#why)", "```\n[x](a.md)\n```", "a.md"])
def test_other_links_and_code_stay_as_they_are(text: str) -> None:
    assert with_addresses(text, ROOT / "docs/en/errors/a.md", ROOT, "en") == text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_site_is_called_stands_in_its_configuration(language: Language, tmp_path: Path) -> None:
    words = site_words(ROOT, language)
    config = (ROOT / ("mkdocs.yml" if language == "en" else "mkdocs.zh.yml")).read_text(encoding="utf-8")
    assert all(f"{key}: {value}\n" in config for key, value in words.items())
    assert site_words(tmp_path, language)["site_name"]


def test_a_short_address_keeps_to_the_site_works_without_a_script_and_is_not_indexed(tmp_path: Path) -> None:
    write_addresses(PROJECT, tmp_path)
    for article in PROJECT.articles:
        for folder in ("", "zh/"):
            for name in (article.id, article.id.lower()):
                html = (tmp_path / folder / name / "index.html").read_text(encoding="utf-8")
                assert f'content="0; url=../errors/{article.slug}/"' in html
                assert 'content="noindex"' in html and 'rel="canonical"' in html
                assert article.title in unescape(html) and "://" not in html


def test_robots_are_told_both_sitemaps_once_the_address_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_addresses(PROJECT, tmp_path)
    assert "Sitemap" not in (tmp_path / "robots.txt").read_text(encoding="utf-8")
    monkeypatch.setenv("CLINIC_SITE_URL", SITE)
    write_addresses(PROJECT, tmp_path)
    lines = (tmp_path / "robots.txt").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["User-agent: *", "Allow: /"]
    assert lines[-2:] == [f"Sitemap: {SITE}sitemap.xml", f"Sitemap: {SITE}zh/sitemap.xml"]
