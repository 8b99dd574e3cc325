"""Find mutants that cannot be made, survivors that are none, and articles whose claims notice less than they ask for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..content.article import Article
from ..content.problem import Problem, line_of, relative
from ..decide.plan import Project
from ..show.kills import changed_modules, kills, location, read
from .mutants import mutant_file


def mutant_problems(project: Project, article: Article) -> Iterator[Problem]:
    """Yield what is wrong in an article's mutants; what was tried before its files changed is a note, and no problem."""
    yield from _stated(project, article)
    file = relative(location(article), project.root)
    try:
        measured = read(article)
    except ValueError as error:
        yield Problem(file, 1, "mutants as clinic mutate wrote them", str(error), f"run: clinic mutate {article.id}")
        return
    stale = changed_modules(project, article)
    for claim in article.claims:
        counted = kills(article, measured, claim.name)
        if counted.rate < article.toml.least and claim.module not in stale:
            missed = ", ".join(one.name for one in counted.survivors)
            repair = (
                f"strengthen {claim.name} and run: clinic mutate {article.id} --claim {claim.module}; or add a [[survivor]]"
            )
            wanted = f"{article.toml.least:.0%} of the mutants noticed by {claim.name}"
            yield Problem(file, 1, wanted, f"{counted.noticed} of {counted.total}, not {missed}", repair)


def _stated(project: Project, article: Article) -> Iterator[Problem]:
    path = article.folder / "article.toml"
    file, text = relative(path, project.root), path.read_text(encoding="utf-8")
    known = {*article.toml.claims, *(f"{module}.*" for module in article.modules)}
    unknown = [one.claim for one in article.toml.mutant if one.claim not in article.toml.claims]
    for name in (*unknown, *(one.claim for one in article.toml.survivor if one.claim not in known)):
        yield Problem(file, line_of(text, f'"{name}"'), "a claim of the article", name, "name one of [claims]")
    for mutant in article.toml.mutant:
        changed = mutant_file(article, mutant, project.root)
        count = changed.read_text(encoding="utf-8").count(mutant.old) if changed.is_file() else 0
        if count != 1:
            found = f"{count} times in {relative(changed, project.root)}" if changed.is_file() else f"no file {mutant.file}"
            repair = "correct old, or remove the mutant"
            yield Problem(file, line_of(text, mutant.why), "a mutant whose old text occurs once", found, repair)
            continue
        try:
            ast.parse(changed.read_text(encoding="utf-8").replace(mutant.old, mutant.new))
        except SyntaxError as error:
            yield Problem(file, line_of(text, mutant.why), "a mutant that is Python", str(error), "correct new")


def mutant_notes(project: Project, article: Article) -> Iterator[str]:
    """Yield what should be tried again, or at all; it stops nothing."""
    stale = changed_modules(project, article)
    if stale:
        yield f"{article.id}: mutants were tried before {', '.join(stale)} changed; run: clinic mutate {article.id}"
