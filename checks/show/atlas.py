"""The load atlas as data: what was observed of each architecture in each way and environment, and nothing that was not.

A verdict becomes an outcome by the first words of the reason that checks/atlas/_ways.py gives: exact, silent (it went on, and
tensors differ), error (it stopped), unknown (no such class in that release). What has no current answer is in no table.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from packaging.version import InvalidVersion, Version

from ..content.atlas import Architecture, Atlas, Way
from ..content.environment import Environment
from ..content.releases import load_releases
from ..decide.evidence import Judgement, location
from ..decide.plan import Cell, Project
from .facts import ANSWERED
from .once import once
from .signatures import to_json

Kind = Literal["exact", "silent", "error", "unknown"]
KINDS: tuple[Kind, ...] = ("silent", "error", "unknown", "exact")  # the worst first
VERSION = 1  # of the form of atlas.json
LOADED = "transformers"  # whose release loads, wherever something else varies as well
OTHER = "other"  # the axis of a second release, which saves what the first one loads, or loads what it saved
_DIFFER = re.compile(r"silent: (?P<differ>\d+) of (?P<of>\d+) tensors differ")
_UNUSED = re.compile(r"silent: (?P<unused>\d+) tensors of the files are nowhere in the model")
_SEEN = re.compile(r"^atlas: (\{.*\})$", re.MULTILINE)
_SECTION = re.compile(r"^--- (\w+\.\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What was observed in a cell: silent has `differ` and `of`, or `unused`; `renamed` counts names where it is exact."""

    kind: Kind
    differ: int = 0
    of: int = 0
    unused: int = 0
    renamed: int = 0
    words: str = ""
    recorded: date = date.min

    @property
    def harm(self) -> float:
        """How much of a model is wrong without a word: for an order, not for a page."""
        return self.differ / self.of if self.of else 0.001 if self.kind == "silent" else 0.0

    @property
    def alike(self) -> tuple[object, ...]:
        """What two outcomes have in common that are told as one."""
        return self.kind, self.differ, self.of, self.unused, self.words if self.kind == "error" else ""


@dataclass(frozen=True)
class Run:
    """Neighbouring environments of a row with the same outcome, or without one."""

    environments: tuple[Environment, ...]
    outcome: Outcome | None


@dataclass(frozen=True)
class Row:
    """One architecture in one way: an outcome, or None, for each environment of the way."""

    architecture: Architecture
    way: Way
    environments: tuple[Environment, ...]
    outcomes: tuple[Outcome | None, ...]

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The row, neighbours with the same outcome together."""
        pairs = zip(self.environments, self.outcomes, strict=True)
        groups = (list(group) for _, group in groupby(pairs, key=lambda pair: pair[1] and pair[1].alike))
        return tuple(Run(tuple(environment for environment, _ in group), group[0][1]) for group in groups)

    @property
    def harm(self) -> float:
        """That of its worst cell."""
        return max((outcome.harm for outcome in self.outcomes if outcome), default=0.0)


@dataclass(frozen=True)
class Table:
    """One way in one family of environments: its architectures, its environments in the order of their versions.

    `place` is what it is called in an address: a way's first table as the way, another one with the family's name.
    """

    way: Way
    environments: tuple[Environment, ...]
    rows: tuple[Row, ...]
    place: str

    @property
    def is_first(self) -> bool:
        """Whether it is its way's first table, beside which the others are a sample."""
        return self.place == self.way.module

    @property
    def on_gpu(self) -> bool:
        """Whether it was decided, or would be, on a GPU."""
        return all(one.device == "cuda" for one in self.environments)

    @property
    def columns(self) -> str:
        """What its labels are the versions of."""
        return " · ".join(self._axes)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What tells its environments apart: versions of what varies among them."""
        return tuple(" · ".join(filter(None, (one.get(name) for name in self._axes))) for one in self._told)

    @property
    def varying(self) -> str:
        """The package whose versions its labels are; empty if they are of several things."""
        return LOADED if self._axes == [LOADED] else ""

    @cached_property
    def others(self) -> tuple[tuple[str, str], ...]:
        """What takes part in the way and does not vary, with its version."""
        return tuple((name, version) for name, version in self._told[0].items() if name not in self._axes)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many of its cells have each outcome, and how many none (`not run`)."""
        return Counter(outcome.kind if outcome else "not run" for row in self.rows for outcome in row.outcomes)

    @cached_property
    def _told(self) -> list[dict[str, str]]:
        return [self._versions(environment) for environment in self.environments]

    @cached_property
    def _axes(self) -> list[str]:
        names = list(dict.fromkeys(name for one in self._told for name in one))
        return [name for name in names if len({one.get(name) for one in self._told}) > 1] or names[:1]

    def label(self, environment: Environment) -> str:
        """Return what its column is called."""
        return self.labels[self.environments.index(environment)]

    def _versions(self, environment: Environment) -> dict[str, str]:
        pinned = environment.pinned[False]
        return varies(environment) | {name: pinned[name] for name in self.way.packages if name in pinned}


