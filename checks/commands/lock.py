"""`clinic lock`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..content.environment import add_member, load_environments
from ..decide.evidence import now
from ..decide.install import Unavailable, lock
from ..decide.plan import find_root
from .command import Exit, err, out


@click.command()
@click.argument("names", nargs=-1, metavar="[ENVIRONMENT|FAMILY=VERSION[+VERSION]]...")
@click.option("--until", metavar="DAY", help="Take no release that is newer than this day; by default today.")
def command(names: tuple[str, ...], until: str | None) -> int:
    """Resolve requirements again and write the hashed locks: all, those named, or that of a family's new member."""
    root = find_root()
    folder = root / "checks" / "environments"
    wanted = set()
    for name in names:
        family, equals, versions = name.partition("=")
        if equals and not (folder / family / "environment.toml").is_file():
            raise click.UsageError(f"no such family: {family}")
        wanted.add(add_member(folder / family, tuple(versions.split("+")), root) if equals else name)
    known = load_environments(folder, root)
    if unknown := sorted(wanted - set(known)):
        raise click.UsageError(f"unknown environment: {', '.join(unknown)} (known: {', '.join(known)})")
    failed = 0
    for environment in sorted(known.values(), key=lambda one: len(one.layers)):
        if not wanted or environment.name in wanted:
            try:
                for path in lock(environment, until or f"{now():%Y-%m-%d}"):
                    out.print(f"wrote {escape(str(path.relative_to(root)))}")
            except Unavailable as error:
                failed += 1
                err.print(f"[yellow]{escape(str(error))}[/]")
                if not environment.lock().read_bytes():
                    environment.lock().unlink()  # a member that cannot be resolved is none
    return Exit.USAGE if failed else Exit.VERIFIED
