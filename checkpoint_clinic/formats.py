"""In which form an answer is printed: for people, for an agent, as JSON, as annotations of GitHub Actions, or as SARIF.

Forms: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands and
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import quote

from . import __version__
from .command import print_json, written
from .console import Line, plain, printable, show

Level = Literal["error", "warning", "note"]
MOST = 40  # lines that an agent gets
LONGEST = 1000  # characters of one of them
SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True)
class Fact:
    """One thing that was found: by which article or snippet, how bad it is, where in the file (0: nowhere in particular)."""

    rule: str
    level: Level
    title: str
    text: str
    line: int = 0
    url: str = ""
    file: str = ""


@dataclass(frozen=True)
class Answered:
    """An answer, before its form is chosen. `means` is what its exit status says; `next` are commands to go on with."""

    status: int
    means: str
    value: Any
    lines: Iterable[Line]
    facts: Sequence[Fact] = ()
    next: Sequence[str] = ()


def put(given: argparse.Namespace, answered: Answered) -> int:
    """Print an answer in the form that was asked for, and return its exit status."""
    form = given.format
    if form == "json":
        return written(answered.status, lambda: print_json(answered.value))
    if form == "sarif":
        return written(answered.status, lambda: print_json(sarif(answered.facts)))
    if form == "github":
        return written(answered.status, lambda: _put_plain(workflow_commands(answered.facts)))
    if form == "agent":
        return written(answered.status, lambda: _put_plain(brief(given.command, answered)))
    return written(answered.status, lambda: show(answered.lines))


def brief(command: str, answered: Answered) -> list[str]:
    """Return what an agent reads: what the status says, the answer, what to run next; the middle gives way if it is long."""
    first = f"clinic {command}: {answered.means} (exit status {answered.status})"
    last = ["next:", *(f"  {one}" for one in answered.next)] if answered.next else []
    said = [
        text for text in (printable(plain(one)) for one in answered.lines) if text.strip() and text.strip() not in answered.next
    ]
    room = MOST - 1 - len(last)
    if len(said) > room:
        said = [*said[: room - 1], f"... {len(said) - room + 1:,} lines more: --format human"]
    return [text if len(text) <= LONGEST else f"{text[:LONGEST]} ..." for text in (first, *said, *last)]


def workflow_commands(facts: Iterable[Fact]) -> Iterator[str]:
    """Yield a workflow command of GitHub Actions for each fact; what a log or a file holds cannot begin another."""
    for fact in facts:
        kind = "notice" if fact.level == "note" else fact.level
        properties = {
            "file": fact.file,
            "line": fact.line if fact.file and fact.line else "",
            "title": _titled(fact),
        }
        given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value)
        text = " ".join(filter(None, (fact.text, fact.url)))
        yield f"::{kind} {given}::{_escaped(text)}"


def _titled(fact: Fact) -> str:
    return fact.title if fact.title.startswith(fact.rule) else f"{fact.rule}: {fact.title}"


def sarif(facts: Sequence[Fact]) -> dict[str, Any]:
    """Return the facts as one run of SARIF 2.1.0."""
    rules = {fact.rule: fact for fact in reversed(facts)}
    driver = {
        "name": "checkpoint-clinic",
        "version": __version__,
        "rules": [
            {"id": name, "shortDescription": {"text": fact.title}}
            | ({"helpUri": fact.url} if fact.url.startswith("https://") else {})
            for name, fact in sorted(rules.items())
        ],
    }
    run = {"tool": {"driver": driver}, "results": [_result(fact) for fact in facts], "columnKind": "unicodeCodePoints"}
    return {"$schema": SARIF, "version": "2.1.0", "runs": [run]}


def _result(fact: Fact) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": fact.rule, "level": fact.level, "message": {"text": fact.text}}
    if fact.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(PurePath(fact.file).as_posix())}}
        if fact.line:
            place["region"] = {"startLine": fact.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _escaped(text: str, also: str = "") -> str:
    text = text.replace("%", "%25")
    for one in f"\r\n{also}":
        text = text.replace(one, f"%{ord(one):02X}")
    return printable(text)


def _put_plain(lines: Iterable[str]) -> None:
    for text in lines:
        print(text)
