"""The files of the package, by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkpoint_clinic.library import Library, installed, url

ARTICLES = {"articles": [{"id": "CC009", "slug": "a-slug"}], "snippets": ["one.py"]}
FILES = {
    "articles.json": json.dumps(ARTICLES),
    "articles/CC009.zh.md": "# 标题\n",
    "articles/CC009.evidence.zh.md": "# 证据\n",
    "articles/CC009.zh.json": json.dumps({"id": "CC009", "claims": []}),
    "snippets/one.py": "print(1)\n",
    "about.json": json.dumps({"site": {"en": "https://clinic.example/", "zh": ""}}),
}


def test_an_article_is_found_by_id_and_by_address() -> None:
    library = Library(FILES.__getitem__)
    for name in ("CC009", "cc009", "a-slug"):
        article = library.article(name)
        assert article and library.text(article, "zh") == "# 标题\n"
        assert library.evidence(article, "zh") == "# 证据\n"
        assert library.data(article, "zh") == {"id": "CC009", "claims": []}
    assert library.article("CC001") is None


def test_a_snippet_is_found_with_and_without_its_ending_and_nothing_else_is_read() -> None:
    library = Library(FILES.__getitem__)
    assert library.snippet("one") == library.snippet("one.py") == "print(1)\n"
    assert library.snippet("../articles.json") is None


def test_installed_files_are_read_as_they_are(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode())
    assert installed(tmp_path).snippet("one") == "print(1)\r\n"


def test_an_answer_leads_to_the_page_or_to_the_command_that_shows_it() -> None:
    library, article = Library(FILES.__getitem__), ARTICLES["articles"][0]
    assert isinstance(article, dict)
    assert url(library.site("en"), article) == "https://clinic.example/errors/a-slug/"
    assert url(library.site("zh"), article) == "clinic explain CC009"


def test_a_name_that_is_none_is_an_error() -> None:
    with pytest.raises(KeyError):
        Library(FILES.__getitem__).text({"id": "CC001"}, "en")
