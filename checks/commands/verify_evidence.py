"""`clinic verify-evidence`. Not `verify`: that is the readers' command, which compares a model with its checkpoint."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from ..decide.evidence import Judgement, envelopes, location
from ..decide.incoming import examine
from ..decide.plan import Project, find_root, load_project
from ..decide.policy import FILE as POLICY
from ..tend.rederive import differences
from .command import COLOUR, Exit, answer, count, err, exit_status, out, print_summary


@click.command()
@click.argument("what", required=False, metavar="[FILE|SITE]", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--unattested", is_flag=True, help="Of a FILE: what only lacks an attestation counts. For who is about to make one."
)
def command(what: Path | None, unattested: bool) -> int:
    """Derive every status again from files alone, and explain it: of the project, of one statement, or of a built site.

    Of a site's folder everything is derived from what lies in it (evidence, environments, source.zip) and compared with
    what its badges, JSON and pages claim; whom to trust is this clone's checks/policy.toml. Any other byte is a difference.

    Exit status: 0 what is claimed follows from the files, 1 something differs or fails, 4 something does not count today.
    """
    root = find_root(own=what is not None)
    if what is None:
        return _project(load_project(root))
    return _site(what, root) if what.is_dir() else _statement(load_project(root), what, unattested)


def _project(project: Project) -> int:
    """Explain each cell that was run; one that was not claims nothing."""
    cells = [cell for cell in project.cells() if location(cell.article, cell.claim.module, cell.environment.name).is_file()]
    for cell in cells:
        _explain(f"{cell.article.id} {cell.name}", project.judge(cell))
    print_summary(project, list(project.cells()))
    misfits = 0
    for job in project.jobs:
        for file, voucher, why in envelopes(location(job.article, job.module, job.environment.name), project.policy):
            if not voucher:
                misfits += 1
                err.print(f"[red]{escape(str(file.relative_to(project.root)))}: {escape(why)}[/]")
    return Exit.FAILING if misfits else exit_status(project, cells) if cells else Exit.NOTHING


def _statement(project: Project, path: Path, unattested: bool) -> int:
    found = examine(project, path)
    for cell, judged in found.cells:
        _explain(cell.name, judged)
    for misfit in found.misfits:
        err.print(f"[red]{escape(misfit)}[/]")
    if found.job is None:
        err.print(f"[red]{escape(path.name)}: {escape(found.refused)}[/]")
    statuses = {answer(cell, judged) if unattested else judged.status for cell, judged in found.cells}
    if found.job is None or found.misfits or "failing" in statuses:
        return Exit.FAILING
    return Exit.VERIFIED if statuses == {"verified"} else Exit.UNANSWERED


def _site(site: Path, root: Path) -> int:
    policy = root / POLICY
    with err.status("deriving what the site claims"):
        found, project = differences(site, policy if policy.is_file() else None)
    for one in found:
        err.print(f"[red]{escape(one)}[/]")
    if project:
        print_summary(project, list(project.cells()))
    if found:
        err.print(f"{count(len(found), 'difference')}. A site of another commit is derived by that commit's engine.")
        return Exit.FAILING
    assert project
    out.print("Everything that the site claims follows from its own files.")
    aged = [cell for cell in project.cells() if project.judge(cell).reason.startswith("older than")]
    if aged:
        err.print(f"[yellow]{count(len(aged), 'answer')} too old by now: nobody has built the site since.[/]")
    return Exit.UNANSWERED if aged else Exit.VERIFIED


def _explain(name: str, judged: Judgement) -> None:
    level = f"{judged.level}; " if judged.level else ""
    out.print(f"[{COLOUR[judged.status]}]{judged.status:10}[/] {escape(name)}  [dim]{escape(level + judged.reason)}[/]")
