"""The order of versions, against the library that pip has it from."""

from __future__ import annotations

import itertools

import pytest
from packaging.version import Version

from checkpoint_clinic.release import key, kind

TOLD = """
0.0 1 1.0 1.0.0 v1.0 1.0.1 1.0.post1 1.0-1 1.0.post 1.0.dev0 1.0.dev 1.0.dev3 1.0a1 1.0.alpha.1 1.0b2 1.0rc1 1.0c1
1.0-rc.1 1.0.preview1 1.0rc1.dev2 1.0rc1.post1 1.0.post1.dev2
1.0+abc 1.0+abc.1 1.0+ABC-1 1!0.5 4.9.0 4.49 4.49.0 4.57.6 5.0.0rc3 5.0.0.dev0
5.10.4 5.9.0 10.0 2.6.0+cu124 2.6.0
"""
FORMS = TOLD.split()


def test_versions_are_ordered_as_pep_440_says() -> None:
    for one, other in itertools.product(FORMS, FORMS):
        ours, theirs = (key(one), key(other)), (Version(one), Version(other))
        assert ours[0] and ours[1]
        assert (ours[0] == ours[1]) == (theirs[0] == theirs[1]), (one, other)
        if "+" not in one + other:  # only whether a build of one's own is the release is asked
            assert (ours[0] < ours[1]) == (theirs[0] < theirs[1]), (one, other)


def test_what_is_no_version_has_no_place_in_the_order() -> None:
    for text in ("", "main", "5.x", "5.0.0 or newer", "1.0+", "1..0", "٥.٠", "9" * 5000, "1." * 50_000, "v", "1.0.dev0.dev1"):
        assert (key(text), kind(text)) == (None, "none")


@pytest.mark.parametrize(
    ("version", "named"),
    [("5.0.0", "release"), ("5.0.0.post1", "release"), ("5.0.0rc1", "pre"), ("5.0.0.dev0", "dev"), ("5.0.0+a1b2c3d", "local")],
)
def test_what_a_version_names(version: str, named: str) -> None:
    assert kind(version) == named
