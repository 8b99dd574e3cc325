"""vectors.toml, beside each article: pasted texts and their right answers; and the reports that nothing answers yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import tomllib
from pydantic import Field, ValidationError

from checkpoint_clinic.words import Language

from .article import Article, Https, Strict
from .problem import Invalid, Problem, from_validation, relative

T = TypeVar("T", bound=Strict)
UNANSWERED = "checks/unanswered.toml"
LEAST = 15  # texts that must match, and as many that must not


class Text(Strict):
    """A pasted text. `captured` holds the variable parts to find, `count` how often the message occurs in it."""

    name: str
    text: str
    captured: dict[str, str] = Field(default_factory=dict)
    count: int | None = None
    means: str | None = None  # how the look-alike's English sentence begins
    source: Https | None = None  # the public report that it comes from


class Query(Strict):
    """A question in words."""

    language: Language
    text: str


class Vectors(Strict):
    """The texts of one article: its message; what resembles it; what it says nothing of; questions that it answers."""

    match: tuple[Text, ...] = ()
    lookalike: tuple[Text, ...] = ()
    other: tuple[Text, ...] = ()
    query: tuple[Query, ...] = ()


def load_vectors(article: Article, root: Path) -> Vectors:
    """Read an article's vectors.

    Raises:
        Invalid: if there are none, or if they cannot be read.
    """
    path = article.folder / "vectors.toml"
    name = relative(path, root)
    if not path.is_file():
        repair = f"write {name} (template: checks/template/vectors.toml)"
        raise Invalid([Problem(name, 1, f"{LEAST} texts that match and {LEAST} that do not", "no such file", repair)])
    return _read(Vectors, path, name)


class Report(Strict):
    """A public report whose message no article answers."""

    source: Https
    text: str


class Reports(Strict):
    """Those reports, of the whole project."""

    report: tuple[Report, ...] = ()


def load_unanswered(root: Path) -> tuple[Report, ...]:
    """Read the reports that nothing answers yet; none if the project has no such file.

    Raises:
        Invalid: if they cannot be read.
    """
    path = root / UNANSWERED
    return _read(Reports, path, UNANSWERED).report if path.is_file() else ()


def called(source: str) -> str:
    """Return a report's short name: `transformers #45127`."""
    found = re.search(r"/([\w.-]+)/(?:issues|pull|discussions)/(\d+)", source)
    return f"{found[1]} #{found[2]}" if found else source.rpartition("://")[2]


def _read(model: type[T], path: Path, name: str) -> T:
    text = path.read_text(encoding="utf-8")
    try:
        return model.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else 1
        raise Invalid([Problem(name, line, "TOML", str(error), f"correct the syntax of {name}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, name, text)) from error
