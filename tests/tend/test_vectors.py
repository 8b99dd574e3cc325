"""vectors.toml: what lint says of one that is missing, broken, too short or answered otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.tend.lint import lint_project

from ..conftest import ERRORS, edit

FILE = f"{ERRORS}/prefix-missing/vectors.toml"


def problems(root: Path) -> list[str]:
    return [str(problem) for problem in lint_project(root) if problem.file == FILE]


def test_right_answers_are_no_problem(decided: Path) -> None:
    assert lint_project(decided) == []


def test_missing_file_names_the_template(decided: Path) -> None:
    (decided / FILE).unlink()
    (found,) = problems(decided)
    assert "no such file" in found and "template: checks/template/vectors.toml" in found


def test_too_few_texts(decided: Path) -> None:
    text = (decided / FILE).read_text(encoding="utf-8")
    (decided / FILE).write_text(text.rpartition("[[other]]")[0], encoding="utf-8")
    (found,) = problems(decided)
    assert "at least 15 texts of kind lookalike and other; found 14" in found


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            'text = "KeyError: 12"',
            'text = "KeyError: \\"prefix-missing.weight\\""',
            "expected other: KeyError: 12; found CC001: match",
        ),
        ('text = "KeyError: 0"', 'text = "KeyError: 1"', "expected lookalike: KeyError: 0; found nothing"),
        ('name = "a level"', 'name = "a level"\ncount = 2', "expected match: a level; found 1 times"),
        (
            'E       KeyError: \\"prefix-missing.weight\\""\ncaptured = { key = "prefix-missing.weight" }',
            'E       KeyError: \\"prefix-missing.weight\\""\ncaptured = { key = "weight" }',
            "expected match: pytest; found captured {'key': 'prefix-missing.weight'}",
        ),
        ('name = "mail"', 'name = "mail"\nlanguage = "en"', "match.4.language: Extra inputs are not permitted"),
        ('name = "mail"', 'name = "mail', "expected TOML; found"),
    ],
)
def test_wrong_answer_is_named_with_its_line(decided: Path, old: str, new: str, found: str) -> None:
    edit(decided, FILE, old, new)
    (problem,) = problems(decided)
    assert found in problem
    assert not problem.startswith(f"{FILE}:1:")


def test_part_without_a_name_and_sentence_with_an_unknown_part(decided: Path) -> None:
    file = f"{ERRORS}/prefix-missing/article.toml"
    edit(decided, file, "(?P<key>", "(?P<colour>")
    edit(decided, file, "\n[[lookalike]]", '[[signature.says]]\nen = "It is {shade}."\nzh = "是 {shade}。"\n\n[[lookalike]]')
    found = [str(problem) for problem in lint_project(decided) if problem.file == file]
    assert any("a part's name" in one and "found colour" in one for one in found)
    assert any("found shade" in one and "name one of: colour, count, distinct.colour, rank" in one for one in found)
