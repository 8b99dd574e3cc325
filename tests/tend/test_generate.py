"""What `clinic generate` writes into the snippets, and what `clinic lint` says where that no longer fits."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from checks.content.problem import Invalid, Problem
from checks.decide import evidence
from checks.decide.evidence import read, write
from checks.decide.plan import load_project
from checks.tend.generate import generate
from checks.tend.lint import lint_project

from ..conftest import ERRORS, add_byte, clinic, contents, edit

FILE = "snippets/gate.py"
EVIDENCE = f"{ERRORS}/prefix-missing/evidence/load_renamed@bare.json"
END = "# --- end of the generated part\n"
CLAIM = "# --- measured, by `clinic generate`: load_renamed.plain_look_up_fails of CC001"
TABLE = "AFFECTED = {  # (transformers, deepspeed): whether a tensor is lost, or the load fails\n"


@pytest.fixture
def root(decided: Path) -> Path:
    """The miniature clinic, decided where transformers 4.50.3 and DeepSpeed 0.15.4 are, and a snippet with a table."""
    saw(decided, transformers="4.50.3", deepspeed="0.15.4")
    write_gate(decided, CLAIM)
    return decided


def write_gate(root: Path, line: str) -> None:
    (root / FILE).write_text(f'"""A gate."""\n\n{line}\n{END}\nprint("kept")\n', encoding="utf-8")


def saw(root: Path, observed: str = "holds", days: int = 0, **packages: str) -> None:
    """Let the run have seen these packages and these verdicts, so many days earlier."""
    evidence._read_once.cache_clear()
    path = root / EVIDENCE
    record = read(path)
    outcomes = tuple(
        one.model_copy(update={"observed": observed, "recorded": one.recorded - timedelta(days=days)})
        for one in record.outcomes
    )
    seen = record.seen.model_copy(update={"packages": packages})
    write(path, record.model_copy(update={"outcomes": outcomes, "seen": seen}), path.with_suffix(".log").read_bytes())
    evidence._read_once.cache_clear()


def written(root: Path) -> str:
    """Generate, and return what then stands between the two lines."""
    generate(load_project(root))
    text = (root / FILE).read_text(encoding="utf-8")
    assert text.startswith('"""A gate."""\n') and text.endswith(f'{END}\nprint("kept")\n')
    ast.parse(text)
    return text.partition("\n# --- ")[2].partition("\n")[2].partition(END)[0]


def day(root: Path) -> str:
    return f"{read(root / EVIDENCE).outcomes[0].recorded:%Y-%m-%d}"


def problems(root: Path) -> list[Problem]:
    return [problem for problem in lint_project(root) if problem.file.startswith("snippets/")]


def test_a_measurement_becomes_a_row_with_its_day(root: Path) -> None:
    assert written(root) == f'DATE = "{day(root)}"\n{TABLE}    ("4.50.3", "0.15.4"): False,\n}}\n'
    assert problems(root) == []


def test_a_refuted_claim_is_affected(root: Path) -> None:
    saw(root, "refuted", transformers="4.50.3", deepspeed="0.15.4")
    assert '("4.50.3", "0.15.4"): True,' in written(root)


@pytest.mark.parametrize("versions", [("4.50.0.dev0", "0.15.4"), ("4.50.3", "0.15.5.dev1+abc"), ("4.50.3", ""), ("", "")])
def test_a_version_that_names_many_commits_and_a_package_that_was_not_there_are_no_row(
    root: Path, versions: tuple[str, str]
) -> None:
    packages = {name: version for name, version in zip(("transformers", "deepspeed"), versions, strict=True) if version}
    saw(root, **packages)
    assert written(root).endswith(f"{TABLE}}}\n")


def test_an_undecided_claim_is_no_row(root: Path) -> None:
    saw(root, "undecided", transformers="4.50.3", deepspeed="0.15.4")
    assert "4.50.3" not in written(root)


def test_a_reconstruction_is_no_row(root: Path) -> None:
    toml = root / "checks/environments/bare/environment.toml"
    toml.write_text(f'prelude = "undo.py"\n{toml.read_text(encoding="utf-8")}', encoding="utf-8")
    (toml.parent / "undo.py").write_text("", encoding="utf-8")
    assert "4.50.3" not in written(root)


def test_where_the_premise_does_not_hold_there_is_no_row(root: Path) -> None:
    write_gate(root, f"{CLAIM} where renamed_keys_are_found")
    assert "4.50.3" in written(root)
    path = root / EVIDENCE
    record = read(path)
    outcomes = tuple(
        one.model_copy(update={"observed": "refuted"}) if one.claim.endswith("found") else one for one in record.outcomes
    )
    write(path, record.model_copy(update={"outcomes": outcomes}), path.with_suffix(".log").read_bytes())
    evidence._read_once.cache_clear()
    assert "4.50.3" not in written(root)


def test_stale_evidence_is_no_row_and_lint_says_what_to_run_first(root: Path) -> None:
    generate(load_project(root))
    add_byte(root / f"{ERRORS}/prefix-missing/load_renamed.py")
    assert [problem.repair for problem in problems(root)] == [
        "run: clinic run CC001 (1 of its cells are stale), then: clinic generate"
    ]


def test_the_same_answers_of_another_day_keep_the_date(root: Path) -> None:
    before = written(root)
    saw(root, days=3, transformers="4.50.3", deepspeed="0.15.4")
    assert problems(root) == []
    assert written(root) == before


def test_lint_names_the_line_of_a_table_that_no_longer_fits(root: Path) -> None:
    generate(load_project(root))
    saw(root, transformers="5.0.0", deepspeed="0.19.8")
    expected = Problem(FILE, 3, "what `clinic generate` writes here", "another text", "run: clinic generate")
    assert problems(root) == [expected]
    done = clinic(root, "generate")
    assert (done.returncode, done.stdout) == (0, f"wrote {FILE}\n")
    assert problems(root) == []
    assert clinic(root, "generate").stdout == ""


def test_an_edit_by_hand_is_noticed(root: Path) -> None:
    generate(load_project(root))
    edit(root, FILE, "False", "True ")
    assert len(problems(root)) == 1


def test_a_table_cannot_depend_on_a_check_that_imports_it(root: Path) -> None:
    module = root / f"{ERRORS}/prefix-missing/load_renamed.py"
    module.write_text(f"import snippets.gate\n{module.read_text(encoding='utf-8')}", encoding="utf-8")
    found = "load_renamed.plain_look_up_fails, whose check imports this file"
    expected = "evidence that does not depend on its own result"
    assert problems(root) == [Problem(FILE, 3, expected, found, "name a claim of another check module")]


@pytest.mark.parametrize(
    ("line", "expected", "found"),
    [
        (CLAIM.replace("plain", "plane"), "a claim of CC001", "load_renamed.plane_look_up_fails"),
        (CLAIM.replace("CC001", "CC999"), "a claim of CC999", "load_renamed.plain_look_up_fails"),
        (f"{CLAIM} where it_rains", "a claim of CC001", "load_renamed.it_rains"),
        ("# --- copied, by `clinic generate`: name of rename_keys.py", "a definition of rename_keys.py", "name"),
        ("# --- copied, by `clinic generate`: name of absent.py", "a definition of absent.py", "name"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_written(root: Path, line: str, expected: str, found: str) -> None:
    write_gate(root, line)
    before = contents(root)
    with pytest.raises(Invalid) as caught:
        generate(load_project(root))
    assert [(problem.line, problem.expected, problem.found) for problem in caught.value.problems] == [(3, expected, found)]
    assert list(caught.value.problems) == problems(root)
    assert clinic(root, "generate").returncode == 2
    assert contents(root) == before


def test_classes_and_constants_are_copied_too(root: Path) -> None:
    snippet = root / "snippets/rename_keys.py"
    more = "\n\nONE, TWO = 1, 2\nSIZES: dict[str, int] = {\n    'a': 1,\n}\n\n\nclass Name:\n    pass\n"
    snippet.write_text(snippet.read_text(encoding="utf-8") + more, encoding="utf-8")
    write_gate(root, "# --- copied, by `clinic generate`: TWO, SIZES of rename_keys.py")
    assert written(root) == "ONE, TWO = 1, 2\nSIZES: dict[str, int] = {\n    'a': 1,\n}\n"
    write_gate(root, "# --- copied, by `clinic generate`: Name of rename_keys.py")
    assert written(root) == "\n\nclass Name:\n    pass\n\n\n"


def test_functions_are_copied_as_they_stand(root: Path) -> None:
    write_gate(root, "# --- copied, by `clinic generate`: rename of rename_keys.py")
    source = (root / "snippets/rename_keys.py").read_text(encoding="utf-8")
    function = "def rename(" + source.partition("def rename(")[2].partition("    # --8<--")[0]
    assert written(root) == f"\n\n{function}\n\n"
    edit(root, "snippets/rename_keys.py", "new + key", "f'{new}' + key")
    assert [problem.repair for problem in problems(root)] == ["run: clinic generate"]
    assert "f'{new}' + key" in written(root)
