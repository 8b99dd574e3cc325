"""The SKILL.md: valid by the public validator, of this version's commands and articles, and never over another file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from skills_ref import read_properties, validate

from checkpoint_clinic.command import READERS, help_of, main
from checkpoint_clinic.skill import MOST, NAME, skill
from checks.show.package import library

from .test_nearest import PROJECT

LIBRARY = library(PROJECT)


def test_the_public_validator_takes_it_and_an_agent_finds_what_it_needs(tmp_path: Path) -> None:
    assert main(["skill", "--out", str(tmp_path)], LIBRARY) == 0
    folder = tmp_path / NAME
    assert validate(folder) == []
    described = read_properties(folder).description
    assert all(word in described for word in ("size mismatch", "newly initialized", "before hours of training"))
    text = (folder / "SKILL.md").read_text(encoding="utf-8")
    assert text.count("\n") < MOST
    assert all(f"\n### clinic {name}\n" in text and help_of(name).strip() in text for name in READERS if name != "skill")
    assert all(article.toml.title in text for article in PROJECT.articles)


def test_help_in_it_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = help_of("diagnose")
    monkeypatch.setenv("COLUMNS", "30")
    assert help_of("diagnose") == shown


def test_it_is_printed_or_written_anew_but_another_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["skill"], LIBRARY) == 0
    text = capsys.readouterr().out
    file = tmp_path / NAME / "SKILL.md"
    for _ in range(2):
        assert main(["skill", "--out", str(tmp_path), "--json"], LIBRARY) == 0
        assert json.loads(capsys.readouterr().out) == {"version": 1, "name": NAME, "text": text, "file": str(file)}
    assert file.read_text(encoding="utf-8") == text and list(file.parent.iterdir()) == [file]
    file.write_text("my own\n", encoding="utf-8")
    assert main(["skill", "--out", str(tmp_path)], LIBRARY) == 2
    assert "is another file" in capsys.readouterr().err and file.read_text(encoding="utf-8") == "my own\n"


def test_with_many_articles_it_stays_short_and_says_where_the_others_are() -> None:
    one = {"title": {"en": "X: y"}, "answer": {"en": "No."}, "harm": "silent"}
    text = skill([one] * 5000, {"diagnose": lambda: "usage: clinic diagnose"})
    assert text.count("\n") < MOST and text.endswith(" more: `clinic list`\n")
