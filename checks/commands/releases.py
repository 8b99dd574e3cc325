"""`clinic releases`."""

from __future__ import annotations

import click
from rich.markup import escape

from ..decide.evidence import now
from ..decide.plan import Project, find_root, load_project
from ..decide.releases import refresh
from ..show.facts import fact_of
from .command import Exit, err, out


@click.command()
@click.argument("packages", nargs=-1)
def command(packages: tuple[str, ...]) -> int:
    """Ask pip's package index for the newest releases (of all packages by whose versions a fact is told, or of those named).

    They are kept in checks/releases.toml: beside what was measured, a page then says which newer release was not. Nothing
    else needs it, or a network.
    """
    project = load_project(find_root())
    with err.status("asking the package index"):
        path, answers = refresh(project, packages or _measured(project), now().date())
    for name, found in sorted(answers.items()):
        out.print(f"{escape(name)} {found}" if found else f"[yellow]{escape(name)}: no answer, what was known stays[/]")
    out.print(f"wrote {escape(str(path.relative_to(project.root)))}")
    return Exit.VERIFIED if all(answers.values()) else Exit.UNANSWERED


def _measured(project: Project) -> list[str]:
    facts = (fact_of(project, article, claim) for article in project.articles for claim in article.claims)
    return sorted({span.package for fact in facts for span in fact.spans})
