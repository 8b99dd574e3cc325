"""`clinic plan`."""

from __future__ import annotations

import json
from collections import Counter
from typing import TextIO

import click
from rich.markup import escape
from rich.table import Table

from ..decide.matrix import LIMIT, can_be_planned, is_touched, matrix
from ..decide.plan import Project, find_root, load_project, select
from .command import Exit, out, print_json


@click.command()
@click.argument("articles", nargs=-1)
@click.option("--format", "form", type=click.Choice(["table", "json", "github"]), default="table", show_default=True)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--environment", "-e", "environments", multiple=True, help="Only this environment; may be given more than once.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Only what such a machine can run.")
@click.option(
    "--changed",
    type=click.File(encoding="utf-8"),
    metavar="FILE|-",
    help="Only what these files decide or are evidence of, a name a line from the project's root: git diff --name-only.",
)
@click.option("--jobs", type=click.IntRange(1, LIMIT), help="At most so many machines.  [default: one an environment, 256]")
def command(
    articles: tuple[str, ...],
    form: str,
    environments: tuple[str, ...],
    device: str | None,
    changed: TextIO | None,
    jobs: int | None,
) -> int:
    """List the articles with their claims and cells, and the environments; or what each of many machines is to run.

    --format github prints the matrix of a GitHub workflow, to which ARTICLES and the options below it belong: an entry has
    the `articles` and `environments` of one `clinic run`, and its `python`. Each environment is in one entry alone.
    """
    project = load_project(find_root())
    if form != "github":
        if articles or environments or device or changed or jobs:
            raise click.UsageError("articles and the options that choose jobs go with --format github")
        (_print_as_json if form == "json" else _print_tables)(project)
        return Exit.VERIFIED
    names = {line.strip() for line in changed} if changed else None
    chosen = [
        job
        for job in select(project, articles, environments, lambda job: can_be_planned(job, device))
        if names is None or is_touched(project, job, names)
    ]
    click.echo(json.dumps(matrix(chosen, jobs or LIMIT)))  # one line: it becomes the output of a step
    return Exit.VERIFIED


def _print_as_json(project: Project) -> None:
    articles = [
        {"id": one.id, "slug": one.slug, "message": one.toml.message, "claims": len(one.claims)} for one in project.articles
    ]
    names = [{"name": one.name, "python": one.python, "device": one.device} for one in project.environments.values()]
    print_json({"articles": articles, "environments": names})


def _print_tables(project: Project) -> None:
    table = Table(box=None, header_style="bold")
    for heading in ("article", "claims", "cells", "message"):
        table.add_column(heading, overflow="fold")
    for article in project.articles:
        table.add_row(
            article.id, str(len(article.claims)), str(len(list(project.cells(article)))), escape(article.toml.message)
        )
    out.print(table)
    cells = Counter(cell.environment.name for cell in project.cells())
    table = Table(box=None, header_style="bold")
    for heading in ("environment", "Python", "device", "cells", "requires"):
        table.add_column(heading, no_wrap=heading == "environment", overflow="fold")
    for one in project.environments.values():
        table.add_row(
            one.name, one.python, one.device, str(cells[one.name] or "base"), escape(", ".join(one.toml.requires[:4]))
        )
    out.print(table)
