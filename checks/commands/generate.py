"""`clinic generate`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import find_root, load_project
from ..tend.generate import generate
from .command import Exit, out


@click.command()
def command() -> int:
    """Write the generated parts of the snippets again: what was measured, and code that two of them share."""
    root = find_root()
    for path in generate(load_project(root)):
        out.print(f"wrote {escape(str(path.relative_to(root)))}")
    return Exit.VERIFIED
