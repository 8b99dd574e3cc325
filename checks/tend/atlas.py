"""The load atlas, held against its form: words in both languages, evidence that belongs to it, outcomes that have a name."""

from __future__ import annotations

from collections.abc import Iterator

from ..content.article import imported_files
from ..content.atlas import Atlas
from ..content.problem import Problem, line_of, relative
from ..decide.evidence import location
from ..decide.plan import Project
from ..show.atlas import outcome_of
from ..show.facts import ANSWERED


def atlas_problems(project: Project, atlas: Atlas) -> Iterator[Problem]:
    """Yield what is wrong with the atlas, whatever was measured."""
    yield from _words(project, atlas)
    yield from _left_out(project, atlas)
    for cell in project.cells(atlas):
        judged = project.judge(cell)
        if judged.status in ANSWERED and judged.outcome and not outcome_of(project, cell):
            file = relative(location(atlas, cell.claim.module, cell.environment.name), project.root)
            expected = f"a reason of {cell.claim.name} that begins with silent, error or class not known"
            repair = f"let checks/atlas/_ways.py say it, then run: clinic run atlas --environment {cell.environment.name}"
            yield Problem(file, 1, expected, judged.outcome.reason.partition("\n")[0][:80] or "none", repair)


def _words(project: Project, atlas: Atlas) -> Iterator[Problem]:
    path = atlas.folder / "atlas.toml"
    file, text = relative(path, project.root), path.read_text(encoding="utf-8")
    known = {one.module for one in atlas.architectures}
    for one in atlas.architectures:
        if not one.zh:
            repair = f'add {one.module} = "..." under [zh]: what of its layout matters, as its docstring says it in English'
            yield Problem(file, line_of(text, "[zh]"), f"the words of {one.module} in Chinese", "none", repair)
    for name in sorted(set(atlas.chinese) - known):
        yield Problem(file, line_of(text, name), "an architecture", name, "remove the line, or correct its name")


def _left_out(project: Project, atlas: Atlas) -> Iterator[Problem]:
    """Yield architectures that a way's check module does not import, so that it could not be asked of them."""
    known = {path: set(imported_files(path, project.root)) for path in sorted({claim.path for claim in atlas.claims})}
    for one in atlas.architectures:
        file = atlas.folder / f"{one.module}.py"
        if ways := [path.stem for path, files in known.items() if file not in files]:
            repair = f"import it in {relative(atlas.folder / '_architectures.py', project.root)}"
            yield Problem(relative(file, project.root), 1, f"to be imported by: {', '.join(ways)}", "it is not", repair)
