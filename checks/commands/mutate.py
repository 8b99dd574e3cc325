"""`clinic mutate`: the claims against mutants of their checks."""

from __future__ import annotations

import contextlib

import click
from rich.markup import escape

from ..content.article import Article
from ..decide.install import Unavailable, home
from ..decide.leftovers import lock
from ..decide.plan import Project, find_root, load_project, select
from ..show.kills import kills, read
from ..tend.mutate import Mutating, Planned, keep, mutating, plan
from .command import Exit, err, out


@click.command()
@click.argument("articles", nargs=-1)
@click.option("--environment", "-e", "environments", multiple=True, help="Only this environment; may be given more than once.")
@click.option("--claim", help="Only this claim (module.function), or all of a module.")
@click.option("--minutes", type=float, default=1e6, help="Begin no mutant after so many minutes; the rest is kept as not run.")
@click.option("--quick", is_flag=True, help="Only the mutants within the claims' own functions: a process for each module.")
def command(articles: tuple[str, ...], environments: tuple[str, ...], claim: str | None, minutes: float, quick: bool) -> int:
    """Change the checks of the articles (all, or those named) on purpose, and write which claims notice.

    What was run is kept: the same command goes on where it was interrupted.
    """
    root = find_root()
    project = load_project(root)
    select(project, articles, environments, lambda _: True)  # complains of a name that is not known
    chosen = [one for one in project.articles if not articles or one.id in articles or one.slug in articles]
    planned = [one for article in chosen for one in plan(project, article, environments, claim)]
    if not planned:
        err.print("Nothing is selected: no claim holds in that environment. See: clinic plan")
        return Exit.NOTHING
    with contextlib.ExitStack() as held:
        if not held.enter_context(lock(home(root) / "mutants")):
            err.print("Another clinic mutate holds the lock. Wait for it, or end it; nothing was changed.")
            return Exit.LOCKED
        copy = held.enter_context(mutating(project, lambda text: err.print(f"[dim]{escape(text)}[/]")))
        _run(copy, planned, minutes * 60, quick)
    weak = [article for article in chosen if _summary(project, article)]
    return Exit.FAILING if weak else Exit.VERIFIED


def _run(copy: Mutating, planned: list[Planned], seconds: float, quick: bool) -> None:
    import time

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    end = time.monotonic() + seconds
    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("")
        for one in planned:
            name = f"{one.article.id} {one.module}@{one.environment}"
            progress.update(bar, description=escape(name), completed=0, total=None)
            try:
                measured = copy.measure(
                    one,
                    max(0.0, end - time.monotonic()),
                    lambda number, total: progress.update(bar, completed=number, total=total),
                    quick,
                )
            except (Unavailable, OSError) as error:
                err.print(f"[yellow]{escape(name)}: {escape(str(error))}[/]")
                continue
            if measured:
                keep(one.article, measured)
                run = [mutant for mutant in measured.mutants if mutant.run]
                lost = [mutant for mutant in run if mutant.survived]
                err.print(
                    f"{escape(name)}: {len(run) - len(lost)} of {len(run)} noticed, {len(measured.mutants) - len(run)} not run"
                )


def _summary(project: Project, article: Article) -> bool:
    """Print what each claim missed; whether a claim noticed less than the article asks for."""
    measured, weak = read(article), False
    for claim in article.claims:
        counted = kills(article, measured, claim.name)
        weak = weak or counted.rate < article.toml.least
        for one in (one for one in counted.survivors if (claim.name, one.name) not in article.toml.excuses):
            out.print(f"[yellow]survived[/] {escape(claim.name)}  [dim]{escape(f'{one.file}:{one.line} {one.name}')}[/]")
    whole = kills(article, measured)
    out.print(f"{article.id} noticed {whole.noticed}/{whole.total} mutants, {whole.not_run} not run")
    return weak
