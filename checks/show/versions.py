"""The table of versions of one check module: nothing about a version is typed by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from packaging.version import Version

from ..content.article import Article
from ..decide.plan import Cell, Job
from .facts import fact_in, observed, version_in
from .reasons import note
from .render import Child, Pages, element, fits, printable

REASON_LENGTH = 120
PLACE = re.compile(r" \(\$ENVIRONMENTS/[^)]*\)?")  # where an ImportError found the package
UNKNOWN = Version("0")  # of a commit that was not run: it sorts first, and is not shown


def version_table(
    pages: Pages, article: Article, module: str, package: str, patterns: str, heads: Sequence[str] = ()
) -> Element:
    """Return environments x claims, in the order of one package's versions, the longer side going down; below it the ranges.

    `patterns` names the environments, as file names are matched, separated by commas; `heads` are words for the claims.
    """
    claims = article.modules[module]
    jobs = [job for job in pages.jobs(article) if job.module == module and fits(job.environment, patterns)]
    jobs.sort(key=lambda job: (_version(pages, job, package), job.environment.name))
    cells = [{cell.claim.name: cell for cell in job.cells} for job in jobs]
    names = [_environment(pages, job, package) for job in jobs]
    words = heads or [claim.function.replace("_", " ") for claim in claims]
    links = [element("a", head, href=f"#{claim.name}") for head, claim in zip(words, claims, strict=True)]
    verdicts = [[_verdict(pages, row.get(claim.name)) for claim in claims] for row in cells]
    if len(jobs) > len(claims):
        rows: list[list[Child]] = [[name, *row] for name, row in zip(names, verdicts, strict=True)]
        table = pages.table("clinic-versions", [pages.say("environment"), *links], rows)
    else:
        rows = [[link, *column] for link, column in zip(links, zip(*verdicts, strict=True), strict=True)]
        table = pages.table("clinic-versions", [pages.say("claim"), *names], rows)
    facts = [fact_in(pages.project, [cell for row in cells if (cell := row.get(claim.name))], package) for claim in claims]
    told = [
        element("li", head + pages.say("colon"), pages.fact(fact))
        for head, fact in zip(words, facts, strict=True)
        if fact.spans
    ]
    return element("div", table, element("ul.clinic-ranges", *told) if told and package else None)


def _environment(pages: Pages, job: Job, package: str) -> Element:
    link = element("a", job.environment.name, href=f"{pages.up}environments/#{job.environment.name}")
    version = _version(pages, job, package)
    return element("span", link, element("br"), f"{package} {version}") if version != UNKNOWN else link


def _version(pages: Pages, job: Job, package: str) -> Version:
    return version_in(pages.project, job.article, job.module, job.environment, package) or UNKNOWN


def _verdict(pages: Pages, cell: Cell | None) -> Element:
    shown = observed(pages.project, cell)
    outcome = pages.project.judge(cell).outcome if cell else None
    told = outcome.reason if outcome and shown == "refuted" else ""
    told = PLACE.sub("", printable(told).partition("\n")[0])
    reason = note(cell.article, told, pages.language)[:REASON_LENGTH] if cell else ""
    return element("span", pages.verdict(shown), *([element("br"), element("small", reason)] if reason else []))
