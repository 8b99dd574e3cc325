"""An environment as its folder states it: environment.toml, its hashed locks, the layers that it stands on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import tomllib
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from .problem import Invalid, Problem, from_validation, line_of, relative

LOCK, LOCAL_LOCK = "lock.txt", "lock.local.txt"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_ENTRY = re.compile(_PIN.pattern + r"(?:[^\n\\]|\\\n)*\n?", re.MULTILINE)  # a line that ends in \ goes on
_PLACE = re.compile(r"\{(\w[\w.-]*)\}")  # where a family's version goes
_COMMIT = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*) @ git\+(?P<source>https://\S+)@(?P<commit>[0-9a-f]{40})$", re.MULTILINE)
_PULL = re.compile(r"@pull/\d+$")  # of a requirement: the commit by which a pull request was merged
_HEADER = re.compile(r"\A# for (?P<key>[0-9a-f]{64})$", re.MULTILINE)


def _requirement(text: str) -> str:
    try:
        Requirement(_PLACE.sub("0", text))
    except InvalidRequirement as error:
        raise ValueError(f"a requirement such as torch==2.6.0 ({str(error).splitlines()[0]})") from error
    return text


_Requirement = Annotated[str, AfterValidator(_requirement)]


class Note(BaseModel):
    """How an environment differs from what the articles name, in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    en: str
    zh: str


