"""The table of versions of one check module, and the ranges derived from it: nothing about a version is typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from itertools import groupby
from xml.etree.ElementTree import Element

from packaging.utils import canonicalize_name
from packaging.version import Version

from ..content.article import Article, Claim
from ..decide.plan import Cell, Job
from .render import Child, Pages, element, printable

ENOUGH_FOR_RANGES = 3
REASON_LENGTH = 120
UNKNOWN = Version("0")  # of a commit that was not run: it sorts first, and is not shown


def version_table(pages: Pages, article: Article, module: str, package: str, patterns: str) -> Element:
    """Return environments x claims, in the order of one package's versions, the longer side going down; below it the ranges.

    `patterns` names the environments, as file names are matched, separated by commas.
    """
    claims = article.modules[module]
    chosen = [pattern.strip() for pattern in patterns.split(",")]
    jobs = [
        job for job in pages.jobs(article) if job.module == module and any(fnmatch(job.environment.name, one) for one in chosen)
    ]
    jobs.sort(key=lambda job: (_version(pages, job, package), job.environment.name))
    cells = [{cell.claim.name: cell for cell in job.cells} for job in jobs]
    names = [_environment(pages, job, package) for job in jobs]
    links = [element("a", claim.function.replace("_", " "), href=f"#{claim.name}") for claim in claims]
    verdicts = [[_verdict(pages, row.get(claim.name)) for claim in claims] for row in cells]
    if len(jobs) > len(claims):
        rows: list[list[Child]] = [[name, *row] for name, row in zip(names, verdicts, strict=True)]
        table = pages.table("clinic-versions", [pages.say("environment"), *links], rows)
    else:
        rows = [[link, *column] for link, column in zip(links, zip(*verdicts, strict=True), strict=True)]
        table = pages.table("clinic-versions", [pages.say("claim"), *names], rows)
    ranges = [_ranges(pages, claim, jobs, cells, package) for claim in claims] if package else []
    shown = [one for one in ranges if one is not None]
    return element("div", table, element("ul.clinic-ranges", *shown) if shown else None)


def _environment(pages: Pages, job: Job, package: str) -> Element:
    link = element("a", job.environment.name, href=f"{pages.up}environments/#{job.environment.name}")
    version = _version(pages, job, package)
    return element("span", link, element("br"), f"{package} {version}") if version != UNKNOWN else link


def _version(pages: Pages, job: Job, package: str) -> Version:
    """Return the version that was seen, or, before a run, the one that is pinned."""
    record = pages.record(job)
    packages = record.seen.packages if record else job.environment.pins()
    found = packages.get(canonicalize_name(package)) if package else None
    return Version(found) if found else UNKNOWN


def _observed(pages: Pages, cell: Cell | None) -> str:
    """Return the verdict that a table of measurements may show: none that is stale or cannot be trusted."""
    judged = pages.project.judge(cell) if cell else None
    return str(judged.observed) if judged and judged.status in ("verified", "failing") else "not run"


def _verdict(pages: Pages, cell: Cell | None) -> Element:
    shown = _observed(pages, cell)
    outcome = pages.project.judge(cell).outcome if cell else None
    told = outcome.reason if outcome and shown == "refuted" else ""
    reason = printable(told).partition("\n")[0][:REASON_LENGTH]
    return element("span", pages.verdict(shown), *([element("br"), element("small", reason)] if reason else []))


def _ranges(pages: Pages, claim: Claim, jobs: Sequence[Job], cells: Sequence[dict[str, Cell]], package: str) -> Element | None:
    """Return one claim's verdicts as ranges of versions that were measured, each with its first, its last and their number."""
    measured = [
        (_version(pages, job, package), shown)
        for job, row in zip(jobs, cells, strict=True)
        if (shown := _observed(pages, row.get(claim.name))) != "not run"
    ]
    if len({version for version, _ in measured}) < ENOUGH_FOR_RANGES:
        return None
    parts: list[Child] = []
    for shown, group in groupby(measured, key=lambda one: one[1]):
        versions = list(dict.fromkeys(version for version, _ in group))
        span = str(versions[0]) if len(versions) == 1 else pages.say("range", versions[0], versions[-1], len(versions))
        parts += [" · " if parts else " ", f"{span} ", pages.verdict(shown)]
    return element("li", element("code", claim.function), f" ({package}):", *parts)