def varies(environment: Environment) -> dict[str, str]:
    """Return what the environments of a family differ in, with the versions of this one; no family: its transformers."""
    if environment.versions:
        return dict(zip(environment.toml.axes, environment.versions, strict=True))
    found = environment.pinned[False].get(LOADED)
    return {LOADED: found} if found else {}


def outcome_of(project: Project, cell: Cell) -> Outcome | None:
    """Return what was observed in a cell; None if there is no current answer, or one that names no outcome."""
    judged = project.judge(cell)
    if judged.status not in ANSWERED or not judged.outcome:
        return None
    day = judged.outcome.recorded.date()
    if judged.observed == "holds":
        return Outcome("exact", renamed=_renamed(project, cell), recorded=day)
    return _refuted(judged, day)


def _refuted(judged: Judgement, day: date) -> Outcome | None:
    words = judged.outcome.reason.partition("\n")[0] if judged.outcome else ""
    if found := _DIFFER.match(words):
        return Outcome("silent", int(found["differ"]), int(found["of"]), words=words, recorded=day)
    if found := _UNUSED.match(words):
        return Outcome("silent", unused=int(found["unused"]), words=words, recorded=day)
    if words.startswith("error: "):
        return Outcome("error", words=words, recorded=day)
    return Outcome("unknown", words=words, recorded=day) if words.startswith("class not known: ") else None


def _renamed(project: Project, cell: Cell) -> int:
    """Return how many names differ in a load that was exact, as its log says."""
    module, environment = cell.claim.module, cell.environment.name

    def make() -> dict[str, int]:
        return _names(location(cell.article, module, environment).with_suffix(".log"))

    return once(project, make, "atlas log", module, environment).get(cell.claim.name, 0)


def _names(log: Path) -> dict[str, int]:
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    parts = _SECTION.split(text)
    found = {}
    for name, part in zip(parts[1::2], parts[2::2], strict=True):
        if seen := _SEEN.search(part):
            try:
                found[name] = int(json.loads(seen[1]).get("renamed", 0))
            except (ValueError, TypeError, AttributeError, RecursionError):
                continue  # not the line of _ways.py
    return found


def tables(project: Project) -> tuple[Table, ...]:
    """Return a table for each way that is decided anywhere; nothing where there is no atlas."""
    return once(project, lambda: tuple(_tables(project, project.atlas)) if project.atlas else (), "atlas tables")


def _tables(project: Project, atlas: Atlas) -> Iterator[Table]:
    cells = {(cell.claim.module, cell.claim.function, cell.environment.name): cell for cell in project.cells(atlas)}
    for way in atlas.ways:
        names = dict.fromkeys(name for module, _, name in cells if module == way.module)
        for number, environments in enumerate(_families(way, [project.environments[name] for name in names])):
            rows = []
            for architecture in atlas.architectures:
                found = [cells.get((way.module, architecture.module, one.name)) for one in environments]
                if any(found):
                    outcomes = tuple(outcome_of(project, cell) if cell else None for cell in found)
                    rows.append(Row(architecture, way, environments, outcomes))
            if rows:
                place = f"{way.module}-{environments[0].folder.name}" if number else way.module
                yield Table(way, environments, tuple(rows), place)


