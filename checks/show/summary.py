"""Cells counted by article and status as a Markdown table: the summary of a workflow's run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..decide.evidence import Status
from ..decide.plan import Cell, Project

STATUSES: tuple[Status, ...] = ("verified", "failing", "stale", "unverified")
MOST = 50  # cells told one by one: a summary is read, a list of thousands is not


def summary(project: Project, cells: Sequence[Cell]) -> str:
    """Return the table, and below it each failing cell with its reason."""
    rows = ["| article | " + " | ".join(STATUSES) + " |", "| --- |" + " ---: |" * len(STATUSES)]
    for article in project.decided:
        if own := [cell for cell in cells if cell.article is article]:
            rows.append(_row(f"{article.id} {article.slug}", project, own))
    rows.append(_row("all", project, cells))
    failing = [cell for cell in cells if project.judge(cell).status == "failing"]
    told = [f"- {cell.article.id} {_code(cell.name)}: {_code(project.judge(cell).reason)}" for cell in failing[:MOST]]
    more = [f"- and {len(failing) - MOST} more"] if failing[MOST:] else []
    return "\n".join([*rows, *([""] if told else []), *told, *more]) + "\n"


def _row(name: str, project: Project, cells: Sequence[Cell]) -> str:
    counts = Counter(project.judge(cell).status for cell in cells)
    return f"| {name} | " + " | ".join(str(counts[status]) for status in STATUSES) + " |"


def _code(text: str) -> str:
    """Return what a run printed as code on one line: it can be no Markdown and no HTML there."""
    return f"`{' '.join(text.replace('`', chr(0x2BC)).split())}`"
