"""The atlas as its folder states it: architectures x releases x ways; a way is a check module.

It is kept and decided as an article is, and is none: it has no message that somebody sees. A claim of it is expected to hold in
every environment of its way; where it does not, `refuted` of atlas.toml says so, which `clinic atlas` writes.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import tomllib
from pydantic import Field, ValidationError

from .article import Article, Bilingual, Claim, Expected, Strict, Toml
from .problem import Invalid, Problem, from_validation, line_of, relative

SLUG = "atlas"
DECIDES = "claim"  # the function of a way's check module that decides its claim of one architecture


class Way(Strict):
    """A way in which weights travel: the check module that decides it of each architecture, and where it is decided.

    `environments` are names or patterns of them; `words` head a table, `sentence` says it of an architecture, `{0}`.
    `packages` take part in it beside transformers and torch: of another version of one of them nothing is said.
    `quantised` is false where transformers does not do with quantised weights what the way is about.
    """

    module: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    environments: Annotated[tuple[str, ...], Field(min_length=1)]
    words: Bilingual
    sentence: Bilingual
    packages: tuple[str, ...] = ()
    quantised: bool = True


class AtlasToml(Strict):
    """atlas.toml: the ways in their order, the words of the architectures in Chinese, where a claim is not true."""

    way: Annotated[tuple[Way, ...], Field(min_length=1)]
    zh: dict[str, str] = Field(default_factory=dict)
    refuted: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Architecture:
    """What a module says of its architecture: its name for readers, and config.json's names for it."""

    module: str
    title: str
    words: str  # what of its layout matters
    zh: str  # the same in Chinese; empty: nobody has written it
    model_type: str
    model_class: str
    quantised: str = ""  # by what its files are; a CPU loads them dequantised


@dataclass(frozen=True)
class Atlas(Article):
    """The atlas, with what an article has that is decided."""

    ways: tuple[Way, ...]
    architectures: tuple[Architecture, ...]
    chinese: dict[str, str]  # the architectures' words in Chinese, as atlas.toml has them

    @property
    def title(self) -> str:
        """Its name where an article's title stands."""
        return "The load atlas"


def load_atlas(root: Path, environments: Collection[str]) -> Atlas | None:
    """Read checks/atlas; None where there is none.

    Raises:
        Invalid: with every problem of atlas.toml and the check modules.
    """
    folder = root / "checks" / SLUG
    file = folder / "atlas.toml"
    if not folder.is_dir():
        return None
    name, text = relative(file, root), file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    try:
        toml = AtlasToml.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid([Problem(name, 1, "TOML", str(error), f"correct the syntax of {name}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, name, text)) from error
    problems: list[Problem] = []
    ways = {way.module for way in toml.way}
    paths = [path for path in sorted(folder.glob("[!_]*.py")) if path.stem not in ways]
    architectures = [made for path in paths if (made := _architecture(path, root, toml, problems))]
    claims = [claim for way in toml.way for claim in _claims(folder, root, toml, way, environments, architectures, problems)]
    known = {claim.name: set(claim.expected.holds) | set(claim.expected.refuted) for claim in claims}
    for one, false in toml.refuted.items():
        if strange := sorted(set(false) - known.get(one, set())):
            expected = "a claim of the atlas" if one not in known else f"environments in which {one} is decided"
            found = one if one not in known else ", ".join(strange)
            problems.append(Problem(name, line_of(text, f'"{one}"'), expected, found, "remove it from [refuted]"))
    if problems:
        raise Invalid(problems)
    return Atlas(SLUG, folder, _as_an_article(claims), tuple(claims), toml.way, tuple(architectures), toml.zh)


def _as_an_article(claims: list[Claim]) -> Toml:
    expected = {claim.name: claim.expected for claim in claims}
    return Toml.model_construct(
        id=SLUG, harm="silent", safe="check", title="The load atlas", message="", signature=(), claims=expected
    )


def _architecture(path: Path, root: Path, toml: AtlasToml, problems: list[Problem]) -> Architecture | None:
    """Return what a check module says at its top, read by ast: `Title: words.`, and `Published("type", "Class", ...)`."""
    where = relative(path, root)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problems.append(Problem(where, getattr(error, "lineno", None) or 1, "Python", str(error), "correct the syntax"))
        return None
    title, colon, words = " ".join((ast.get_docstring(tree) or "").split()).partition(": ")
    calls = (node.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call))
    made = next((call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Published"), None)
    names = [one.value for one in made.args[:2] if isinstance(one, ast.Constant)] if made else []
    if not colon or len(names) != 2:
        expected = 'a docstring `Title: words.` and PUBLISHED = Published("model_type", "ModelClass", ...)'
        problems.append(Problem(where, 1, expected, "something else", "write it as the other architectures have it"))
        return None
    given = {one.arg: one.value.value for one in (made.keywords if made else ()) if isinstance(one.value, ast.Constant)}
    quantised = str(given.get("quantised", ""))
    zh = toml.zh.get(path.stem, "")
    return Architecture(path.stem, title, words.removesuffix("."), zh, str(names[0]), str(names[1]), quantised)


def _places(way: Way, environments: Collection[str]) -> list[str]:
    """Return the environments in which a way is decided."""
    return [one for one in environments if any(fnmatchcase(one, pattern) for pattern in way.environments)]


def _claims(
    folder: Path,
    root: Path,
    toml: AtlasToml,
    way: Way,
    environments: Collection[str],
    architectures: list[Architecture],
    problems: list[Problem],
) -> Iterator[Claim]:
    """Yield what a way claims of each architecture; its check module decides them all by one function."""
    path = folder / f"{way.module}.py"
    where = relative(path, root)
    line = _decided_in(path, where, problems)
    if not line:
        return
    places = _places(way, environments)
    for one in architectures:
        if one.quantised and not way.quantised:
            continue
        name = f"{way.module}.{one.module}"
        false = set(toml.refuted.get(name, ()))
        holds, refuted = (tuple(place for place in places if (place in false) is there) for there in (False, True))
        sentence = way.sentence.en.format(one.title)
        yield Claim(name, sentence, path, line, Expected(holds=holds, refuted=refuted))


def _decided_in(path: Path, where: str, problems: list[Problem]) -> int:
    """Return the line of the function that decides a way's claims; 0 with a problem where there is none."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problems.append(Problem(where, getattr(error, "lineno", None) or 1, "Python", str(error), "correct the syntax"))
        return 0
    line = next((node.lineno for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == DECIDES), 0)
    if not line:
        found = "no such file" if not path.is_file() else "none"
        repair = f"write it as the other ways have it, or correct the way's name in {SLUG}.toml"
        problems.append(Problem(where, 1, f"a check module with a function {DECIDES}(published)", found, repair))
    return line
