"""The newest known releases: data that a page compares with, written by one command, required by nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from checks.content.problem import Invalid
from checks.content.releases import Release, load_releases, write_releases


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "checks").mkdir()
    return tmp_path


def test_what_was_written_is_read_again_under_canonical_names(root: Path) -> None:
    one = Release(newest="5.25.0", seen=date(2026, 11, 29))
    write_releases(root, {"transformers": one, "huggingface-hub": one})
    assert load_releases(root) == {"huggingface-hub": one, "transformers": one}
    path = root / "checks/releases.toml"
    path.write_text('[Hugging_Face]\nnewest = "1.0"\nseen = 2026-11-29\n', encoding="utf-8")
    assert list(load_releases(root)) == ["hugging-face"]


def test_no_file_is_no_problem(root: Path) -> None:
    assert load_releases(root) == {}


@pytest.mark.parametrize(
    "text",
    ["[a", '[a]\nnewest = "new"\nseen = 2026-11-29', '[a]\nnewest = "1.0"', '[a]\nnewest = "1"\nseen = 2026-11-29\nold = 1'],
)
def test_what_is_wrong_is_said(root: Path, text: str) -> None:
    (root / "checks/releases.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=r"checks/releases\.toml:\d+: expected"):
        load_releases(root)
