"""article.toml and the docstrings: what is read, and what is said about what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.content.article import Signature, imported_files, load_article
from checks.content.problem import Invalid, Problem
from checks.tend.lint import lint_project

from ..conftest import ERRORS, edit

FOLDER = f"{ERRORS}/prefix-missing"
TOML, MODULE = f"{FOLDER}/article.toml", f"{FOLDER}/load_renamed.py"
SYNTAX = f"correct the syntax of {TOML}"
HARM, MESSAGE = 'harm = "error"', "message = 'KeyError: \"prefix-missing.weight\"'"
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
    "syntax": (TOML, HARM, "harm = error", Problem(TOML, 2, "TOML", "Invalid value (at line 2, column 8)", SYNTAX)),
    "unknown key": (
        TOML,
        HARM,
        f'{HARM}\ncolour = "red"',
        Problem(TOML, 3, "colour: Extra inputs are not permitted", "'red'", f"edit colour in {TOML}"),
    ),
    "missing key": (TOML, f"{HARM}\n", "", Problem(TOML, 1, "harm: Field required", "nothing", f"edit harm in {TOML}")),
    "unknown harm": (
        TOML,
        HARM,
        'harm = "some"',
        Problem(TOML, 2, "harm: Input should be 'none', 'error' or 'silent'", "'some'", f"edit harm in {TOML}"),
    ),
    "id of another form": (
        TOML,
        '"CC001"',
        '"1"',
        Problem(TOML, 1, r"id: String should match pattern '^CC\d{3,}$'", "'1'", f"edit id in {TOML}"),
    ),
    "empty text": (
        TOML,
        MESSAGE,
        "message = ''",
        Problem(TOML, 5, "message: String should have at least 1 character", "''", f"edit message in {TOML}"),
    ),
    "bad regular expression": (
        TOML,
        "pattern = 'KeyError: \"(?P<key>prefix-missing\\.[\\w.]+)\"'",
        "pattern = '(?P<key'",
        Problem(
            TOML,
            14,
            "signature.0.pattern: Value error, a pattern that both engines run in linear time; "
            "this one is no regular expression (missing >, unterminated name at position 4)",
            "'(?P<key'",
            f"edit signature.0.pattern in {TOML}",
        ),
    ),
    "catastrophic regular expression": (
        TOML,
        "pattern = 'KeyError: \"(?P<key>prefix-missing\\.[\\w.]+)\"'",
        "pattern = 'KeyError: (?P<key>([a-z]+)*)x'",
        Problem(
            TOML,
            14,
            "signature.0.pattern: Value error, a pattern that both engines run in linear time; "
            "this one has a repeat inside a repeat",
            "'KeyError: (?P<key>([a-z]+)*)x'",
            f"edit signature.0.pattern in {TOML}",
        ),
    ),
    "affected by no claim": (
        TOML,
        HARM,
        f'{HARM}\naffected = ["load_renamed.nothing"]',
        Problem(
            TOML,
            3,
            "claims of the article under affected",
            "load_renamed.nothing",
            "name a claim, or remove load_renamed.nothing from affected",
        ),
    ),
    "message without a match": (
        TOML,
        MESSAGE,
        "message = 'Killed'",
        Problem(
            TOML,
            5,
            "a message that a signature matches",
            "Killed",
            "correct the signature's contains or pattern, or the message",
        ),
    ),
    "claim without a dot": (
        TOML,
        CLAIM,
        f'{CLAIM}\n"load" = {{ holds = ["bare"] }}',
        Problem(TOML, 23, '"module.function" of a check module', "'load'", "write load.py, or remove the claim"),
    ),
    "claim without a module": (
        TOML,
        CLAIM,
        f'{CLAIM}\n"load.fails" = {{ holds = ["bare"] }}',
        Problem(
            TOML,
            23,
            '"module.function" of a check module',
            f"no file {FOLDER}/load.py",
            "write load.py, or remove the claim",
        ),
    ),
    "claim without a function": (
        TOML,
        CLAIM,
        f'{CLAIM}\n"load_renamed.fails" = {{ holds = ["bare"] }}',
        Problem(TOML, 23, f"a function fails in {MODULE}", "none", "define it, or remove the claim load_renamed.fails"),
    ),
    "claim without an environment": (
        TOML,
        CLAIM,
        CLAIM.replace('["bare"]', "[]"),
        Problem(
            TOML,
            22,
            "an environment under holds or refuted",
            "none",
            "name one for load_renamed.renamed_keys_are_found",
        ),
    ),
    "claim with both verdicts": (
        TOML,
        CLAIM,
        CLAIM.replace(" }", ', refuted = ["bare"] }'),
        Problem(TOML, 22, "one verdict an environment", "bare in both", "remove bare from one of them"),
    ),
    "claim without a docstring": (
        MODULE,
        '    """Without the prefix `model.`, every value is found unchanged."""\n',
        "",
        Problem(
            MODULE,
            18,
            "the sentence of claim load_renamed.renamed_keys_are_found",
            "no docstring",
            "write the claim as the function's docstring",
        ),
    ),
    "function that is no claim": (
        MODULE,
        "saved = {",
        'def extra():\n    """Extra."""\n\nsaved = {',
        Problem(
            MODULE,
            5,
            "a claim of the article",
            "extra is not one",
            f'add "load_renamed.extra" to [claims] of {TOML}, or start its name with an underscore',
        ),
    ),
    "function with arguments": (
        MODULE,
        "def renamed_keys_are_found()",
        "def renamed_keys_are_found(key)",
        Problem(
            TOML,
            22,
            f"a function renamed_keys_are_found in {MODULE}",
            "none",
            "define it, or remove the claim load_renamed.renamed_keys_are_found",
        ),
    ),
    "module that is not Python": (
        MODULE,
        "saved = {",
        "saved = = {",
        Problem(MODULE, 5, "Python", "invalid syntax", "correct the syntax"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_article_is_named_with_its_repair(example: Path, name: str) -> None:
    file, old, new, expected = BROKEN[name]
    edit(example, file, old, new)
    assert lint_project(example) == [expected]


def test_check_module_that_no_claim_names_is_named(example: Path) -> None:
    extra = f"{FOLDER}/extra.py"
    (example / extra).touch()
    repair = f"add its claims to {TOML}, or start its name with an underscore"
    assert lint_project(example) == [Problem(extra, 1, "a check module that decides a claim", "no claim of it", repair)]


def test_folder_without_article_toml_is_named(example: Path) -> None:
    (example / TOML).unlink()
    repair = f"write {TOML} (template: checks/template/article.toml), or remove the folder"
    assert lint_project(example) == [Problem(TOML, 1, "a file that states the article's claims", "no such file", repair)]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://a.example/", "//a.example", "https://a.example/ x", "https:"]
)
@pytest.mark.parametrize("key", ["reported", "see"])
def test_an_address_that_is_none_of_the_web_is_refused(example: Path, key: str, address: str) -> None:
    if key == "see":
        edit(example, TOML, 'contains = "KeyError: 0"', f'contains = "KeyError: 0"\nsee = "{address}"')
    else:
        edit(example, TOML, "https://example.org/team/library/issues/1", address)
    with pytest.raises(Invalid) as error:
        load(example)
    assert [key in problem.expected for problem in error.value.problems] == [True]


def test_an_import_is_found_however_deep_it_stands(example: Path) -> None:
    folder = example / ERRORS / "prefix-missing"
    names = ["_in_function", "_in_try", "_in_except", "_in_finally", "_in_else", "_in_case", "_in_with"]
    for name in names:
        (folder / f"{name}.py").write_text("", encoding="utf-8")
    (folder / "load_renamed.py").write_text(
        "def f():\n    import _in_function\n"
        "try:\n    import _in_try\nexcept OSError:\n    import _in_except\nfinally:\n    import _in_finally\n"
        "if f:\n    pass\nelse:\n    from _in_else import x\n"
        "match f:\n    case 1:\n        import _in_case\n"
        "with f:\n    class C:\n        import _in_with\n",
        encoding="utf-8",
    )
    found = {path.stem for path in imported_files(folder / "load_renamed.py", example)}
    assert found == {"load_renamed", *names}
