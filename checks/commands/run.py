"""`clinic run`: decides cells with their progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from ..content.environment import awaits_commit
from ..content.problem import Problem
from ..decide.evidence import Record, location, sweep
from ..decide.install import home
from ..decide.leftovers import lock, sweep_builds, sweep_temporary
from ..decide.plan import Cell, Job, Project, find_root, has_answer, interrupted_writes, load_project, select
from .command import Exit, OwnRuns, cell_as_json, count, err, exit_status, line, only_run, print_json, print_summary

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..decide.spread import Answer, Place


@click.command()
@click.argument("articles", nargs=-1)
@click.option("--environment", "-e", "environments", multiple=True, help="Only this environment; may be given more than once.")
@click.option("--again", is_flag=True, help="Decide also what has a current answer.")
@click.option("--here", is_flag=True, help="Decide also what has an answer, if this machine has not given it.")
@click.option(
    "--wheels",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Install from this folder of wheels, without an index.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="So many check modules at once; claims that measure time want one.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Have the workers of a Dask scheduler decide, tcp://HOST:8786; they need this package and uv.",
)
@click.option("--same", is_flag=True, help="Fail also when a verdict differs from the one recorded before.")
@click.option("--json", "as_json", is_flag=True, help="Print the cells that were selected as JSON.")
def command(
    articles: tuple[str, ...],
    environments: tuple[str, ...],
    again: bool,
    here: bool,
    wheels: Path | None,
    workers: int,
    dask: str | None,
    same: bool,
    as_json: bool,
) -> int:
    """Decide the cells that have no current answer (all articles, or those named) and write the evidence."""
    if dask and (wheels or here or workers > 1):
        raise click.UsageError("--wheels, --here and --workers speak of this machine: they do not go with --dask")
    root = find_root()
    project = load_project(root)
    selected = select(project, articles, environments, lambda _: True)
    if not selected:
        err.print("Nothing is selected: no claim is stated for that article and environment. See: clinic plan")
        return Exit.NOTHING
    own = OwnRuns(home(root))
    jobs = [job for job in selected if again or not has_answer(project, job) or (here and not own.has(job))]
    current = not jobs
    jobs = [job for job in jobs if _can_be_entered(job, bool(environments), bool(dask))]
    changed: list[str] = []
    not_decided: list[str] = []
    swept: list[Problem] = []
    if jobs:
        with only_run(root, home(root)):
            _sweep(project)
            report = _Report(own if not dask else None)
            with _place(project, jobs, dask, wheels, workers, report) as place:
                jobs = [job for job in jobs if environments or place.has(job.environment.device)]
                with report.shown(len(jobs)):
                    report.read(jobs, place)
            changed, not_decided = report.changed, report.not_decided
    elif swept := interrupted_writes(project):
        with lock(root / ".clinic") as held:
            if held:  # else it is the other run's, which is just writing it
                _sweep(project)
    sweep_temporary()
    sweep_builds(root)
    if jobs or swept:
        project = load_project(root)  # the statuses of the files as they are now
    ran = {
        (job.article.slug, job.name)
        for job in selected
        if environments or (job.environment.device == "cpu" and not awaits_commit(job.environment))
    }
    cells = [cell for job in project.jobs if (job.article.slug, job.name) in ran for cell in job.cells]
    if as_json:
        print_json({"cells": [cell_as_json(project, cell) for cell in cells]})
    else:
        left = (
            "Every answer is current"
            if current
            else "What has no current answer needs a CUDA device, or a commit that is not recorded"
        )
        err.print("" if jobs else f"{left}; no environment was touched.")
        print_summary(project, cells)
    for difference in changed if same else []:
        err.print(f"[red]{escape(difference)}[/]")
    status = Exit.FAILING if same and changed else exit_status(project, cells, unattested=True)
    if status == Exit.VERIFIED and not_decided:
        err.print(f"Not decided now: {escape(', '.join(not_decided))}. What is said above is an older answer.")
        return Exit.UNANSWERED
    return status


def _sweep(project: Project) -> None:
    """Finish or remove what killed runs left, and say so."""
    for problem in interrupted_writes(project):
        err.print(f"[yellow]{escape(problem.file)}: {escape(problem.found)}; finished or removed[/]")
    sweep(article.folder for article in project.decided)


@contextmanager
def _place(
    project: Project, jobs: list[Job], dask: str | None, wheels: Path | None, workers: int, report: _Report
) -> Iterator[Place]:
    """Give where the jobs go: threads of this process, or a Dask cluster."""
    from ..decide.spread import Elsewhere, Here

    if not dask:
        yield Here(project, workers, wheels, report.begins)
        return
    from ..decide.cluster import Unreachable, connected

    try:
        with connected(dask) as cluster:
            err.print(f"[dim]{escape(dask)}: {count(cluster.number, 'worker')}[/]")
            yield Elsewhere(project, jobs, cluster)
    except Unreachable as error:
        err.print(escape(str(error)))
        raise SystemExit(Exit.USAGE) from error


class _Report:
    """Says what becomes of jobs, with their progress.

    `changed` says how verdicts differ from those recorded before; `not_decided` names what could not be decided or kept.
    `own` is told what this machine has decided itself.
    """

    progress: Progress
    bar: TaskID

    def __init__(self, own: OwnRuns | None) -> None:
        self.own = own
        self.changed: list[str] = []
        self.not_decided: list[str] = []

    @contextmanager
    def shown(self, jobs: int) -> Iterator[None]:
        """Show a bar of so many jobs."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as self.progress:
            self.bar = self.progress.add_task("", total=jobs)
            yield

    def begins(self, job: Job) -> _Speaker:
        """Return who speaks of a job that begins here."""
        self.progress.update(self.bar, description=escape(job.name))
        return _Speaker(job, self.progress.console)

    def read(self, jobs: list[Job], place: Place) -> None:
        """Have the jobs decided and say what became of each."""
        from ..decide.spread import spread

        for answer in spread(jobs, place):
            self._say(answer)
            self.progress.advance(self.bar)

    def _say(self, answer: Answer) -> None:
        job = answer.job
        if answer.record is None:
            self.not_decided.append(job.name)
            for cell in job.cells:
                err.print(line(cell, "undecided", "yellow", answer.reason))
                self.changed.append(f"{cell.name}: undecided, {answer.reason}")
            return
        if self.own:
            self.own.add(job, location(job.article, job.module, job.environment.name))
        for cell in job.cells:
            self.changed += _report(cell, answer.record, answer.before)


