"""The page of environments: an entry for each folder; those of a family lie folded in it, each with its own anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from packaging.version import Version

from ..content.environment import Environment
from ..decide.plan import Cell
from .badges import tally
from .render import Child, Pages, element

SHOWN = 4  # requirements that are named; the lock has them all
FEW = 3  # versions that are listed and not given as a range


def environments(pages: Pages) -> Element:
    """Return the environments that decide a cell or carry one that does."""
    cells: dict[str, list[Cell]] = {}
    for cell in pages.project.cells():
        cells.setdefault(cell.environment.name, []).append(cell)
    used = {layer.name for name in cells for layer in pages.project.environments[name].layers}
    chosen = sorted((pages.project.environments[name] for name in used), key=lambda one: (one.folder.name, _order(one)))
    families = [list(members) for _, members in groupby(chosen, key=lambda one: one.folder.name)]
    return element("ul.clinic-environments", *(_entry(pages, members, cells) for members in families))


def _order(one: Environment) -> list[Version]:
    return [Version(version) for version in one.versions]


def _entry(pages: Pages, members: Sequence[Environment], cells: Mapping[str, Sequence[Cell]]) -> Element:
    first = members[0]
    note = getattr(first.toml.note, pages.language) if first.toml.note else ""
    facts: list[Child] = [", ".join(_facts(pages, members))]
    parts: list[Child]
    if len(members) > 1:
        label = pages.say("env members", len(members))
        items = [element("li", *_one(pages, member, cells)) for member in members]
        parts = [_name(first.folder.name), " ", _status(pages, members, cells)]
        fold = element("details", element("summary", label), element("ul", *items))
    else:
        parts, fold = _one(pages, first, cells), None
    return element("li", element("p", *parts), element("p.clinic-facts", *facts), element("p", note) if note else None, fold)


def _one(pages: Pages, one: Environment, cells: Mapping[str, Sequence[Cell]]) -> list[Child]:
    """Return an environment's name, which links lead to, its status and its locks."""
    parts: list[Child] = [_name(one.name), " ", _status(pages, [one], cells)]
    for local in (False, True) if one.toml.local_builds else (False,):
        if one.lock(local).is_file():
            name = one.lock(local).name
            parts += [" ", element("a", name, href=f"{pages.top}environments/{one.folder.name}/{name}")]
    return parts


def _name(name: str) -> Element:
    return element("code", name, id=name)


def _status(pages: Pages, members: Sequence[Environment], cells: Mapping[str, Sequence[Cell]]) -> Child:
    own = [cell for member in members for cell in cells.get(member.name, ())]
    counted = tally(pages.project, own)
    return pages.chip(counted.worst, counted.text(pages.language)) if own else pages.say("env base only")


def _facts(pages: Pages, members: Sequence[Environment]) -> list[str]:
    """Return Python, device, the versions of each axis, what all members require alike, and what they lie on."""
    first = members[0]
    python = pages.say("system python") if first.python == "system" else first.python
    alike = [text for text in first.toml.requires if all(text in member.toml.requires for member in members)]
    axes = [
        _versions(pages, axis, sorted({member.versions[number] for member in members}, key=Version))
        for number, axis in enumerate(first.toml.axes)
    ]
    more = ["…"] if len(alike) > SHOWN else []
    bases = sorted({member.base.name for member in members if member.base})
    base = [pages.say("base", bases[0] if len(bases) == 1 else first.base.folder.name)] if bases and first.base else []
    return [f"Python {python}", first.device, *axes, *alike[:SHOWN], *more, *base]


def _versions(pages: Pages, axis: str, versions: Sequence[str]) -> str:
    if len(versions) <= FEW:
        return f"{axis} {pages.say('env comma').join(versions)}"
    return f"{axis} {pages.say('env range', versions[0], versions[-1])}"
