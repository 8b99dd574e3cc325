"""`clinic here` in words: what a terminal shows, and what `--json` prints."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from .answer import VERSION
from .atlas import CHIEF, Atlas, Measured
from .console import Line, line
from .here import ORDER, WRONG, Here, Of, Reason, Seen
from .words import Language, say

CALLED = {"deepspeed": "DeepSpeed", "peft": "PEFT"}
CHECK = "check_zero3_load.py"
SHOWN = 160  # characters of an error
WIDTH = 15  # of the outcome before a sentence
STYLE = {"silent": "yellow", "error": "bold", "unknown": "bold", "not measured": "bold"}


class Told:
    """An answer of `here` in one language.

    `python` is how its Python was named, for the commands at the end; `site` the address of the pages, if it is known.
    """

    def __init__(self, here: Here, atlas: Atlas, language: Language, python: str = "", site: str = "") -> None:
        self.here, self.atlas, self.language, self.site = here, atlas, language, site
        self.python = python or "python"

    def say(self, key: str, *values: object) -> str:
        """Return the words of a key that begins with `here `."""
        return say(self.language, f"here {key}", *values)

    def as_json(self) -> dict[str, Any]:
        """Return the answer with its sentences."""
        model = self.here.model
        return {
            "version": VERSION,
            "language": self.language,
            "status": int(self.here.standing),
            "installed": asdict(self.here.installed),
            "model": None if model is None else asdict(model),
            "architectures": [self._of(one) for one in self.here.of],
            "notes": list(self.notes()),
            "scope": self.scope(),
            "settle": list(self.settle()),
            "url": self.url(),
        }

    def lines(self) -> Iterator[Line]:
        """Yield what a terminal shows: what is silent first."""
        yield line(("dim", self.versions()))
        yield line()
        if self.here.model is None:
            yield line(self.say("all", len(self.here.of)))
            yield line()
            yield from self._by_way()
        else:
            for one in self.here.of:
                yield from self._architecture(one)
                yield line()
        for note in self.notes():
            yield line(note)
        if scope := self.scope():
            yield line(("dim", scope))
        yield line(self.say("settle"))
        yield from (line("  ", ("bold", command)) for command in self.settle())
        if self.site:
            yield line(("dim", say(self.language, "read on", self.url())))

    def url(self) -> str:
        """Return where the whole atlas can be read; empty if that is not known."""
        return f"{self.site.rstrip('/')}/atlas/" if self.site else ""

    def versions(self) -> str:
        """Return what was found installed, and who said so."""
        installed = self.here.installed
        found = self.say("comma").join(
            f"{CALLED.get(name, name)} {one.version or '?'}"
            for name, one in installed.packages.items()
            if name in self._chief()
        )
        if not installed.python:
            return self.say("versions text", found)
        return self.say("versions python", found, installed.python, installed.python_version)

    def notes(self) -> Iterator[str]:
        """Yield what has to be said beside the outcomes."""
        here, model = self.here, self.here.model
        if not here.installed.python and not here.installed.packages[CHIEF].version:
            yield self.say("no number")
        if model is None:
            return
        if not here.of:
            yield self.say("lacks", here.lacks) if model.model_type else self.say("no type")
            if here.parts:
                yield self.say("parts", self.say("comma").join(here.parts))
            titles = [one["title"] for one in self.atlas.architectures]
            yield self.say("has", self.say("list").join(dict.fromkeys(titles)))
        if len(here.of) > 1 and not here.of[0].apart:
            yield self.say("layouts")
        if here.of and not model.classes and model.folder:
            yield self.say("no name", self.say("comma").join(dict.fromkeys(one.architecture["class"] for one in here.of)))
        if model.own_code:
            yield self.say("own code")

    def scope(self) -> str:
        """Return of what all this was measured, once."""
        cells = [one for of in self.here.of for seen in of.seen for one in ([seen.measured] if seen.measured else seen.near)]
        if not cells:
            return ""
        devices = dict.fromkeys(self.say(f"device {one.environment['device']}") for one in cells)
        torches = list(dict.fromkeys(one.environment["packages"].get("torch", "?") for one in cells))
        torch = f"torch {self.say('comma').join(torches)}"
        mine = self.here.installed.packages.get("torch")
        if mine and mine.version.partition("+")[0] not in torches:
            torch = self.say("torch", torch, mine.version)
        return self.say("scope", self.say("comma").join(devices), torch, max(str(one.cell["recorded"]) for one in cells))

    def settle(self) -> Iterator[str]:
        """Yield the commands that decide it for the reader's own model."""
        folder = shlex.quote((self.here.model.folder if self.here.model else "") or "path/to/model")
        python = shlex.quote(self.python)
        zero3 = [seen for of in self.here.of for seen in of.seen if "deepspeed" in seen.way.packages]
        if any(seen.asked for seen in zero3) or (not self.here.of and "deepspeed" in self.here.installed.packages):
            yield f"uvx checkpoint-clinic snippet {CHECK} -o {CHECK} && {python} {CHECK} {folder}"
        else:
            yield f"uvx checkpoint-clinic verify --python {python} --model {folder}"

    def sentence(self, one: Measured) -> str:
        """Return what was measured, without the outcome's own word."""
        cell = one.cell
        if one.outcome == "silent":
            said = self.say("differ", cell["differ"], cell["of"]) if cell.get("differ") else self.say("unused", cell["unused"])
        elif one.outcome == "error":
            said = self.say("stops", _short(str(cell.get("words", "")).removeprefix("error:").strip()))
        elif one.outcome == "unknown":
            said = self.say("no class", one.release, _short(str(cell.get("words", "")).partition(":")[2].strip()))
        else:
            said = self.say("renamed", cell["renamed"]) if cell.get("renamed") else ""
        return said

    def why(self, reason: Reason) -> str:
        """Return why what was measured is not what is here."""
        return self.say(f"why {reason.name}", *(CALLED.get(value, value) or "?" for value in reason.values))

    def _chief(self) -> set[str]:
        return {"transformers", *(name for way in self.here.ways for name in way.packages)}

    def _of(self, of: Of) -> dict[str, Any]:
        one = {key: of.architecture[key] for key in ("id", "title", "model_type", "class")}
        return {**one, "words": of.architecture["words"][self.language], "ways": [self._way(seen) for seen in of.seen]}

    def _way(self, seen: Seen) -> dict[str, Any]:
        value = {"way": seen.way.id, "words": seen.way.words[self.language], "outcome": seen.outcome}
        if seen.measured:
            return {**value, **self._cell(seen.measured)}
        assert seen.reason
        return {
            **value,
            "reason": seen.reason.name,
            "said": self.why(seen.reason),
            "near": [{"outcome": one.outcome, **self._cell(one)} for one in seen.near],
        }

    def _cell(self, one: Measured) -> dict[str, Any]:
        kept = {name: one.cell[name] for name in ("differ", "of", "unused", "renamed", "recorded") if name in one.cell}
        return {
            "said": self.sentence(one),
            **kept,
            "seen": one.cell.get("words", ""),
            "environment": one.environment["name"],
            "transformers": one.release,
            "against": one.against,
            "packages": dict(one.beside),
        }

    def _architecture(self, of: Of) -> Iterator[Line]:
        one = of.architecture
        yield line(("bold", one["title"]), ("dim", f"  {one['model_type']}, {one['class']}: {one['words'][self.language]}"))
        for outcome in ORDER:
            found = [seen for seen in of.seen if seen.outcome == outcome]
            if not found:
                continue
            if outcome in WRONG:
                for seen in found:
                    assert seen.measured
                    yield self._row(outcome, self.say("colon", self._named(seen), self.sentence(seen.measured)))
            elif outcome == "exact":
                for sentence, ways in _grouped(found, lambda seen: self.sentence(seen.measured)):
                    names = self.say("list").join(map(self._named, ways))
                    yield self._row(outcome, self.say("colon", names, sentence) if sentence else names)
            else:
                yield from self._unmeasured(outcome, found)

    def _row(self, outcome: str, text: str) -> Line:
        word = self.say(outcome)
        space = max(1, WIDTH - sum(2 if one > "\u2e7f" else 1 for one in word))
        return line("  ", (STYLE.get(outcome, ""), word), " " * space, text)

    def _named(self, seen: Seen) -> str:
        """Return the way's words, with the other release where there are two."""
        words = seen.way.words[self.language]
        return self.say("against", words, seen.measured.against) if seen.measured and seen.measured.against else words

    def _unmeasured(self, outcome: str, found: list[Seen]) -> Iterator[Line]:
        """Yield a row for each reason, and below it what was measured next to it."""
        for reason, ways in _grouped(found, lambda seen: seen.reason):
            assert reason
            names = self.say("list").join(seen.way.words[self.language] for seen in ways)
            yield self._row(outcome, self.say("colon", names, self.why(reason)))
            near = [(one, seen) for seen in ways for one in seen.near]
            if outcome == "not measured" and near:
                yield line(" " * (WIDTH + 2), ("dim", self.say("near")))
                yield from self._near(near)

    def _near(self, near: list[tuple[Measured, Seen]]) -> Iterator[Line]:
        for release, ones in _grouped(near, lambda pair: pair[0].release):
            told = []
            for outcome in ORDER:
                found = [pair for pair in ones if pair[0].outcome == outcome]
                alike = _grouped(found, lambda pair: (pair[1].way.id, self._count(pair[0]), pair[0].against))
                if ways := [self._briefly(same[0][1], [one for one, _ in same]) for _, same in alike]:
                    told.append(self.say("colon", self.say(outcome), self.say("list").join(ways)))
            yield line(" " * (WIDTH + 4), f"transformers {release}  ", self.say("stop").join(told))

    def _briefly(self, seen: Seen, alike: list[Measured]) -> str:
        """Return a way, how much was wrong in it, and with which packages that was measured."""
        comma, first = self.say("comma"), alike[0]
        versions = {name: comma.join(dict.fromkeys(one.beside[name] for one in alike)) for name in first.beside}
        beside = [f"{CALLED.get(name, name)} {told}" for name, told in versions.items()]
        facts = comma.join(filter(None, [self._count(first), *beside, first.against]))
        words = seen.way.words[self.language]
        return self.say("brackets", words, facts) if facts else words

    def _count(self, one: Measured) -> str:
        return self.say("of", one.cell["differ"], one.cell["of"]) if one.cell.get("differ") else ""

    def _by_way(self) -> Iterator[Line]:
        """Yield which architectures are silent, stop, are not known, are exact; ways in which all are alike, together."""
        ways = list(_grouped(range(len(self.here.ways)), self._alike))
        for _, numbers in sorted(ways, key=lambda group: -sum(of.seen[group[1][0]].outcome == "silent" for of in self.here.of)):
            yield line(("bold", self.say("list").join(self._named(self.here.of[0].seen[number]) for number in numbers)))
            of_way = [(of, of.seen[numbers[0]]) for of in self.here.of]
            for outcome in ORDER:
                found = [(of, seen) for of, seen in of_way if seen.outcome == outcome]
                if found and outcome in ("not measured", "left out"):
                    for reason, ones in _grouped(found, lambda pair: pair[1].reason):
                        assert reason
                        names = self._names(ones) if len(ones) < len(of_way) else ""
                        yield self._row(outcome, self.say("colon", self.why(reason), names) if names else self.why(reason))
                        yield from self._near_all([(of, one) for of, seen in ones for one in seen.near])
                elif found:
                    yield self._row(outcome, self._names(found))
            yield line()

    def _alike(self, number: int) -> tuple[Any, ...]:
        """Return what two ways have in common that are told as one."""
        seen = [of.seen[number] for of in self.here.of]
        return tuple(
            (one.outcome, one.reason, self._count(one.measured) if one.measured else "", tuple(map(self._of_near, one.near)))
            for one in seen
        )

    def _of_near(self, one: Measured) -> tuple[str, ...]:
        return one.release, one.outcome, self._count(one)

    def _near_all(self, near: list[tuple[Of, Measured]]) -> Iterator[Line]:
        if near:
            yield line(" " * (WIDTH + 2), ("dim", self.say("near")))
        for versions, ones in _grouped(near, lambda pair: (pair[1].release, *pair[1].beside.items())):
            told = []
            for outcome in WRONG:
                if found := [(of, one) for of, one in ones if one.outcome == outcome]:
                    told.append(self.say("colon", self.say(outcome), self.say("list").join(map(self._one, found))))
            if exact := [of for of, one in ones if one.outcome == "exact"]:
                told.append(self.say("colon", self.say("exact"), len(exact)))
            release = [f"transformers {versions[0]}", *(f"{CALLED.get(name, name)} {one}" for name, one in versions[1:])]
            yield line(" " * (WIDTH + 4), f"{self.say('comma').join(release)}  ", self.say("stop").join(told))

    def _names(self, found: list[tuple[Of, Seen]]) -> str:
        return self.say("list").join(self._one((of, seen.measured)) for of, seen in found)

    def _one(self, pair: tuple[Of, Measured | None]) -> str:
        of, measured = pair
        count = self._count(measured) if measured else ""
        return self.say("brackets", of.architecture["title"], count) if count else str(of.architecture["title"])


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _grouped(found: Iterable[Any], what: Callable[[Any], Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield what is the same of several, in the order of the first, with those that have it."""
    groups: dict[Any, list[Any]] = {}
    for one in found:
        groups.setdefault(what(one), []).append(one)
    yield from groups.items()
