"""The simulation of many workers, on inputs whose answer is known; a made-up project of as many cells as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.decide.plan import load_project, select

from .bench_scale import Cost, simulate, write_project

JOBS = [Cost("a", 1.0)] * 8


def test_one_worker_takes_the_sum_and_many_the_longest_piece() -> None:
    assert simulate(JOBS, 1, {"a": 0.0}).seconds == 8
    assert simulate(JOBS, 2, {"a": 0.0}).seconds == 4
    assert simulate(JOBS, 8, {"a": 0.0}).seconds == 1
    assert simulate(JOBS, 100, {"a": 0.0}).seconds == 1


def test_each_worker_builds_an_environment_once() -> None:
    found = simulate(JOBS, 2, {"a": 5.0})
    assert (found.seconds, found.built) == (9, 2)
    assert simulate(JOBS, 1, {"a": 5.0}).built == 1


def test_where_environments_are_many_none_is_built_twice() -> None:
    jobs = [Cost(name, 1.0) for name in "abcdefgh" for _ in range(4)]
    found = simulate(jobs, 2, dict.fromkeys("abcdefgh", 10.0))
    assert (found.seconds, found.built) == (4 * 14, 8)


def test_what_the_runner_adds_cannot_be_shared() -> None:
    assert simulate(JOBS, 8, {"a": 0.0}, each=0.5).seconds == 4


@pytest.mark.parametrize(("articles", "modules", "environments"), [(1, 1, 1), (2, 3, 4)])
def test_project_has_the_cells_that_were_asked_for(tmp_path: Path, articles: int, modules: int, environments: int) -> None:
    project = load_project(write_project(tmp_path / "clinic", articles, modules, environments))
    jobs = select(project, [one.id for one in project.articles if one.slug.startswith("made-up")], (), lambda job: True)
    assert (len(jobs), sum(len(job.cells) for job in jobs)) == (articles * modules * environments,) * 1 + (
        articles * modules * environments * 10,
    )
