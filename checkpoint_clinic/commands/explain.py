"""`clinic explain`: an article in the terminal, its evidence, or one of its claims."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from ..command import Refused, print_json, written
from ..console import Line, line, show
from ..library import Library, url

HELP = """Show an article: what the message means, whether it is safe to go on, and what to do.
With --evidence: every claim, every version, every run.

Exit status: 0, or 2 if there is no such article or claim."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("article", metavar="CC002", help="an article's id, or the last part of its address")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--evidence", action="store_true", help="the page of its evidence")
    shown.add_argument("--claim", metavar="NAME", help="only this claim (module.function), with where it was observed")


def run(given: argparse.Namespace, library: Library) -> int:
    """Print the article or the claim."""
    article = library.article(given.article)
    if article is None:
        known = ", ".join(f"{one['id']} {one['slug']}" for one in library.articles)
        raise Refused(f"no article {given.article} (known: {known})")
    if given.claim:
        value = {"version": 1, "article": article["id"], **_claim(library.data(article, given.language), given.claim)}
        return written(0, lambda: print_json(value) if given.as_json else show(_claim_lines(value)))
    text = (library.evidence if given.evidence else library.text)(article, given.language)
    if given.as_json:
        address = url(library.site(given.language), article)
        value = {"version": 1, **library.data(article, given.language), "url": address, "text": text}
        return written(0, lambda: print_json(value))
    return written(0, lambda: show(_styled(text)))


def _claim(article: dict[str, Any], name: str) -> dict[str, Any]:
    found = [one for one in article["claims"] if name in (one["name"], one["name"].partition(".")[2])]
    if not found:
        known = ", ".join(one["name"] for one in article["claims"])
        raise Refused(f"{article['id']} has no claim {name} (known: {known})")
    return dict(found[0])


def _claim_lines(claim: dict[str, Any]) -> Iterator[Line]:
    yield line(("bold", claim["sentence"]))
    yield line(claim["words"])
    yield line(("dim", f"{claim['article']} {claim['name']}"))
    for one in claim["observed"]:
        yield line(f"  {one['environment']}: {one['verdict']}", ("dim", f"  {one['versions']}"))


def _styled(text: str) -> Iterator[Line]:
    """Yield Markdown as it is, its headings bold."""
    fenced = False
    for one in text.splitlines():
        fenced ^= one.startswith("```")
        yield line(("bold" if one.startswith("#") and not fenced else "", one))
