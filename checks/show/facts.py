"""What was observed of a claim, and where: the fact that stands beside a sentence. What was expected is no part of it.

Only current answers count. Ranges of versions are those that were measured, each with its first, its last and their number.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from packaging.utils import canonicalize_name
from packaging.version import Version

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..content.environment import Environment
from ..content.words import say
from ..decide.plan import Cell, Project
from .once import once

ENOUGH_FOR_RANGES = 3  # versions, before "from ... to ..." says more than their names; two, where a page asks for a package
NAMED = 3  # environments that are named one by one
ANSWERED = ("verified", "failing")  # of an answer that is stale or cannot be read nothing is said


@dataclass(frozen=True)
class Span:
    """Neighbouring versions of one package that were measured with the same verdict."""

    verdict: str
    package: str
    versions: tuple[str, ...]

    def words(self, language: Language) -> str:
        """`4.49.0 to 4.57.6 (11 measured)`."""
        first, last = self.versions[0], self.versions[-1]
        return first if first == last else say(language, "range", first, last, len(self.versions))


@dataclass(frozen=True)
class Fact:
    """A claim's cells by what was observed in them."""

    holds: tuple[Cell, ...]
    refuted: tuple[Cell, ...]
    not_run: tuple[Cell, ...]
    spans: tuple[Span, ...]  # if one package tells the verdicts apart: its versions in order
    apart: tuple[Cell, ...]  # answered, and in no span: a reconstruction has the version of a release and is none
    unmeasured: str = ""  # `package version`: the newest known release, if it is newer than every one of the spans

    @property
    def kind(self) -> str:
        """`holds`, `refuted`, `mixed` or `not run`."""
        if self.holds and self.refuted:
            return "mixed"
        return "holds" if self.holds else "refuted" if self.refuted else "not run"

    @property
    def count(self) -> str:
        """How many answers say so: `34`, of a mixed one `12/32`, `–` if nobody has run it."""
        run = len(self.holds) + len(self.refuted)
        return f"{len(self.holds)}/{run}" if self.kind == "mixed" else str(run) if run else "–"

    def words(self, language: Language) -> str:
        """Return the fact in words: where it is true, where false, and how many cells were not run."""
        told = [self._told(language, verdict) for verdict in ("holds", "refuted") if getattr(self, verdict)]
        if self.not_run and told:
            told.append(say(language, "fact not run", len(self.not_run)))
        if self.unmeasured:
            told.append(say(language, "fact unmeasured", self.unmeasured))
        return say(language, "fact stop").join(told) or say(language, "not run")

    def _told(self, language: Language, verdict: str) -> str:
        cells: tuple[Cell, ...] = getattr(self, verdict)
        comma = say(language, "fact comma")
        parts = [span.words(language) for span in self.spans if span.verdict == verdict]
        apart = [cell.environment.name for cell in cells if cell in self.apart] if self.spans else []
        if parts:
            where = f"{self.spans[0].package} {comma.join(parts)}"
            where += "".join(f"{comma}{name}" for name in apart)
        elif self.kind != "mixed" and len(cells) > NAMED:
            return say(language, f"fact all {verdict}", len(cells))
        else:
            where = comma.join(cell.environment.name for cell in cells)
        return say(language, f"fact {verdict}", where).replace("） ", "）")  # a full-width bracket brings its own space


def fact_of(project: Project, article: Article, claim: Claim) -> Fact:
    """Return what was observed of a claim."""

    def make() -> Fact:
        return _fact(project, project.cells_of(article, claim), "")

    return once(project, make, "fact", article.id, claim.name)


def fact_in(project: Project, cells: Sequence[Cell], package: str) -> Fact:
    """Return what was observed in some of a claim's cells, by the versions of one package."""
    return _fact(project, cells, package)


def observed(project: Project, cell: Cell | None) -> str:
    """Return the verdict that may be shown: `holds`, `refuted`, or `not run` where no current answer is known."""
    judged = project.judge(cell) if cell else None
    return str(judged.observed) if judged and judged.status in ANSWERED and judged.observed else "not run"


def version_in(project: Project, article: Article, module: str, environment: Environment, package: str) -> Version | None:
    """Return the version that a run saw, or, before a run, the one that is pinned; None if there is none."""
    record = project.standing(article, module, environment).record
    packages = record.seen.packages if record else environment.pinned[False]
    found = packages.get(canonicalize_name(package)) if package else None
    return _version(found) if found else None


@functools.lru_cache(maxsize=4096)
def _version(text: str) -> Version:
    return Version(text)


def spans_of(answers: Iterable[tuple[Version, str]], package: str) -> tuple[Span, ...]:
    """Return (version, verdict) pairs as ranges, in the order of the versions."""
    measured = sorted(set(answers), key=lambda one: one[0])
    return tuple(
        Span(verdict, package, tuple(str(version) for version, _ in group))
        for verdict, group in groupby(measured, key=lambda one: one[1])
    )


def _fact(project: Project, cells: Sequence[Cell], package: str) -> Fact:
    by = {verdict: tuple(cell for cell in cells if observed(project, cell) == verdict) for verdict in ("holds", "refuted")}
    answered = [*by["holds"], *by["refuted"]]
    ranged = [cell for cell in answered if not _reconstructs(cell.environment)]
    spans = _spans(project, ranged, package)
    apart = tuple(cell for cell in answered if cell not in ranged)
    not_run = tuple(cell for cell in cells if cell not in answered)
    return Fact(by["holds"], by["refuted"], not_run, spans, apart, _unmeasured(project, spans))


def _unmeasured(project: Project, spans: Sequence[Span]) -> str:
    """Return the newest known release of the spans' package, if none of them holds it or a newer one."""
    newest = project.releases.get(canonicalize_name(spans[0].package)) if spans else None
    if newest is None or newest <= max(_version(version) for span in spans for version in span.versions):
        return ""
    return f"{spans[0].package} {newest}"


def _spans(project: Project, cells: Sequence[Cell], package: str) -> tuple[Span, ...]:
    """Return the ranges of the package that tells the verdicts apart with the fewest ranges; none if none does."""
    found: list[tuple[Span, ...]] = []
    for name in [package] if package else sorted(_candidates(cells)):
        answers = []
        for cell in cells:
            version = version_in(project, cell.article, cell.claim.module, cell.environment, name)
            if version is None:
                break
            answers.append((version, observed(project, cell)))
        else:
            versions, verdicts = {version for version, _ in answers}, {verdict for _, verdict in answers}
            tells = len(set(answers)) == len(versions)
            if tells and len(versions) >= (2 if package or len(verdicts) > 1 else ENOUGH_FOR_RANGES):
                found.append(spans_of(answers, name))
    return min(found, key=lambda spans: (len(spans), -sum(len(span.versions) for span in spans)), default=())


def _reconstructs(environment: Environment) -> bool:
    """Whether its packages are no release: one with a prelude, or a commit, whose version names many."""
    return bool(environment.preludes) or any(layer.of_pull_requests for layer in environment.layers)


def _candidates(cells: Sequence[Cell]) -> set[str]:
    chief = [set(cell.environment.chief_packages) for cell in cells]
    return set.intersection(*chief) if chief else set()
