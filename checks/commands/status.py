"""`clinic status`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import Cell, Project, find_root, interrupted_writes, load_project, select
from ..show.junit import junit
from ..show.summary import summary
from .command import COLOUR, cell_as_json, err, exit_status, line, out, print_json, print_summary


@click.command()
@click.argument("article", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["lines", "json", "junit", "markdown"]),
    default="lines",
    show_default=True,
    help="json: cells, each with article, claim, environment, expected, observed, status, reason; junit: a test case each, "
    "skipped where nobody has run it on its device; markdown: a table of articles.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
def command(article: str | None, form: str) -> int:
    """Show the status of every cell, derived from the evidence and the files of this moment."""
    project = load_project(find_root())
    for problem in interrupted_writes(project):
        err.print(escape(str(problem)))
    jobs = select(project, [article] if article else [], [], lambda _: True)
    cells = [cell for job in sorted(jobs, key=lambda job: job.article.id) for cell in job.cells]
    if form == "json":
        print_json({"cells": [cell_as_json(project, cell) for cell in cells]})
    elif form == "junit":
        click.echo(junit(project, cells), nl=False)
    elif form == "markdown":
        click.echo(summary(project, cells), nl=False)
    else:
        _print_lines(project, cells)
    return exit_status(project, cells)


def _print_lines(project: Project, cells: list[Cell]) -> None:
    judged = [(cell, project.judge(cell)) for cell in cells]
    if judged:  # thousands of lines, printed at once
        out.print("\n".join(line(cell, one.status, COLOUR[one.status], one.reason) for cell, one in judged))
    print_summary(project, cells)
