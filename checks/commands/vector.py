"""`clinic vector add`: a real log becomes a text that must be answered rightly from now on."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import get_args

import click
from rich.markup import escape

from checkpoint_clinic.log import NoLog, pieces

from ..content.problem import Invalid, Problem, relative
from ..content.vectors import called
from ..decide.plan import find_root, load_project
from ..tend.intake import Kind, add, add_unanswered, take
from .command import Exit, out


@click.group(name="vector")
def command() -> None:
    """Texts of real reports that the articles have to answer rightly."""


@command.command(name="add")
@click.argument("log")
@click.option("--expect", required=True, metavar="CC002", help="The article that it belongs to; none: nothing answers it yet.")
@click.option("--as", "kind", type=click.Choice(get_args(Kind)), default="match", help="What it is to that article.")
@click.option("--source", required=True, metavar="URL", help="The public report that it comes from.")
@click.option("--name", help="What it is called in vectors.toml (default: the end of its source).")
@click.option("--lines", metavar="10-24", help="Keep these lines, where no signature knows yet which.")
def add_log(log: str, expect: str, kind: Kind, source: str, name: str | None, lines: str | None) -> int:
    """Mask LOG (a file, or - for standard input), cut it down to what decides its answer, and write it as a vector.

    The lines that stay are answered as the whole log is, or nothing is written. Read what was kept before you commit it:
    masking is careful, not certain.
    """
    project = load_project(find_root())
    if expect == "none":
        path = add_unanswered(project, _read(log), source, _range(lines))
        out.print(f"wrote {escape(relative(path, project.root))}. Read it: masking is not certain.")
        return Exit.VERIFIED
    article = next((one for one in project.articles if expect.casefold() in (one.id.casefold(), one.slug)), None)
    if article is None:
        known = ", ".join(one.id for one in project.articles)
        raise Invalid([Problem("command line", 1, f"one of {known}", expect, "name the article: --expect CC002, or none")])
    text = _read(log)
    made = take(project, article, text, kind, source, name or called(source), _range(lines))
    path = add(project, article, kind, made.text)
    out.print(escape(made.text.text), highlight=False)
    out.print(
        f"\nwrote {escape(relative(path, project.root))}: {made.kept} of {made.lines} lines. Read them: masking is not certain."
    )
    if made.wrong:
        out.print(f"Answered today: {escape(made.wrong)}. Lint fails until a signature of {article.id} makes it {kind}.")
        return Exit.FAILING
    return Exit.VERIFIED


def _read(log: str) -> str:
    try:
        if log == "-":
            return "".join(text for text, _ in pieces(sys.stdin.buffer))
        with Path(log).open("rb") as file:
            return "".join(text for text, _ in pieces(file))
    except (NoLog, OSError) as error:
        raise Invalid(
            [Problem("command line", 1, "a log", f"{log}: {error}", "give a log's file, or - and pipe it in")]
        ) from error


def _range(lines: str | None) -> range | None:
    if lines is None:
        return None
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", lines)
    if not found:
        raise Invalid([Problem("command line", 1, "lines such as 10-24", lines, "count them from 1: --lines 10-24")])
    return range(int(found[1]), int(found[2] or found[1]) + 1)
