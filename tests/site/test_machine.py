"""Page, Markdown, JSON and the command line side by side, from the site as it is written; and the addresses that lead to it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

import feedparser
import pytest
from playwright.sync_api import Browser

from checkpoint_clinic import command
from checkpoint_clinic.library import Library
from checks.content.words import say
from checks.decide.plan import load_project
from checks.show.package import library

from ..checkpoint_clinic.asked import ask
from .conftest import ROOT, build, copy_project, served

SITE = "https://clinic.example/sub/"
PROJECT = load_project(ROOT)
FOLDERS = {"en": "", "zh": "zh/"}
BOTH = pytest.mark.parametrize(
    ("slug", "language"), [(article.slug, language) for article in PROJECT.articles for language in FOLDERS]
)


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site built where its English address is known, and only that."""
    root = copy_project(tmp_path_factory.mktemp("known"))
    return build(root, CLINIC_SITE_URL=SITE, CLINIC_SITE_URL_ZH="")


@pytest.fixture(scope="module")
def ours() -> Library:
    return library(PROJECT)


def page_text(page: Path) -> str:
    """Return what a page says, without its head and its scripts, in single spaces."""
    body = re.sub(r"<script.*?</script>|<head>.*?</head>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return plain(html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"</?(?:p|div|br|li|td|h\d)\b[^>]*>", " ", body))))


def plain(markdown: str) -> str:
    """Return text without the marks of code, bold and links, in single spaces; blanks beside Chinese do not count."""
    text = re.sub(r"\[([^\]]*)\]\([^)\s]*\)", r"\1", markdown)
    text = " ".join(re.sub(r"[`*>]", "", text).split())
    return re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) | (?=[\u3000-\u9fff\uff00-\uffef])", "", text)


@BOTH
def test_page_markdown_json_and_command_line_say_the_same(site: Path, ours: Library, slug: str, language: str) -> None:
    folder = site / FOLDERS[language] / "errors" / slug
    data = json.loads((folder / f"{slug}.json").read_text(encoding="utf-8"))
    line = ["explain", slug, "--language", language]
    _, explained = ask(lambda line: command.main(line, ours), line)
    told = json.loads(ask(lambda line: command.main(line, ours), [*line, "--json"])[1])
    markdown = (folder / "index.md").read_text(encoding="utf-8")
    assert {key: told[key] for key in data if key != "url"} == {key: data[key] for key in data if key != "url"}
    assert explained == told["text"] == markdown

    readings = {"page": page_text(folder / "index.html"), "markdown": plain(markdown)}
    safe = say(language, f"safe {data['safe']}")  # type: ignore[arg-type]
    assert data["answer"].startswith(safe.rstrip("."))
    for name, reading in readings.items():
        assert plain(data["title"]) in reading, name
        assert plain(f"{say(language, 'safe')} {safe}") in reading, name  # type: ignore[arg-type]
        assert plain(data["message"]) in reading, name
        for case in data["cases"]:
            assert plain(case["condition"]) in reading, name
            for code in case["commands"]:
                assert plain(code) in reading, (name, code)


@BOTH
def test_claims_are_told_alike_with_their_facts(site: Path, ours: Library, slug: str, language: str) -> None:
    folder = site / FOLDERS[language] / "errors" / slug
    data = json.loads((folder / f"{slug}.json").read_text(encoding="utf-8"))
    _, explained = ask(lambda line: command.main(line, ours), ["explain", slug, "--language", language, "--evidence"])
    markdown = (folder / "evidence" / "index.md").read_text(encoding="utf-8")
    assert explained == markdown
    readings = {"page": page_text(folder / "evidence" / "index.html"), "markdown": plain(markdown)}
    for claim in data["claims"]:
        for name, reading in readings.items():
            assert plain(claim["sentence"]) in reading, (name, claim["name"])
            assert plain(claim["words"]) in reading, (name, claim["name"])


