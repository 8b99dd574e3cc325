"""Records in the form of OSV (the Open Source Vulnerability format), for releases between two that were measured to be right.

Only of a claim that its article lists under `affected`, and only where one package's versions were measured true, then false,
then true again. What lies between two measured versions is not known; each record says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..content.article import Article, Claim
from ..content.words import say
from ..decide.plan import Project
from .addresses import article_address
from .facts import ANSWERED, Fact, Span, fact_of
from .signatures import to_json

SCHEMA_VERSION = "1.6.0"
BETWEEN = (
    "Only the versions listed were run. introduced is the first that was seen wrong, fixed the first after it that was seen "
    "right; of releases between measured ones nothing is known."
)


def records(project: Project) -> Iterator[dict[str, Any]]:
    """Yield each record, in the order of articles and claims."""
    for article in sorted(project.articles, key=lambda one: one.id):
        for claim in article.claims:
            if claim.name in article.toml.affected:
                fact = fact_of(project, article, claim)
                wrong = list(_between(fact.spans))
                if wrong:
                    yield _record(project, article, claim, fact, wrong)


def write_osv(project: Project, site: Path) -> None:
    """Write each record into a built site, and the list of them."""
    folder = site / "osv"
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for record in records(project):
        (folder / f"{record['id']}.json").write_text(to_json(record) + "\n", encoding="utf-8")
        listed.append({"id": record["id"], "modified": record["modified"], "file": f"{record['id']}.json"})
    (folder / "index.json").write_text(to_json({"version": 1, "records": listed}) + "\n", encoding="utf-8")


def _between(spans: tuple[Span, ...]) -> Iterator[tuple[Span, Span, Span]]:
    """Yield each range that was measured false, between its neighbours, which were measured true."""
    for before, wrong, after in zip(spans, spans[1:], spans[2:], strict=False):
        if (before.verdict, wrong.verdict, after.verdict) == ("holds", "refuted", "holds"):
            yield before, wrong, after


def _record(
    project: Project, article: Article, claim: Claim, fact: Fact, wrong: list[tuple[Span, Span, Span]]
) -> dict[str, Any]:
    judged = [project.judge(cell) for cell in (*fact.holds, *fact.refuted)]
    newest = max(one.outcome.recorded for one in judged if one.outcome and one.status in ANSWERED)
    address = article_address(article, "en")
    evidence = f"{address}evidence/#{claim.name}"
    ranges = say("en", "fact comma").join(one.words("en") for _, one, _ in wrong)
    return {
        "schema_version": SCHEMA_VERSION,
        "id": f"{article.id}-{claim.name}",
        "modified": f"{newest:%Y-%m-%dT%H:%M:%SZ}",
        "summary": f"False with {fact.spans[0].package} {ranges}: {claim.sentence}",
        "details": f"{claim.sentence}\n\nMeasured: {fact.words('en')}.\n\n{BETWEEN}",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": fact.spans[0].package},
                "ranges": [_range(*one) for one in wrong],
                "versions": [version for _, one, _ in wrong for version in one.versions],
            }
        ],
        "references": [{"type": "EVIDENCE", "url": evidence}] if address else [],
        "database_specific": {"article": article.id, "claim": claim.name},
    }


def _range(before: Span, wrong: Span, after: Span) -> dict[str, Any]:
    return {
        "type": "ECOSYSTEM",
        "events": [{"introduced": wrong.versions[0]}, {"fixed": after.versions[0]}],
        "database_specific": {
            "last_good": before.versions[-1],
            "first_bad": wrong.versions[0],
            "last_bad": wrong.versions[-1],
            "first_good_after": after.versions[0],
        },
    }
