"""`clinic new`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import find_root
from ..tend.new import create
from .command import Exit, out


@click.command()
@click.argument("slug")
def command(slug: str) -> int:
    """Make the three files of a new article: its folder of checks and its page in both languages."""
    for path in create(find_root(), slug):
        out.print(f"wrote {escape(str(path))}")
    out.print("Next: describe the message in article.toml, decide its claims, then: clinic run, clinic lint")
    return Exit.VERIFIED