class _Speaker:
    """Prints what a job is doing, above the progress bar."""

    def __init__(self, job: Job, console: Console) -> None:
        self.prefix, self.console = f"{job.article.id} {job.name}: ", console

    def __call__(self, text: str) -> None:
        self.console.print(f"[dim]{escape(self.prefix + text)}[/]")


def _report(cell: Cell, record: Record, old: Record | None) -> list[str]:
    outcome = record.outcome(cell.claim.name)
    assert outcome is not None  # a record has an outcome for each cell of its job
    agrees = outcome.observed == cell.expected
    colour = "yellow" if outcome.observed == "undecided" else "green" if agrees else "red"
    note = (
        "" if agrees else f", expected {cell.expected}: {outcome.reason}" if outcome.reason else f", expected {cell.expected}"
    )
    err.print(line(cell, outcome.observed, colour, f"{outcome.seconds:.1f} s{note}"))
    before = old.outcome(cell.claim.name) if old else None
    if before and before.observed != outcome.observed:
        return [f"{cell.name}: recorded {before.observed} on {before.recorded:%Y-%m-%d}, now {outcome.observed}"]
    return []


def _can_be_entered(job: Job, named: bool, elsewhere: bool) -> bool:
    """Whether this machine has the job's device, and its commit is known; said aloud only if it was asked for by name."""
    if awaits_commit(job.environment):
        return named  # the attempt says what is missing
    here = job.environment.device == "cpu" or Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()
    if here or elsewhere:
        return True
    if named:
        err.print(f"[yellow]{escape(job.name)}: undecided, this machine has no CUDA device; run it on one that has[/]")
    return False
