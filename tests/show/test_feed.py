"""The Atom feed: valid, the same bytes whenever it is built, and each entry as new as its newest run."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest

from checkpoint_clinic.words import LANGUAGES, Language
from checks.decide.plan import Project, load_project
from checks.show.addresses import CODES
from checks.show.badges import badge_parts
from checks.show.facts import fact_of
from checks.show.feed import feed, renewed
from checks.show.source import page, read_source

from ..conftest import edit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
SITE = "https://clinic.example/"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", SITE)
    monkeypatch.delenv("CLINIC_SITE_URL_ZH", raising=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_of_feeds_finds_nothing_wrong_in_it(language: Language) -> None:
    read = feedparser.parse(feed(PROJECT, language))
    assert (read.version, read.bozo) == ("atom10", False)
    root = SITE if language == "en" else f"{SITE}zh/"
    assert {link.rel: link.href for link in read.feed.links} == {"alternate": root, "self": f"{root}feed.xml"}
    assert read.feed.language == CODES[language]
    assert read.feed.title and read.feed.author and read.feed.id.startswith("urn:uuid:")
    assert {entry.title for entry in read.entries} == {article.title for article in PROJECT.articles}
    for entry in read.entries:
        article = next(one for one in PROJECT.articles if one.title == entry.title)
        assert entry.link == f"{root}errors/{article.slug}/"
        assert entry.summary == read_source(page(ROOT, article, language)).front["description"]


def test_it_has_what_the_standard_asks_of_a_feed_and_of_an_entry_once_each() -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    root = ElementTree.fromstring(feed(PROJECT, "en").encode())  # noqa: S314  a text that this test has made
    assert root.tag == f"{atom}feed"
    for one in (root, *root.iter(f"{atom}entry")):
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{atom}{name}")) == 1
    identities = [one.text for one in root.iter(f"{atom}id")]
    assert len(set(identities)) == len(identities)


def test_an_entry_is_as_new_as_the_newest_answer_and_says_what_was_observed() -> None:
    read = feedparser.parse(feed(PROJECT, "en"))
    days = [entry.updated for entry in read.entries]
    assert days == sorted(days, reverse=True) and read.feed.updated == days[0]
    for entry in read.entries:
        article = next(one for one in PROJECT.articles if one.title == entry.title)
        recorded = renewed(PROJECT, article)
        assert recorded and entry.updated == f"{recorded:%Y-%m-%dT%H:%M:%S+00:00}"
        told = entry.content[0].value
        assert ", ".join(map(str, badge_parts(PROJECT, PROJECT.cells(article), "en"))) in told
        cited = read_source(page(ROOT, article, "en")).marks
        for claim in article.claims:
            assert claim.name not in cited or fact_of(PROJECT, article, claim).words("en") in told


def test_its_identities_do_not_hang_on_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {entry.title: entry.id for entry in feedparser.parse(feed(PROJECT, "en")).entries}
    monkeypatch.delenv("CLINIC_SITE_URL")
    assert {entry.title: entry.id for entry in feedparser.parse(feed(PROJECT, "en")).entries} == known


def test_without_any_answer_it_is_empty_and_has_a_fixed_day() -> None:
    nothing = Project(root=ROOT, articles=(), environments={}, time=PROJECT.time)
    read = feedparser.parse(feed(nothing, "en"))
    assert not read.entries and read.feed.updated == "1970-01-01T00:00:00+00:00" and not read.bozo


def test_an_article_without_a_current_answer_is_not_in_it(decided: Path) -> None:
    titles = {entry.title for entry in feedparser.parse(feed(load_project(decided), "en")).entries}
    edit(decided, "snippets/rename_keys.py", "def ", "def  ")  # what prefix-missing was decided with
    project = load_project(decided)
    gone = next(one.title for one in project.articles if one.slug == "prefix-missing")
    assert gone in titles
    assert {entry.title for entry in feedparser.parse(feed(project, "en")).entries} == titles - {gone}
