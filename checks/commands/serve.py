"""`clinic serve`."""

from __future__ import annotations

import click

from ..decide.plan import find_root
from ..show.publish import serve_site
from .command import Exit, out


@click.command()
@click.option("--port", default=8000, show_default=True)
def command(port: int) -> int:
    """Serve site/ on this machine, at the port or the next free one, until interrupted."""
    serve_site(find_root(), port, lambda address: out.print(f"Serving the site, Ctrl-C ends it:\n{address}"))
    return Exit.VERIFIED
