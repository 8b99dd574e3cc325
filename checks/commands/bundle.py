"""`clinic bundle`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from ..decide.bundle import Wanted, make_bundle
from ..decide.install import Unavailable
from ..decide.plan import find_root, load_project, select
from .command import Exit, err, out

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


@click.command()
@click.option("--environment", "-e", "names", multiple=True, required=True, help="May be given more than once.")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="A folder that is new or empty.")
@click.option(
    "--with-torch/--without-torch",
    default=True,
    show_default=True,
    help="torch and its CUDA wheels; without, the machine needs them in a folder: run.py --wheels FOLDER.",
)
@click.option(
    "--python",
    "version",
    default=THIS,
    show_default=True,
    type=click.Choice([f"3.{minor}" for minor in range(11, 15)]),
    help="The machine's Python, which runs the engine and is that of the environments that take it from the machine.",
)
@click.option("--limit", default=64, show_default=True, metavar="MB", help="Refuse what is larger, torch and CUDA aside.")
def command(names: tuple[str, ...], folder: Path, with_torch: bool, version: str, limit: int) -> int:
    """Gather what a machine without network needs to decide environments' claims; only Python has to be there.

    It is for a machine with this one's system and processor. Its README.txt says the one command; every file is compared
    with a manifest before anything runs. What it observes comes back by `clinic import`.
    """
    project = load_project(find_root())
    if not select(project, [], names, lambda _: True):
        err.print("Nothing is selected: no claim is stated for these environments. See: clinic plan")
        return Exit.NOTHING
    wanted = Wanted(tuple(project.environments[name] for name in dict.fromkeys(names)), version, with_torch, limit)
    try:
        made = make_bundle(project.root, wanted, folder.absolute(), lambda text: err.print(f"[dim]{escape(text)}[/]"))
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
    out.print(f"{made.bytes / 10**6:.1f} MB in {escape(str(folder))}; its README.txt says the one command.")
    if made.left_out:
        out.print(f"Without {escape(', '.join(made.left_out))}: that machine needs their wheels in a folder.")
    out.print(f"SHA-256 of its manifest.json, for whoever cannot trust the way: {made.digest}")
    return Exit.VERIFIED
