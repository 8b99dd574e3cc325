"""What the installed package carries: dictionaries, articles and snippets, from what the site is made of.

Written when the wheel is built, never committed; in a clone each file is made as it is asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from checkpoint_clinic.library import Library
from checkpoint_clinic.words import LANGUAGES, Language

from ..content.article import Article
from ..decide.plan import Project, load_project
from .signatures import signatures, to_json, words
from .text import Text

ADDRESSES = {"en": "CLINIC_SITE_URL", "zh": "CLINIC_SITE_URL_ZH"}  # as in mkdocs.yml


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
    yield "about.json", lambda: to_json({"site": {name: os.environ.get(key, "") for name, key in ADDRESSES.items()}})
    yield "signatures.json", lambda: to_json(signatures(project))
    yield "words.json", lambda: to_json(words(project))
    yield "articles.json", lambda: json.dumps(_articles(project), ensure_ascii=False, indent=1)
    for article in project.articles:
        for language in LANGUAGES:
            yield f"articles/{article.id}.{language}.md", lambda a=article, n=language: _text(project, a, n)  # type: ignore[misc]
    for snippet in _snippets(project):
        yield f"snippets/{snippet.name}", lambda path=snippet: path.read_bytes().decode("utf-8")  # type: ignore[misc]


def _text(project: Project, article: Article, language: Language) -> str:
    return Text(project, language).article(article)


def _snippets(project: Project) -> list[Path]:
    return sorted((project.root / "snippets").glob("*.py"))


def _articles(project: Project) -> dict[str, Any]:
    """Return what is listed, and every claim with what was observed."""
    listed = {one["id"]: one for one in signatures(project)["articles"]}
    texts = {language: Text(project, language) for language in LANGUAGES}
    articles = []
    for article in sorted(project.articles, key=lambda one: one.id):
        sentences = {language: text.sentences(article) for language, text in texts.items()}
        claims = [
            {
                "name": claim.name,
                "sentence": {language: sentences[language][claim.name] for language in LANGUAGES},
                "observed": texts["en"].observed(article, claim),
            }
            for claim in article.claims
        ]
        keys = ("id", "slug", "message", "harm", "title", "answer")
        articles.append({**{key: listed[article.id][key] for key in keys}, "claims": claims})
    return {"articles": articles, "snippets": [snippet.name for snippet in _snippets(project)]}
