"""What the commands share: exit statuses, consoles, the lines and sums that several print, the lock, whose runs are own."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from ..decide.evidence import Judgement, location, sha256
from ..decide.leftovers import lock
from ..decide.plan import Cell, Job, Project

out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
COLOUR = {"verified": "green", "failing": "red", "stale": "yellow", "unverified": "yellow"}


class Exit(IntEnum):
    """The causes that a caller can tell apart."""

    VERIFIED, FAILING, USAGE, NOTHING, UNANSWERED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 75, 130


def line(cell: Cell, word: str, colour: str, note: str) -> str:
    """Return one line about a cell: a verdict or a status, and what there is to say of it."""
    return f"{cell.article.id} [{colour}]{word:10}[/] {escape(cell.name)}  [dim]{escape(note)}[/]"


@contextlib.contextmanager
def only_run(root: Path, home: Path) -> Iterator[None]:
    """Hold the locks of the project and of the home; another run that holds one ends this one with status 75.

    The project's, because two runs would write the same evidence; the home's, because two projects can share environments.
    """
    with contextlib.ExitStack() as held:
        for folder in dict.fromkeys((root / ".clinic", home)):
            if not held.enter_context(lock(folder)):
                err.print("Another run holds the lock. Wait for it, or end it; nothing was changed.")
                raise SystemExit(Exit.LOCKED)
        yield


def cell_as_json(project: Project, cell: Cell) -> dict[str, Any]:
    """Return a cell with its status and the reason, as `--json` prints it."""
    judged = project.judge(cell)
    return {
        "article": cell.article.id,
        "claim": cell.claim.name,
        "environment": cell.environment.name,
        "expected": cell.expected,
        "observed": judged.observed,
        "status": judged.status,
        "reason": judged.reason,
        "recorded": judged.outcome.recorded.isoformat() if judged.outcome else None,
        "level": judged.level,
    }


def exit_status(project: Project, cells: list[Cell], unattested: bool = False) -> Exit:
    """Return what a command's exit status says of these cells.

    With `unattested`, an answer that only lacks somebody's signature says what it observed: of a run, which cannot have one.
    """
    statuses = {answer(cell, judged) if unattested else judged.status for cell in cells for judged in [project.judge(cell)]}
    if "failing" in statuses:
        return Exit.FAILING
    return Exit.VERIFIED if statuses == {"verified"} else Exit.UNANSWERED


def answer(cell: Cell, judged: Judgement) -> str:
    """Return a cell's status, or, where only a signature is missing, what it would be with one."""
    if judged.needs and judged.outcome:
        return "verified" if judged.outcome.observed == cell.expected else "failing"
    return judged.status


def print_summary(project: Project, cells: list[Cell]) -> None:
    """Print a line for each article: how many of the cells are verified, and what the others are."""
    of_articles: dict[str, list[Judgement]] = {}
    for cell in cells:
        of_articles.setdefault(cell.article.id, []).append(project.judge(cell))
    for article in project.decided:
        if not (judged := of_articles.get(article.id)):
            continue
        counts = Counter(one.status for one in judged)
        others = ", ".join(f"[{COLOUR[name]}]{number} {name}[/]" for name, number in counts.items() if name != "verified")
        out.print(f"{article.id} verified {counts['verified']}/{len(judged)}" + (f" ({others})" if others else ""))


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def told(error: OSError) -> str:
    """Return what the system refused, and for which file."""
    said = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {said}" if error.filename else said


def count(number: int, noun: str) -> str:
    """Return `1 problem`, `2 problems`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


class OwnRuns:
    """Which evidence this machine wrote itself: job -> digest of the file, kept beside the environments."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "own-runs.json"
        self.runs: dict[str, str] = {}
        self.writing = threading.Lock()
        with contextlib.suppress(OSError, ValueError):
            self.runs = dict(json.loads(self.path.read_text(encoding="utf-8")))

    def has(self, job: Job) -> bool:
        """Whether the job's evidence is what this machine wrote."""
        path = location(job.article, job.module, job.environment.name)
        return path.is_file() and self.runs.get(f"{job.article.id} {job.name}") == sha256(path)

    def add(self, job: Job, path: Path) -> None:
        """Remember what was just written."""
        with self.writing:
            self.runs[f"{job.article.id} {job.name}"] = sha256(path)
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text(json.dumps(self.runs, indent=1), encoding="utf-8")
            temporary.replace(self.path)
