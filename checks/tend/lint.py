"""Compare page <-> folder <-> claims <-> environments <-> evidence <-> snippets. Each finding ends with its repair.

Reads text only: nothing is imported, run or written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from checkpoint_clinic.words import LANGUAGES, PARTS

from ..content.article import Article
from ..content.atlas import DECIDES
from ..content.environment import load_environments, lock_problems
from ..content.problem import Invalid, Problem, line_of, relative
from ..decide.attest import ENDINGS
from ..decide.evidence import Unreadable, envelopes, location, read
from ..decide.plan import Project, interrupted_writes, read_project
from ..show.drawing import drawings
from ..show.source import evidence_page, page
from .atlas import atlas_problems
from .generate import generated_problems
from .inert import inert_problems
from .kills import mutant_notes, mutant_problems
from .notes import note_problems
from .pages import ArticlePage, EvidencePage
from .vectors import unanswered_problems, vector_problems


def lint_project(root: Path) -> list[Problem]:
    """Return every problem of the project at `root`, sorted by file and line."""
    problems: list[Problem] = []
    try:
        for environment in load_environments(root / "checks" / "environments", root).values():
            problems += lock_problems(environment, root)
    except Invalid:
        pass  # reading the project says the same
    problems += _pages_without_folder(root)
    project, found = read_project(root)
    problems += found
    for article in project.articles:
        problems += _vacuous_claims(article, root)
        problems += _evidence(project, article)
        problems += _parts(article, root)
        problems += note_problems(project, article)
        problems += mutant_problems(project, article)
        for language in LANGUAGES:
            problems += ArticlePage(project, article, language, page(root, article, language)).problems()
            problems += EvidencePage(project, article, language, evidence_page(root, article, language)).problems()
    if project.atlas:
        problems += _vacuous_claims(project.atlas, root, DECIDES)
        problems += _evidence(project, project.atlas)
        problems += atlas_problems(project, project.atlas)
    problems += interrupted_writes(project)
    problems += inert_problems(root)
    for drawing in drawings(project):
        problems += drawing.problems()
    if not found:  # without them every article is there that a snippet or a text can name
        problems += vector_problems(project)
        problems += unanswered_problems(project)
        problems += generated_problems(project)
    return sorted(set(problems))


def lint_notes(root: Path) -> list[str]:
    """Return what should be done some day, and stops nothing."""
    project, _ = read_project(root)
    return [note for article in project.articles for note in mutant_notes(project, article)]


def _pages_without_folder(root: Path) -> Iterator[Problem]:
    for language in LANGUAGES:
        errors = root / "docs" / language / "errors"
        for written in sorted([*errors.glob("*.md"), *errors.glob("*/*.md")]):
            slug = written.relative_to(errors).parts[0].removesuffix(".md")
            folder = root / "checks" / "errors" / slug
            file = relative(written, root)
            if not folder.is_dir():
                repair = f"run: clinic new {slug} (it keeps this page), or remove the page"
                yield Problem(file, 1, f"a folder {relative(folder, root)} that proves the page", "none", repair)
            elif written.parent != errors and written.name != "evidence.md":
                yield Problem(file, 1, "evidence.md beside an article", written.name, "rename it, or move it into that page")


def _vacuous_claims(article: Article, root: Path, decides: str = "") -> Iterator[Problem]:
    """Find claims that no assertion can refute; the probe finds those whose assertion is not reached.

    `decides` is the function that decides all of a module, where each claim has none of its own.
    """
    for path in sorted({claim.path for claim in article.claims}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for claim in article.claims:
            if claim.path == path and not _asserts(functions[decides or claim.function], functions, set()):
                repair = "assert the effect that the sentence states"
                yield Problem(
                    relative(path, root),
                    claim.line,
                    f"an assertion in {claim.name}",
                    "none: nothing could refute it",
                    repair,
                )


def _asserts(node: ast.AST, functions: dict[str, ast.FunctionDef], seen: set[str]) -> bool:
    for child in ast.walk(node):
        if isinstance(child, ast.Assert) and not isinstance(child.test, (ast.Constant, ast.Tuple)):
            return True
        if isinstance(child, ast.Call):
            name = getattr(child.func, "attr", getattr(child.func, "id", ""))
            if name.startswith("assert_"):
                return True
            if name in functions and name not in seen and _asserts(functions[name], functions, seen | {name}):
                return True
    return False


def _parts(article: Article, root: Path) -> Iterator[Problem]:
    """Find variable parts without a name for readers, and sentences that mention a part which their signature has not."""
    path = article.folder / "article.toml"
    text = path.read_text(encoding="utf-8")
    for signature in article.toml.signature:
        names = set(re.compile(signature.pattern).groupindex)
        line = line_of(text, signature.contains)
        for name in sorted(names - PARTS.keys()):
            repair = "use one of these names, or give it one in both languages in PARTS, checkpoint_clinic/words.py"
            yield Problem(relative(path, root), line, f"a part's name: {', '.join(PARTS)}", name, repair)
        known = {"count", "rank", *names, *(f"distinct.{name}" for name in names)}
        for sentence in signature.says:
            for name in sorted({*re.findall(r"\{([\w.]+)\}", sentence.en + sentence.zh)} - known):
                repair = f"name one of: {', '.join(sorted(known))}"
                yield Problem(relative(path, root), line, "a variable part of the signature in its sentence", name, repair)


def _evidence(project: Project, article: Article) -> Iterator[Problem]:
    expected = {location(article, job.module, job.environment.name): job for job in project.jobs if job.article is article}
    of_statements = {path.with_suffix(ending) for path in expected for ending in ENDINGS}
    for path in sorted((article.folder / "evidence").glob("*.json")):
        file = relative(path, project.root)
        if path in of_statements:
            continue
        if path not in expected:
            yield Problem(
                file,
                1,
                "evidence of a claim that the article states",
                "none is decided there",
                f"remove {file}" + ("" if path.name.endswith(ENDINGS) else " and its log"),
            )
            continue
        try:
            read(path)
        except Unreadable as error:
            job = expected[path]
            yield Problem(
                file,
                1,
                "evidence as it was written",
                str(error),
                f"run: clinic run {article.id} --environment {job.environment.name}",
            )
        for envelope, voucher, why in envelopes(path, project.policy):
            if not voucher:
                name = relative(envelope, project.root)
                repair = f"sign it again, or remove {name}"
                yield Problem(name, 1, "an envelope by somebody whom policy.toml trusts", why, repair)
