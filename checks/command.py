"""The commands, their options and what they print; the work is done by the other modules."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .article import LANGUAGES, Language
from .environment import add_member, awaits_commit, load_environments
from .evidence import Record, location, read_or_none, sha256, sweep
from .install import Unavailable, home
from .plan import Cell, Job, Project, find_root, has_answer, load_project, select
from .problem import Invalid

if TYPE_CHECKING:
    from .match import Stream

out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
COLOUR = {"verified": "green", "failing": "red", "stale": "yellow", "unverified": "yellow"}


class Exit(IntEnum):
    """The causes that a caller can tell apart."""

    VERIFIED, FAILING, USAGE, NOTHING, UNANSWERED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 75, 130


class Diagnosis(IntEnum):
    """What `clinic diagnose` found."""

    KNOWN, LOOKALIKE, NOT_KNOWN = 0, 1, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def clinic() -> None:
    """Decide the claims of the articles, and build the site from what was observed.

    Exit status: 0 all verified, 1 something failing, 2 usage or content error, 3 nothing selected, 4 something has no current
    answer, 75 another run holds the lock, 130 interrupted.
    """


def main() -> int:
    """Run the command line and return its exit status; content errors are printed whole, without a traceback."""
    try:
        return int(clinic.main(standalone_mode=False) or 0)
    except Invalid as error:
        for problem in error.problems:
            err.print(escape(str(problem)))
        err.print(f"{_count(len(error.problems), 'problem')}. Nothing was written.")
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        err.print("Interrupted. What was decided is kept: the same command goes on from here.")
        return Exit.INTERRUPTED


@clinic.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> int:
    """List the articles and the environments."""
    project = load_project(find_root())
    if as_json:
        articles = [
            {"id": one.id, "slug": one.slug, "message": one.toml.message, "claims": len(one.claims)} for one in project.articles
        ]
        names = [{"name": one.name, "python": one.python, "device": one.device} for one in project.environments.values()]
        _print_json({"articles": articles, "environments": names})
        return Exit.VERIFIED
    table = Table(box=None, header_style="bold")
    for heading in ("article", "claims", "cells", "message"):
        table.add_column(heading, overflow="fold")
    for article in project.articles:
        table.add_row(
            article.id, str(len(article.claims)), str(len(list(project.cells(article)))), escape(article.toml.message)
        )
    out.print(table)
    cells = Counter(cell.environment.name for cell in project.cells())
    table = Table(box=None, header_style="bold")
    for heading in ("environment", "Python", "device", "cells", "requires"):
        table.add_column(heading, no_wrap=heading == "environment", overflow="fold")
    for one in project.environments.values():
        table.add_row(
            one.name, one.python, one.device, str(cells[one.name] or "base"), escape(", ".join(one.toml.requires[:4]))
        )
    out.print(table)
    return Exit.VERIFIED


@clinic.command()
@click.argument("article", required=False)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON: cells, each with article, claim, environment, expected, observed, status, reason.",
)
def status(article: str | None, as_json: bool) -> int:
    """Show the status of every cell, derived from the evidence and the files of this moment."""
    project = load_project(find_root())
    jobs = select(project, [article] if article else [], [], lambda _: True)
    cells = [cell for job in sorted(jobs, key=lambda job: job.article.id) for cell in job.cells]
    if as_json:
        _print_json({"cells": [_cell_as_json(project, cell) for cell in cells]})
        return _exit_status(project, cells)
    for cell in cells:
        judged = project.judge(cell)
        colour = COLOUR[judged.status]
        out.print(_line(cell, judged.status, colour, judged.reason))
    _print_summary(project, cells)
    return _exit_status(project, cells)


@clinic.command()
@click.argument("articles", nargs=-1)
@click.option("--environment", "-e", "environments", multiple=True, help="Only this environment; may be given more than once.")
@click.option("--again", is_flag=True, help="Decide also what has a current answer.")
@click.option("--here", is_flag=True, help="Decide also what has an answer, if this machine has not given it.")
@click.option(
    "--wheels",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Install from this folder of wheels, without an index.",
)
@click.option("--same", is_flag=True, help="Fail also when a verdict differs from the one recorded before.")
@click.option("--json", "as_json", is_flag=True, help="Print the cells that were selected as JSON.")
def run(
    articles: tuple[str, ...],
    environments: tuple[str, ...],
    again: bool,
    here: bool,
    wheels: Path | None,
    same: bool,
    as_json: bool,
) -> int:
    """Decide the cells that have no current answer (all articles, or those named) and write the evidence."""
    root = find_root()
    project = load_project(root)
    selected = select(project, articles, environments, lambda _: True)
    if not selected:
        err.print("Nothing is selected: no claim is stated for that article and environment. See: clinic list")
        return Exit.NOTHING
    own = _OwnRuns(home(root))
    jobs = [job for job in selected if again or not has_answer(project, job) or (here and not own.has(job))]
    current = not jobs
    jobs = [job for job in jobs if _can_be_entered(job, bool(environments))]
    changed: list[str] = []
    if jobs:
        with _only_run(home(root)):
            sweep(article.folder for article in project.articles)
            changed = _run_jobs(project, jobs, wheels, own)
    project = load_project(root)  # the statuses of the files as they are now
    ran = {
        (job.article.slug, job.name)
        for job in selected
        if environments or (job.environment.device == "cpu" and not awaits_commit(job.environment))
    }
    cells = [cell for job in project.jobs if (job.article.slug, job.name) in ran for cell in job.cells]
    if as_json:
        _print_json({"cells": [_cell_as_json(project, cell) for cell in cells]})
    else:
        left = (
            "Every answer is current"
            if current
            else "What has no current answer needs a CUDA device, or a commit that is not recorded"
        )
        err.print("" if jobs else f"{left}; no environment was touched.")
        _print_summary(project, cells)
    for line in changed if same else []:
        err.print(f"[red]{escape(line)}[/]")
    return Exit.FAILING if same and changed else _exit_status(project, cells)


def _run_jobs(project: Project, jobs: list[Job], wheels: Path | None, own: _OwnRuns) -> list[str]:
    """Run jobs one after the other with their progress; return how verdicts differ from those recorded before."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from .run import decide

    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    changed: list[str] = []
    unavailable: dict[str, str] = {}
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("", total=len(jobs))
        for job in jobs:
            progress.update(bar, description=escape(job.name))
            path = location(job.article, job.module, job.environment.name)
            old = read_or_none(path)
            if job.environment.name not in unavailable:
                try:
                    record = decide(project, job, wheels, _Speaker(job, progress.console))
                    own.add(job, path)
                except (Unavailable, OSError) as error:  # OSError: a full disk, a folder that cannot be written
                    unavailable[job.environment.name] = str(error)
                    err.print(f"[yellow]{escape(str(error))}[/]")
                else:
                    for cell in job.cells:
                        changed += _report(cell, record, old)
            if job.environment.name in unavailable:
                for cell in job.cells:
                    err.print(_line(cell, "undecided", "yellow", "the environment cannot be entered here"))
                    changed += [f"{cell.name}: undecided, the environment cannot be entered"]
            progress.advance(bar)
    return changed


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
    err.print(_line(cell, outcome.observed, colour, f"{outcome.seconds:.1f} s{note}"))
    before = old.outcome(cell.claim.name) if old else None
    if before and before.observed != outcome.observed:
        return [f"{cell.name}: recorded {before.observed} on {before.recorded:%Y-%m-%d}, now {outcome.observed}"]
    return []


