"""What mutants.json says: which mutants of an article's checks its claims noticed. Counts are derived, never stored.

`clinic mutate` writes the file; it is no evidence and decides no status. It says what a claim is worth.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from checkpoint_clinic.words import Language

from ..content.article import Article
from ..content.environment import Environment
from ..content.words import say
from ..decide.evidence import subjects
from ..decide.plan import Project
from .once import once

Seen = Literal["holds", "refuted", "undecided"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tried(_Frozen):
    """One mutant: where it is, what it changes, the claims that must notice it, and what each was observed to be.

    Without `observed` it was not run. `each`: every claim must notice it; else one of those that share the place.
    """

    name: str
    file: str
    line: int
    kind: str
    claims: tuple[str, ...]
    each: bool
    observed: dict[str, Seen] = {}

    @property
    def run(self) -> bool:
        """Whether it was run."""
        return bool(self.observed)

    def noticed_by(self, claim: str) -> bool:
        """Whether the claim no longer held."""
        return self.observed.get(claim, "holds") != "holds"

    @cached_property
    def survived(self) -> tuple[str, ...]:
        """The claims that should have noticed it and did not."""
        if not self.run:
            return ()
        missed = tuple(claim for claim in self.claims if not self.noticed_by(claim))
        return missed if self.each or len(missed) == len(self.claims) else ()


class Measured(_Frozen):
    """The mutants of one check module in one environment; `subjects` are the files that were mutated, path -> sha256."""

    module: str
    environment: str
    recorded: date
    subjects: dict[str, str]
    mutants: tuple[Tried, ...]


class Mutations(_Frozen):
    """All of an article."""

    article: str
    modules: tuple[Measured, ...] = ()

    @cached_property
    def tried(self) -> list[Tried]:
        """The mutants of all modules; one of a shared place that some module notices is no survivor in the others."""
        tried = [one for module in self.modules for one in module.mutants]
        noticed = {(one.file, one.name) for one in tried if not one.each and one.run and not one.survived}
        return [one for one in tried if not (one.survived and (one.file, one.name) in noticed)]

    @cached_property
    def aimed(self) -> dict[str, list[Tried]]:
        """Those of them that each claim must notice, or one of its neighbours."""
        found: dict[str, list[Tried]] = {}
        for one in self.tried:
            for claim in one.claims:
                found.setdefault(claim, []).append(one)
        return found

    def stale(self, digests: Callable[[Measured], dict[str, str]]) -> list[str]:
        """Return the modules whose files are not those that were mutated."""
        return sorted({one.module for one in self.modules if one.subjects != digests(one)})


@dataclass(frozen=True)
class Kills:
    """How many mutants were noticed of those that were run, how many were not run, which survived, which of those may."""

    noticed: int
    total: int
    not_run: int
    survivors: tuple[Tried, ...]
    excused: int = 0

    @property
    def rate(self) -> float:
        """The share that was noticed of those that must be; 1 where none was run."""
        must = self.total - self.excused
        return self.noticed / must if must else 1.0


def location(article: Article) -> Path:
    """Return the file in which an article's mutants are kept."""
    return article.folder / "mutants.json"


def read(article: Article) -> Mutations | None:
    """Return what was measured, or None where nothing was.

    Raises:
        ValueError: for a file that is not what it should be.
    """
    path = location(article)
    if not path.is_file():
        return None
    try:
        return Mutations.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"])) from error


def write(article: Article, mutations: Mutations) -> None:
    """Write the file, a mutant a line, so that a commit shows what changed."""
    made = mutations.model_dump(mode="json", exclude_defaults=True)
    modules = []
    for module in made.get("modules", ()):
        lines = ",\n".join("   " + json.dumps(one, ensure_ascii=False) for one in module.pop("mutants", ()))
        head = json.dumps(module, ensure_ascii=False, indent=2).removesuffix("\n}")
        modules.append(f'{head},\n  "mutants": [\n{lines}\n  ]\n }}')
    text = f'{{\n "article": {json.dumps(mutations.article)},\n "modules": [\n' + ",\n".join(modules) + "\n ]\n}\n"
    Mutations.model_validate_json(text)
    temporary = location(article).with_suffix(".json.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(location(article))


def kills(article: Article, mutations: Mutations | None, claim: str | None = None) -> Kills:
    """Count an article's mutants, or those of one claim: its own, and of shared ones those that it noticed or nobody did."""
    if claim is None:
        tried = mutations.tried if mutations else []
        run = [one for one in tried if one.run]
        survivors = tuple(one for one in run if one.survived)
        return Kills(len(run) - len(survivors), len(run), len(tried) - len(run), survivors, _excused(article, survivors))
    aimed = mutations.aimed.get(claim, []) if mutations else []
    run = [one for one in aimed if one.run and (one.noticed_by(claim) or claim in one.survived)]
    survivors = tuple(one for one in run if not one.noticed_by(claim))
    not_run = sum(not one.run for one in aimed)
    return Kills(len(run) - len(survivors), len(run), not_run, survivors, _excused(article, survivors, claim))


def _excused(article: Article, survivors: Iterable[Tried], claim: str | None = None) -> int:
    may = article.toml.excuses
    return sum(all((each, one.name) in may for each in ((claim,) if claim else one.survived)) for one in survivors)


def measured(project: Project, article: Article) -> Mutations | None:
    """Return an article's mutants, read once for a project; a file that cannot be read counts as none, and lint names it."""

    def make() -> Mutations | None:
        with contextlib.suppress(ValueError):
            return read(article)
        return None

    return once(project, make, "mutants", article.id)


def mutated(article: Article, module: str, environment: Environment, root: Path) -> dict[str, str]:
    """Return the digests of what mutants of a module depend on: its files and its environment, not how the probe is made."""
    return _without_probe(subjects(article, module, environment, root))


def _without_probe(digests: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in digests.items() if name != "checks/probe.py"}


def changed_modules(project: Project, article: Article) -> list[str]:
    """Return the modules whose files changed since they were mutated."""

    def now(one: Measured) -> dict[str, str]:
        environment = project.environments.get(one.environment)
        known = environment is not None and one.module in article.modules
        return _without_probe(project.digests(article, one.module, environment)) if known and environment else {}

    found = measured(project, article)
    return once(project, lambda: found.stale(now) if found else [], "mutants stale", article.id)


def mutants_told(
    project: Project, article: Article, claim: str | None, language: Language
) -> tuple[str, list[tuple[str, str]]] | None:
    """Return a line on the mutants of a claim, or of all, and each survivor with its place and why it may; None without any."""
    counted = kills(article, measured(project, article), claim)
    if not counted.total:
        return (say(language, "mutants none run", counted.not_run), []) if counted.not_run else None
    parts = [say(language, "mutants", counted.noticed, counted.total)]
    parts += [say(language, "mutants not run", counted.not_run)] if counted.not_run else []
    stale = [one for one in changed_modules(project, article) if claim is None or one == claim.partition(".")[0]]
    parts += [say(language, "mutants stale", say(language, "fact comma").join(stale))] if stale else []
    may = article.toml.excuses
    survivors = []
    for one in counted.survivors:
        missed = (claim,) if claim else one.survived
        why = next((may[name, one.name] for name in missed if (name, one.name) in may), "")
        survivors.append((f"{one.name} ({one.file}:{one.line})", say(language, "mutants may", why) if why else ""))
    return say(language, "fact stop").join(parts), survivors
