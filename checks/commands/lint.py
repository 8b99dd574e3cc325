"""`clinic lint`."""

from __future__ import annotations

import click

from ..content.problem import Invalid
from ..decide.plan import find_root
from ..tend.lint import lint_project
from .command import Exit, out


@click.command()
def command() -> int:
    """Compare pages, folders, claims, environments, evidence and snippets; print every problem with its repair."""
    problems = lint_project(find_root())
    if problems:
        raise Invalid(problems)
    out.print("Pages, claims, environments and evidence fit each other.")
    return Exit.VERIFIED
