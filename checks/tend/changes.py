"""The atlas followed: which releases changed what, and what is expected from then on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from ..content.atlas import Architecture, Way
from ..content.environment import Environment
from ..decide.plan import Cell, Project
from ..show.atlas import Outcome, Table, tables, varies

HEAD = "[refuted] # where a claim is not true; in every other environment of its way it is. Written by: clinic atlas --accept\n"
KINDS = {"exact": "exact", "silent": "silent", "error": "an error", "unknown": "no such class"}
WORST = ("silent", "error", "unknown", "exact")


@dataclass(frozen=True)
class Change:
    """One architecture in one way: what was observed with the release before, and with this one."""

    architecture: Architecture
    way: Way
    before: Outcome
    after: Outcome

    @property
    def rank(self) -> tuple[int, float]:
        """For an order: what became silent first, what lost most of its tensors first of these."""
        return WORST.index(self.after.kind), -self.after.harm

    def __str__(self) -> str:
        return f"{self.architecture.title} {self.way.words.en} {_told(self.before)} -> {_told(self.after)}"


def _told(outcome: Outcome) -> str:
    if outcome.differ:
        return f"silent, {outcome.differ} of {outcome.of}"
    return f"silent, {outcome.unused} left out" if outcome.unused else KINDS[outcome.kind]


def changes(project: Project, name: str) -> list[Change]:
    """Return what is different in an environment from the one of the release before it, the worst first."""
    found = []
    for table in tables(project):
        here = next((number for number, one in enumerate(table.environments) if one.name == name), None)
        before = None if here is None else _before(table, here)
        if here is None or before is None:
            continue
        for row in table.rows:
            old, new = row.outcomes[before], row.outcomes[here]
            if old and new and (old.kind, old.differ, old.of, old.unused) != (new.kind, new.differ, new.of, new.unused):
                found.append(Change(row.architecture, table.way, old, new))
    return sorted((one for one in found if not _is_more_of_the_same(one)), key=lambda one: one.rank)


def _is_more_of_the_same(change: Change) -> bool:
    """Whether a class only has other tensors than before: its load is what it was."""
    return change.before.kind == change.after.kind != "silent"


def _before(table: Table, here: int) -> int | None:
    """Return the environment of the nearest older release that differs in nothing else, and in which something was observed."""
    mine = varies(table.environments[here])
    for number in reversed(range(here)):
        theirs = varies(table.environments[number])
        differs = [axis for axis in mine if theirs.get(axis) != mine[axis]]
        if (
            len(differs) == 1
            and any(row.outcomes[number] for row in table.rows)
            and Version(theirs[differs[0]]) < Version(mine[differs[0]])
        ):
            return number
    return None


def headline(environment: Environment, found: list[Change]) -> str:
    """Return what changed in one line, as the title of a change to the repository."""
    package, version = next(iter(varies(environment).items()))
    if not found:
        return f"{package} {version}: nothing changed"
    others = [name for one in found if (name := one.architecture.title) != found[0].architecture.title]
    also = "; also " + "; ".join(dict.fromkeys(others)) if others else ""
    return f"{package} {version}: {found[0]}{also}"


def accept(project: Project) -> list[str]:
    """Write into atlas.toml where each claim was refuted, and return what is expected otherwise than before.

    Where nothing current was observed, what stood there stays.
    """
    assert project.atlas is not None  # the command has asked
    file = project.atlas.folder / "atlas.toml"
    refuted: dict[str, list[str]] = {}
    different = []
    for cell in project.cells(project.atlas):
        verdict = _verdict(project, cell)
        if verdict == "refuted":
            refuted.setdefault(cell.claim.name, []).append(cell.environment.name)
        if verdict != cell.expected:
            different.append(f"{cell.name}: {cell.expected} -> {verdict}")
    _write(file, refuted)
    return different


def _verdict(project: Project, cell: Cell) -> str:
    judged = project.judge(cell)
    return judged.observed if judged.status in ("verified", "failing") and judged.observed else cell.expected


def _write(file: Path, refuted: dict[str, list[str]]) -> None:
    kept = file.read_text(encoding="utf-8").partition("[refuted]")[0].rstrip() + "\n"
    lines = [f'"{name}" = {json.dumps(sorted(places, key=_by_version))}\n' for name, places in sorted(refuted.items())]
    temporary = file.with_suffix(".tmp")
    temporary.write_text(kept + ("\n" + HEAD + "".join(lines) if lines else ""), encoding="utf-8")
    temporary.replace(file)


def _by_version(name: str) -> list[tuple[bool, int | str]]:
    return [(not part.isdigit(), int(part) if part.isdigit() else part) for part in name.replace("-", ".").split(".")]
