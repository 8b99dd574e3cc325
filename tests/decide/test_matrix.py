"""The matrix for GitHub: every job in one entry, every environment in one entry, and what a change asks for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.decide.matrix import LIMIT, can_be_planned, is_touched, matrix
from checks.decide.plan import Job, Project, load_project

from ..conftest import BARE, ERRORS, edit

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(REPOSITORY)


def environments(entries: list[dict[str, str | int]]) -> list[str]:
    return [name for entry in entries for name in str(entry["environments"]).split()]


@pytest.mark.parametrize("at_most", [LIMIT, 20, 1])
def test_each_environment_lies_in_one_entry_and_no_job_is_left_out(project: Project, at_most: int) -> None:
    entries = matrix(project.jobs, at_most)["include"]
    found = environments(entries)
    assert sorted(found) == sorted({job.environment.name for job in project.jobs})
    assert len(entries) <= at_most
    assert sum(int(entry["cells"]) for entry in entries) == len(list(project.cells()))
    for job in project.jobs:
        (entry,) = [one for one in entries if job.environment.name in str(one["environments"]).split()]
        assert job.article.id in str(entry["articles"]).split()
        assert {job.environment.python, "3.11"} - {"system"} <= set(str(entry["python"]).split())
        assert str(entry["python"]).endswith("3.11")  # the engine's, which setup-python puts first


def test_more_environments_than_github_takes_are_put_together(project: Project) -> None:
    job = project.jobs[0]
    many = []
    for number in range(LIMIT + 44):
        environment = type(job.environment)(f"e{number:03}", job.environment.folder, job.environment.toml, None)
        many.append(Job(job.article, job.module, environment, job.cells))
    entries = matrix(many)["include"]
    assert LIMIT / 2 < len(entries) <= LIMIT
    assert environments(entries) == [f"e{number:03}" for number in range(LIMIT + 44)]
    assert len(matrix(many[:LIMIT])["include"]) == LIMIT


def test_nothing_is_no_entry() -> None:
    assert matrix([]) == {"include": []}


def test_a_machine_gets_what_it_has_the_device_for_and_no_commit_that_nobody_knows(project: Project) -> None:
    planned = {
        device: {job.environment.name for job in project.jobs if can_be_planned(job, device)} for device in ("cpu", "cuda")
    }
    assert planned["cuda"] == {"cuda-system-torch", "cuda-system-torch-deepspeed", "atlas-cuda-5.24.0"}
    assert "torch-2.13-cpu" in planned["cpu"] and not planned["cpu"] & planned["cuda"]
    assert {job.environment.name for job in project.jobs if can_be_planned(job, None)} == planned["cpu"] | planned["cuda"]


def touched(root: Path, *changed: str) -> set[str]:
    project = load_project(root)
    return {f"{job.article.slug} {job.name}" for job in project.jobs if is_touched(project, job, changed)}


OLD, PREFIX = "old-evidence remembered@bare", "prefix-missing load_renamed@bare"


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ("snippets/rename_keys.py", {PREFIX}),
        (f"{ERRORS}/old-evidence/remembered.py", {OLD}),
        (f"{ERRORS}/old-evidence/evidence/remembered@bare.log", {OLD}),
        (f"{ERRORS}/old-evidence/evidence/remembered@bare.dsse.json", {OLD}),
        ("checks/environments/bare-cuda/lock.txt", {"needs-a-gpu on_gpu@bare-cuda"}),
        (f"{ERRORS}/old-evidence/article.toml", set()),
        ("docs/en/errors/old-evidence.md", set()),
        ("checks/decide/run.py", set()),
    ],
)
def test_a_changed_file_asks_for_what_it_decides(decided: Path, changed: str, asked: set[str]) -> None:
    assert touched(decided, changed) == asked


def test_the_probe_asks_for_everything_and_a_new_cell_for_itself(decided: Path) -> None:
    assert len(touched(decided, "checks/probe.py")) == len(load_project(decided).jobs)
    shutil.copytree(decided / BARE, decided / f"{BARE}-2")
    edit(decided, f"{ERRORS}/old-evidence/article.toml", 'holds = ["bare"]', 'holds = ["bare", "bare-2"]')
    assert touched(decided, f"{ERRORS}/old-evidence/article.toml") == {"old-evidence remembered@bare-2"}
