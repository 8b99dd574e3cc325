"""Articles as plain Markdown: everything of the page, nothing of its blocks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkpoint_clinic.words import LANGUAGES
from checks.decide.plan import load_project
from checks.show.source import evidence_page, page
from checks.show.text import Text

from ..conftest import edit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
PAGES = [(article, language) for article in PROJECT.articles for language in LANGUAGES]


@pytest.mark.parametrize(("article", "language"), PAGES, ids=lambda one: getattr(one, "id", one))
@pytest.mark.parametrize("name", ["article", "evidence"])
def test_a_page_is_whole(article, language, name) -> None:  # type: ignore[no-untyped-def]
    text = getattr(Text(PROJECT, language), name)(article)
    source = {"article": page, "evidence": evidence_page}[name](ROOT, article, language).read_text(encoding="utf-8")
    prose = re.sub(r"^(```|~~~)[^\n]*\n.*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    for markup in ("///", "--8<--", "<div", "<span", "</", "{ #"):
        assert markup not in prose
    for heading in re.findall(r"^#+ .*?(?=\s*\{[ #.:][^}]*\}\s*$|$)", source, re.MULTILINE):
        assert heading.rstrip() in text
    assert article.toml.title in text
    for claim, sentence in Text(PROJECT, language).sentences(article).items():
        assert sentence, claim
        if f"/// claim | {claim}" in source or f"[^{claim}]" in source:
            assert sentence in text and f"(`{claim}`)" in text


@pytest.mark.parametrize(("article", "language"), PAGES, ids=lambda one: getattr(one, "id", one))
def test_a_mark_is_a_footnote(article, language) -> None:  # type: ignore[no-untyped-def]
    text = Text(PROJECT, language).article(article)
    cited, noted = re.findall(r"\[\^(\d+)\](?!:)", text), re.findall(r"^\[\^(\d+)\]:", text, re.MULTILINE)
    assert noted == [str(number) for number in range(1, len(noted) + 1)]
    assert set(cited) == set(noted) and not re.search(r"\[\^[a-z]", text)


def test_what_was_observed_stands_beside_the_sentence(decided: Path) -> None:
    project = load_project(decided)
    for article in project.articles:
        text = Text(project, "en").evidence(article)
        for cell in project.cells(article):
            (line,) = (one for one in text.splitlines() if f"(`{cell.claim.name}`)" in one)
            seen = {"holds": f"true with {cell.environment.name}", "refuted": f"false with {cell.environment.name}"}
            assert seen.get(str(project.judge(cell).observed), "not run") in line


def test_of_an_answer_that_is_not_current_nothing_is_said(decided: Path) -> None:
    project = load_project(decided)
    article = next(one for one in project.articles if one.slug == "prefix-missing")
    assert "true with bare" in Text(project, "en").article(article)
    edit(decided, "snippets/rename_keys.py", "def ", "def  ")
    project = load_project(decided)
    article = next(one for one in project.articles if one.slug == "prefix-missing")
    text = Text(project, "en").article(article)
    assert "true with bare" not in text and "*not run* (`load_renamed.plain_look_up_fails`)" in text
