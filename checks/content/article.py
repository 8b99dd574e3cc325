"""An article as its folder states it: article.toml and the docstrings of its check modules, read by ast, never by import."""

from __future__ import annotations

import ast
import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import tomllib
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .pattern import refusals
from .problem import Invalid, Problem, from_validation, line_of, relative

Verdict = Literal["holds", "refuted"]
Harm = Literal["none", "error", "silent"]
EXPIRES_DAYS = 90
Safe = Literal["yes", "no", "check"]  # to go on after the message; check: not before the check


WEB = re.compile(r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[!#$%&'()*+,./0-9:;=?@A-Z_a-z~-]*)?$")


_refusals = lru_cache(maxsize=4096)(refusals)


def _pattern(pattern: str) -> str:
    if found := _refusals(pattern):
        raise ValueError(f"a pattern that both engines run in linear time; this one {' and '.join(found)}")
    return pattern


Pattern = Annotated[str, AfterValidator(_pattern)]
ArticleId = Annotated[str, Field(pattern=r"^CC\d{3,}$")]
Https = Annotated[str, Field(pattern=WEB.pattern)]  # what a page links to; anything else could run there


class Strict(BaseModel):
    """A table of a TOML file: unknown keys and empty texts are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class Bilingual(Strict):
    """A sentence in both languages of the site."""

    en: str
    zh: str


class Signature(Strict):
    """What recognises the message in a log: a literal part, then a pattern whose groups name the variable parts.

    What stands directly after one of `not_after` is no such message, nor, with `begins_line`, what follows anything. Where
    one message arrives inside another, the one with the higher `priority` is answered first. `says` is shown with the
    variable parts filled in: `{parameter}`, `{count}` for how often the message occurs, `{distinct.parameter}` for how
    many different ones; a sentence with a part that is not known is left out. `answer` and `harm` take the place of the
    article's where this form of the message means something else. It is not shown beside a finding of an article that
    `unless` names: that one says more about the same text.
    """

    contains: str
    pattern: Pattern
    not_after: tuple[str, ...] = ()
    begins_line: bool = False
    priority: int = 0
    says: tuple[Bilingual, ...] = ()
    answer: Bilingual | None = None
    harm: Harm | None = None
    unless: tuple[ArticleId, ...] = ()

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match in `text`, or None."""
        return re.search(self.pattern, text, re.ASCII) if self.contains in text else None


class Lookalike(Strict):
    """A message that resembles the signature and is something else; `see` links to a public report.

    `shown` is the message on the page, where the literal part alone would say too little. It is not shown beside a finding
    of an article that `unless` names: that one says more about the same text.
    """

    contains: str
    shown: str | None = None
    pattern: Pattern | None = None
    means: Bilingual
    see: Https | None = None
    unless: tuple[ArticleId, ...] = ()


class Note(Strict):
    """What a check says of a false sentence, in Chinese: the groups of its English pattern stand for `{0}`, `{1}`."""

    pattern: Pattern
    zh: str

    def match(self, reason: str) -> re.Match[str] | None:
        """Return the match of a reason's first line, which the pattern must fit from end to end, or None."""
        return re.fullmatch(self.pattern, reason.partition("\n")[0], re.ASCII)


class Mutant(Strict):
    """A change that a claim must notice, where the general ones do not fit: `old`, which occurs once in a file, becomes `new`.

    `file` is a snippet (`snippets/x.py`), or a file beside article.toml.
    """

    claim: str
    file: str
    old: str
    new: Annotated[str, Field(min_length=0)]
    why: str


class Survivor(Strict):
    """A mutant that a claim need not notice, by its name, with the reason; `module.*` stands for each claim of a module."""

    claim: str
    mutant: str
    why: str


class Expected(Strict):
    """The environments in which a claim is expected to hold, and those in which it is expected to be refuted."""

    holds: tuple[str, ...] = ()
    refuted: tuple[str, ...] = ()

    def cells(self) -> Iterator[tuple[str, Verdict]]:
        """Yield (environment, verdict expected there)."""
        yield from ((name, "holds") for name in self.holds)
        yield from ((name, "refuted") for name in self.refuted)


class Toml(Strict):
    """article.toml."""

    id: ArticleId
    harm: Harm
    safe: Safe
    title: Annotated[str, Field(pattern=r"^[^<&`\x00-\x1f]+$")]  # plain text: builders of pages do not escape it
    message: str
    reported: tuple[Https, ...] = ()
    named: dict[str, str] = {}
    expires_days: Annotated[int, Field(gt=0, le=3650)] = EXPIRES_DAYS  # how old an answer may be before it is stale
    expires_because: Bilingual | None = None  # why, where that is not the usual time
    signature: Annotated[tuple[Signature, ...], Field(min_length=1)]
    lookalike: tuple[Lookalike, ...] = ()
    note: tuple[Note, ...] = ()
    mutant: tuple[Mutant, ...] = ()
    survivor: tuple[Survivor, ...] = ()
    least: Annotated[float, Field(ge=0, le=1)] = 1.0  # the share of mutants, survivors aside, that each claim must notice
    affected: tuple[str, ...] = ()  # claims that are true of a sound release: where one is false, that release is affected
    claims: Annotated[dict[str, Expected], Field(min_length=1)]

    @cached_property
    def excuses(self) -> dict[tuple[str, str], str]:
        """Why a claim (the first) need not notice a mutant (the second, by its name)."""
        return {(name, one.mutant): one.why for one in self.survivor for name in fnmatch.filter(self.claims, one.claim)}

    @model_validator(mode="after")
    def _another_age_has_a_reason(self) -> Toml:
        if (self.expires_days != EXPIRES_DAYS) != (self.expires_because is not None):
            raise ValueError(f"expires_because, with the reason for an expires_days other than {EXPIRES_DAYS}, and only then")
        return self


@dataclass(frozen=True)
class Claim:
    """One sentence of advice and the function that decides it. `name` is `module.function`."""

    name: str
    sentence: str
    path: Path
    line: int
    expected: Expected

    @property
    def module(self) -> str:
        """The check module's name, without `.py`."""
        return self.name.partition(".")[0]

    @property
    def function(self) -> str:
        """The name of the function that decides the claim."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class Article:
    """One message that a person sees, with its claims."""

    slug: str
    folder: Path
    toml: Toml
    claims: tuple[Claim, ...]

    @property
    def id(self) -> str:
        """The permanent id, such as CC001."""
        return self.toml.id

    @property
    def title(self) -> str:
        """The one title of the article, on every page and in every answer: `CC001: ...`."""
        return f"{self.id}: {self.toml.title}"

    @cached_property
    def modules(self) -> dict[str, tuple[Claim, ...]]:
        """Claims by check module, in the order in which the module defines them: the order in which they are run."""
        modules: dict[str, list[Claim]] = {}
        for claim in sorted(self.claims, key=lambda claim: (claim.module, claim.line)):
            modules.setdefault(claim.module, []).append(claim)
        return {name: tuple(claims) for name, claims in modules.items()}


def load_article(folder: Path, root: Path) -> Article:
    """Read one article's folder.

    Raises:
        Invalid: with every problem of article.toml and of the check modules that it names.
    """
    file = folder / "article.toml"
    name = relative(file, root)
    if not file.is_file():
        repair = f"write {name} (template: checks/template/article.toml), or remove the folder"
        raise Invalid([Problem(name, 1, "a file that states the article's claims", "no such file", repair)])
    text = file.read_text(encoding="utf-8", errors="replace")
    try:
        toml = Toml.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else len(text.splitlines()) or 1
        raise Invalid([Problem(name, line, "TOML", str(error), f"correct the syntax of {name}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, name, text)) from error
    claims, problems = _claims(folder, root, toml, text)
    if not any(signature.search(toml.message) for signature in toml.signature):
        repair = "correct the signature's contains or pattern, or the message"
        problems.append(Problem(name, line_of(text, "message"), "a message that a signature matches", toml.message, repair))
    for unknown in sorted({*toml.affected} - toml.claims.keys()):
        repair = f"name a claim, or remove {unknown} from affected"
        problems.append(Problem(name, line_of(text, "affected"), "claims of the article under affected", unknown, repair))
    if problems:
        raise Invalid(problems)
    return Article(folder.name, folder, toml, tuple(claims))


def _claims(folder: Path, root: Path, toml: Toml, text: str) -> tuple[list[Claim], list[Problem]]:
    claims: list[Claim] = []
    problems: list[Problem] = []
    found: dict[Path, dict[str, Function] | None] = {}
    file = relative(folder / "article.toml", root)

    def at(claim: str) -> int:
        return line_of(text, f'"{claim}"')

    for name, expected in toml.claims.items():
        module, dot, function = name.partition(".")
        path = folder / f"{module}.py"
        if not dot or not path.is_file():
            there = f"no file {relative(path, root)}" if dot else repr(name)
            problems.append(
                Problem(file, at(name), '"module.function" of a check module', there, f"write {path.name}, or remove the claim")
            )
            continue
        if path not in found:
            found[path] = functions(path, root, problems)
        if (defined := found[path]) is None:
            continue  # said once
        definition = defined.get(function)
        where = relative(path, root)
        if definition is None:
            problems.append(
                Problem(file, at(name), f"a function {function} in {where}", "none", f"define it, or remove the claim {name}")
            )
        elif not (sentence := definition.docstring):
            repair = "write the claim as the function's docstring"
            problems.append(Problem(where, definition.lineno, f"the sentence of claim {name}", "no docstring", repair))
        else:
            claims.append(Claim(name, " ".join(sentence.split()), path, definition.lineno, expected))
        if not list(expected.cells()):
            problems.append(Problem(file, at(name), "an environment under holds or refuted", "none", f"name one for {name}"))
        for twice in set(expected.holds) & set(expected.refuted):
            problems.append(
                Problem(file, at(name), "one verdict an environment", f"{twice} in both", f"remove {twice} from one of them")
            )
    for path, defined in found.items():
        for function, node in (defined or {}).items():
            if f"{path.stem}.{function}" not in toml.claims:
                repair = f'add "{path.stem}.{function}" to [claims] of {file}, or start its name with an underscore'
                problems.append(
                    Problem(
                        relative(path, root),
                        node.lineno,
                        "a claim of the article",
                        f"{function} is not one",
                        repair,
                    )
                )
    for path in sorted(folder.glob("[!_]*.py")):
        if path not in found:
            repair = f"add its claims to {file}, or start its name with an underscore"
            problems.append(Problem(relative(path, root), 1, "a check module that decides a claim", "no claim of it", repair))
    return claims, problems


def functions(path: Path, root: Path, problems: list[Problem]) -> dict[str, Function] | None:
    """Return the functions of a check module that can be claims; None if it is not Python."""
    source = _source(path)
    if source.error:
        problems.append(Problem(relative(path, root), source.line, "Python", source.error, "correct the syntax"))
        return None
    return source.functions


@dataclass(frozen=True)
class Function:
    """A function that can be a claim."""

    lineno: int
    docstring: str | None


@dataclass(frozen=True)
class _Source:
    """What is asked of a file of Python: public functions without arguments, the names that it imports; or its error."""

    functions: dict[str, Function] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    error: str = ""
    line: int = 1


def _source(path: Path) -> _Source:
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError as error:  # no UTF-8
        return _Source(error=str(error))
    return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> _Source:
    """Parse a file once for all that is asked of it, also when the project is read again."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two: nested too deeply
        told = getattr(error, "msg", str(error) or "nested too deeply")
        return _Source(error=told, line=getattr(error, "lineno", None) or 1)
    functions = {
        node.name: Function(node.lineno, ast.get_docstring(node))
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not _takes_arguments(node)
    }
    return _Source(functions, _imports(tree))


def _takes_arguments(node: ast.FunctionDef) -> bool:
    arguments = node.args
    return bool(arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg)


def imported_files(path: Path, root: Path) -> list[Path]:
    """Return the project's own files that a check module executes: itself, what it imports of ours, and what that imports."""
    ours, beside = _names(root), _names(path.parent)  # most imports are of libraries: no look at a file for each
    seen: dict[Path, None] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen[file] = None
        for name in _imported_names(file):
            top = name.partition(".")[0]
            candidates = [root / f"{name.replace('.', '/')}.py"] if top in ours or f"{top}.py" in ours else []
            candidates += [path.parent / f"{name}.py"] if f"{name}.py" in beside else []
            waiting += [one for one in candidates if one.is_file() and one.is_relative_to(root)]
    return sorted(seen)


def _names(folder: Path) -> set[str]:
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}


def _imported_names(file: Path) -> tuple[str, ...]:
    try:
        return _source(file).imports
    except OSError:
        return ()


def _imports(tree: ast.Module) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= dict.fromkeys([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return tuple(names)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield every statement, however deep it stands. Only these can import, and there are far fewer of them than of nodes."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        for name in _bodies(node._fields):
            waiting += getattr(node, name)
        if isinstance(node, ast.stmt):
            yield node


@cache
def _bodies(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of a node's fields that hold statements, or what holds statements."""
    return tuple(name for name in ("body", "orelse", "finalbody", "handlers", "cases") if name in fields)