def _families(way: Way, environments: Sequence[Environment]) -> list[tuple[Environment, ...]]:
    """Return a way's environments by family, as the way names them first; within one in the order of their versions."""
    found: dict[Path | None, list[Environment]] = {}
    for one in sorted(environments, key=lambda one: _named(way, one)):
        found.setdefault(one.folder if one.versions else None, []).append(one)
    return [tuple(sorted(family, key=lambda one: _order(way, one))) for family in found.values()]


def _named(way: Way, environment: Environment) -> int:
    return next((n for n, pattern in enumerate(way.environments) if fnmatchcase(environment.name, pattern)), -1)


def _order(way: Way, environment: Environment) -> tuple[list[Version], str]:
    """Return by what the columns are sorted: the release that loads first, unless it is another that varies."""
    versions = [*varies(environment).values(), *(environment.pinned[False].get(name, "0") for name in way.packages)]
    return [_version(text) for text in versions], environment.name


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


@dataclass(frozen=True)
class Silent:
    """One thing that goes wrong without a word: in these ways, these releases, for these architectures (with their counts)."""

    ways: tuple[Way, ...]
    labels: tuple[str, ...]
    table: Table
    found: tuple[tuple[Architecture, Outcome], ...]

    @property
    def harm(self) -> tuple[bool, bool, float, int]:
        """Wrong tensors before those that are left out; the newest release first; then by how much, of how many."""
        newest = self.table.labels[-1] in self.labels
        return any(one.differ for _, one in self.found), newest, max(one.harm for _, one in self.found), len(self.found)


def silent(project: Project) -> list[Silent]:
    """Return what was silent, what does most harm first; equal findings of several ways are one."""
    together: dict[tuple[object, ...], list[tuple[Table, tuple[str, ...], list[tuple[Architecture, Outcome]]]]] = {}
    for table in tables(project):
        first = first_of(project, table)
        by_range: dict[tuple[str, ...], list[tuple[Architecture, Outcome]]] = {}
        for row in table.rows:
            for run in row.runs if table.is_first else unlike(row, first).runs:
                if run.outcome and run.outcome.kind == "silent":
                    labels = tuple(map(table.label, run.environments))
                    by_range.setdefault(labels, []).append((row.architecture, run.outcome))
        for labels, found in by_range.items():
            key = (labels, tuple((one.module, outcome.alike) for one, outcome in found))
            together.setdefault(key, []).append((table, labels, found))
    made = [
        Silent(tuple(table.way for table, _, _ in same), same[0][1], same[0][0], _worst_first(same[0][2]))
        for same in together.values()
    ]
    return sorted(made, key=lambda one: one.harm, reverse=True)


def first_of(project: Project, table: Table) -> Table:
    """Return the first table of a table's way."""
    return next(one for one in tables(project) if one.place == table.way.module)


def agreement(table: Table, first: Table) -> tuple[int, int]:
    """Return in how many cells a release loads as it does in the way's first table, and of how many both are known."""
    pairs = [(row, one) for row in table.rows for one in zip(row.environments, row.outcomes, strict=True)]
    known = [(_at(first, row.architecture, environment), outcome) for row, (environment, outcome) in pairs]
    both = [(one, other) for one, other in known if one and other]
    return sum(one.alike == other.alike for one, other in both), len(both)


def unlike(row: Row, first: Table) -> Row:
    """Return a row without the outcomes that its release has in the way's first table as well."""
    kept = []
    for environment, outcome in zip(row.environments, row.outcomes, strict=True):
        known = _at(first, row.architecture, environment)
        kept.append(None if outcome and known and outcome.alike == known.alike else outcome)
    return Row(row.architecture, row.way, row.environments, tuple(kept))


