"""The changes that are made to a check: found by what the code says, each in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.decide.plan import load_project
from checks.tend.mutants import Edit, mutants

from ..conftest import ERRORS, edit, write_check

MODULE = f"{ERRORS}/old-evidence/remembered.py"


def found(root: Path, source: str) -> dict[str, str]:
    """Return kind and new text of each mutant of a module that consists of `source`."""
    job = write_check(root, source)
    claims = job.article.modules["remembered"]
    return {f"{one.kind}: {one.new}": one.what for one in mutants(job.article, "remembered", claims, root)}


SOURCES = {
    "a checked value": (
        'def claim():\n    """It is so."""\n    assert 1 + 1 == 2\n',
        ["value: _mutant.changed(1 + 1)"],
    ),
    "each part of a tuple": (
        'def claim():\n    """It is so."""\n    a = b = 1\n    assert (a, b) == (1, 1)\n',
        ["value: _mutant.changed(a)", "value: _mutant.changed(b)"],
    ),
    "a text that is expected": (
        'def claim():\n    """It is so."""\n    assert "size mismatch" in str("size mismatch")\n',
        ['message: "size miXmatch"'],
    ),
    "a remedy": (
        'def claim():\n    """It is so."""\n    weights = [2, 1]\n    weights.sort()\n    assert weights == [1, 2]\n',
        ["removed: pass", "value: _mutant.changed(weights)"],
    ),
    "a setting": (
        'def claim():\n    """It is so."""\n    assert sorted([1, 2], reverse=True) == [2, 1]\n',
        ["switched off: False", "value: _mutant.changed(sorted([1, 2], reverse=True))"],
    ),
    "ZeRO-3": (
        'ZERO = {"stage": 3}\n\n\ndef claim():\n    """It is so."""\n    assert ZERO\n',
        ["switched off: 0", "switched off: 2"],
    ),
    "a helper's answer": (
        'def _look():\n    return [1]\n\n\ndef claim():\n    """It is so."""\n    found = _look()\n    assert found == [1]\n',
        ["emptied: _mutant.emptied(_look())", "value: _mutant.changed(found)"],
    ),
    "what a helper returns to nobody": (
        'def _new():\n    return [1]\n\n\n_new()\n\n\ndef claim():\n    """So."""\n    with _new():\n        assert str(1)\n',
        ["removed: pass"],
    ),
    "when what is printed is shown": (
        'def claim():\n    """It is so."""\n    print("a", end="", flush=True)\n    assert str(1)\n',
        [],
    ),
    "what changes nothing": ('def claim():\n    """It is so."""\n    print("a")\n    assert str(1)\n', []),
}


@pytest.mark.parametrize("name", SOURCES)
def test_mutants_of(example: Path, name: str) -> None:
    source, expected = SOURCES[name]
    assert sorted(found(example, source)) == sorted(expected)


LOAD = 'from library import Model\n\n\ndef claim():\n    """{}"""\n    assert Model.from_pretrained("x").name == "x"\n'


@pytest.mark.parametrize(
    ("sentence", "ways"), [("It loads silently.", 4), ("It raises an Error without a word.", 0), ("It loads.", 0)]
)
def test_a_load_is_loud_only_under_a_sentence_that_promises_silence(example: Path, sentence: str, ways: int) -> None:
    kinds = [key.partition(":")[0] for key in found(example, LOAD.format(sentence))]
    assert kinds.count("loud") == ways
    assert kinds.count("not loaded") == 1


def test_an_edit_changes_one_place_and_lines_stay(example: Path) -> None:
    job = write_check(example, 'def claim():\n    """It is so."""\n    assert 1 + 1 == 2\n')
    (one,) = mutants(job.article, "remembered", job.article.modules["remembered"], example)
    source = (example / MODULE).read_bytes()
    assert one.apply(source) == source.replace(b"1 + 1", b"_mutant.changed(1 + 1)")
    assert (one.line, one.claims, one.within) == (3, ("remembered.claim",), "claim")


def test_what_several_claims_share_is_noticed_by_one_of_them(example: Path) -> None:
    job = write_check(
        example,
        '''
        def _look():
            return sorted([1], reverse=True)


        def one():
            """One."""
            assert _look() == [1]


        def two():
            """Two."""
            assert _look() == [1]
        ''',
    )
    edits = mutants(job.article, "remembered", job.article.modules["remembered"], example)
    (shared,) = (one for one in edits if one.kind == "switched off")
    assert (shared.claims, shared.each) == (("remembered.one", "remembered.two"), False)


def test_a_stated_mutant_is_one_of_the_claim_that_it_names(example: Path) -> None:
    stated = '[[mutant]]\nclaim = "load_renamed.renamed_keys_are_found"\nfile = "snippets/rename_keys.py"\n'
    stated += 'old = "key.removeprefix(old)"\nnew = "key"\nwhy = "the prefix stays"\n\n[claims]'
    edit(example, f"{ERRORS}/prefix-missing/article.toml", "[claims]", stated)
    article = load_project(example).articles[0]
    edits = mutants(article, "load_renamed", article.modules["load_renamed"], example)
    (one,) = (edit for edit in edits if edit.kind == "stated")
    assert isinstance(one, Edit)
    assert (one.file, one.name, one.claims) == (
        "snippets/rename_keys.py",
        "rename_keys.py: the prefix stays",
        ("load_renamed.renamed_keys_are_found",),
    )
