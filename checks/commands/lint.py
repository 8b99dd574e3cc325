"""`clinic lint`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..content.problem import Invalid
from ..decide.plan import find_root
from ..tend.lint import lint_notes, lint_project
from .command import Exit, err, out


@click.command()
def command() -> int:
    """Compare pages, folders, claims, environments, evidence and snippets; print every problem with its repair."""
    root = find_root()
    problems = lint_project(root)
    for note in lint_notes(root):
        err.print(f"[dim]{escape(note)}[/]")
    if problems:
        raise Invalid(problems)
    out.print("Pages, claims, environments and evidence fit each other.")
    return Exit.VERIFIED
