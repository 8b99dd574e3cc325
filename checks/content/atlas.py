"""The atlas as its folder states it: architectures x releases x ways, an architecture a check module, a way a function of each.

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

from .article import Article, Bilingual, Claim, Expected, Strict, Toml, functions
from .problem import Invalid, Problem, from_validation, line_of, relative

SLUG = "atlas"


class Way(Strict):
    """A way in which weights travel: the function that decides it in each check module, and where it is decided.

    `environments` are names or patterns of them; `words` head a table, `sentence` says it of an architecture, `{0}`.
    `packages` take part in it beside transformers and torch: of another version of one of them nothing is said.
    """

    function: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    environments: Annotated[tuple[str, ...], Field(min_length=1)]
    words: Bilingual
    sentence: Bilingual
    packages: tuple[str, ...] = ()


class AtlasToml(Strict):
    """atlas.toml: the ways in their order, the words of the architectures in Chinese, where a claim is not true."""

    way: Annotated[tuple[Way, ...], Field(min_length=1)]
    zh: dict[str, str] = Field(default_factory=dict)
    refuted: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Architecture:
    """What a check module says of its architecture: its name for readers, and config.json's names for it."""

    module: str
    title: str
    words: str  # what of its layout matters
    zh: str  # the same in Chinese; empty: nobody has written it
    model_type: str
    model_class: str


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
    claims: list[Claim] = []
    architectures: list[Architecture] = []
    places = {way.function: _places(way, environments) for way in toml.way}
    for path in sorted(folder.glob("[!_]*.py")):
        if architecture := _architecture(path, root, toml, problems):
            architectures.append(architecture)
            claims += _claims(path, root, toml, places, problems)
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
    return Architecture(path.stem, title, words.removesuffix("."), toml.zh.get(path.stem, ""), str(names[0]), str(names[1]))


def _places(way: Way, environments: Collection[str]) -> list[str]:
    """Return the environments in which a way is decided."""
    return [one for one in environments if any(fnmatchcase(one, pattern) for pattern in way.environments)]


def _claims(path: Path, root: Path, toml: AtlasToml, places: dict[str, list[str]], problems: list[Problem]) -> Iterator[Claim]:
    for function, node in (functions(path, root, problems) or {}).items():
        name, sentence = f"{path.stem}.{function}", node.docstring
        if function not in places or not sentence:
            expected = f"a way of atlas.toml with a sentence: {', '.join(places)}"
            found = function if function not in places else "no docstring"
            problems.append(Problem(relative(path, root), node.lineno, expected, found, "name it so, or begin its name with _"))
            continue
        false = set(toml.refuted.get(name, ()))
        holds, refuted = (tuple(one for one in places[function] if (one in false) is there) for there in (False, True))
        yield Claim(name, " ".join(sentence.split()), path, node.lineno, Expected(holds=holds, refuted=refuted))
