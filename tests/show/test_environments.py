"""The page of environments: a family is one entry, and every environment can be linked to."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from checkpoint_clinic.words import LANGUAGES, Language
from checks.content.environment import Environment
from checks.decide.plan import Project, load_project
from checks.show.environments import environments
from checks.show.render import Pages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT)


def used_in(project: Project) -> list[Environment]:
    """The environments that decide a cell or carry one that does."""
    return list({layer.name: layer for cell in project.cells() for layer in cell.environment.layers}.values())


def entries(project: Project, language: Language) -> list[Element]:
    return list(environments(Pages(project, language, "../")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_environment_in_use_has_one_anchor_and_its_lock(project: Project, language: Language) -> None:
    used = used_in(project)
    shown = entries(project, language)
    identifiers = [one.get("id") for entry in shown for one in entry.iter("code") if one.get("id")]
    assert len(identifiers) == len(set(identifiers))
    assert {one.name for one in used} <= set(identifiers)
    links = {link.get("href", "").split("environments/")[1] for entry in shown for link in entry.iter("a")}
    assert {f"{one.folder.name}/{one.lock().name}" for one in used if one.lock().is_file()} <= links


def test_a_family_is_one_entry_that_says_its_versions_and_folds_its_members(project: Project) -> None:
    used = used_in(project)
    folders = [list(members) for _, members in groupby(sorted(one.folder.name for one in used))]
    shown = {str(entry[0][0].text): entry for entry in entries(project, "en")}
    assert len(shown) == len(folders)
    for members in folders:
        if len(members) == 1:
            continue
        family = shown[members[0]]
        fold = family.find("details")
        assert fold is not None and fold[0].text == f"{len(members)} environments"
        assert len(list(fold.iter("li"))) == len(members)
        versions = [one.versions[0] for one in used if one.folder.name == members[0]]
        facts = "".join(family[1].itertext())
        assert sum(version in facts for version in versions) >= min(2, len(set(versions))), facts
