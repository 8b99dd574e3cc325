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
@click.option("--environment", "-e", "names", multiple=True, help="Only this one; may be repeated. By default all for a GPU.")
@click.option("--python", "version", default="3.12", show_default=True, help="The Python of the machine that will use them.")
def command(folder: Path, names: tuple[str, ...], version: str) -> int:
    """Collect the wheels with which a machine without network can run environments: those for a GPU, or others."""
    root = find_root()
    known = load_environments(root / "checks" / "environments", root)
    if unknown := sorted(set(names) - set(known)):
        raise click.UsageError(f"unknown environment: {', '.join(unknown)} (known: {', '.join(known)})")
    chosen = list(names) or [name for name, one in known.items() if one.device == "cuda"]
    if not chosen:
        raise click.UsageError("no environment here is for a GPU; name one with --environment")
    try:
        collect_wheels([known[name] for name in chosen], root / "requirements" / "engine.txt", folder, version)
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
    number = sum(path.suffix == ".whl" or path.name.endswith(".tar.gz") for path in folder.iterdir())
    out.print(f"{number} packages in {escape(str(folder))}. On the machine without network, in a clone:")
    named = " ".join(f"--environment {name}" for name in chosen)
    out.print(f"python3 -m checks run {named} --wheels {escape(str(folder))}", soft_wrap=True)
    return Exit.VERIFIED
