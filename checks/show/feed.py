"""The Atom feed of a language: an entry for each article, renewed by the newest run that has an answer in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.article import Article
from ..content.words import say
from ..decide.plan import Project
from .addresses import CODES, FOLDERS, site_address, site_words
from .badges import badge_parts, days
from .facts import ANSWERED, fact_of
from .render import element, marked, to_html
from .source import page, read_source, sentences

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)  # of a feed without an entry: two builds give the same bytes
NAME = "feed.xml"


def feed(project: Project, language: Language) -> str:
    """Return the feed. An article of which no run has an answer is not in it."""
    from feedgenerator import Atom1Feed

    class Feed(Atom1Feed):  # type: ignore[misc]
        """One whose day is that of its newest entry, and never the day on which it was built."""

        def latest_post_date(self) -> datetime:
            return max((item["updateddate"] for item in self.items), default=BEFORE_ALL)

    site, words = site_address(language), site_words(project.root, language)
    made = Feed(
        title=words["site_name"],
        link=site or "./",
        description=words["site_description"],
        language=CODES[language],
        author_name=words["site_name"],
        feed_url=site + NAME,
        feed_guid=_identity(f"feed/{language}"),
    )
    dated = [(when, article) for article in project.articles if (when := renewed(project, article))]
    for when, article in sorted(dated, key=lambda one: (one[0], one[1].id), reverse=True):
        front = read_source(page(project.root, article, language)).front
        made.add_item(
            title=article.title,
            link=f"{site}errors/{article.slug}/",
            description=front.get("description", ""),
            content=_content(project, article, language),
            unique_id=_identity(f"{article.id}/{language}"),
            updateddate=when,
        )
    return str(made.writeString("utf-8")) + "\n"


def renewed(project: Project, article: Article) -> datetime | None:
    """Return when the newest of an article's current answers was recorded; None if there is none."""
    judged = (project.judge(cell) for cell in project.cells(article))
    return max((one.outcome.recorded for one in judged if one.outcome and one.status in ANSWERED), default=None)


def write_feeds(project: Project, site: Path) -> None:
    """Write the feed of each language into a built site."""
    for language in LANGUAGES:
        (site / FOLDERS[language] / NAME).write_text(feed(project, language), encoding="utf-8")


def _content(project: Project, article: Article, language: Language) -> str:
    """Return as HTML what was verified, when, and what was observed of each sentence that the page itself cites."""
    cells = list(project.cells(article))
    run = days(project, cells)
    badge = ", ".join(map(str, badge_parts(project, cells, language)))
    state = element("p", f"{badge} · {say(language, 'days run', say(language, 'days', *run))}" if run else badge)
    written = sentences(project.root, article, language)
    cited = read_source(page(project.root, article, language)).marks
    facts = [
        element(
            "li",
            *marked(written[claim.name]),
            element("br"),
            element("em", fact_of(project, article, claim).words(language)),
        )
        for claim in article.claims
        if claim.name in cited
    ]
    return to_html(element("div", state, element("ul", *facts) if facts else None))


def _identity(name: str) -> str:
    """Return what names a feed or an entry for ever, wherever the site lies."""
    return uuid5(NAMESPACE_URL, f"checkpoint-clinic/{name}").urn
