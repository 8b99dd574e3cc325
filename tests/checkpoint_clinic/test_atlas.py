"""The load atlas as the package carries it."""

from __future__ import annotations

import json

import pytest

from checkpoint_clinic.atlas import Atlas, nearest, packed

from .small_atlas import DATA, MEASURED, RELEASES

ATLAS = Atlas(DATA)


def test_packed_it_says_the_same_and_is_smaller() -> None:
    small = Atlas(packed(DATA))
    for architecture, *_ in MEASURED:
        for way in ATLAS.ways:
            ours, theirs = ATLAS.measured(architecture, way), small.measured(architecture, way)
            assert [(one.release, one.outcome, one.against, one.beside) for one in ours] == [
                (one.release, one.outcome, one.against, one.beside) for one in theirs
            ]
            assert all(one.cell["recorded"] <= other.cell["recorded"] for one, other in zip(ours, theirs, strict=True))
    assert len(json.dumps(packed(DATA))) < 0.8 * len(json.dumps(DATA))


def test_what_was_measured_is_in_the_order_of_the_releases() -> None:
    plain = ATLAS.ways[0]
    assert [one.release for one in ATLAS.measured("mixtral", plain)] == list(RELEASES)
    assert [one.release for one in ATLAS.measured("moe", plain)] == [one for one in RELEASES if one != "5.1.0"]
    assert ATLAS.measured("absent", plain) == []


def test_the_packages_are_those_that_decide_and_torch() -> None:
    assert ATLAS.packages == ["transformers", "deepspeed", "torch"]


def test_an_atlas_of_nothing() -> None:
    empty = Atlas({"version": 1, "ways": [], "architectures": [], "environments": [], "cells": [], "newest": {}})
    assert (empty.architectures, empty.ways, empty.packages) == ([], [], ["transformers", "torch"])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("5.2.0", ["5.1.0", "5.4.0"]),
        ("4.9.0", ["4.57.6"]),
        ("6.0", ["5.24.0"]),
        ("5.4", ["5.1.0", "5.4.0", "5.24.0"]),
        ("5.4.0.dev0", ["5.1.0", "5.4.0"]),
        ("5.4.0+abc", ["5.4.0", "5.24.0"]),
        ("main", []),
    ],
)
def test_the_nearest_lie_on_both_sides(asked: str, found: list[str]) -> None:
    assert nearest(asked, RELEASES) == found
