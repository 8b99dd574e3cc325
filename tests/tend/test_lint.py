"""What `clinic lint` finds between page, folder, claims and evidence; the other modules' findings stand in their own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.content.problem import Problem
from checks.decide.attest import load_private_key, sign
from checks.tend.lint import lint_project

from ..conftest import BARE, ERRORS, clinic, contents, edit
from ..decide.keys import private_key, trust

EN, ZH = "docs/en/errors/prefix-missing/evidence.md", "docs/zh/errors/prefix-missing/evidence.md"
PAGE = "docs/en/errors/prefix-missing.md"
TOML, MODULE = f"{ERRORS}/prefix-missing/article.toml", f"{ERRORS}/prefix-missing/load_renamed.py"
CLAIM = "/// claim | load_renamed.renamed_keys_are_found"
NAME = CLAIM.rpartition(" ")[2]
KNOWN = "name one of: load_renamed.plain_look_up_fails, load_renamed.renamed_keys_are_found"
INCLUDE = '--8<-- "snippets/rename_keys.py:rename"'


def test_miniature_clinic_has_no_problem(decided: Path) -> None:
    assert lint_project(decided) == []


PAGES = {
    "no title": (
        EN,
        "title: prefix-missing\n",
        "",
        1,
        "title: in the front matter",
        "none",
        "add `title: ...` between the --- lines on top",
    ),
    "no description": (
        EN,
        "description: An example of prefix-missing.",
        "description:",
        1,
        "description: in the front matter",
        "none",
        "add `description: ...` between the --- lines on top",
    ),
    "title with markup": (
        EN,
        "title: prefix-missing",
        "title: prefix `missing`",
        2,
        "a title of plain text",
        "prefix `missing`",
        "write the title without <, &, \\ and backticks: tabs, searches and links show it as it is",
    ),
    "no evidence block": (
        EN,
        "/// evidence | prefix-missing\n///\n",
        "",
        1,
        "/// evidence | prefix-missing before the first section",
        "none",
        "add the block and its closing ///",
    ),
    "another article": (
        EN,
        "/// evidence | prefix-missing",
        "/// evidence | old-evidence",
        8,
        "/// evidence | prefix-missing",
        "old-evidence",
        "name the page's own folder",
    ),
    "claim nowhere": (
        EN,
        f"{CLAIM}\n///\n",
        "",
        1,
        f"the claim {NAME} on the page",
        "it is nowhere",
        f"add `{CLAIM}` where the page says it, or remove the claim from article.toml",
    ),
    "claim unknown": (
        EN,
        f"{CLAIM}\n///\n",
        f"{CLAIM}\n///\n\n/// claim | load_renamed.cures\n///\n",
        19,
        "a claim of article.toml",
        "load_renamed.cures",
        KNOWN,
    ),
    "claim twice": (
        EN,
        f"{CLAIM}\n///\n",
        f"{CLAIM}\n///\n\n{CLAIM}\n///\n",
        19,
        f"the claim {NAME} once",
        "it stands in line 16 already",
        "link to the first one instead",
    ),
    "claim with a sentence in English": (
        EN,
        CLAIM,
        f"{CLAIM}\nIt works.",
        16,
        "an empty block: the docstring is the sentence",
        "It works.",
        "remove it; the sentence is the docstring of renamed_keys_are_found",
    ),
    "claim without a sentence in Chinese": (
        ZH,
        f"结论 `{NAME}` 的中文句子。\n",
        "",
        17,
        f"the sentence of {NAME} in this language",
        "an empty block",
        "write it between /// claim and ///",
    ),
    "output of another module": (
        EN,
        "/// output | load_renamed.plain_look_up_fails",
        "/// output | load",
        28,
        "/// output of a check module of CC001",
        "load",
        "name one of: load_renamed",
    ),
    "output in another environment": (
        EN,
        "environment: bare",
        "environment: bear",
        28,
        "an environment in which load_renamed runs",
        "bear",
        "name one of: bare",
    ),
    "output without an environment": (
        EN,
        "    environment: bare\n",
        "",
        28,
        "an environment in which load_renamed runs",
        "no option environment",
        "name one of: bare",
    ),
    "versions of another module": (
        EN,
        "/// versions | load_renamed",
        "/// versions | load",
        33,
        "/// versions of a check module of CC001",
        "load",
        "name one of: load_renamed",
    ),
    "a head too few above the versions": (
        EN,
        "/// versions | load_renamed\n",
        "/// versions | load_renamed\n    heads: fails\n\n",
        33,
        "a head for each of the 2 claims of load_renamed",
        "1 heads",
        "name, in this order: plain_look_up_fails, renamed_keys_are_found",
    ),
    "download that is not there": (
        EN,
        "/// download | snippets/rename_keys.py",
        "/// download | snippets/rename.py",
        25,
        "a file to download",
        "no snippets/rename.py",
        "write snippets/rename.py, or correct its name",
    ),
    "requirements of an environment that is not there": (
        EN,
        "/// download | snippets/rename_keys.py",
        "/// download | requirements/bear.txt",
        25,
        "a file to download",
        "no requirements/bear.txt",
        "write requirements/bear.txt, or correct its name",
    ),
    "file to include that is not there": (
        EN,
        INCLUDE,
        '--8<-- "snippets/rename.py:rename"',
        22,
        "a file to include",
        "no snippets/rename.py",
        "write it, or correct its name",
    ),
    "section that is not there": (
        EN,
        INCLUDE,
        '--8<-- "snippets/rename_keys.py:name"',
        22,
        "a section name in snippets/rename_keys.py",
        "no start or no end marker",
        "mark it in snippets/rename_keys.py: # --8<-- [start:name] ... # --8<-- [end:name]",
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_page_that_does_not_fit_is_named_with_its_repair(example: Path, name: str) -> None:
    file, old, new, *expected = PAGES[name]
    edit(example, file, old, new)
    assert lint_project(example) == [Problem(file, *expected)]


def test_requirements_of_an_environment_can_be_downloaded(example: Path) -> None:
    edit(example, EN, "/// download | snippets/rename_keys.py", "/// download | requirements/bare.txt")
    assert lint_project(example) == []


@pytest.mark.parametrize(("file", "language"), [(EN, "en"), (ZH, "zh")])
def test_page_in_one_language_only_is_named(example: Path, file: str, language: str) -> None:
    (example / file).unlink()
    repair = f"write it (template: checks/template/evidence.{language}.md)"
    assert lint_project(example) == [Problem(file, 1, f"the page of CC001 in {language}", "no such file", repair)]


def test_checks_without_pages_are_named(example: Path) -> None:
    (example / EN).unlink()
    (example / ZH).unlink()
    assert [problem.file for problem in lint_project(example)] == [EN, ZH]


def test_page_without_checks_is_named(example: Path) -> None:
    (example / "docs/en/errors/new.md").touch()
    repair = "run: clinic new new (it keeps this page), or remove the page"
    expected = Problem("docs/en/errors/new.md", 1, f"a folder {ERRORS}/new that proves the page", "none", repair)
    assert lint_project(example) == [expected]


ARTICLE = {
    "another title": (
        'title: "CC001: prefix-missing"',
        'title: "prefix-missing"',
        2,
        "the article's one title: CC001: prefix-missing",
        "prefix-missing",
        'write title: "CC001: prefix-missing", or correct id and title in article.toml',
    ),
    "a description that does not answer": (
        "No. An example",
        "An example",
        3,
        "a description whose first words are 'No'",
        "An example of prefix-missing.",
        "begin the description with them: it answers whether it is safe to go on",
    ),
    "a mark of no claim": (
        "Do as it says.[^load_renamed.renamed_keys_are_found]",
        "Do as it says.[^load_renamed.cures]",
        15,
        "a claim of article.toml",
        "load_renamed.cures",
        KNOWN,
    ),
    "a measurement of no claim": (
        "/// measured | load_renamed.plain_look_up_fails",
        "/// measured | load_renamed.cures",
        33,
        "a claim of article.toml",
        "load_renamed.cures",
        KNOWN,
    ),
    "a measurement without a sentence": (
        "What was seen:\n",
        "",
        33,
        "the sentence that load_renamed.plain_look_up_fails carries",
        "an empty block",
        "write it between /// measured and ///",
    ),
    "a snippet that is not there": (
        "/// fetch | rename_keys.py",
        "/// fetch | rename.py",
        17,
        "a snippet",
        "no snippets/rename.py",
        "write it, or correct its name",
    ),
    "no case": (
        "### If it is an example",
        "#### If it is an example",
        1,
        "a case under what-to-do: a condition, then what to do",
        "none",
        "write ### If ... under it, then what to do in that case",
    ),
    "a claim in full": (
        "## Why\n",
        f"## Why\n\n{CLAIM}\n///\n",
        29,
        "a mark at the end of a sentence: [^module.function]",
        "/// claim",
        f"move it to {EN}",
    ),
    "a section left out": (
        "## Why\n",
        "",
        1,
        "the sections what-to-do, how-to-know-that-it-worked, why, what-does-not-help, in-which-versions",
        "what-to-do, how-to-know-that-it-worked, what-does-not-help, in-which-versions",
        "give the sections these ids, in this order: ## Heading { #id }",
    ),
    "more words than a minute has": (
        "Do as it says.",
        "word " * 701,
        1,
        "at most 700 words, code and folds aside",
        "729 words",
        "move what is not needed to act to the page of the evidence, or fold it",
    ),
}


@pytest.mark.parametrize("name", ARTICLE)
def test_article_that_does_not_fit_is_named_with_its_repair(example: Path, name: str) -> None:
    old, new, *expected = ARTICLE[name]
    edit(example, PAGE, old, new)
    assert lint_project(example) == [Problem(PAGE, *expected)]


def test_article_without_marks_is_named(example: Path) -> None:
    for name in ("plain_look_up_fails", "renamed_keys_are_found"):
        edit(example, PAGE, f"[^load_renamed.{name}]", "")
    (problem,) = lint_project(example)
    assert (problem.file, problem.expected) == (PAGE, "a sentence that a claim carries")


def test_words_that_are_folded_or_code_are_not_counted(example: Path) -> None:
    edit(
        example, PAGE, "### If it is an example\n", '### If it is an example\n\n??? note "More"\n\n    ' + "word " * 800 + "\n"
    )
    edit(example, PAGE, "## Why\n", "## Why\n\n```text\n" + "word " * 800 + "\n```\n")
    assert lint_project(example) == []


def test_a_page_beside_the_evidence_is_named(example: Path) -> None:
    (example / "docs/en/errors/prefix-missing/more.md").touch()
    (problem,) = lint_project(example)
    assert problem.file == "docs/en/errors/prefix-missing/more.md"


ASSERTION = '    assert rename(saved, "model.", "") == {"weight": [1, 2], "bias": [3]}\n'


@pytest.mark.parametrize(
    "body",
    [
        "    rename(saved, 'model.', '')\n",
        "    assert True\n",
        '    assert (rename(saved, "model.", "") == {}, "always true")\n',
        "    _show()\n\n\ndef _show():\n    print(saved)\n    _show()\n",
    ],
)
def test_claim_that_nothing_could_refute_is_named(example: Path, body: str) -> None:
    edit(example, MODULE, ASSERTION, body)
    repair = "assert the effect that the sentence states"
    assert lint_project(example) == [Problem(MODULE, 18, f"an assertion in {NAME}", "none: nothing could refute it", repair)]


@pytest.mark.parametrize(
    "body",
    [
        "    testing.assert_equal(saved, {})\n",
        "    _same(saved, {})\n\n\ndef _same(a, b):\n    assert a == b\n",
    ],
)
def test_claim_may_assert_through_a_function(example: Path, body: str) -> None:
    edit(example, MODULE, ASSERTION, body)
    assert lint_project(example) == []


def test_evidence_that_belongs_to_no_claim_is_named(decided: Path) -> None:
    folder = f"{ERRORS}/prefix-missing/evidence"
    (decided / folder / "load_renamed@bare.json").rename(decided / folder / "load_renamed@bear.json")
    file = f"{folder}/load_renamed@bear.json"
    expected = Problem(
        file, 1, "evidence of a claim that the article states", "none is decided there", f"remove {file} and its log"
    )
    assert lint_project(decided) == [expected]


def test_an_envelope_that_vouches_for_nothing_is_named_and_one_that_fits_is_not(decided: Path) -> None:
    key, place = private_key(), decided / f"{ERRORS}/prefix-missing/evidence/load_renamed@bare"
    trust(decided, key)
    envelope = place.with_suffix(".dsse.json")
    envelope.write_bytes(sign(place.with_suffix(".json").read_bytes(), load_private_key(key)))
    assert lint_project(decided) == []
    lost = envelope.with_name("load_renamed@bear.dsse.json")
    lost.write_bytes(envelope.read_bytes())
    envelope.write_bytes(sign(b"another statement", load_private_key(key)))
    found = lint_project(decided)
    assert [(Path(one.file).name, one.expected) for one in found] == [
        (envelope.name, "an envelope by somebody whom policy.toml trusts"),
        (lost.name, "evidence of a claim that the article states"),
    ]
    assert found[1].repair == f"remove {found[1].file}"


def test_all_problems_are_printed_with_status_2_and_nothing_is_written(example: Path) -> None:
    edit(example, f"{BARE}/lock.txt", "# for ", "# for f")
    edit(example, MODULE, ASSERTION, "    pass\n")
    (example / ZH).unlink()
    (example / "docs/en/errors/new.md").touch()
    before = contents(example)
    done = clinic(example, "lint")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split(": expected ")[0] for line in lines[:-1:2]] == [
        f"{BARE}/lock.txt:1",
        f"{MODULE}:18",
        "docs/en/errors/new.md:1",
        f"{ZH}:1",
    ]
    assert all(line.startswith("    repair: ") for line in lines[1::2])
    assert lines[-1] == "4 problems. Nothing was written."
    assert contents(example) == before


def test_broken_article_does_not_hide_what_is_wrong_elsewhere(example: Path) -> None:
    edit(example, TOML, 'harm = "error"', 'harm = "some"')
    edit(example, f"{ERRORS}/old-evidence/article.toml", '["bare"]', '["bear"]')
    edit(example, f"{BARE}/lock.txt", "# for ", "# for f")
    (example / "docs/en/errors/new.md").touch()
    assert [problem.file for problem in lint_project(example)] == [
        f"{BARE}/lock.txt",
        f"{ERRORS}/old-evidence/article.toml",
        TOML,
        "docs/en/errors/new.md",
    ]


def test_a_broken_article_does_not_hide_the_problems_of_another(example: Path) -> None:
    (example / "checks/errors/old-evidence/article.toml").write_text("id = ", encoding="utf-8")
    edit(example, EN, "title:", "heading:")
    files = {problem.file for problem in lint_project(example)}
    assert {"checks/errors/old-evidence/article.toml", EN} <= files
