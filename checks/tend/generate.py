"""What is generated in the snippets: measurements from the evidence, and code that two files share.

A generated part stands between two comment lines. The first says what it is made of, so there is no list elsewhere:

    # --- measured, by `clinic generate`: zero3.* of atlas          (the star: an architecture, or a model_type)
    #     and module.*_is_exact of CC002
    #     and module.claim of CC002 where premise as model_type
    # --- copied, by `clinic generate`: name, name of other_snippet.py
    # --- end of the generated part

A measurement counts where its answer is current and the premise, if there is one, holds. An environment with a prelude
is left out (a reconstruction has the version of a release and is none), and so is a version that names many commits.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from packaging.version import Version

from ..content.article import Article, Claim, imported_files
from ..content.problem import Invalid, Problem, relative
from ..decide.evidence import location, read_or_none
from ..decide.plan import Cell, Project

PACKAGES = ("transformers", "deepspeed")
_PART = re.compile(
    r"^# --- (?P<kind>measured|copied), by `clinic generate`: (?P<made_of>\S[^\n]*(?:\n#     and [^\n]*)*)\n"
    r"(?P<text>.*?)^# --- end of the generated part$",
    re.MULTILINE | re.DOTALL,
)
_SOURCE = re.compile(r"(?P<what>\S.*?) of (?P<source>[\w.]+)(?: where (?P<premise>\w+))?(?: as (?P<model>\w+))?")
_DATE = re.compile(r'^DATE = ".*"\n', re.MULTILINE)
_WIDTH = 120
Rows = dict[tuple[str, ...], bool]


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
    sources = [_SOURCE.fullmatch(one) for one in match["made_of"].split("\n#     and ")]
    read = [one for one in sources if one]
    if len(read) != len(sources) or (match["kind"] == "copied" and len(read) > 1):
        repair = "write it as checks/tend/generate.py says"
        raise Invalid([Problem(_name(project, file), line, "what a part is made of", match["made_of"], repair)])
    if match["kind"] == "copied":
        wanted = _copied(project, file, line, read[0]["source"], re.split(r",\s*", read[0]["what"]))
        return Part(start, line, found, wanted, "run: clinic generate")
    models, dates, runs = dict[str, Rows](), [""], list[str]()
    for source in read:
        for model, claims in _models(project, file, line, source):
            rows, date, stale = _measured(project, *claims)
            known = models.setdefault(model, {})
            known.update({versions: affected or known.get(versions, False) for versions, affected in rows.items()})
            dates, runs = [*dates, date], [*runs, *[source["source"]] * stale]
    run = ", ".join(f"clinic run {name} ({runs.count(name)} of its cells are stale)" for name in dict.fromkeys(runs))
    return Part(start, line, found, _table(models, max(dates)), f"run: {run}{', then: ' if run else ''}clinic generate")


def _models(
    project: Project, file: Path, line: int, source: re.Match[str]
) -> Iterator[tuple[str, list[tuple[Article, Claim]]]]:
    """Yield each model with the claim that decides it, and its premise; a star stands for the model in a claim's name."""
    if "*" not in source["what"]:
        premise = [f"{source['what'].partition('.')[0]}.{source['premise']}"] if source["premise"] else []
        claims = _claims(project, file, line, source["source"], [source["what"], *premise])
        yield source["model"] or claims[0][1].module, claims
        return
    before, _, behind = source["what"].partition("*")
    article = project.article(source["source"])
    known = [claim.name for claim in article.claims] if article else []
    names = [name for name in known if name.startswith(before) and name.endswith(behind)]
    of_atlas = {one.module: one.model_type for one in project.atlas.architectures} if project.atlas else {}
    for claim in _claims(project, file, line, source["source"], names or [source["what"]]):
        name = claim[1].name.removeprefix(before).removesuffix(behind)
        yield of_atlas.get(name, name) if article is project.atlas else name, [claim]


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
) -> tuple[Rows, str, int]:
    """Return versions -> whether the claim was refuted, the day of the last measurement, and how many answers are stale."""
    rows: Rows = {}
    dates, stale = [""], 0
    premises = {cell.environment.name: cell for cell in _cells(project, *premise)} if premise else {}
    for cell in _cells(project, *claim):
        judged = project.judge(cell)
        stale += judged.status == "stale"
        if judged.status not in ("verified", "failing") or judged.outcome is None:
            continue
        if premise and not _holds(project, premises.get(cell.environment.name)):
            continue
        versions = _versions(cell)
        if versions and not any(Version(version).is_devrelease for version in versions):
            rows[versions] = rows.get(versions, False) or judged.observed == "refuted"
            dates.append(f"{judged.outcome.recorded:%Y-%m-%d}")
    return rows, max(dates), stale


def _cells(project: Project, article: Article, claim: Claim) -> Iterator[Cell]:
    return (cell for cell in project.cells_of(article, claim) if not cell.environment.preludes)


def _holds(project: Project, cell: Cell | None) -> bool:
    judged = project.judge(cell) if cell else None
    return judged is not None and judged.status in ("verified", "failing") and judged.observed == "holds"


def _versions(cell: Cell) -> tuple[str, ...]:
    """Return the versions that the run saw; none if one of the packages was not there."""
    record = read_or_none(location(cell.article, cell.claim.module, cell.environment.name))
    found = [record.seen.packages.get(name, "") for name in PACKAGES] if record else []
    return tuple(found) if all(found) else ()


def _table(models: dict[str, Rows], date: str) -> str:
    """Return the measurements as a text: for each DeepSpeed the releases tried with it, then ranges of these for each model."""
    pairs = {versions for rows in models.values() for versions in rows}
    lines: list[str] = []
    for deepspeed in sorted({one[1] for one in pairs}, key=Version):
        releases = sorted({one[0] for one in pairs if one[1] == deepspeed}, key=Version)
        lines += _wrapped(f"{PACKAGES[0]} {deepspeed}:", releases)
        for model, rows in sorted(models.items()):
            lines += _wrapped(f"{model} {deepspeed}:", _ranges(releases, [rows.get((one, deepspeed)) for one in releases]))
    return "\n".join([f'DATE = "{date}"', 'TABLE = """', *lines, '"""']) + "\n"


def _ranges(releases: list[str], affected: list[bool | None]) -> Iterator[str]:
    """Yield neighbours with the same answer as one, `!` before those that are affected; what has no answer ends a range."""
    for answer, group in groupby(zip(affected, releases, strict=True), key=lambda pair: pair[0]):
        names = [release for _, release in group]
        if answer is not None:
            yield ("!" if answer else "") + ("..".join([names[0], names[-1]]) if names[1:] else names[0])


def _wrapped(head: str, words: Iterable[str]) -> Iterator[str]:
    """Yield lines that begin with the head, as many as are needed; none without a word."""
    line = ""
    for word in words:
        if line and len(line) + len(word) >= _WIDTH:
            yield line
            line = ""
        line = f"{line or head} {word}"
    yield from [line] if line else []
