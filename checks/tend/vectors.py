"""vectors.toml, beside each article: pasted texts and their right answers, tried by lint and, in both engines, by the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomllib
from pydantic import Field, ValidationError

from checkpoint_clinic.diagnosis import Diagnoser
from checkpoint_clinic.words import Language

from ..content.article import Article, Https, Strict
from ..content.problem import Invalid, Problem, from_validation, relative
from ..decide.plan import Project
from ..show.signatures import signatures, words

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
    text = path.read_text(encoding="utf-8")
    try:
        return Vectors.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else 1
        raise Invalid([Problem(name, line, "TOML", str(error), f"correct the syntax of {name}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, name, text)) from error


def diagnoser_of(project: Project) -> Diagnoser:
    """Return what answers a log or a question, for all articles of a project."""
    return Diagnoser(signatures(project), words(project))


def vector_problems(project: Project) -> Iterator[Problem]:
    """Yield each vector that is not answered as it says, and each article that has too few."""
    diagnoser = diagnoser_of(project)
    for article in project.articles:
        name = relative(article.folder / "vectors.toml", project.root)
        try:
            vectors = load_vectors(article, project.root)
        except Invalid as error:
            yield from error.problems
            continue
        source = (article.folder / "vectors.toml").read_text(encoding="utf-8").splitlines()
        others = len(vectors.lookalike) + len(vectors.other)
        for kind, number in (("match", len(vectors.match)), ("lookalike and other", others)):
            if number < LEAST:
                yield Problem(name, 1, f"at least {LEAST} texts of kind {kind}", str(number), "write more real shapes of them")
        for kind in ("match", "lookalike", "other"):
            for one in getattr(vectors, kind):
                if found := wrong(article, kind, one, diagnoser.diagnose(one.text)):
                    line = next((n for n, text in enumerate(source, 1) if f'"{one.name}"' in text), 1)
                    repair = "correct the signature's pattern, or the text"
                    yield Problem(name, line, f"{kind}: {one.name}", found, repair)


def wrong(article: Article, kind: str, one: Text, diagnosis: dict[str, Any]) -> str:
    """Return how a diagnosis differs from what a text must be answered, or nothing."""
    findings = diagnosis["findings"]
    own = [finding for finding in findings if finding["article"] == article.id]
    kinds = {finding["kind"] for finding in own}
    if kind == "other":
        return f"{article.id}: {own[0]['kind']}" if own else ""
    if kind == "lookalike":
        means = [article.toml.lookalike[finding["lookalike"]].means.en for finding in own if finding["kind"] == "lookalike"]
        if "match" in kinds or not means:
            return "a match" if "match" in kinds else "nothing"
        return "" if not one.means or means[0].startswith(one.means) else f"another look-alike: {means[0]}"
    if not findings or findings[0] not in own or findings[0]["kind"] != "match":
        return "nothing" if not findings else f"first {findings[0]['article']}, {findings[0]['kind']}"
    parts = {name: findings[0]["captured"].get(name) for name in one.captured}
    if parts != one.captured:
        return f"captured {parts}"
    return f"{findings[0]['count']} times" if one.count not in (None, findings[0]["count"]) else ""
