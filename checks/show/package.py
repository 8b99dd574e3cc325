"""What the installed package carries: dictionaries, the load atlas, articles and snippets, from what the site is made of.

Written when the wheel is built, never committed; in a clone each file is made as it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from checkpoint_clinic.atlas import packed
from checkpoint_clinic.library import Library
from checkpoint_clinic.words import LANGUAGES

from ..decide.plan import Project, load_project
from .addresses import site_address
from .atlas import atlas_data
from .machine import article_data, article_markdown, evidence_markdown
from .signatures import signatures, to_json, words
from .text import Text


def library(project: Project) -> Library:
    """Return what the package would know of this project."""
    made = cache(lambda: dict(_files(project)))

    @cache
    def read(name: str) -> str:
        return made()[name]()

    return Library(read)


def write(root: Path, folder: Path) -> None:
    """Write every file into a folder."""
    for name, make in _files(load_project(root)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make().encode("utf-8"))


def _files(project: Project) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield each file's name and what makes its text."""
    yield "about.json", lambda: to_json({"site": {language: site_address(language) for language in LANGUAGES}})
    yield "signatures.json", lambda: to_json(signatures(project))
    yield "words.json", lambda: to_json(words(project))
    yield "articles.json", lambda: to_json(_articles(project))
    yield "atlas.json", lambda: to_json(packed(atlas_data(project)))
    for article in project.articles:
        for language in LANGUAGES:
            name = f"articles/{article.id}"
            yield f"{name}.{language}.md", lambda a=article, n=language: article_markdown(Text(project, n), a)  # type: ignore[misc]
            yield f"{name}.evidence.{language}.md", lambda a=article, n=language: evidence_markdown(Text(project, n), a)  # type: ignore[misc]
            yield f"{name}.{language}.json", lambda a=article, n=language: to_json(article_data(Text(project, n), a))  # type: ignore[misc]
    for snippet in _snippets(project):
        yield f"snippets/{snippet.name}", lambda path=snippet: path.read_bytes().decode("utf-8")  # type: ignore[misc]


def _snippets(project: Project) -> list[Path]:
    return sorted((project.root / "snippets").glob("*.py"))


def _articles(project: Project) -> dict[str, Any]:
    """Return what is listed."""
    keys = ("id", "slug", "message", "harm", "title", "answer")
    articles = [{key: one[key] for key in keys} for one in signatures(project)["articles"]]
    return {"articles": articles, "snippets": [snippet.name for snippet in _snippets(project)]}
