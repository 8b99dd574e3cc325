"""`clinic wheels`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from ..content.environment import load_environments
from ..decide.install import Unavailable, collect_wheels
from ..decide.plan import find_root
from .command import Exit, out


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--environment", "-e", default="cuda-system-torch", show_default=True)
@click.option("--python", "version", default="3.12", show_default=True, help="The Python of the machine that will use them.")
def command(folder: Path, environment: str, version: str) -> int:
    """Collect the wheels with which a machine without network can run one environment."""
    root = find_root()
    known = load_environments(root / "checks" / "environments", root)
    if environment not in known:
        raise click.UsageError(f"unknown environment: {environment} (known: {', '.join(known)})")
    try:
        collect_wheels(known[environment], root / "requirements" / "engine.txt", folder, version)
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
    out.print(f"{len(list(folder.glob('*.whl')))} wheels in {escape(str(folder))}. On the machine without network:")
    out.print(f"python3 -m checks run --environment {environment} --wheels {escape(str(folder))}")
    return Exit.VERIFIED
