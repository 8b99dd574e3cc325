"""The atlas tended, on history as it was: a release that changes something is named by its worst change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.decide.plan import load_project
from checks.tend.changes import accept, changes, headline
from tests import miniature_atlas
from tests.conftest import clinic

SILENT = "silent: 17 of 21 tensors differ from the files; the library reports 17 missing; lm_head.weight (values of no file)"


@pytest.fixture
def root(example: Path) -> Path:
    miniature_atlas.write(example)
    return example


def measure(root: Path, release: str, **outcomes: str) -> None:
    """Decide one release as if it did this."""
    file = root / "checks/atlas/_outcome.json"
    file.write_text(json.dumps({"dense": "", "mixture": ""} | outcomes), encoding="utf-8")
    done = clinic(root, "run", "atlas", "-e", f"atlas-{release}", "--again", "--workers", "2")
    assert done.returncode in (0, 1), done.stderr


def test_what_became_silent_comes_first_and_is_named(root: Path) -> None:
    measure(root, "5.3.0", dense="error: ValueError: no")
    measure(root, "5.4.0", mixture=SILENT)
    project = load_project(root)
    found = changes(project, "atlas-5.4.0")
    assert list(map(str, found)) == [
        "Mixture under ZeRO-3 exact -> silent, 17 of 21",
        "Dense under ZeRO-3 an error -> exact",
    ]
    environment = project.environments["atlas-5.4.0"]
    assert headline(environment, found) == "transformers 5.4.0: Mixture under ZeRO-3 exact -> silent, 17 of 21; also Dense"
    assert changes(project, "atlas-5.3.0") == [], "there is no release before it"


def test_releases_follow_one_another_as_versions_do(root: Path) -> None:
    measure(root, "5.4.0", mixture=SILENT)
    measure(root, "5.10.0")
    project = load_project(root)
    assert list(map(str, changes(project, "atlas-5.10.0"))) == ["Mixture under ZeRO-3 silent, 17 of 21 -> exact"]
    assert headline(project.environments["atlas-5.10.0"], []) == "transformers 5.10.0: nothing changed"


def test_a_release_that_was_not_measured_is_passed_over(root: Path) -> None:
    measure(root, "5.3.0")
    measure(root, "5.10.0", dense="class not known: DenseForCausalLM")
    assert list(map(str, changes(load_project(root), "atlas-5.10.0"))) == ["Dense under ZeRO-3 exact -> no such class"]


def test_what_was_observed_is_expected_from_then_on_and_the_rest_stays(root: Path) -> None:
    measure(root, "5.4.0", mixture=SILENT)
    project = load_project(root)
    assert clinic(root, "status", "atlas").returncode == 1
    assert accept(project) == ["zero3.mixture@atlas-5.4.0: holds -> refuted"]
    text = (root / "checks/atlas/atlas.toml").read_text(encoding="utf-8")
    assert text.endswith('"zero3.mixture" = ["atlas-5.4.0"]\n')
    assert text.startswith(miniature_atlas.TOML.rstrip())
    again = load_project(root)
    assert all(again.judge(cell).status in ("verified", "unverified") for cell in again.cells(again.atlas))
    assert accept(again) == []
    assert (root / "checks/atlas/atlas.toml").read_text(encoding="utf-8") == text


def test_the_command_says_it_in_one_line(root: Path) -> None:
    measure(root, "5.3.0")
    measure(root, "5.4.0", mixture=SILENT)
    done = clinic(root, "atlas", "--changes", "atlas-5.4.0", "--headline")
    assert done.stdout == "transformers 5.4.0: Mixture under ZeRO-3 exact -> silent, 17 of 21\n"
    assert clinic(root, "atlas", "--changes", "atlas-9").returncode == 2
    counted = json.loads(clinic(root, "atlas", "--json").stdout)
    assert counted["zero3"] == {"silent": 1, "error": 0, "unknown": 0, "exact": 3, "not run": 2}
    assert "1 cell expected otherwise" in clinic(root, "atlas", "--accept").stdout


def test_without_an_atlas_the_command_says_so(example: Path) -> None:
    done = clinic(example, "atlas")
    assert done.returncode == 3
    assert "checks/atlas does not exist" in done.stderr
