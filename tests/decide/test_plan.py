"""Articles x environments: cells, jobs, what is selected, and which cells one changed byte makes stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.content.problem import Invalid, Problem
from checks.decide import evidence
from checks.decide.plan import find_root, has_answer, load_project, select
from checks.decide.run import decide
from checks.tend.lint import lint_project

from ..conftest import BARE, ERRORS, add_byte, edit, job_of, statuses

GPU = "needs-a-gpu on_gpu.sum_is_exact@bare-cuda"


def test_root_is_the_nearest_folder_with_a_clinic(example: Path) -> None:
    assert find_root(example / ERRORS / "prefix-missing") == example.resolve()
    with pytest.raises(Invalid, match="checks/errors and checks/environments; found none"):
        find_root(example.parent)


def test_job_is_one_module_in_one_environment_with_its_cells(example: Path) -> None:
    project = load_project(example)
    assert [(job.article.id, job.name, len(job.cells)) for job in project.jobs] == [
        ("CC001", "load_renamed@bare", 2),
        ("CC002", "answer@bare", 2),
        ("CC003", "remembered@bare", 1),
        ("CC004", "on_gpu@bare", 1),
        ("CC004", "on_gpu@bare-cuda", 1),
    ]


@pytest.mark.parametrize(
    ("articles", "environments", "selected"),
    [
        (["CC004"], [], ["on_gpu@bare", "on_gpu@bare-cuda"]),
        (["needs-a-gpu"], ["bare-cuda"], ["on_gpu@bare-cuda"]),
        ([], ["bare-cuda"], ["on_gpu@bare-cuda"]),
        (["CC001"], ["bare-cuda"], []),
    ],
)
def test_jobs_are_selected_by_id_or_slug_and_environment(
    example: Path, articles: list[str], environments: list[str], selected: list[str]
) -> None:
    assert [job.name for job in select(load_project(example), articles, environments, lambda _: True)] == selected


def test_unknown_names_are_all_said_with_what_is_known(example: Path) -> None:
    with pytest.raises(Invalid) as error:
        select(load_project(example), ["CC009"], ["bear"], lambda _: True)
    assert error.value.problems == (
        Problem("command line", 1, "an article: CC001, CC002, CC003, CC004", "CC009", "name it by id or by folder"),
        Problem("command line", 1, "an environment: bare, bare-cuda", "bear", "run: clinic plan"),
    )


def test_id_used_twice_is_named_with_a_free_one(example: Path) -> None:
    file = f"{ERRORS}/wrong-expectation/article.toml"
    edit(example, file, "CC002", "CC001")
    expected = Problem(file, 1, "an id of its own", "CC001, which prefix-missing has", 'use the next free id: id = "CC005"')
    assert expected in lint_project(example)  # beside it: the pages' titles name the other id


def test_unknown_environment_is_named_with_the_known_ones(example: Path) -> None:
    file = f"{ERRORS}/old-evidence/article.toml"
    edit(example, file, '["bare"]', '["bear"]')
    repair = "name one of: bare, bare-cuda; or write checks/environments/bear"
    assert lint_project(example) == [Problem(file, 21, "a known environment", "bear", repair)]


def test_problems_of_all_files_are_said_at_once(example: Path) -> None:
    edit(example, f"{BARE}/environment.toml", '"cpu"', '"tpu"')
    for slug in ("prefix-missing", "old-evidence"):
        edit(example, f"{ERRORS}/{slug}/article.toml", "harm", "harms")
    with pytest.raises(Invalid) as error:
        load_project(example)
    assert {problem.file for problem in error.value.problems} == {
        f"{BARE}/environment.toml",
        f"{ERRORS}/prefix-missing/article.toml",
        f"{ERRORS}/old-evidence/article.toml",
    }


def test_each_miniature_has_its_status(decided: Path) -> None:
    assert statuses(decided) == {
        "prefix-missing load_renamed.plain_look_up_fails@bare": "verified",
        "prefix-missing load_renamed.renamed_keys_are_found@bare": "verified",
        "wrong-expectation answer.is_even@bare": "verified",
        "wrong-expectation answer.is_odd@bare": "failing",
        "old-evidence remembered.value_is_kept@bare": "verified",
        "needs-a-gpu on_gpu.sum_is_exact@bare": "verified",
        GPU: "unverified",
    }


CHANGES = {
    f"{ERRORS}/prefix-missing/load_renamed.py": "prefix-missing",
    "snippets/rename_keys.py": "prefix-missing",
    f"{ERRORS}/wrong-expectation/_number.py": "wrong-expectation",
    f"{ERRORS}/wrong-expectation/article.toml": "nothing",
    "docs/en/errors/prefix-missing.md": "nothing",
    f"{BARE}/environment.toml": "",
    f"{BARE}/lock.txt": "",
    "checks/probe.py": "",
    "checks/environments/bare-cuda/lock.txt": "nothing",
}


@pytest.mark.parametrize("file", CHANGES)
def test_one_byte_makes_just_the_cells_stale_that_it_can_change(decided: Path, file: str) -> None:
    (decided / "checks/probe.py").write_bytes((Path(evidence.__file__).parents[1] / "probe.py").read_bytes())
    edit(decided, f"{ERRORS}/wrong-expectation/answer.py", "ANSWER = 42", "from _number import ANSWER")
    (decided / ERRORS / "wrong-expectation" / "_number.py").write_text("ANSWER = 42\n", encoding="utf-8")
    decide(load_project(decided), job_of(decided, "wrong-expectation"), say=lambda _: None)
    before = statuses(decided)
    add_byte(decided / file)
    expected = {cell: "stale" if cell.startswith(CHANGES[file]) and cell != GPU else old for cell, old in before.items()}
    assert "stale" not in before.values()
    assert statuses(decided) == expected
    project = load_project(decided)
    waiting = {job.article.slug for job in project.jobs if not has_answer(project, job) and job.environment.name == "bare"}
    assert waiting == {cell.split()[0] for cell, status in expected.items() if status == "stale"}
