"""What `clinic generate` writes into the snippets, and what `clinic lint` says where that no longer fits."""

from __future__ import annotations

import ast
import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from checks.content.problem import Invalid, Problem
from checks.decide import evidence
from checks.decide.evidence import read, write
from checks.decide.plan import load_project
from checks.tend.generate import _table, generate
from checks.tend.lint import lint_project
from snippets.require_versions import expanded

from ..atlas import decide
from ..conftest import ERRORS, add_byte, clinic, contents, edit

ROOT = Path(__file__).parents[2]
FILE = "snippets/gate.py"
EVIDENCE = f"{ERRORS}/prefix-missing/evidence/load_renamed@bare.json"
END = "# --- end of the generated part\n"
CLAIM = "# --- measured, by `clinic generate`: load_renamed.plain_look_up_fails of CC001"
ROWS = 'TABLE = """\ntransformers 0.15.4: 4.50.3\nload_renamed 0.15.4: 4.50.3\n"""\n'
NO_ROWS = 'TABLE = """\n"""\n'


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
    assert written(root) == f'DATE = "{day(root)}"\n{ROWS}'
    assert problems(root) == []


def test_a_refuted_claim_is_affected(root: Path) -> None:
    saw(root, "refuted", transformers="4.50.3", deepspeed="0.15.4")
    assert "load_renamed 0.15.4: !4.50.3\n" in written(root)


@pytest.mark.parametrize("versions", [("4.50.0.dev0", "0.15.4"), ("4.50.3", "0.15.5.dev1+abc"), ("4.50.3", ""), ("", "")])
def test_a_version_that_names_many_commits_and_a_package_that_was_not_there_are_no_row(
    root: Path, versions: tuple[str, str]
) -> None:
    packages = {name: version for name, version in zip(("transformers", "deepspeed"), versions, strict=True) if version}
    saw(root, **packages)
    assert written(root).endswith(NO_ROWS)


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


def test_what_several_sources_say_is_one_table_by_model(root: Path) -> None:
    more = "load_renamed.*_keys_are_found of CC001\n#     and load_renamed.plain_look_up_fails of CC001 as plain"
    write_gate(root, f"# --- measured, by `clinic generate`: {more}")
    assert written(root).endswith('renamed 0.15.4: 4.50.3\n"""\n')
    assert "\nplain 0.15.4: 4.50.3\n" in written(root)


RELEASES = [f"{major}.{minor}.{patch}" for major in (4, 5) for minor in range(40, 60) for patch in (0, 1, 10)]


@pytest.mark.parametrize("seed", range(20))
def test_ranges_say_what_the_cells_said(seed: int) -> None:
    chance = Random(seed)  # noqa: S311
    models: dict[str, dict[tuple[str, ...], bool]] = {}
    for model in ("llama", "mixtral", "qwen3_5"):
        asked = [(release, one) for one in ("0.9.5", "0.15.4") for release in chance.sample(RELEASES, 40)]
        models[model] = {versions: chance.random() < 0.2 for versions in asked}
    names: dict[str, str] = {}
    exec(_table(models, "2026-11-29"), names)  # noqa: S102
    assert expanded(names["TABLE"]) == models
    assert max(map(len, names["TABLE"].splitlines())) <= 128


def test_a_release_that_was_not_measured_lies_in_no_range() -> None:
    models = {"one": {("1.0", "0.1"): False, ("3.0", "0.1"): False}, "other": {("2.0", "0.1"): True, ("3.0", "0.1"): True}}
    table = _table(models, "")  # type: ignore[arg-type]
    assert "transformers 0.1: 1.0 2.0 3.0\none 0.1: 1.0 3.0\nother 0.1: !2.0..3.0\n" in table


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    """The project's atlas and its environments, with made-up evidence of three releases."""
    root = tmp_path / "clinic"
    (root / "checks/errors").mkdir(parents=True)
    without = shutil.ignore_patterns("evidence", "__pycache__")
    for name in ("checks/atlas", "checks/environments", "snippets"):
        shutil.copytree(ROOT / name, root / name, ignore=without)
    shutil.copy2(ROOT / "checks/probe.py", root / "checks/probe.py")
    (root / "snippets/require_versions.py").unlink()  # asks for an article, too
    assert decide(root, wanted=lambda job: job.environment.name in ("atlas-5.0.0", "atlas-5.1.0", "atlas-5.4.0")) == 16
    return root


def test_the_atlas_is_read_by_its_model_types(atlas: Path) -> None:
    root = atlas
    write_gate(root, "# --- measured, by `clinic generate`: zero3.* of atlas")
    text = written(root)
    assert "transformers 0.19.8: 5.0.0 5.1.0 5.4.0\n" in text
    assert "mixtral 0.19.8: !5.0.0 5.1.0..5.4.0\n" in text
    assert "qwen3_5_moe 0.19.8: !5.0.0..5.1.0 5.4.0\n" in text and "fused" not in text


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
    edit(root, FILE, "load_renamed 0.15.4: ", "load_renamed 0.15.4: !")
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
        (f"{CLAIM}, renamed", "what a part is made of", "load_renamed.plain_look_up_fails of CC001, renamed"),
        (CLAIM.replace("load_renamed.", "*.none_such_as_"), "a claim of CC001", "*.none_such_as_plain_look_up_fails"),
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
