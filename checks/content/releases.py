"""checks/releases.toml: the newest release of each package that is known, and the day on which that was looked up.

A site is built without a network, and nothing here is required: without the file no release is said to be unmeasured.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import tomllib
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, RootModel, ValidationError

from .article import Strict
from .problem import Invalid, Problem, from_validation

FILE = "checks/releases.toml"
_TOP = "# The newest release of each package, as `clinic releases` found it: a page says which of them was not measured.\n"


def _version(text: str) -> str:
    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError("a version") from error
    return text


class Release(Strict):
    """The newest release of a package on the day on which it was looked up."""

    newest: Annotated[str, AfterValidator(_version)]
    seen: date


class _Toml(RootModel[dict[str, Release]]):
    """Package -> release."""


def load_releases(root: Path) -> dict[str, Release]:
    """Return package -> its newest known release; nothing if the file does not exist.

    Raises:
        Invalid: with every problem of the file.
    """
    path = root / FILE
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        found = _Toml.model_validate(tomllib.loads(text)).root
    except tomllib.TOMLDecodeError as error:
        raise Invalid([Problem(FILE, 1, "TOML", str(error), f"correct the syntax of {FILE}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, FILE, text)) from error
    return {canonicalize_name(name): one for name, one in found.items()}


def write_releases(root: Path, releases: dict[str, Release]) -> Path:
    """Write the file, its packages in order."""
    tables = [f'[{name}]\nnewest = "{one.newest}"\nseen = {one.seen}\n' for name, one in sorted(releases.items())]
    (root / FILE).write_text("\n".join([_TOP, *tables]), encoding="utf-8")
    return root / FILE
