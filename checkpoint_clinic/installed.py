"""Which versions are installed: asked of a Python, or read from what pip, uv, conda, transformers or a person wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import seen
from .release import kind
from .started import ask_python

SHOWN, MOST = 200, 2000  # characters of what somebody wrote: that are told, that are read of a line
_VERSION = r"v?\d+[.!]\d[A-Za-z0-9.!+_-]*"  # `transformers 5` says less than a release
_CALLED = {"torch": "(?:py)?torch", "deepspeed": "deep[ -]?speed"}  # as conda and people call it
_SAYS = re.compile(rf" *(?:===?|=|:|@)? *(?P<version>{_VERSION})(?P<more>[^,;#]*)")
_FROM = re.compile(r" *@ *(?P<url>\S+)")
_RANGE = re.compile(r" *(?:[<>~!]=?|={1,3}.*\*)")
_WHEEL = re.compile(rf"-(?P<version>{_VERSION}?)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl", re.ASCII)
_COMMIT = re.compile(r"git\+\S*?@(?P<commit>[0-9A-Za-z._/-]+)(?:#|$)")
_EDITABLE = re.compile(r"# Editable[^(]*\((?P<what>[^)]*)\)")
_EGG = re.compile(r"[#&]egg=(?P<name>[\w.-]+)")


@dataclass(frozen=True)
class Package:
    """A version, and why its number does not say which code it is: `note` is one of NOTES, `origin` what it speaks of."""

    version: str
    note: str = ""
    origin: str = ""


NOTES = ("dev", "local", "none", "several", "editable", "commit", "folder", "elsewhere")


@dataclass(frozen=True)
class Installed:
    """What was found; `python` and `python_version` are empty where it was read from a text."""

    packages: dict[str, Package] = field(default_factory=dict)
    python: str = ""
    python_version: str = ""


class NotRead(ValueError):
    """A text that does not say which versions are installed."""


def of_python(python: str | None, names: Iterable[str]) -> Installed:
    """Ask a Python by one process, started without what its user's settings would run; None: this one, without a process."""
    if python is None:
        found = seen.seen(names)
    else:
        status, printed = ask_python(python, ["-I", seen.__file__, *names])
        try:
            found = json.loads(printed.splitlines()[-1])
            found["packages"].items()
        except (ValueError, IndexError, KeyError, TypeError, AttributeError):
            raise NotRead(f"{python} did not say what is installed for it (exit status {status})") from None
    packages = {name: _noted(one) for name, one in found["packages"].items()}
    return Installed(packages, str(found.get("python", python)), str(found.get("version", "")))


def of_text(text: str, names: Iterable[str]) -> Installed:
    """Read `transformers 5.4.0, deepspeed 0.18.5`, pip freeze, pip list, also as JSON, pip show, conda list, transformers env.

    Raises:
        NotRead: if it gives one package two versions.
    """
    packages: dict[str, Package] = {}
    for name in names:
        found = list(dict.fromkeys([*_listed(text, name), *_lines(text, name)]))
        found = [one for one in found if one.version] or found
        if len({one.version for one in found}) > 1:
            raise NotRead(f"two versions of {name}: {', '.join(one.version for one in found)[:SHOWN]}. Give one of them.")
        if found:
            packages[name] = next((one for one in found if one.note), found[0])
    return Installed(packages)


def _made(version: str, note: str = "", origin: str = "") -> Package:
    """Return a package; what its number tells by itself is noted, too."""
    named = kind(version)
    return Package(version[:SHOWN], note or ("" if named in ("release", "pre") else named), origin[:SHOWN])


def _noted(one: dict[str, Any]) -> Package:
    """Return what `seen` found, with the note that says most."""
    versions = [str(version) for version in one.get("versions", ())]
    if len(versions) > 1:
        return Package(", ".join(versions)[:SHOWN], "several")
    version = versions[0] if versions else ""
    if one.get("module"):
        return _made(version, "elsewhere", str(one["module"]))
    if one.get("source"):
        return _made(version, "editable", str(one["source"]))
    note, origin = _origin(str(one.get("origin") or ""), str(one.get("installer") or ""))
    return _made(version, note, origin)


