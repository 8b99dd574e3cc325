"""`clinic plan`."""

from __future__ import annotations

from collections import Counter

import click
from rich.markup import escape
from rich.table import Table

from ..decide.plan import find_root, load_project
from .command import Exit, out, print_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> int:
    """List the articles with their claims and cells, and the environments."""
    project = load_project(find_root())
    if as_json:
        articles = [
            {"id": one.id, "slug": one.slug, "message": one.toml.message, "claims": len(one.claims)} for one in project.articles
        ]
        names = [{"name": one.name, "python": one.python, "device": one.device} for one in project.environments.values()]
        print_json({"articles": articles, "environments": names})
        return Exit.VERIFIED
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
    return Exit.VERIFIED
