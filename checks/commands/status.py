"""`clinic status`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import find_root, interrupted_writes, load_project, select
from .command import COLOUR, cell_as_json, err, exit_status, line, out, print_json, print_summary


@click.command()
@click.argument("article", required=False)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON: cells, each with article, claim, environment, expected, observed, status, reason.",
)
def command(article: str | None, as_json: bool) -> int:
    """Show the status of every cell, derived from the evidence and the files of this moment."""
    project = load_project(find_root())
    for problem in interrupted_writes(project):
        err.print(escape(str(problem)))
    jobs = select(project, [article] if article else [], [], lambda _: True)
    cells = [cell for job in sorted(jobs, key=lambda job: job.article.id) for cell in job.cells]
    if as_json:
        print_json({"cells": [cell_as_json(project, cell) for cell in cells]})
        return exit_status(project, cells)
    judged = [(cell, project.judge(cell)) for cell in cells]
    if judged:  # thousands of lines, printed at once
        out.print("\n".join(line(cell, one.status, COLOUR[one.status], one.reason) for cell, one in judged))
    print_summary(project, cells)
    return exit_status(project, cells)