def _line(cell: Cell, word: str, colour: str, note: str) -> str:
    return f"{cell.article.id} [{colour}]{word:10}[/] {escape(cell.name)}  [dim]{escape(note)}[/]"


def _can_be_entered(job: Job, named: bool) -> bool:
    """Whether this machine has the job's device, and its commit is known; said aloud only if it was asked for by name."""
    if awaits_commit(job.environment):
        return named  # the attempt says what is missing
    if job.environment.device == "cpu" or Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists():
        return True
    if named:
        err.print(f"[yellow]{escape(job.name)}: undecided, this machine has no CUDA device; run it on one that has[/]")
    return False


@clinic.command()
@click.argument("slug")
def new(slug: str) -> int:
    """Make the three files of a new article: its folder of checks and its page in both languages."""
    from .new import create

    for path in create(find_root(), slug):
        out.print(f"wrote {escape(str(path))}")
    out.print("Next: describe the message in article.toml, decide its claims, then: clinic run, clinic lint")
    return Exit.VERIFIED


@clinic.command()
def lint() -> int:
    """Compare pages, folders, claims, environments, evidence and snippets; print every problem with its repair."""
    from .lint import lint_project

    problems = lint_project(find_root())
    if problems:
        raise Invalid(problems)
    out.print("Pages, claims, environments and evidence fit each other.")
    return Exit.VERIFIED