class _Toml(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    python: Annotated[str, Field(pattern=r"^(3\.\d+|system)$")]
    device: Literal["cpu", "cuda"]
    base: str | None = None
    axes: tuple[str, ...] = ()
    requires: tuple[_Requirement, ...] = ()
    replaces: tuple[str, ...] = ()
    dependencies: bool = True
    omits: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    local_builds: tuple[_Requirement, ...] = ()
    build_isolation: bool = True
    build_variables: dict[str, str] = {}
    variables: dict[str, str] = {}
    prelude: str | None = None
    note: Note | None = None


@dataclass(frozen=True)
class Environment:
    """Exact Python, packages, device and variables; `base` is the layer below, or None."""

    name: str
    folder: Path
    toml: _Toml
    base: Environment | None
    versions: tuple[str, ...] = ()  # one for each axis, if it belongs to a family

    @cached_property
    def layers(self) -> tuple[Environment, ...]:
        """The layers from the lowest to this one."""
        return (*(self.base.layers if self.base else ()), self)

    @property
    def python(self) -> str:
        """The minor version, such as 3.11, or `system`."""
        return self.toml.python

    @property
    def device(self) -> str:
        """`cpu` or `cuda`."""
        return self.toml.device

    @cached_property
    def variables(self) -> dict[str, str]:
        """Variables set while a check runs, those of the layers below included."""
        return {name: value for layer in self.layers for name, value in layer.toml.variables.items()}

    @cached_property
    def chief_packages(self) -> frozenset[str]:
        """The packages that a page names: the first few that each layer requires, and the machine's own."""
        named = {Requirement(text).name for layer in self.layers for text in (*layer.toml.requires[:4], *layer.toml.system)}
        return frozenset(canonicalize_name(name) for name in named)

    @cached_property
    def of_pull_requests(self) -> tuple[str, ...]:
        """The packages that this layer takes from the commit by which a pull request was merged."""
        asked = [Requirement(text) for text in self.toml.requires if "@pull/" in text]
        return tuple(canonicalize_name(one.name) for one in asked if pull_request(one))

    @property
    def preludes(self) -> tuple[Path, ...]:
        """Files executed before a check module: reconstructions, named as such wherever they are shown."""
        return tuple(layer.folder / layer.toml.prelude for layer in self.layers if layer.toml.prelude)

    @property
    def subjects(self) -> tuple[Path, ...]:
        """Every file that states what this environment is."""
        files = [file for layer in self.layers for file in (layer.folder / "environment.toml", layer.lock(), layer.lock(True))]
        return tuple(file for file in dict.fromkeys(files) if file.is_file()) + self.preludes

    def lock(self, local: bool = False) -> Path:
        """Return this layer's own lock; the local one pins builds that only pip's find-links knows."""
        name = LOCAL_LOCK if local and self.toml.local_builds else LOCK
        return self.folder / (name.removesuffix("txt") + "+".join(self.versions) + ".txt" if self.versions else name)

    @cached_property
    def is_locked(self) -> bool:
        """Whether this layer had a lock when that was first asked for."""
        return self.lock().is_file()

    @cached_property
    def from_git(self) -> tuple[str, ...]:
        """What this layer's lock takes from git, as it was when it was first asked for."""
        return split_lock(self.lock().read_text(encoding="utf-8"))[1] if self.is_locked else ()

    def pins(self, local: bool = False) -> dict[str, str]:
        """Return package -> version of all layers; an upper layer's pin hides a lower one's, as its folder does."""
        return {name: version for layer in self.layers for name, version in read_pins(layer.lock(local)).items()}

    @cached_property
    def pinned(self) -> dict[bool, dict[str, str]]:
        """The pins without and with local builds, as they were when they were first asked for."""
        return {local: self.pins(local) for local in (False, True)}

    @cached_property
    def lock_key(self) -> str:
        """The digest of everything that this layer's lock is resolved from."""
        toml = self.toml
        facts = [toml.python, toml.requires, toml.dependencies, toml.omits, toml.system, toml.local_builds]
        facts += [toml.replaces] if toml.replaces else []
        below = [layer.lock().read_text(encoding="utf-8") for layer in self.layers[:-1] if layer.lock().is_file()]
        return hashlib.sha256(json.dumps([*facts, below]).encode()).hexdigest()


def read_pins(lock: Path) -> dict[str, str]:
    """Return package -> version, as a hashed requirements file pins them; nothing if the file does not exist."""
    return dict(_read_pins(lock, lock.stat().st_mtime_ns)) if lock.is_file() else {}


@lru_cache(maxsize=4096)
def _read_pins(lock: Path, _modified: int) -> dict[str, str]:
    text = lock.read_text(encoding="utf-8", errors="replace")
    return {canonicalize_name(pin["name"]): pin["version"] for pin in _PIN.finditer(text)}


def read_commits(lock: Path) -> dict[str, tuple[str, str]]:
    """Return package -> (its source repository, the full commit) of what a lock takes from git; no file, nothing."""
    text = lock.read_text(encoding="utf-8", errors="replace") if lock.is_file() else ""
    return {canonicalize_name(found["name"]): (found["source"], found["commit"]) for found in _COMMIT.finditer(text)}


@lru_cache(maxsize=1024)
def split_lock(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a lock's hashed pins, and what it takes from git: a full commit is a digest itself, and has no other one."""
    return _COMMIT.sub("", text), tuple(found[0] for found in _COMMIT.finditer(text))


@dataclass(frozen=True)
class Entry:
    """A pin of a lock as it is written, its hashes below it."""

    name: str  # canonical
    version: str
    text: str

    @property
    def pin(self) -> str:
        """`name==version`."""
        return f"{self.name}=={self.version}"

    @property
    def digests(self) -> list[str]:
        """The SHA-256 of each file that the lock allows."""
        return re.findall(r"--hash=sha256:([0-9a-f]{64})", self.text)


def lock_entries(text: str) -> list[Entry]:
    """Return the hashed pins of a lock."""
    return [Entry(canonicalize_name(found["name"]), found["version"], found[0]) for found in _ENTRY.finditer(text)]


def pull_request(requirement: Requirement) -> tuple[str, str] | None:
    """Return the source repository and the number, if a requirement asks for a merged pull request: `@pull/NUMBER`."""
    if not requirement.url or not _PULL.search(requirement.url):
        return None
    source, _, number = requirement.url.removeprefix("git+").rpartition("@pull/")
    return source, number


def awaits_commit(environment: Environment) -> bool:
    """Whether a layer asks for a pull request whose commit is not recorded yet: it can only be asked for, by `clinic lock`."""
    return any(name not in read_commits(layer.lock()) for layer in environment.layers for name in layer.of_pull_requests)


def load_environments(folder: Path, root: Path) -> dict[str, Environment]:
    """Read every environment below `folder`.

    Raises:
        Invalid: with the problems of all of them.
    """
    tomls: dict[str, _Toml] = {}
    places: dict[str, tuple[str, tuple[str, ...]]] = {}  # environment -> its folder, its versions
    problems: list[Problem] = []
    for file in sorted(folder.glob("*/environment.toml")):
        try:
            for versions, toml in _members(_read(file, root), file.parent):
                name = "-".join((file.parent.name, *versions))
                tomls[name], places[name] = toml, (file.parent.name, versions)
        except Invalid as error:
            problems.extend(error.problems)
    environments: dict[str, Environment] = {}
    folders = {name: folder / place for name, (place, _) in places.items()}
    for name in tomls:
        for layer in reversed(_bases(name, tomls, folders, root, problems)):
            _, versions = places[layer]
            base = environments.get(tomls[layer].base or "")
            environments.setdefault(layer, Environment(layer, folders[layer], tomls[layer], base, versions))
    if problems:
        raise Invalid(problems)
    return environments


def add_member(folder: Path, versions: tuple[str, ...], root: Path) -> str:
    """Make a family's environment for these versions known, by an empty lock that is to be written, and return its name.

    Raises:
        Invalid: if the folder is no family, or has another number of axes.
    """
    toml = _read(folder / "environment.toml", root)
    if len(toml.axes) != len(versions):
        expected = f"a version for each axis of {folder.name}: {', '.join(toml.axes) or 'it has none'}"
        raise Invalid([Problem("command line", 1, expected, "+".join(versions), f"run: clinic lock {folder.name}=VERSION")])
    lock = folder / f"lock.{'+'.join(versions)}.txt"
    lock.touch()
    return "-".join((folder.name, *versions))


def _members(toml: _Toml, folder: Path) -> Iterator[tuple[tuple[str, ...], _Toml]]:
    """Yield (versions, toml) of each environment of a folder: one, or one for each lock of a family."""
    if not toml.axes:
        yield (), toml
        return
    for lock in sorted(folder.glob("lock.*.txt")):
        versions = tuple(lock.name.removeprefix("lock.").removesuffix(".txt").split("+"))
        if len(versions) == len(toml.axes):
            filled = dict(zip(toml.axes, versions, strict=True))
            requires = tuple(_PLACE.sub(lambda place: filled.get(place[1], place[0]), text) for text in toml.requires)  # noqa: B023
            base = _PLACE.sub(lambda place: filled.get(place[1], place[0]), toml.base or "") or None  # noqa: B023
            yield versions, toml.model_copy(update={"requires": requires, "base": base})


def _read(file: Path, root: Path) -> _Toml:
    name, text = relative(file, root), file.read_text(encoding="utf-8", errors="replace")
    try:
        toml = _Toml.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else 1
        raise Invalid([Problem(name, line, "TOML", str(error), f"correct the syntax of {name}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, name, text)) from error
    if toml.prelude and not (file.parent / toml.prelude).is_file():
        raise Invalid(
            [
                Problem(
                    name,
                    line_of(text, "prelude"),
                    f"a file {toml.prelude} beside it",
                    "none",
                    "write it, or remove prelude",
                )
            ]
        )
    return toml


def _bases(name: str, tomls: dict[str, _Toml], places: dict[str, Path], root: Path, problems: list[Problem]) -> list[str]:
    """Return the chain from `name` down to its lowest layer; empty, with a problem, if it leads nowhere."""
    chain = [name]
    while base := tomls[chain[-1]].base:
        file = places[chain[-1]] / "environment.toml"
        if base in tomls and base not in chain:
            chain.append(base)
            continue
        line = line_of(file.read_text(encoding="utf-8"), "base")
        if base not in tomls:
            known = ", ".join(sorted(tomls))
            problems.append(
                Problem(relative(file, root), line, "the name of an environment as base", base, f"name one of: {known}")
            )
            return []
        circle = " -> ".join([*chain, base])
        problems.append(Problem(relative(file, root), line, "a base below this environment", circle, "break the circle"))
        return []
    return chain


def lock_problems(environment: Environment, root: Path) -> list[Problem]:
    """Return what makes a layer's locks unfit for its environment.toml; offline, from the files alone."""
    problems = []
    repair = f"run: clinic lock {environment.name}"
    for local in (False, True) if environment.toml.local_builds else (False,):
        lock = environment.lock(local)
        file = relative(lock, root)
        if not lock.is_file():
            problems.append(Problem(file, 1, "a hashed lock of the environment", "no such file", repair))
            continue
        text = lock.read_text(encoding="utf-8", errors="replace")
        header = _HEADER.match(text)
        if not header or header["key"] != environment.lock_key:
            problems.append(
                Problem(file, 1, "a lock made for this environment.toml and its base", "one made for another", repair)
            )
        problems += _unhashed(text, file, repair)
        pins, commits = read_pins(lock), read_commits(lock)
        for requirement in map(Requirement, environment.toml.requires):
            if awaits_commit(environment):
                continue
            if pull := pull_request(requirement):
                source, _ = commits.pop(canonicalize_name(requirement.name), ("", ""))
                if source != pull[0]:
                    problems.append(Problem(file, 1, f"{requirement} by its full commit", source or "none", repair))
                text = _COMMIT.sub("", text) if source == pull[0] else text
                continue
            pin = pins.get(canonicalize_name(requirement.name))
            if pin is None or not requirement.specifier.contains(Version(pin), prereleases=True):
                problems.append(
                    Problem(file, line_of(text, f"{requirement.name}=="), str(requirement), pin or "no pin of it", repair)
                )
        if found := re.search(r"\w+://\S+|^ *--?(?!hash=)[a-z].*$", text, re.MULTILINE):
            line = text.count("\n", 0, found.start()) + 1
            problems.append(Problem(file, line, "pins and hashes alone, no address and no option", found[0].strip(), repair))
    return problems


def _unhashed(text: str, file: str, repair: str) -> list[Problem]:
    problems = []
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if _PIN.match(line) and "--hash=sha256:" not in line + "".join(lines[number : number + 1]):
            problems.append(Problem(file, number, "a pin with its hashes", line.strip(), repair))
    return problems
