"""article.toml and the docstrings: what is read, and what is said about what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.article import Signature, imported_files, load_article
from checks.lint import lint_project

from .conftest import ERRORS, edit

FOLDER = f"{ERRORS}/prefix-missing"
TOML, MODULE = f"{FOLDER}/article.toml", f"{FOLDER}/load_renamed.py"
CLAIM = '"load_renamed.renamed_keys_are_found" = { holds = ["bare"] }'


def load(root: Path, slug: str = "prefix-missing"):
    return load_article(root / ERRORS / slug, root)


def test_claim_is_the_docstring_of_its_function_on_one_line(example: Path) -> None:
    edit(example, MODULE, "A plain look-up fails: the key", "A plain look-up fails:\n    the key")
    claim = load(example).claims[0]
    assert (claim.name, claim.sentence) == (
        "load_renamed.plain_look_up_fails",
        "A plain look-up fails: the key `weight` is not there.",
    )
    assert (claim.module, claim.function, claim.line) == ("load_renamed", "plain_look_up_fails", 8)


def test_check_module_is_never_imported(example: Path) -> None:
    edit(example, MODULE, "saved = {", "raise SystemExit('imported')\nsaved = {")
    assert len(load(example).claims) == 2


def test_claims_run_in_the_order_of_the_module_not_of_article_toml(example: Path) -> None:
    edit(example, TOML, CLAIM, "")
    edit(example, TOML, "[claims]", f"[claims]\n{CLAIM}")
    article = load(example)
    assert [claim.function for claim in article.claims] == ["renamed_keys_are_found", "plain_look_up_fails"]
    assert [claim.function for claim in article.modules["load_renamed"]] == ["plain_look_up_fails", "renamed_keys_are_found"]


def test_signature_needs_its_literal_part_and_names_the_variable_parts() -> None:
    signature = Signature(contains="KeyError", pattern=r'Error: "(?P<key>\w+)"')
    assert signature.search('KeyError: "weight"')["key"] == "weight"
    assert signature.search('ValueError: "weight"') is None


def test_imported_files_are_the_module_its_snippets_its_neighbours_and_theirs(example: Path) -> None:
    edit(example, MODULE, "saved = {", "def _late():\n    import _neighbour\n\nsaved = {")
    (example / FOLDER / "_neighbour.py").write_text("from snippets import other\n", encoding="utf-8")
    (example / "snippets" / "other.py").write_text("import json, _neighbour\n", encoding="utf-8")
    (example / "snippets" / "not_imported.py").touch()
    files = imported_files(example / MODULE, example)
    assert [file.relative_to(example).as_posix() for file in files] == [
        f"{FOLDER}/_neighbour.py",
        MODULE,
        "snippets/other.py",
        "snippets/rename_keys.py",
    ]


BROKEN = {
    "syntax": (TOML, 'harm = "error"', "harm = error", "X"),
    "unknown key": (TOML, 'harm = "error"', 'harm = "error"\ncolour = "red"', "X"),
    "missing key": (TOML, 'harm = "error"\n', "", "X"),
    "unknown harm": (TOML, 'harm = "error"', 'harm = "some"', "X"),
    "no id": (TOML, '"CC001"', '"1"', "X"),
    "empty text": (TOML, "message = 'KeyError: \"prefix-missing.weight\"'", "message = ''", "X"),
    "bad regular expression": (TOML, "(?P<key>", "(?P<key", "X"),
    "message without a match": (TOML, 'contains = "KeyError"', 'contains = "Key error"', "X"),
    "claim without a dot": (TOML, '"load_renamed.renamed_keys_are_found"', '"renamed_keys_are_found"', "X"),
    "claim without a module": (TOML, '"load_renamed.renamed_keys_are_found"', '"load.renamed_keys_are_found"', "X"),
    "claim without a function": (TOML, '"load_renamed.renamed_keys_are_found"', '"load_renamed.no_keys"', "X"),
    "claim without an environment": (TOML, CLAIM, CLAIM.replace('["bare"]', "[]"), "X"),
    "claim with both verdicts": (TOML, CLAIM, CLAIM.replace(" }", ', refuted = ["bare"] }'), "X"),
    "claim without a docstring": (MODULE, '    """Without the prefix `model.`, every value is found unchanged."""\n', "", "X"),
    "function that is no claim": (MODULE, "saved = {", 'def extra():\n    """Extra."""\n\nsaved = {', "X"),
    "function with arguments": (MODULE, "def renamed_keys_are_found()", "def renamed_keys_are_found(key)", "X"),
    "module that is not Python": (MODULE, "saved = {", "saved = = {", "X"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_article_is_named_with_its_repair(example: Path, name: str) -> None:
    file, old, new, expected = BROKEN[name]
    edit(example, file, old, new)
    assert "\n".join(map(str, lint_project(example))) == expected
