"""Compare page <-> folder <-> claims <-> environments <-> evidence <-> snippets. Each finding ends with its repair.

Reads text only: nothing is imported, run or written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checkpoint_clinic.words import LANGUAGES, PARTS, Language

from ..content.article import Article, Claim
from ..content.environment import load_environments, lock_problems
from ..content.problem import Invalid, Problem, line_of, relative
from ..decide.evidence import Unreadable, location, read
from ..decide.plan import Project, read_project
from ..show.drawing import FOLDER, Drawing, drawings
from .generate import generated_problems
from .vectors import vector_problems

_BLOCK = re.compile(r"^/// (?P<name>\w+)(?: \| (?P<argument>.+?))?[ \t]*$")
_INCLUDE = re.compile(r'--8<-- "(?P<file>[^":]+)(?::(?P<section>[^"]*))?"')


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
        for language in LANGUAGES:
            page = root / "docs" / language / "errors" / f"{article.slug}.md"
            problems += Page(project, article, language, page).problems()
    for drawing in drawings(project):
        problems += drawing.problems()
    if not found:  # without them every article is there that a snippet or a text can name
        problems += vector_problems(project)
        problems += generated_problems(project)
    return sorted(set(problems))


def _pages_without_folder(root: Path) -> Iterator[Problem]:
    for language in LANGUAGES:
        for page in sorted((root / "docs" / language / "errors").glob("*.md")):
            folder = root / "checks" / "errors" / page.stem
            if not folder.is_dir():
                repair = f"run: clinic new {page.stem} (it keeps this page), or remove the page"
                yield Problem(
                    relative(page, root), 1, f"a folder {relative(folder, root)} that proves the page", "none", repair
                )


def _vacuous_claims(article: Article, root: Path) -> Iterator[Problem]:
    """Find claims that no assertion can refute; the probe finds those whose assertion is not reached."""
    for path in sorted({claim.path for claim in article.claims}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for claim in article.claims:
            if claim.path == path and not _asserts(functions[claim.function], functions, set()):
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
    for path in sorted((article.folder / "evidence").glob("*.json")):
        file = relative(path, project.root)
        if path not in expected:
            yield Problem(
                file,
                1,
                "evidence of a claim that the article states",
                "none is decided there",
                f"remove {file} and its log",
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


@dataclass
class Page:
    """One language's page of an article."""

    project: Project
    article: Article
    language: Language
    path: Path

    @property
    def file(self) -> str:
        """The page as the project names it."""
        return relative(self.path, self.project.root)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the page."""
        if not self.path.is_file():
            repair = f"write it (template: checks/template/{self.language}.md)"
            yield Problem(self.file, 1, f"the page of {self.article.id} in {self.language}", "no such file", repair)
            return
        self.lines = self.path.read_text(encoding="utf-8").splitlines()
        yield from self._front_matter()
        yield from self._blocks()
        yield from self._includes()

    def _front_matter(self) -> Iterator[Problem]:
        closed = self.lines.index("---", 1) if self.lines[:1] == ["---"] and "---" in self.lines[1:] else 0
        values = dict(line.partition(":")[::2] for line in self.lines[1:closed] if ":" in line)
        for key in ("title", "description"):
            if not values.get(key, "").strip():
                yield Problem(
                    self.file,
                    1,
                    f"{key}: in the front matter",
                    "none",
                    f"add `{key}: ...` between the --- lines on top",
                )
        if re.search(r"[<`]", values.get("title", "")):
            yield Problem(
                self.file,
                2,
                "a title of plain text",
                values["title"].strip(),
                "remove < and ` from the title: it is not escaped",
            )

    def _blocks(self) -> Iterator[Problem]:
        claims = {claim.name: claim for claim in self.article.claims}
        shown: dict[str, int] = {}
        named = False
        for number, line in enumerate(self.lines, start=1):
            block = _BLOCK.match(line)
            if not block:
                continue
            name, argument = block["name"], block["argument"] or ""
            if name == "article":
                named = True
                if argument != self.article.slug:
                    yield Problem(
                        self.file, number, f"/// article | {self.article.slug}", argument, "name the page's own folder"
                    )
            elif name == "claim":
                yield from self._claim(number, argument, claims, shown)
            elif name in ("output", "versions"):
                yield from self._module(number, name, argument)
            elif name == "drawing":
                yield from self._drawing(number, argument)
            elif name == "download" and not self._can_be_had(argument):
                yield Problem(
                    self.file, number, "a file to download", f"no {argument}", f"write {argument}, or correct its name"
                )
        if not named:
            yield Problem(
                self.file,
                1,
                f"/// article | {self.article.slug} before the first section",
                "none",
                "add the block and its closing ///",
            )
        for name in claims.keys() - shown.keys():
            repair = f"add `/// claim | {name}` where the page gives that advice, or remove the claim from article.toml"
            yield Problem(self.file, 1, f"the claim {name} on the page", "it is nowhere", repair)

    def _can_be_had(self, path: str) -> bool:
        """Whether it is a file of ours, or the requirements of one of our environments."""
        folder, _, name = path.partition("/")
        known = folder == "requirements" and name.removesuffix(".txt") in self.project.environments
        return known or (self.project.root / path).is_file()

    def _claim(self, number: int, name: str, claims: dict[str, Claim], shown: dict[str, int]) -> Iterator[Problem]:
        if name not in claims:
            known = ", ".join(claims)
            yield Problem(self.file, number, "a claim of article.toml", name or "none", f"name one of: {known}")
            return
        if name in shown:
            yield Problem(
                self.file,
                number,
                f"the claim {name} once",
                f"it stands in line {shown[name]} already",
                "link to the first one instead",
            )
        shown[name] = number
        body = self._body(number)
        if self.language != "en" and not body:
            yield Problem(
                self.file,
                number,
                f"the sentence of {name} in this language",
                "an empty block",
                "write it between /// claim and ///",
            )
        if self.language == "en" and body:
            repair = f"remove it; the sentence is the docstring of {claims[name].function}"
            yield Problem(self.file, number, "an empty block: the docstring is the sentence", body[:60], repair)

    def _drawing(self, number: int, name: str) -> Iterator[Problem]:
        if not Drawing(self.project, name).code.is_file():
            known = ", ".join(drawing.name for drawing in drawings(self.project)) or f"none yet: write {FOLDER}/{name}.py"
            yield Problem(self.file, number, "a drawing", f"no {FOLDER}/{name}.py", f"name one of: {known}")
        if not self._body(number):
            repair = "write it between /// drawing and ///"
            yield Problem(self.file, number, f"what {name} shows, for those who do not see it", "an empty block", repair)

    def _body(self, number: int) -> str:
        """Return what stands in the block that starts in this line."""
        end = next((i for i in range(number, len(self.lines)) if self.lines[i].strip() == "///"), len(self.lines))
        return "".join(self.lines[number:end]).strip()

    def _module(self, number: int, block: str, argument: str) -> Iterator[Problem]:
        module, _, function = argument.partition(".")
        known = self.article.modules
        if module not in known or (function and function not in {claim.function for claim in known[module]}):
            yield Problem(
                self.file,
                number,
                f"/// {block} of a check module of {self.article.id}",
                argument or "none",
                f"name one of: {', '.join(known)}",
            )
            return
        if block == "output":
            option = re.match(r"\s+environment:\s*(\S+)", self.lines[number]) if number < len(self.lines) else None
            environments = {
                job.environment.name for job in self.project.jobs if job.article is self.article and job.module == module
            }
            if not option or option[1] not in environments:
                found = option[1] if option else "no option environment"
                yield Problem(
                    self.file,
                    number,
                    f"an environment in which {module} runs",
                    found,
                    f"name one of: {', '.join(sorted(environments))}",
                )

    def _includes(self) -> Iterator[Problem]:
        for number, line in enumerate(self.lines, start=1):
            for include in _INCLUDE.finditer(line):
                target = self.project.root / include["file"]
                if not target.is_file():
                    yield Problem(
                        self.file, number, "a file to include", f"no {include['file']}", "write it, or correct its name"
                    )
                    continue
                section, text = include["section"], target.read_text(encoding="utf-8")
                if section and not (f"[start:{section}]" in text and f"[end:{section}]" in text):
                    repair = f"mark it in {include['file']}: # --8<-- [start:{section}] ... # --8<-- [end:{section}]"
                    yield Problem(
                        self.file,
                        number,
                        f"a section {section} in {include['file']}",
                        "no start or no end marker",
                        repair,
                    )
