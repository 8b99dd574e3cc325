"""`clinic new`: seven files from the template, which lint accepts as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.content.problem import Invalid
from checks.decide.plan import load_project
from checks.tend.lint import lint_project
from checks.tend.new import create

from ..conftest import ERRORS, clinic, contents

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def root(example: Path) -> Path:
    """The miniature clinic with the environment that the template names."""
    environment = "checks/environments/torch-2.13-cpu"
    shutil.copytree(REPOSITORY / environment, example / environment)
    return example


def test_new_article_has_its_files_the_next_id_and_no_problem(root: Path) -> None:
    before = contents(root)
    done = clinic(root, "new", "weight-of-another-shape")
    assert done.returncode == 0
    assert sorted(contents(root).keys() - before.keys()) == [
        f"{ERRORS}/weight-of-another-shape/article.toml",
        f"{ERRORS}/weight-of-another-shape/load_weight_of_another_shape.py",
        f"{ERRORS}/weight-of-another-shape/vectors.toml",
        "docs/en/errors/weight-of-another-shape.md",
        "docs/en/errors/weight-of-another-shape/evidence.md",
        "docs/zh/errors/weight-of-another-shape.md",
        "docs/zh/errors/weight-of-another-shape/evidence.md",
    ]
    assert load_project(root).article("weight-of-another-shape").id == "CC005"
    assert lint_project(root) == []


def test_page_that_is_there_already_is_kept(root: Path) -> None:
    page = root / "docs/en/errors/weight.md"
    page.write_text("mine", encoding="utf-8")
    assert page not in create(root, "weight")
    assert page.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("slug", ["Weight", "weight_shape", "../weight", "-weight", "", "old-evidence"])
def test_slug_that_cannot_be_a_folder_or_is_taken_writes_nothing(root: Path, slug: str) -> None:
    before = contents(root)
    with pytest.raises(Invalid, match=r"repair: (name the symptom|choose another slug)"):
        create(root, slug)
    assert contents(root) == before