def _at(table: Table, architecture: Architecture, environment: Environment) -> Outcome | None:
    """Return a table's outcome of an architecture with the release of transformers that an environment has."""
    release = environment.pinned[False].get(LOADED)
    row = next((row for row in table.rows if row.architecture is architecture), None)
    pairs = zip(row.environments, row.outcomes, strict=True) if row else ()
    return next((outcome for one, outcome in pairs if one.pinned[False].get(LOADED) == release), None)


def _worst_first(found: Sequence[tuple[Architecture, Outcome]]) -> tuple[tuple[Architecture, Outcome], ...]:
    return tuple(sorted(found, key=lambda pair: -pair[1].harm))


def counts(project: Project) -> Counter[str]:
    """Return how many cells of all ways have each outcome, and how many none (`not run`)."""
    return sum((table.counts for table in tables(project)), Counter())


def newer(project: Project) -> str:
    """Return the newest known release of transformers, if none of the environments holds it or a newer one; else nothing."""
    known = project.releases.get(LOADED)
    measured = [_version(text) for one in _environments(project) if (text := one.pinned[False].get(LOADED))]
    return str(known) if known and measured and known > max(measured) else ""


def _environments(project: Project) -> list[Environment]:
    return list({one.name: one for table in tables(project) for one in table.environments}.values())


def atlas_data(project: Project) -> dict[str, Any]:
    """Return the atlas in the form `atlas` of checkpoint_clinic/schema.json; empty lists where there is none."""
    made, atlas = tables(project), project.atlas
    return {
        "version": VERSION,
        "ways": [_way(way, [table for table in made if table.way is way]) for way in _ways(made)],
        "architectures": [_architecture(one) for one in (atlas.architectures if atlas else ())],
        "environments": [_environment(one) for one in _environments(project)],
        "cells": [cell for table in made for row in table.rows for cell in _cells(row)],
        "newest": {
            name: {"version": one.newest, "seen": str(one.seen)} for name, one in sorted(load_releases(project.root).items())
        },
    }


def _ways(made: Sequence[Table]) -> list[Way]:
    return [table.way for table in made if table.is_first]


def _way(way: Way, made: Sequence[Table]) -> dict[str, Any]:
    return {
        "id": way.module,
        "words": way.words.model_dump(),
        "sentence": way.sentence.model_dump(),
        "packages": list(way.packages),
        "environments": [one.name for table in made for one in table.environments],
    }


def write_atlas(project: Project, site: Path) -> None:
    """Write the atlas into a built site, once for both languages; nothing where there is none."""
    if project.atlas:
        folder = site / "atlas"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "atlas.json").write_text(to_json(atlas_data(project)) + "\n", encoding="utf-8")


def _architecture(one: Architecture) -> dict[str, Any]:
    words = {"en": one.words, "zh": one.zh or one.words}
    known = {"id": one.module, "title": one.title, "words": words, "model_type": one.model_type, "class": one.model_class}
    return known | ({"quantised": one.quantised} if one.quantised else {})


def _environment(one: Environment) -> dict[str, Any]:
    pinned = one.pinned[False]
    return {
        "name": one.name,
        "family": one.folder.name,
        "varies": varies(one),
        "python": one.python,
        "device": one.device,
        "packages": {name: pinned[name] for name in sorted(one.chief_packages) if name in pinned},
    }


def _cells(row: Row) -> Iterator[dict[str, Any]]:
    for environment, outcome in zip(row.environments, row.outcomes, strict=True):
        if outcome:
            numbers = {"differ": outcome.differ, "of": outcome.of, "unused": outcome.unused, "renamed": outcome.renamed}
            yield {
                "architecture": row.architecture.module,
                "way": row.way.module,
                "environment": environment.name,
                "outcome": outcome.kind,
                **{name: number for name, number in numbers.items() if number},
                **({"words": outcome.words} if outcome.words else {}),
                "recorded": str(outcome.recorded),
            }