def _origin(recorded: str, installer: str) -> tuple[str, str]:
    """Return what direct_url.json says against a version's number; a wheel, and what conda built, are taken for the release."""
    try:
        noted = json.loads(recorded or "{}")
        url = str(noted.get("url", ""))
        commit, folder = noted.get("vcs_info") or {}, noted.get("dir_info")
        if commit:
            return "commit", str(commit.get("commit_id") or url)
        if folder and folder.get("editable"):
            return "editable", url
    except (ValueError, AttributeError, RecursionError):
        return "", ""
    return ("folder", url) if folder is not None and installer != "conda" else ("", "")


def _listed(text: str, name: str) -> Iterator[Package]:
    """Yield what JSON of pip list or conda list says."""
    if not text.lstrip().startswith("["):
        return
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return
    for row in rows:
        if isinstance(row, dict) and re.fullmatch(_CALLED.get(name, name), str(row.get("name")), re.IGNORECASE):
            place = row.get("editable_project_location")
            yield _made(str(row.get("version", "")), "editable" if place else "", str(place or ""))


def _lines(text: str, name: str) -> Iterator[Package]:
    called = _CALLED.get(name, re.escape(name))
    named = re.compile(
        rf"(?<![\w./@-])[`'\"]?(?:{called})[`'\"]?(?: *\[[\w, .-]*\])?(?: version\b)?(?: *\([^)]*\))?(?![\w-])", re.IGNORECASE
    )
    version = ""  # of `pip show`, whose lines belong together
    of_this = False
    for one in text.splitlines():
        line = " ".join(one.rstrip().removesuffix("\\").split())[:MOST]
        what, _, said = line.partition(":")
        if comment := _EDITABLE.match(line):
            yield from (_made(found.version, "editable") for found in _after(comment["what"], named))
        elif line.startswith(("-e ", "--editable ")):
            yield from _from_source(line, called)
        elif what == "Name":
            of_this, version = bool(re.fullmatch(called, said.strip(), re.IGNORECASE)), ""
        elif of_this and what == "Version":
            version = said.strip()
            yield _made(version)
        elif of_this and version and what == "Editable project location":
            yield _made(version, "editable", said.strip())
        elif not line.startswith("#"):
            yield from _after(line, named)


def _after(line: str, named: re.Pattern[str]) -> Iterator[Package]:
    """Yield what a line says behind a package's name."""
    for match in named.finditer(line):
        rest = line[match.end() :]
        if (place := _FROM.match(rest)) and "/" in place["url"]:
            yield _at(place["url"])
        elif _RANGE.match(rest):
            yield Package("", "range", (match[0] + rest)[:SHOWN])
        elif says := _SAYS.match(rest):
            folder = next((part for part in says["more"].split() if part.startswith("/") or part[1:3] == ":\\"), "")
            yield _made(says["version"].removeprefix("v").rstrip("."), "editable" if folder else "", folder)


def _at(url: str) -> Package:
    """Return what `NAME @ URL` says: a wheel's name has the version, a commit and a folder have none."""
    if wheel := _WHEEL.search(url):
        return _made(wheel["version"].replace("%2B", "+"))
    if commit := _COMMIT.search(url):
        return Package("", "commit", commit["commit"][:SHOWN])
    return Package("", "folder", url[:SHOWN])


def _from_source(line: str, called: str) -> Iterator[Package]:
    """Yield what `-e` says: git and a commit, or a folder that is named as the package is."""
    egg, commit = _EGG.search(line), _COMMIT.search(line)
    place = line.split(maxsplit=1)[1]
    name = egg["name"] if egg else Path(place.rstrip("/")).name
    if re.fullmatch(called, name, re.IGNORECASE):
        yield Package("", "commit" if commit else "editable", commit["commit"] if commit else place[:SHOWN])
