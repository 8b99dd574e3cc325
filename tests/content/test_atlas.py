"""checks/atlas: what its files state, and every problem of them with its repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.content.atlas import load_atlas
from checks.content.problem import Invalid
from checks.decide.plan import load_project
from tests import miniature_atlas
from tests.conftest import edit

ENVIRONMENTS = ("atlas-5.3.0", "atlas-5.4.0", "atlas-5.10.0", "bare")
FILE = "checks/atlas/atlas.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    miniature_atlas.write(tmp_path)
    return tmp_path


def problems(root: Path) -> list[str]:
    with pytest.raises(Invalid) as caught:
        load_atlas(root, ENVIRONMENTS)
    return [f"{one.file}: expected {one.expected}; found {one.found}; {one.repair}" for one in caught.value.problems]


def test_a_way_is_a_check_module_that_is_asked_of_each_architecture(root: Path) -> None:
    atlas = load_atlas(root, ENVIRONMENTS)
    assert atlas is not None
    assert [(one.module, one.title, one.words, one.zh, one.model_type, one.model_class) for one in atlas.architectures] == [
        ("dense", "Dense", "a dense decoder", "稠密", "dense", "DenseForCausalLM"),
        ("mixture", "Mixture", "a mixture of experts", "专家混合", "mixture", "MixtureForCausalLM"),
    ]
    assert [claim.name for claim in atlas.claims] == ["plain.dense", "plain.mixture", "zero3.dense", "zero3.mixture"]
    assert atlas.claims[0].sentence == "Dense loads exactly."
    assert atlas.claims[0].expected.holds == ENVIRONMENTS[:3], "and in no other environment"


def test_a_claim_holds_where_it_is_not_said_to_be_refuted(root: Path) -> None:
    with (root / FILE).open("a", encoding="utf-8") as file:
        file.write('\n[refuted]\n"zero3.mixture" = ["atlas-5.4.0"]\n')
    atlas = load_atlas(root, ENVIRONMENTS)
    assert atlas is not None
    assert dict(atlas.claims[3].expected.cells()) == {
        "atlas-5.3.0": "holds",
        "atlas-5.10.0": "holds",
        "atlas-5.4.0": "refuted",
    }


def test_all_problems_are_said_at_once(root: Path) -> None:
    (root / "checks/atlas/dense.py").write_text("def plain():\n    pass\n", encoding="utf-8")
    edit(root, "checks/atlas/zero3.py", "def claim(", "def claims(")
    with (root / FILE).open("a", encoding="utf-8") as file:
        file.write('\n[refuted]\n"plain.mixture" = ["atlas-9.9.9"]\n"plain.sparse" = ["atlas-5.4.0"]\n')
    found = problems(root)
    assert len(found) == 4, found
    assert "environments in which plain.mixture is decided; found atlas-9.9.9; remove it from [refuted]" in found[0]
    assert "expected a claim of the atlas; found plain.sparse" in found[1]
    assert "checks/atlas/dense.py: expected a docstring `Title: words.`" in found[2]
    assert "checks/atlas/zero3.py: expected a check module with a function claim(published); found none" in found[3]


@pytest.mark.parametrize("text", ["way = 3", "[[way]]\nfunction = 'x'", "[[["])
def test_a_file_that_is_no_atlas_is_said_to_be_none(root: Path, text: str) -> None:
    (root / FILE).write_text(text, encoding="utf-8")
    assert all(one.startswith(FILE) for one in problems(root))


def test_where_there_is_none_there_is_none(tmp_path: Path, example: Path) -> None:
    assert load_atlas(tmp_path, ENVIRONMENTS) is None
    assert load_project(example).atlas is None


def test_its_jobs_are_decided_as_those_of_articles_are(example: Path) -> None:
    miniature_atlas.write(example)
    project = load_project(example)
    jobs = [job.name for job in project.jobs if job.article is project.atlas]
    assert sorted(jobs) == sorted(f"{module}@{one}" for module in ("plain", "zero3") for one in ENVIRONMENTS[:3])
    assert project.article("atlas") is project.atlas
    assert project.atlas not in project.articles
