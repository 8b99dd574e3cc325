"""What is generated in the snippets: measurements from the evidence, and code that two files share.

A generated part stands between two comment lines. The first says what it is made of, so there is no list elsewhere:

    # --- measured, by `clinic generate`: module.claim of CC002 where premise
    # --- measured, by `clinic generate`: module.*_is_exact of CC002      (a table for each model: claims named so)
    # --- copied, by `clinic generate`: name, name of other_snippet.py
    # --- end of the generated part

A measurement counts where its answer is current and the premise, if there is one, holds. An environment with a prelude
is left out (a reconstruction has the version of a release and is none), and so is a version that names many commits.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from ..content.article import Article, Claim, imported_files
from ..content.problem import Invalid, Problem, relative
from ..decide.plan import Cell, Project

PACKAGES = ("transformers", "deepspeed")
_PART = re.compile(
    r"^# --- (?P<kind>measured|copied), by `clinic generate`: (?P<what>\S.*?) of (?P<source>[\w.]+)"
    r"(?: where (?P<premise>\w+))?\n(?P<text>.*?)^# --- end of the generated part$",
    re.MULTILINE | re.DOTALL,
)
_DATE = re.compile(r'^(?:MODELS_)?DATE = ".*"\n', re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One generated part of a snippet: its place in the text, what it says and what it has to say."""

    start: int
    line: int
    found: str
    wanted: str
    repair: str

    @property
    def fits(self) -> bool:
        """Whether it can stay. A table with the same answers keeps its date: they were known by then."""
        return _DATE.sub("", self.found) == _DATE.sub("", self.wanted)


def generated_problems(project: Project) -> Iterator[Problem]:
    """Yield each generated part that no longer fits what it is made of."""
    for file in _snippets(project):
        try:
            parts = _parts(project, file)
        except Invalid as error:
            yield from error.problems
            continue
        for part in parts:
            if not part.fits:
                yield Problem(
                    _name(project, file), part.line, "what `clinic generate` writes here", "another text", part.repair
                )


def generate(project: Project) -> list[Path]:
    """Write the parts that do not fit, and return the files that were changed.

    Raises:
        Invalid: if a part names something that is not there; no file is changed then.
    """
    parts = {file: _parts(project, file) for file in _snippets(project)}
    changed = [file for file in parts if not all(part.fits for part in parts[file])]
    for file in changed:
        text = file.read_text(encoding="utf-8")
        for part in sorted(parts[file], key=lambda part: -part.start):
            written = part.found if part.fits else part.wanted
            text = text[: part.start] + written + text[part.start + len(part.found) :]
        file.write_text(text, encoding="utf-8")
    return changed


def _snippets(project: Project) -> list[Path]:
    return sorted((project.root / "snippets").glob("*.py"))


def _name(project: Project, file: Path) -> str:
    return relative(file, project.root)


def _parts(project: Project, file: Path) -> list[Part]:
    text = file.read_text(encoding="utf-8")
    return [_part(project, file, match, text.count("\n", 0, match.start()) + 1) for match in _PART.finditer(text)]


def _part(project: Project, file: Path, match: re.Match[str], line: int) -> Part:
    start, found = match.start("text"), match["text"]
    if match["kind"] == "copied":
        wanted = _copied(project, file, line, match["source"], re.split(r",\s*", match["what"]))
        return Part(start, line, found, wanted, "run: clinic generate")
    if "*" in match["what"]:
        return _models(project, file, match, line)
    premise = [f"{match['what'].partition('.')[0]}.{match['premise']}"] if match["premise"] else []
    claims = _claims(project, file, line, match["source"], [match["what"], *premise])
    rows, date, stale = _measured(project, *claims)
    run = f"run: clinic run {match['source']} ({stale} of its cells are stale), then: " if stale else "run: "
    return Part(start, line, found, _table(rows, date), f"{run}clinic generate")


def _models(project: Project, file: Path, match: re.Match[str], line: int) -> Part:
    """Return a table for each model: its name is what stands in the place of the star in a claim's name."""
    before, _, behind = match["what"].partition("*")
    article = project.article(match["source"])
    names = (
        [claim.name for claim in article.claims if claim.name.startswith(before) and claim.name.endswith(behind)]
        if article
        else []
    )
    tables, dates, stale = dict[str, dict[tuple[str, ...], bool]](), [""], 0
    for claim in _claims(project, file, line, match["source"], names or [match["what"]]):
        rows, date, old = _measured(project, claim)
        tables[claim[1].name.removeprefix(before).removesuffix(behind)] = rows
        dates, stale = [*dates, date], stale + old
    lines = [f'MODELS_DATE = "{max(dates)}"', "MODELS = {  # model_type: the same of a small model of this kind"]
    for name, rows in sorted(tables.items()):
        lines += [f'    "{name}": {{', *(f"    {row}" for row in _rows(rows)), "    },"]
    run = f"run: clinic run {match['source']} ({stale} of its cells are stale), then: " if stale else "run: "
    return Part(match.start("text"), line, match["text"], "\n".join([*lines, "}"]) + "\n", f"{run}clinic generate")


