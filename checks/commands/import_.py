"""`clinic import`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from ..decide.evidence import sweep
from ..decide.incoming import examine, statements, take
from ..decide.install import home
from ..decide.plan import find_root, load_project
from .command import Exit, count, err, only_run, out


@click.command(name="import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> int:
    """Take in the evidence of another machine: every statement below FOLDER, with its log and envelopes.

    The rules are those by which ours is judged: what cannot be read, was decided by other files than today's, or lacks an
    attestation that checks/policy.toml asks for, is refused with the reason; what is here and newer stays.
    """
    root = find_root()
    project = load_project(root)
    found = [examine(project, path) for path in statements(folder)]
    if not found:
        err.print(f"No statement lies below {escape(str(folder))}.")
        return Exit.NOTHING
    with only_run(root, home(root)):
        sweep(article.folder for article in project.decided)
        for one in found:
            if not one.refused:
                out.print(f"took {escape(str(take(one).relative_to(root)))}")
    for one in found:
        if one.refused:
            word = "[dim]kept ours:[/]" if one.kept else "[red]refused:[/]"
            err.print(f"{word} {escape(str(one.source.relative_to(folder)))}: {escape(one.refused)}")
    refused = [one for one in found if one.refused and not one.kept]
    if refused:
        err.print(f"{count(len(refused), 'statement')} refused.")
    return Exit.UNANSWERED if refused else Exit.VERIFIED
