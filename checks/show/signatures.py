"""What both engines read: signatures.json to recognise messages, words.json (the articles' words) for questions in words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from checkpoint_clinic.nearest import SHARED as IN_WORDS
from checkpoint_clinic.nearest import counted, said
from checkpoint_clinic.normalise import SHARED as IN_MESSAGES
from checkpoint_clinic.words import LANGUAGES, NUMBERS, PARTS, Language

from ..content.article import Article, Signature
from ..content.pattern import tolerant
from ..decide.plan import Project
from .source import evidence_page, page, read_source

VERSION = 1  # of the dictionary's form
_ITEM = re.compile(r"^ *- +(.*?) *$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.*?)(?: *\{[^}]*\})?$", re.MULTILINE)
_NOT_PROSE = re.compile(r"^(?:```.*?^```|~~~.*?^~~~|///.*?$|    .*?$|\|.*?$)\n?", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[\^[^\]]*\]|\[([^\]]*)\]\([^)]*\)|[*`]")


def signatures(project: Project) -> dict[str, Any]:
    """Return the dictionary: the articles in the order of their ids, and what both engines share."""
    articles = sorted(project.articles, key=lambda article: article.id)
    return {
        "version": VERSION,
        "shared": IN_MESSAGES,
        "parts": {name: {"en": words[0], "zh": words[1], **_given(number=name in NUMBERS)} for name, words in PARTS.items()},
        "articles": [of_article(project.root, article) for article in articles],
    }


def words(project: Project) -> dict[str, Any]:
    """Return how often each word stands in an article, in both languages: what says most counts more than the prose."""
    articles = []
    for article in sorted(project.articles, key=lambda article: article.id):
        pages = _pages(project.root, article).values()
        chief = [article.toml.message, *(page[key] for key in ("title", "answer", "chief") for page in pages)]
        counts = counted("\n".join(chief), "\n".join(page["text"] for page in pages))
        messages = said(article.toml.message, *(one.contains for one in article.toml.signature))
        articles.append({"id": article.id, "counts": counts, "said": messages})
    return {"version": VERSION, "shared": IN_WORDS, "articles": articles}


def to_json(dictionary: dict[str, Any]) -> str:
    """Serialise as small as JSON is."""
    return json.dumps(dictionary, ensure_ascii=False, separators=(",", ":"))


def of_article(root: Path, article: Article) -> dict[str, Any]:
    """Return what recognises an article's message, and how it is listed."""
    pages = _pages(root, article)
    made: dict[str, Any] = {"id": article.id, "slug": article.slug, "harm": article.toml.harm, "message": article.toml.message}
    for key in ("title", "answer"):
        made[key] = {language: page[key] for language, page in pages.items()}
    made["signatures"] = [_signature(one) for one in article.toml.signature]
    if article.toml.lookalike:
        made["lookalikes"] = [
            _given(
                contains=one.contains,
                pattern=one.pattern and tolerant(one.pattern),
                means=one.means.model_dump(),
                see=one.see,
                unless=list(one.unless),
            )
            for one in article.toml.lookalike
        ]
    return made


def _pages(root: Path, article: Article) -> dict[str, dict[str, str]]:
    return {language: _page(root, article, language) for language in LANGUAGES}


def _signature(one: Signature) -> dict[str, Any]:
    says = [sentence.model_dump() for sentence in one.says]
    return _given(
        contains=one.contains,
        pattern=tolerant(one.pattern),
        not_after=list(one.not_after),
        begins_line=one.begins_line,
        priority=one.priority,
        says=says,
        answer=one.answer and one.answer.model_dump(),
        harm=one.harm,
        unless=list(one.unless),
    )


def _given(**values: Any) -> dict[str, Any]:
    """Return the values that say something: the browser loads this file."""
    return {name: value for name, value in values.items() if value}


def _page(root: Path, article: Article, language: Language) -> dict[str, str]:
    """Return an article as a search in words sees it: title, one-sentence answer; tags, headings and prose of both pages."""
    chief, prose = [], []
    for source in (read_source(page(root, article, language)), read_source(evidence_page(root, article, language))):
        front, _, content = source.text.partition("---\n")[2].partition("\n---\n")
        chief += [*_ITEM.findall(front), *_HEADING.findall(content)]
        prose.append(_HEADING.sub("", _NOT_PROSE.sub("", content)))
    front_matter = read_source(page(root, article, language)).front
    title, answer = article.title, front_matter.get("description", "")
    return {"title": title, "answer": answer, "chief": _plain(chief), "text": _plain(prose)}


def _plain(parts: list[str]) -> str:
    """Return Markdown as text, its blank lines left out."""
    text = _LINK.sub(lambda found: found[1] or "", "\n".join(parts))
    return "\n".join(line for line in text.splitlines() if line.strip())
