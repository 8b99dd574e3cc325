"""`clinic atlas`: what was observed in it, what a release changed, and the expectations that follow."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.plan import Project, find_root, load_project
from ..show.atlas import KINDS, Row, newer, tables
from ..tend.changes import accept, changes, headline
from .command import Exit, count, err, out, print_json

COLOURS = {"exact": "green", "silent": "red", "error": "yellow", "unknown": "dim"}


@click.command()
@click.option("--accept", "accepted", is_flag=True, help="Expect from now on what was observed: write it into atlas.toml.")
@click.option("--changes", "environment", metavar="ENVIRONMENT", help="What is different there from the release before it.")
@click.option("--headline", "only_headline", is_flag=True, help="Of the changes, the one line that says it.")
@click.option("--newer", "only_newer", is_flag=True, help="Print the newest known release, if nothing so new was measured.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts, or the changes, as JSON.")
def command(accepted: bool, environment: str | None, only_headline: bool, only_newer: bool, as_json: bool) -> int:
    """Say what was observed in the load atlas, in each way of loading.

    A release more: clinic lock atlas=VERSION, clinic run atlas, clinic atlas --changes atlas-VERSION, clinic atlas --accept
    """
    project = load_project(find_root())
    if project.atlas is None:
        err.print("There is no atlas here: checks/atlas does not exist.")
        return Exit.NOTHING
    if only_newer:
        click.echo(newer(project))
        return Exit.VERIFIED
    if environment is not None:
        return _changes(project, environment, only_headline, as_json)
    if accepted:
        different = accept(project)
        for one in different:
            out.print(escape(one))
        out.print(f"atlas.toml: {count(len(different), 'cell')} expected otherwise than before")
        return Exit.VERIFIED
    found = {table.place: _counts(table.rows) for table in tables(project)}
    if as_json:
        print_json(found)
    else:
        for way, counts in found.items():
            told = ", ".join(f"[{COLOURS.get(kind, 'dim')}]{number} {kind}[/]" for kind, number in counts.items() if number)
            out.print(f"{way:<24} {told}")
    return Exit.VERIFIED


def _changes(project: Project, name: str, only_headline: bool, as_json: bool) -> int:
    if name not in project.environments:
        err.print(f"No such environment: {escape(name)}. See: clinic plan")
        return Exit.USAGE
    found = changes(project, name)
    title = headline(project.environments[name], found)
    if as_json:
        print_json({"headline": title, "changes": list(map(str, found))})
        return Exit.VERIFIED
    out.print(escape(title))
    for one in [] if only_headline else found:
        out.print(f"  {escape(str(one))}")
    return Exit.VERIFIED


def _counts(rows: tuple[Row, ...]) -> dict[str, int]:
    kinds = [outcome.kind if outcome else "not run" for row in rows for outcome in row.outcomes]
    return {kind: kinds.count(kind) for kind in (*KINDS, "not run")}