@BOTH
def test_the_head_says_what_the_page_is_and_where_its_other_forms_lie(known: Path, slug: str, language: str) -> None:
    folder = known / FOLDERS[language] / "errors" / slug
    data = json.loads((folder / f"{slug}.json").read_text(encoding="utf-8"))
    text = (folder / "index.html").read_text(encoding="utf-8")
    code = {"en": "en", "zh": "zh-Hans"}[language]
    assert f'<html lang="{code}"' in text
    meta = {
        name: html.unescape(value) for name, value in re.findall(r'<meta (?:property|name)="([\w:]+)" content="(.*?)"', text)
    }
    assert (meta["og:title"], meta["og:description"], meta["og:type"]) == (data["title"], data["answer"], "article")
    assert (meta["og:url"], meta["og:locale"]) == (data["url"], {"en": "en_US", "zh": "zh_CN"}[language])
    assert meta["twitter:card"] == "summary"
    links = {html.unescape(tag) for tag in re.findall(r'<link rel="(?:alternate |canonical)"[^>]*>', text)}
    english, chinese = (f"{SITE}{one}errors/{slug}/" for one in FOLDERS.values())
    for tag in (
        f'<link rel="canonical" href="{data["url"]}">',
        f'<link rel="alternate " hreflang="en" href="{english}">',
        f'<link rel="alternate " hreflang="zh-Hans" href="{chinese}">',
        f'<link rel="alternate " hreflang="x-default" href="{english}">',
        '<link rel="alternate " type="text/markdown" href="index.md">',
        f'<link rel="alternate " type="application/json" href="{slug}.json">',
    ):
        assert tag in links
    (linked,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert json.loads(linked)["headline"] == data["title"]


def test_every_page_of_both_languages_has_its_address(known: Path) -> None:
    """With only the English address given, no Chinese page loses its own."""
    for language, folder in FOLDERS.items():
        places = ElementTree.parse(known / folder / "sitemap.xml").getroot()  # noqa: S314  a file that this test has built
        listed = {one.text for one in places.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
        assert f"{SITE}{folder}" in listed and all(str(one).startswith(f"{SITE}{folder}") for one in listed)
        for address in listed:
            text = (known / str(address).removeprefix(SITE) / "index.html").read_text(encoding="utf-8")
            assert f'<link rel="canonical" href="{address}">' in text, language
            assert 'hreflang="x-default"' in text and 'property="og:title"' in text


@pytest.mark.parametrize("where", ["site", "known"])
def test_what_lists_name_lies_there(where: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(where)
    for folder in FOLDERS.values():
        base = f"{SITE}{folder}"
        links = re.findall(r"\]\(([^)\s]+)\): ", (root / folder / "llms.txt").read_text(encoding="utf-8"))
        for article in json.loads((root / folder / "articles.json").read_text(encoding="utf-8"))["articles"]:
            links += [article["json"], article["url"]]
            data = json.loads((root / urljoin(base, article["json"]).removeprefix(SITE)).read_text(encoding="utf-8"))
            links += [urljoin(urljoin(base, article["url"]), link) for link in data["links"].values()]
        links += [entry.link for entry in feedparser.parse((root / folder / "feed.xml").read_bytes()).entries]
        assert len(links) > 10
        for link in links:
            file = root / urljoin(base, link).removeprefix(SITE)
            assert (file / "index.html" if file.is_dir() else file).is_file(), link


@pytest.fixture(scope="module")
def sub(known: Path) -> Iterator[str]:
    """The site below a path, as a project's pages lie on a host that many share."""
    with served(known.parent) as address:
        yield f"{address}{known.name}/"


def landed(browser: Browser, address: str, script: bool = True) -> str:
    """Open an address and return the place to which it leads, below the site's."""
    page = browser.new_context(java_script_enabled=script).new_page()
    missing: list[str] = []
    page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
    page.goto(address)
    page.wait_for_url("**/errors/**")
    page.wait_for_load_state("networkidle")
    place = page.url
    page.context.close()
    assert missing == []
    return place.partition("/site/")[2]


@pytest.mark.parametrize("folder", FOLDERS.values())
@pytest.mark.parametrize("article", PROJECT.articles, ids=lambda article: article.id)
def test_short_and_old_addresses_lead_to_the_article_and_to_the_claim(browser: Browser, sub: str, folder: str, article) -> None:  # type: ignore[no-untyped-def]
    place, id = f"{folder}errors/{article.slug}/", article.id
    text = page_ids(browser, sub + place)
    cited = next(claim.name for claim in article.claims if claim.name in text)
    uncited = next(claim.name for claim in article.claims if claim.name not in text)
    assert landed(browser, f"{sub}{folder}{id}/") == place
    assert landed(browser, f"{sub}{folder}{id.lower()}/") == place
    assert landed(browser, f"{sub}{folder}{id}/", script=False) == place
    assert landed(browser, f"{sub}{folder}{id}/#what-to-do") == f"{place}#what-to-do"
    assert landed(browser, f"{sub}{folder}{id}/#{uncited}") == f"{place}evidence/#{uncited}"
    assert landed(browser, f"{sub}{place}#{uncited}") == f"{place}evidence/#{uncited}"
    assert landed(browser, f"{sub}{place}#{cited}") == f"{place}#{cited}"
    assert landed(browser, f"{sub}{place}#what-to-do") == f"{place}#what-to-do"


def page_ids(browser: Browser, address: str) -> set[str]:
    page = browser.new_context().new_page()
    page.goto(address)
    found = set(page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)"))
    page.context.close()
    return found
