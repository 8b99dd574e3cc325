"""What the installed package carries, from the miniature clinic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkpoint_clinic.library import installed
from checks.decide.plan import load_project
from checks.show.package import library, write
from checks.show.signatures import signatures, to_json


def test_the_files_written_are_those_that_a_clone_makes_as_they_are_asked_for(decided: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write(decided, folder)
    project = load_project(decided)
    written, made = installed(folder), library(project)
    assert (written.articles, written.snippets, written.about) == (made.articles, made.snippets, made.about)
    assert (written.atlas.architectures, written.atlas.ways) == ([], [])  # the miniature clinic has none
    assert (folder / "signatures.json").read_text(encoding="utf-8") == to_json(signatures(project))
    for article in made.articles:
        for language in ("en", "zh"):
            for what in ("text", "evidence", "data"):
                assert getattr(written, what)(article, language) == getattr(made, what)(article, language)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    endings = [f"{part}{language}" for part in (".", ".evidence.") for language in ("en", "zh")]
    articles = {f"articles/{article.id}{ending}.md" for article in project.articles for ending in endings}
    articles |= {f"articles/{article.id}.{language}.json" for article in project.articles for language in ("en", "zh")}
    dictionaries = {"about.json", "signatures.json", "words.json", "articles.json", "atlas.json"}
    assert names == articles | dictionaries | {"snippets/rename_keys.py"}
    assert (folder / "snippets/rename_keys.py").read_bytes() == (decided / "snippets/rename_keys.py").read_bytes()


def test_each_claim_says_where_it_was_decided(decided: Path) -> None:
    project = load_project(decided)
    known = library(project)
    for article in project.articles:
        listed = known.article(article.id)
        assert listed
        claims = {one["name"]: one for one in known.data(listed, "en")["claims"]}
        assert set(claims) == {claim.name for claim in article.claims}
        for cell in project.cells(article):
            (seen,) = (one for one in claims[cell.claim.name]["observed"] if one["environment"] == cell.environment.name)
            assert seen["verdict"] == (project.judge(cell).observed or "not run")
            assert bool(seen["versions"]) == (seen["verdict"] != "not run")


def test_addresses_are_those_of_this_moment(decided: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_SITE_URL", "https://clinic.example/")
    monkeypatch.delenv("CLINIC_SITE_URL_ZH", raising=False)
    assert library(load_project(decided)).site("en") == "https://clinic.example/"
    assert library(load_project(decided)).site("zh") == "https://clinic.example/zh/"
    assert json.dumps(library(load_project(decided)).about)