@clinic.command("generate")
def generate_() -> int:
    """Write the generated parts of the snippets again: what was measured, and code that two of them share."""
    from .generate import generate

    root = find_root()
    for path in generate(load_project(root)):
        out.print(f"wrote {escape(str(path.relative_to(root)))}")
    return Exit.VERIFIED


@clinic.command("lock")
@click.argument("names", nargs=-1, metavar="[ENVIRONMENT|FAMILY=VERSION[+VERSION]]...")
@click.option("--until", default="2026-11-21", show_default=True, help="Take no release that is newer than this day.")
def lock_(names: tuple[str, ...], until: str) -> int:
    """Resolve requirements again and write the hashed locks: all, those named, or that of a family's new member."""
    from .install import lock

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
                for path in lock(environment, until):
                    out.print(f"wrote {escape(str(path.relative_to(root)))}")
            except Unavailable as error:
                failed += 1
                err.print(f"[yellow]{escape(str(error))}[/]")
                if not environment.lock().read_bytes():
                    environment.lock().unlink()  # a member that cannot be resolved is none
    return Exit.USAGE if failed else Exit.VERIFIED


@clinic.command("draw")
@click.argument("names", nargs=-1)
def draw_(names: tuple[str, ...]) -> int:
    """Draw docs/drawings (all, or those named) from what the checks printed; needs matplotlib, which a build does not."""
    from .draw import draw
    from .drawing import drawings

    known = drawings(load_project(find_root()))
    if unknown := sorted(set(names) - {drawing.name for drawing in known}):
        raise click.UsageError(f"unknown drawing: {', '.join(unknown)} (known: {', '.join(one.name for one in known)})")
    for drawing in known:
        if not names or drawing.name in names:
            try:
                files = draw(drawing)
            except ModuleNotFoundError as error:
                raise click.ClickException(f"{error}; requirements/development.txt has it: make setup") from error
            out.print("\n".join(f"wrote {escape(file)}" for file in files))
    return Exit.VERIFIED


@clinic.command()
@click.argument("file", required=False, type=click.File("rb"), default="-")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="The language of the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: findings in order, nearest articles, lines read.")
def diagnose(file: BinaryIO, language: Language, as_json: bool) -> int:
    """Say which article has the message that a log holds: python train.py 2>&1 | clinic diagnose.

    Reads FILE, or standard input. Nothing leaves this machine. Exit status: 0 known, 1 only a look-alike, 2 no log, 3 not
    known.
    """
    from .answer import Answer
    from .vectors import Diagnoser

    diagnoser = Diagnoser(load_project(find_root(own=True)))
    diagnosis, printed = _read(diagnoser.matcher.stream(), file)
    answer = Answer(diagnoser.complete(diagnosis), diagnoser.dictionary, language, printed)
    if as_json:
        _print_json(answer.as_json())
    else:
        for line in answer.lines():
            out.print(line)
    kinds = [finding["kind"] for finding in answer.findings]
    return Diagnosis.KNOWN if "match" in kinds else Diagnosis.LOOKALIKE if kinds else Diagnosis.NOT_KNOWN


