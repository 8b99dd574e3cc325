"""`clinic mutate`: which changes the claims notice, kept beside the article; nothing else is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.decide.plan import load_project
from checks.show import kills
from checks.tend.lint import lint_notes, lint_project
from checks.tend.mutate import keep

from ..conftest import ERRORS, add_byte, clinic, contents, edit, write_check

FILE = f"{ERRORS}/prefix-missing/mutants.json"
TOML = f"{ERRORS}/prefix-missing/article.toml"
CLAIM = "load_renamed.renamed_keys_are_found"
VACUOUS = '''
weights = [2, 1]


def looks():
    """It looks."""
    for one in [other for other in weights if other > 2]:
        assert one == 3
    assert weights


def works():
    """It works."""
    weights.sort()  # a mutant that follows finds them sorted
    assert weights == [1, 2]
'''


def test_claims_notice_and_the_file_says_so(decided: Path) -> None:
    before = contents(decided)
    done = clinic(decided, "mutate", "CC001")
    assert done.returncode == 0, done.stdout + done.stderr
    after = contents(decided)
    assert {name for name in after if before.get(name) != after[name]} == {FILE}
    article = load_project(decided).articles[0]
    counted = kills.kills(article, kills.read(article))
    assert counted.survivors == () and counted.noticed == counted.total > 0
    assert lint_project(decided) == [] and lint_notes(decided) == []


def test_what_was_tried_is_not_tried_again(decided: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic(decided, "mutate", "CC001")
    written = (decided / FILE).read_bytes()
    (decided / FILE).unlink()
    again = clinic(decided, "mutate", "CC001", "--minutes", "0")
    assert again.returncode == 0, again.stderr
    assert (decided / FILE).read_bytes() == written


def test_without_time_everything_is_not_run(decided: Path, tmp_path: Path) -> None:
    clinic(decided, "mutate", "CC001", "--minutes", "0", CLINIC_HOME=str(tmp_path / "home"))
    article = load_project(decided).articles[0]
    counted = kills.kills(article, kills.read(article))
    assert counted.total == 0 and counted.not_run > 0


def test_a_survivor_is_named_and_lint_asks_for_more(decided: Path) -> None:
    write_check(decided, VACUOUS)
    done = clinic(decided, "mutate", "old-evidence")
    assert done.returncode == 1, done.stderr
    assert "survived remembered.looks" in done.stdout and "remembered.works" not in done.stdout, done.stdout
    (problem,) = (one for one in lint_project(decided) if one.file.endswith("mutants.json"))
    assert problem.expected == "100% of the mutants noticed by remembered.looks"
    name = json.loads(
        next(line for line in (decided / problem.file).read_text("utf-8").splitlines() if "one is another" in line).rstrip(",")
    )["name"]
    survivor = f'[[survivor]]\nclaim = "remembered.looks"\nmutant = "{name}"\nwhy = "there is none"\n\n[claims]'
    edit(decided, f"{ERRORS}/old-evidence/article.toml", "[claims]", survivor)
    assert not [one for one in lint_project(decided) if one.file.endswith("mutants.json")]
    edit(decided, f"{ERRORS}/old-evidence/article.toml", '"remembered.looks"\nmutant', '"remembered.*"\nmutant')
    problems = lint_project(decided)
    assert not [one for one in problems if one.file.endswith("mutants.json") or one.repair == "name one of [claims]"]
    edit(decided, f"{ERRORS}/old-evidence/article.toml", '"remembered.*"', '"load.*"')
    assert [one.found for one in lint_project(decided) if one.repair == "name one of [claims]"] == ["load.*"]


def test_files_that_changed_are_noted_and_stop_nothing(decided: Path) -> None:
    clinic(decided, "mutate", "CC001")
    add_byte(decided / "snippets/rename_keys.py")
    assert [note for note in lint_notes(decided) if "load_renamed" in note] == [
        "CC001: mutants were tried before load_renamed changed; run: clinic mutate CC001"
    ]


STATED = {
    "text that is not there": (
        'old = "nothing of it"',
        "0 times in snippets/rename_keys.py",
        "correct old, or remove the mutant",
    ),
    "file that is not there": ('old = "x"', "no file snippets/none.py", "correct old, or remove the mutant"),
}


@pytest.mark.parametrize("name", STATED)
def test_a_stated_mutant_that_cannot_be_made_is_named(decided: Path, name: str) -> None:
    old, said, repair = STATED[name]
    file = "snippets/none.py" if "file" in name else "snippets/rename_keys.py"
    edit(
        decided,
        TOML,
        "[claims]",
        f'[[mutant]]\nclaim = "{CLAIM}"\nfile = "{file}"\n{old}\nnew = ""\nwhy = "the prefix stays"\n\n[claims]',
    )
    (problem,) = (one for one in lint_project(decided) if "mutant" in one.expected)
    assert (problem.file, problem.found, problem.repair) == (TOML, said, repair)


def test_a_mutant_of_no_claim_is_named(decided: Path) -> None:
    edit(decided, TOML, "[claims]", '[[survivor]]\nclaim = "load_renamed.none"\nmutant = "x"\nwhy = "y"\n\n[claims]')
    assert [one.found for one in lint_project(decided) if one.repair == "name one of [claims]"] == ["load_renamed.none"]


def test_a_stated_mutant_that_is_no_python_is_named(decided: Path) -> None:
    stated = f'[[mutant]]\nclaim = "{CLAIM}"\nfile = "snippets/rename_keys.py"\nwhy = "x y"\n'
    stated += 'old = "key.removeprefix(old)"\nnew = "key.("'
    edit(decided, TOML, "[claims]", f"{stated}\n\n[claims]")
    assert [one.repair for one in lint_project(decided) if one.expected == "a mutant that is Python"] == ["correct new"]


def test_what_was_measured_of_the_same_claims_elsewhere_is_replaced(decided: Path) -> None:
    clinic(decided, "mutate", "CC001")
    article = load_project(decided).articles[0]
    before = kills.read(article)
    assert before
    (measured,) = before.modules
    elsewhere = measured.model_copy(update={"environment": "another"})
    keep(article, elsewhere)
    found = kills.read(article)
    assert found and found.modules == (elsewhere,)
    other = elsewhere.model_copy(update={"mutants": elsewhere.mutants[:1], "environment": "third"})
    more = measured.mutants[0].model_copy(update={"claims": ("load_renamed.another",)})
    keep(article, measured.model_copy(update={"mutants": (*measured.mutants, more)}))
    keep(article, other)  # of some of its claims: the others are known from there alone
    found = kills.read(article)
    assert found and [one.environment for one in found.modules] == ["bare", "third"]
    check = next(name for name in measured.subjects if name.endswith("load_renamed.py"))
    now = {"subjects": {**measured.subjects, check: "0" * 64}}  # the check has changed, and its claims go two ways
    keep(article, other.model_copy(update=now))
    found = kills.read(article)
    assert found and [one.environment for one in found.modules] == ["bare", "third"]  # what bare told of the others is old
    keep(article, measured.model_copy(update=now | {"mutants": (more,), "environment": "fourth"}))
    rest = measured.model_copy(update=now | {"mutants": measured.mutants[1:], "environment": "fifth"})
    keep(article, rest)
    found = kills.read(article)
    assert found and [one.environment for one in found.modules] == ["fifth", "fourth"]


def test_a_check_that_imports_the_package_finds_it_in_the_copy(decided: Path) -> None:
    (decided / "checkpoint_clinic").mkdir()
    (decided / "checkpoint_clinic" / "__init__.py").write_text("", encoding="utf-8")
    (decided / "checkpoint_clinic" / "loads.py").write_text("WEIGHTS = [1, 2]\n", encoding="utf-8")
    source = (
        'from checkpoint_clinic.loads import WEIGHTS\n\n\ndef claim():\n    """It is so."""\n    assert WEIGHTS == [1, 2]\n'
    )
    job = write_check(decided, source)
    done = clinic(decided, "mutate", job.article.id)
    assert "does not hold here" not in done.stderr + done.stdout
    article = next(one for one in load_project(decided).articles if one.id == job.article.id)
    counted = kills.kills(article, kills.read(article))
    assert counted.survivors == () and counted.noticed == counted.total > 0
