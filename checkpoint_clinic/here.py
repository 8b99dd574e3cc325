"""What the load atlas says of the versions that are installed and of a model: measured, how; or not measured, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from .atlas import CHIEF, Atlas, Measured, Way, nearest
from .config import Model
from .installed import Installed, Package
from .release import key

ORDER = ("silent", "error", "unknown", "not measured", "exact", "left out")  # what is silent comes first
WRONG = ("silent", "error", "unknown")
AGAINST = ("silent", "error", "exact", "unknown")  # with another release, whose lack of a class says little of the reader's


class Standing(IntEnum):
    """The exit status: every way that was asked of was measured exact; one was measured not to be; one was not measured."""

    EXACT, WRONG, NOT_MEASURED = 0, 1, 3


@dataclass(frozen=True)
class Reason:
    """Why nothing was measured of what is here: a key of the words `here why ...`, and what fills them in."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """Of one architecture in one way: what was measured, or why that is not this, and what was measured next to it."""

    way: Way
    measured: Measured | None = None
    reason: Reason | None = None
    near: tuple[Measured, ...] = ()
    asked: bool = True

    @property
    def outcome(self) -> str:
        """One of ORDER."""
        return self.measured.outcome if self.measured else "not measured" if self.asked else "left out"


@dataclass(frozen=True)
class Of:
    """An architecture of the atlas, and what is said of it; `apart`: why the model here is another one."""

    architecture: dict[str, Any]
    seen: tuple[Seen, ...]
    apart: Reason | None = None


@dataclass(frozen=True)
class Here:
    """The whole answer; `lacks`: what the atlas has no architecture for, `parts`: those of its nested configs that it has."""

    installed: Installed
    model: Model | None
    of: tuple[Of, ...]
    lacks: str = ""
    parts: tuple[str, ...] = ()
    ways: tuple[Way, ...] = field(default=())

    @property
    def standing(self) -> Standing:
        """What was measured not to be exact comes before what was not measured."""
        outcomes = {seen.outcome for of in self.of for seen in of.seen} - {"left out"}
        if outcomes & set(WRONG):
            return Standing.WRONG
        return Standing.EXACT if outcomes == {"exact"} else Standing.NOT_MEASURED


def answer(atlas: Atlas, installed: Installed, model: Model | None, asked: Sequence[str] = ()) -> Here:
    """Return what was measured in the ways that are asked of.

    Without `asked` it is each, but for a way whose packages are not installed, that was tried with some releases only, or that
    was tried with several others: which of them saved, or is to load, is not known here.
    """
    ways = tuple(way for way in atlas.ways if not asked or way.id in asked)
    found = list(_architectures(atlas, model))
    of = tuple(
        Of(one, tuple(_seen(atlas, one, way, installed, apart, bool(asked)) for way in ways), apart) for one, apart in found
    )
    if found or model is None:
        return Here(installed, model, of, ways=ways)
    parts = tuple(one["title"] for one in atlas.architectures if one["model_type"] in model.parts)
    return Here(installed, model, (), lacks=model.model_type or "?", parts=parts, ways=ways)


def _architectures(atlas: Atlas, model: Model | None) -> Iterator[tuple[dict[str, Any], Reason | None]]:
    """Yield the architectures of the model's type: those of its class, else all of them as neighbours. No model: all."""
    if model is None:
        yield from ((one, None) for one in atlas.architectures)
        return
    alike = [one for one in atlas.architectures if one["model_type"] == model.model_type]
    same = [one for one in alike if one.get("quantised", "") == model.quantised]
    alike = same or [one for one in alike if not one.get("quantised")]
    of_class = [one for one in alike if one["class"] in model.classes]
    for one in of_class or alike:
        apart = Reason("class", (one["class"], ", ".join(model.classes))) if model.classes and not of_class else None
        if model.quantised and not apart:
            apart = Reason("dequantised" if same else "quantised", (model.quantised,))
        yield one, apart


def _seen(
    atlas: Atlas, architecture: dict[str, Any], way: Way, installed: Installed, apart: Reason | None, named: bool
) -> Seen:
    cells = atlas.measured(architecture["id"], way)
    chief = installed.packages.get(CHIEF, Package(""))
    if missing := [name for name in way.packages if name not in installed.packages]:
        return Seen(way, reason=Reason("absent", (", ".join(missing),)), asked=named)
    if not cells:
        return Seen(way, reason=Reason("way"), asked=named)
    same = [one for one in cells if _equal(one.release, chief.version)]
    if not same and not named and not chief.note and (left_out := _elsewhere(atlas, way, chief.version, cells)):
        return Seen(way, reason=left_out, asked=False)
    reason = apart or _of_version(CHIEF, chief) or (None if same else _not_released(cells[-1].release, chief.version))
    fits = same
    for name in way.packages:
        package = installed.packages[name]
        exactly = [one for one in fits if _equal(one.beside[name], package.version)]
        reason = reason or _of_version(name, package)
        if fits and not exactly:
            measured = ", ".join(dict.fromkeys(one.beside[name] for one in fits))
            reason = reason or Reason("package", (name, measured, package.version))
        fits = exactly
    if not reason:
        if len(others := dict.fromkeys(one.against for one in fits)) > 1 and not named:
            return Seen(way, reason=Reason("others", (", ".join(others),)), asked=False)
        return Seen(way, measured=_worst(fits))
    around = nearest(chief.version, (one.release for one in cells))
    return Seen(way, reason=reason, near=tuple(same or (one for one in cells if one.release in around)))


def _elsewhere(atlas: Atlas, way: Way, version: str, cells: list[Measured]) -> Reason | None:
    """Return why a way has nothing to say of a release that was measured in others: it is a sample, or between two releases."""
    if all(_equal(one.against, version) for one in cells):
        return Reason("itself", (CHIEF, version))
    is_known = any(atlas.has(other, version) for other in atlas.ways)
    return Reason("sample", (CHIEF, version)) if is_known and not atlas.has(way, version) else None


def _worst(fits: Sequence[Measured]) -> Measured:
    """Return what was worst with any of the other releases, of the newest of them; a class that one has not is the least."""
    return max(enumerate(fits), key=lambda pair: (-AGAINST.index(pair[1].outcome), pair[0]))[1]


def _equal(one: str, other: str) -> bool:
    return key(one) is not None and key(one) == key(other)


def _of_version(name: str, package: Package) -> Reason | None:
    """Return what speaks against taking the number for the release of that number."""
    if not package.note:
        return None
    return Reason(package.note, (name, package.version, package.origin))


def _not_released(newest: str, version: str) -> Reason:
    newer = (key(version) or ()) > (key(newest) or ())
    return Reason("newer", (CHIEF, version, newest)) if newer else Reason("release", (CHIEF, version))
