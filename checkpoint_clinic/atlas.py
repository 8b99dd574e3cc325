"""The load atlas: what was measured of an architecture, in a way of loading, with a release (`atlas` of schema.json)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .release import key

Cell = Mapping[str, Any]
CHIEF = "transformers"
OTHER = "other"  # the axis of a second release of it


@dataclass(frozen=True)
class Way:
    """A way in which weights travel; another version of one of `packages` than the measured is not measured."""

    id: str
    words: Mapping[str, str]
    packages: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """A cell with its environment: the release it speaks of, and the packages beside it that take part."""

    cell: Cell
    environment: Mapping[str, Any]
    release: str
    against: str  # the other release, where weights travel between two; the reader's is `release`
    beside: Mapping[str, str]

    @property
    def outcome(self) -> str:
        """`exact`, `silent`, `error`, `unknown`."""
        return str(self.cell["outcome"])


class Atlas:
    """The data, by architecture and way. Cells that the package has packed name several environments, by their numbers."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.architectures: list[dict[str, Any]] = list(data["architectures"])
        self.newest: Mapping[str, Mapping[str, str]] = data["newest"]
        self._environments = {one["name"]: one for one in data["environments"]}
        self._names = list(self._environments)
        self._cells: list[Cell] = list(data["cells"])
        self.ways = [Way(one["id"], one["words"], tuple(one["packages"]), tuple(one["environments"])) for one in data["ways"]]

    @cached_property
    def packages(self) -> list[str]:
        """The packages whose versions decide, and torch, which is told."""
        return list(dict.fromkeys([CHIEF, *(name for way in self.ways for name in way.packages), "torch"]))

    def has(self, way: Way, release: str) -> bool:
        """Whether a way was measured with a release at all."""
        places = (self._environments[name] for name in way.environments)
        return any(key(one["varies"].get(CHIEF, "")) == key(release) for one in places)

    def measured(self, architecture: str, way: Way) -> list[Measured]:
        """Return what was measured of an architecture in a way, in the order of the releases."""
        found = [self._measured(cell, name, way) for cell, name in self._of.get((architecture, way.id), ())]
        return sorted(found, key=_order)

    @cached_property
    def _of(self) -> dict[tuple[str, str], list[tuple[Cell, str]]]:
        found: dict[tuple[str, str], list[tuple[Cell, str]]] = {}
        for cell in self._cells:
            numbers = cell.get("environments")
            names = [cell["environment"]] if numbers is None else [self._names[number] for number in numbers]
            found.setdefault((cell["architecture"], cell["way"]), []).extend((cell, name) for name in names)
        return found

    def _measured(self, cell: Cell, name: str, way: Way) -> Measured:
        environment = self._environments[name]
        varies, packages = environment["varies"], environment["packages"]
        return Measured(
            cell=cell,
            environment=environment,
            release=varies.get(CHIEF) or packages.get(CHIEF, ""),
            against=varies.get(OTHER, ""),
            beside={name: packages.get(name, "") for name in way.packages},
        )


def _order(one: Measured) -> tuple[Any, ...]:
    return key(one.release) or (), key(one.against) or (), *(key(version) or () for version in one.beside.values())


def packed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same data smaller: cells that differ only in environment and day are one, with numbers of environments."""
    numbers = {one["name"]: number for number, one in enumerate(data["environments"])}
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell in data["cells"]:
        same = {name: value for name, value in cell.items() if name not in ("environment", "recorded")}
        one = cells.setdefault(tuple(same.items()), {**same, "environments": [], "recorded": ""})
        one["environments"].append(numbers[cell["environment"]])
        one["recorded"] = max(one["recorded"], cell["recorded"])
    return {**data, "cells": list(cells.values())}


def nearest(asked: str, releases: Iterable[str]) -> list[str]:
    """Return the release that comes before a version and the one behind it, and what the same number stands for itself."""
    wanted = key(asked)
    if wanted is None:
        return []
    known = {found: one for one in releases if (found := key(one))}
    below = max((found for found in known if found < wanted), default=None)
    above = min((found for found in known if found > wanted), default=None)
    return [known[found] for found in (below, wanted, above) if found in known]
