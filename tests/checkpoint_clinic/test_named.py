"""An article's id, slug and address are its names; a sentence that holds one is not."""

from __future__ import annotations

import json

import pytest

from checkpoint_clinic.named import LONGEST, named
from checks.decide.plan import load_project
from checks.tend.vectors import diagnoser_of

from .test_answer import REPOSITORY, diagnose

ARTICLES = [{"id": "CC001", "slug": "one-two"}, {"id": "CC012", "slug": "three"}]


@pytest.mark.parametrize(
    "text",
    [
        "CC012",
        "cc012",
        " [cc012]: \n",
        "`three`.",
        "/CC012/#module.claim",
        "https://a.example/x/zh/errors/three/?q=1#what-to-do",
        "https://a.example/errors/three/evidence/",
        "errors/three/index.md",
        "three.json",
    ],
)
def test_a_name_and_an_address_name_the_article(text: str) -> None:
    assert named(text, ARTICLES) == "CC012"


@pytest.mark.parametrize("text", ["", "CC01", "CC0123", "see CC012", "three, four", "one", "https://a.example/", "#CC012"])
def test_anything_else_names_none(text: str) -> None:
    assert named(text, ARTICLES) is None


def test_a_long_text_is_no_name() -> None:
    assert named("a/" * LONGEST + "CC012", ARTICLES) is None


def test_a_name_is_diagnosed_as_its_article_and_says_so() -> None:
    diagnosis = diagnoser_of(load_project(REPOSITORY)).diagnose("cc002\n")
    assert (diagnosis["named"], diagnosis["asked"]) == ("CC002", True)
    assert [one["article"] for one in diagnosis["nearest"]] == ["CC002"]


def test_the_command_answers_a_name_given_as_text_or_as_its_argument() -> None:
    for done in (diagnose("CC002\n"), diagnose("", "CC002")):
        assert done.returncode == 0, done.stderr
        assert "An article of this name" in done.stdout and "clinic explain CC002" in done.stdout
        assert "Did a program print something?" not in done.stdout
    answered = json.loads(diagnose("", "cc002", "--json").stdout)
    assert [one["article"] for one in answered["nearest"]] == ["CC002"]
