"""Articles as plain Markdown: everything of the page, nothing of its blocks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkpoint_clinic.words import LANGUAGES
from checks.decide.plan import load_project
from checks.show.text import Text

from ..conftest import edit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
PAGES = [(article, language) for article in PROJECT.articles for language in LANGUAGES]


@pytest.mark.parametrize(("article", "language"), PAGES, ids=lambda one: getattr(one, "id", one))
def test_an_article_is_whole(article, language) -> None:  # type: ignore[no-untyped-def]
    text = Text(PROJECT, language).article(article)
    source = (ROOT / "docs" / language / "errors" / f"{article.slug}.md").read_text(encoding="utf-8")
    prose = re.sub(r"^(```|~~~)[^\n]*\n.*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    for markup in ("///", "--8<--", "<div", "<span", "</", "{ #"):
        assert markup not in prose
    for heading in re.findall(r"^#+ .*?(?=\s*\{[ #.:][^}]*\}\s*$|$)", source, re.MULTILINE):
        assert heading.rstrip() in text
    assert article.toml.message in text
    for name, sentence in Text(PROJECT, language).sentences(article).items():
        assert sentence, name
        if f"/// claim | {name}" in source:
            assert sentence in text and f"(`{name}`)" in text


def test_what_was_observed_stands_beside_the_sentence(decided: Path) -> None:
    project = load_project(decided)
    for article in project.articles:
        text = Text(project, "en").article(article)
        for cell in project.cells(article):
            (line,) = (one for one in text.splitlines() if f"(`{cell.claim.name}`)" in one)
            seen = project.judge(cell)
            word = "not run" if seen.observed is None else str(seen.observed)
            assert f"{word}: {cell.environment.name}" in line


def test_of_an_answer_that_is_not_current_nothing_is_said(decided: Path) -> None:
    project = load_project(decided)
    article = next(one for one in project.articles if one.slug == "prefix-missing")
    assert "holds: bare" in Text(project, "en").article(article)
    edit(decided, "snippets/rename_keys.py", "def ", "def  ")
    project = load_project(decided)
    article = next(one for one in project.articles if one.slug == "prefix-missing")
    text = Text(project, "en").article(article)
    assert "holds: bare" not in text and "not run: bare" in text
