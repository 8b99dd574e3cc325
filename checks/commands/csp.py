"""`clinic csp`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import find_root, load_project
from ..show.policy import FILE
from ..show.publish import renew_policy
from .command import Exit, out


@click.command()
def command() -> int:
    """Write the pages' Content-Security-Policy anew: the inline scripts of the theme and of overrides/, by their hashes."""
    root = find_root()
    load_project(root)
    for digest, begins in sorted(renew_policy(root).items()):
        out.print(escape(f"{digest}  {begins}"))
    out.print(f"wrote {FILE}; look at what changed in it, and commit it")
    return Exit.VERIFIED
