"""`clinic build`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import find_root, load_project
from ..show.publish import build_site
from .command import Exit, err, out


@click.command()
def command() -> int:
    """Build both languages into site/, with badges, evidence and downloads beside the pages."""
    root = find_root()
    load_project(root)  # content errors first, before anything is written
    with err.status("building both languages"):
        folder = build_site(root)
    out.print(f"built {escape(str(folder))}")
    return Exit.VERIFIED