def _read(stream: Stream, file: BinaryIO) -> tuple[dict[str, Any], str]:
    """Feed a log to the matcher, with progress; an interrupted pipe is answered with what was read. Return its ends, too."""
    from .log import Ends, NoLog, pieces

    ends = Ends()
    if file.isatty():
        err.print("[dim]Paste the message, then press Ctrl+D.[/]")
    try:
        with contextlib.suppress(KeyboardInterrupt), err.status("reading") as status:
            for text, read in pieces(file):
                stream.feed(text)
                ends.add(text)
                status.update(f"reading, {read >> 20} MB so far")
    except (NoLog, OSError) as error:
        raise click.ClickException(str(error)) from error
    return stream.finish(), ends.text


@clinic.command()
def build() -> int:
    """Build both languages into site/, with badges, evidence and downloads beside the pages."""
    from .publish import build_site

    root = find_root()
    load_project(root)  # content errors first, before anything is written
    with err.status("building both languages"):
        folder = build_site(root)
    out.print(f"built {escape(str(folder))}")
    return Exit.VERIFIED


@clinic.command()
@click.option("--port", default=8000, show_default=True)
def serve(port: int) -> int:
    """Serve site/ on this machine, at the port or the next free one, until interrupted."""
    from .publish import serve_site

    serve_site(find_root(), port, lambda address: out.print(f"Serving the site, Ctrl-C ends it:\n{address}"))
    return Exit.VERIFIED


@clinic.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--environment", "-e", default="cuda-system-torch", show_default=True)
@click.option("--python", "version", default="3.12", show_default=True, help="The Python of the machine that will use them.")
def wheels(folder: Path, environment: str, version: str) -> int:
    """Collect the wheels with which a machine without network can run one environment."""
    from .install import collect_wheels

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


class _OwnRuns:
    """Which evidence this machine wrote itself: job -> digest of the file, kept beside the environments."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "own-runs.json"
        self.runs: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self.runs = dict(json.loads(self.path.read_text(encoding="utf-8")))

    def has(self, job: Job) -> bool:
        path = location(job.article, job.module, job.environment.name)
        return path.is_file() and self.runs.get(f"{job.article.id} {job.name}") == sha256(path)

    def add(self, job: Job, path: Path) -> None:
        self.runs[f"{job.article.id} {job.name}"] = sha256(path)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.runs, indent=1), encoding="utf-8")
        temporary.replace(self.path)


@contextlib.contextmanager
def _only_run(folder: Path) -> Iterator[None]:
    """Hold the lock of this clinic's home; another run that holds it ends this one with status 75."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            err.print("Another run holds the lock. Wait for it, or end it; nothing was changed.")
            raise SystemExit(Exit.LOCKED) from None
        yield


def _cell_as_json(project: Project, cell: Cell) -> dict[str, Any]:
    judged = project.judge(cell)
    return {
        "article": cell.article.id,
        "claim": cell.claim.name,
        "environment": cell.environment.name,
        "expected": cell.expected,
        "observed": judged.observed,
        "status": judged.status,
        "reason": judged.reason,
        "recorded": judged.outcome.recorded.isoformat() if judged.outcome else None,
    }


def _exit_status(project: Project, cells: list[Cell]) -> Exit:
    statuses = {project.judge(cell).status for cell in cells}
    if "failing" in statuses:
        return Exit.FAILING
    return Exit.VERIFIED if statuses == {"verified"} else Exit.UNANSWERED


def _print_summary(project: Project, cells: list[Cell]) -> None:
    for article in project.articles:
        judged = [project.judge(cell) for cell in cells if cell.article is article]
        if not judged:
            continue
        counts = Counter(one.status for one in judged)
        others = ", ".join(f"[{COLOUR[name]}]{number} {name}[/]" for name, number in counts.items() if name != "verified")
        out.print(f"{article.id} verified {counts['verified']}/{len(judged)}" + (f" ({others})" if others else ""))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


if __name__ == "__main__":
    sys.exit(main())
