"""Notes that put into Chinese what a check says: each fits something that was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.tend.lint import lint_project

from ..conftest import ERRORS, edit

TOML = f"{ERRORS}/wrong-expectation/article.toml"  # its evidence says of one claim: 42 is even
FOUND = {
    r"""pattern = '(\d+) is even'
zh = "{0} 是偶数" """: [],
    r"""pattern = '(\d+) is odd'
zh = "{0} 是奇数" """: [
        ("a note that fits a reason in the evidence", r"(\d+) is odd", "correct the pattern, or remove the note")
    ],
    r"""pattern = '(\d+) is even'
zh = "{0} 是偶数，{1}" """: [("a note that fills in its pattern's groups", "{0} 是偶数，{1}", "use only {0}")],
    r"""pattern = '42 is even'
zh = "{number} 是偶数" """: [("a note that fills in its pattern's groups", "{number} 是偶数", "use only plain text")],
}


@pytest.mark.parametrize("note", FOUND)
def test_note_without_its_reason_or_group_is_named(decided: Path, note: str) -> None:
    edit(decided, TOML, "[claims]", f"[[note]]\n{note}\n\n[claims]")
    found = [one for one in lint_project(decided) if "note" in one.expected]
    assert [(one.expected, one.found, one.repair) for one in found] == FOUND[note]
    assert all(one.file == TOML for one in found)