def _copied(project: Project, file: Path, line: int, source: str, names: list[str]) -> str:
    """Return the source of the named functions, classes or constants of another snippet, comments and all."""
    path = file.with_name(source)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    definitions = {name: node for node in ast.parse(text).body for name in _defined(node)}
    if missing := [name for name in names if name not in definitions]:
        repair = f"define it in {_name(project, path)}, or correct the line"
        raise Invalid([Problem(_name(project, file), line, f"a definition of {source}", one, repair) for one in missing])
    lines = text.splitlines(keepends=True)
    sources = ("".join(lines[definitions[name].lineno - 1 : definitions[name].end_lineno]) for name in names)
    constants = all(isinstance(definitions[name], (ast.Assign, ast.AnnAssign)) for name in names)
    return "".join(sources) if constants else "\n\n" + "\n\n".join(sources) + "\n\n"


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [one for target in targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [one.id for one in names if isinstance(one, ast.Name)]


def _claims(project: Project, file: Path, line: int, source: str, names: list[str]) -> list[tuple[Article, Claim]]:
    """Return the named claims; one whose check imports the file would make the file depend on itself."""
    article = project.article(source)
    known = {claim.name: claim for claim in article.claims} if article else {}
    problems = []
    for name in names:
        if article is None or name not in known:
            repair = f"name one of: {', '.join(known) or 'the articles that clinic list shows'}"
            problems.append(Problem(_name(project, file), line, f"a claim of {source}", name, repair))
        elif file in imported_files(known[name].path, project.root):
            found = f"{name}, whose check imports this file"
            repair = "name a claim of another check module"
            problems.append(
                Problem(_name(project, file), line, "evidence that does not depend on its own result", found, repair)
            )
    if article is None or problems:
        raise Invalid(problems)
    return [(article, known[name]) for name in names]


def _measured(
    project: Project, claim: tuple[Article, Claim], premise: tuple[Article, Claim] | None = None
) -> tuple[dict[tuple[str, ...], bool], str, int]:
    """Return versions -> whether the claim was refuted, the day of the last measurement, and how many answers are stale."""
    rows: dict[tuple[str, ...], bool] = {}
    dates, stale = [""], 0
    premises = {cell.environment.name: cell for cell in _cells(project, *premise)} if premise else {}
    for cell in _cells(project, *claim):
        judged = project.judge(cell)
        stale += judged.status == "stale"
        if judged.status not in ("verified", "failing") or judged.outcome is None:
            continue
        if premise and not _holds(project, premises.get(cell.environment.name)):
            continue
        versions = _versions(project, cell)
        if versions and not any(Version(version).is_devrelease for version in versions):
            rows[versions] = rows.get(versions, False) or judged.observed == "refuted"
            dates.append(f"{judged.outcome.recorded:%Y-%m-%d}")
    return rows, max(dates), stale


def _cells(project: Project, article: Article, claim: Claim) -> Iterator[Cell]:
    return (cell for cell in project.cells(article) if cell.claim is claim and not cell.environment.preludes)


def _holds(project: Project, cell: Cell | None) -> bool:
    judged = project.judge(cell) if cell else None
    return judged is not None and judged.status in ("verified", "failing") and judged.observed == "holds"


def _versions(project: Project, cell: Cell) -> tuple[str, ...]:
    """Return the versions that the run saw; none if one of the packages was not there."""
    jobs = (job for job in project.jobs if job.environment is cell.environment and job.module == cell.claim.module)
    record = next((record for job in jobs if job.article is cell.article and (record := project.record(job))), None)
    found = [record.seen.packages.get(name, "") for name in PACKAGES] if record else []
    return tuple(found) if all(found) else ()


def _table(rows: dict[tuple[str, ...], bool], date: str) -> str:
    """Return the measurements as Python, as ruff formats it."""
    lines = [f'DATE = "{date}"', f"AFFECTED = {{  # ({', '.join(PACKAGES)}): whether a tensor is lost, or the load fails"]
    return "\n".join([*lines, *_rows(rows), "}"]) + "\n"


def _rows(rows: dict[tuple[str, ...], bool]) -> Iterator[str]:
    for versions in sorted(rows, key=lambda one: tuple(map(Version, one))):
        quoted = ", ".join(f'"{version}"' for version in versions)
        yield f"    ({quoted}): {rows[versions]},"
