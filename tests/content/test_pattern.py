"""Patterns: what both engines read alike, in linear time."""

from __future__ import annotations

import re

import pytest

from checks.content.pattern import LIMIT, refusals, tolerant

CATASTROPHIC = {
    r"(a+)+b": "a repeat inside a repeat",
    r"(?:ab?)*c": "a repeat inside a repeat",
    r"(?:a{1,9}){2,9}b": "a repeat inside a repeat",
    r"(a|a)*b": "alternatives inside a repeat",
    r"(?:a|ab)*c": "alternatives inside a repeat",
    r"(?:x|[|])+c": "alternatives inside a repeat",
    r"a*a*b": "two repeats that can share characters",
    r".*.*x": "two repeats that can share characters",
    r"[\w.]+[\w]+x": "two repeats that can share characters",
    r"a.*b.*c": "two repeats that can share characters",
    r"a.*?b(?:c.*?d)?e": "two repeats that can share characters",
    r"a{2,900}": "repeats more than",
}
NOT_SHARED = {
    r"^x": "anchored",
    r"\bx": "anchored",
    r"(?=a)b": "looks ahead",
    r"(?<!a)b": "looks ahead",
    r"(a)\1": "refers back",
    r"(?i:a)": "sets flags",
    r"\s": "white space",
    r"a\-b": "JavaScript does not read",
    r"a}": "JavaScript does not read",
    r"[[]]x": "no regular expression",
    r"(a": "no regular expression",
}
GOOD = (
    r"(?P<parameter>[\w.]+) not in state_dict, loading (?P<file>[^ ].*?\.(?:safetensors|bin))",
    r'"[^"]*", "[^"]*"',
    r"a+b+a+",
    r"x*?y",
    r"[\]a|]+b",
    r"[a\-b]{2,3}x{4}",
    r"(?:[1-9][\d, ]*|0,)?\]",
)


@pytest.mark.parametrize(("pattern", "reason"), [*CATASTROPHIC.items(), *NOT_SHARED.items()])
def test_pattern_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    assert any(reason in found for found in refusals(pattern)), refusals(pattern)


@pytest.mark.parametrize("pattern", GOOD)
def test_pattern_is_taken(pattern: str) -> None:
    assert refusals(pattern) == []


def test_tolerant_form_bounds_repeats_and_makes_spaces_optional_outside_classes() -> None:
    assert tolerant(r"a \[ [a b]+ x[\[ ]*y[^] ] {2}") == rf"a ?\[ ?[a b]{{1,{LIMIT}}} ?x[\[ ]{{0,{LIMIT}}}y[^] ] {{2}}"


def test_tolerant_form_matches_what_lost_its_spaces() -> None:
    assert re.search(tolerant("the shape in current model"), "theshape incurrent model")


@pytest.mark.parametrize("text", ["torch. Size( [0] )", "torch.Size ([ 0 ])", "torch.Size([0])"])
def test_tolerant_form_matches_the_spaces_that_are_read_from_a_picture(text: str) -> None:
    assert re.fullmatch(tolerant(r"torch\.Size\(\[0\]\)"), text)


def test_tolerant_form_takes_no_space_where_a_sentence_may_end() -> None:
    assert re.search(tolerant(r"\w+\.[\w.]+ not"), "Done. model.norm not")[0] == "model.norm not"  # type: ignore[index]


def test_a_long_list_of_optional_parts_is_read_through_once() -> None:
    long = "not initialized: " + "(?:'[a-z.]{1,20}', )?" * 300 + "'[a-z.]{1,20}'"  # by pairs it would never end
    assert refusals(long) == []
    assert refusals(long + "[a-z]{1,9}[a-z]{1,9}")
