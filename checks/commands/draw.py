"""`clinic draw`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import find_root, load_project
from ..show.draw import draw
from ..show.drawing import drawings
from .command import Exit, out


@click.command()
@click.argument("names", nargs=-1)
def command(names: tuple[str, ...]) -> int:
    """Draw docs/drawings (all, or those named) from what the checks printed; needs matplotlib, which a build does not."""
    known = drawings(load_project(find_root()))
    if unknown := sorted(set(names) - {drawing.name for drawing in known}):
        raise click.UsageError(f"unknown drawing: {', '.join(unknown)} (known: {', '.join(one.name for one in known)})")
    for drawing in known:
        if drawing.awaits and (not names or drawing.name in names):
            out.print(f"{escape(drawing.name)} waits for a run of {escape(drawing.awaits.name)}")
        elif not names or drawing.name in names:
            try:
                files = draw(drawing)
            except ModuleNotFoundError as error:
                raise click.ClickException(f"{error}; requirements/development.txt has it: make setup") from error
            out.print("\n".join(f"wrote {escape(file)}" for file in files))
    return Exit.VERIFIED
