"""How many public reports are answered: by article, and those that nothing answers yet."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ..content.vectors import Report, Text, called, load_unanswered, load_vectors
from .render import Child, Pages, element

SHOWN = 120  # characters of a report's text


def scoreboard(pages: Pages) -> Element:
    """Return the count, a row for each article, and what is not answered; lint holds every row to what the engine says."""
    rows: list[list[Child]] = []
    counts = [0, 0]
    for article in pages.project.articles:
        vectors = load_vectors(article, pages.project.root)
        kinds = [[one for one in kind if one.source] for kind in (vectors.match, vectors.lookalike)]
        if any(kinds):
            link = element("a", article.title, href=f"{pages.up}errors/{article.slug}/")
            rows.append([link, *(_links(texts) for texts in kinds)])
        counts = [count + len(texts) for count, texts in zip(counts, kinds, strict=True)]
    unanswered = load_unanswered(pages.project.root)
    whole = sum(counts) + len(unanswered)
    headings = [pages.say(key) for key in ("article", "score message", "score lookalike")]
    return element(
        "div.clinic-scoreboard",
        element("p", pages.say("score", sum(counts), whole, *counts)),
        pages.table("clinic-score", headings, rows) if rows else None,
        *([element("h2", pages.say("score unanswered"), id="not-answered"), _list(unanswered)] if unanswered else []),
    )


def _links(texts: Sequence[Text]) -> Element:
    """Return the number of reports and, beside it, each once, by its short name."""
    sources = dict.fromkeys(str(one.source) for one in texts)
    children: list[Child] = [str(len(texts)) if texts else "–"]
    for source in sources:
        children += [" ", element("a", called(source), href=source)]
    return element("span", *children)


def _list(reports: Sequence[Report]) -> Element:
    items = []
    for one in reports:
        first = next(line.strip() for line in one.text.splitlines() if line.strip())
        shown = first if len(first) <= SHOWN else f"{first[:SHOWN]} ..."
        items.append(element("li", element("a", called(one.source), href=one.source), " ", element("code", shown)))
    return element("ul", *items)
