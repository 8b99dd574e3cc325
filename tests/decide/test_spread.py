"""Any executor will do: the same verdicts as here; what comes back is looked at; what is lost spoils nothing else."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from checks.decide import run, spread, worker
from checks.decide.evidence import location, read
from checks.decide.plan import Job, Project, load_project, select
from checks.decide.spread import Answer, Elsewhere, Pool, pieces
from checks.decide.worker import Order, Returned, carry_out, name_of

from ..cluster import write_modules
from ..conftest import add_byte, clinic, contents, statuses

FINE = "def claim():\n    '''It is so.'''\n    assert int(1) == 1\n"


class Altered(Executor):
    """Runs what is submitted at once, and hands on what `alter` makes of it."""

    def __init__(self, alter: Callable[[Order, list[Returned]], list[Returned]]) -> None:
        self.alter = alter
        self.orders: list[Order] = []

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        order = arguments[1]
        self.orders.append(order)
        future: Future[Any] = Future()
        try:
            future.set_result(self.alter(order, function(*arguments)))
        except Exception as error:
            future.set_exception(error)
        return future


def cpu_jobs(root: Path, *articles: str) -> tuple[Project, list[Job]]:
    project = load_project(root)
    return project, select(project, articles, (), lambda job: job.environment.device == "cpu")


def elsewhere(root: Path, executor: Executor, *articles: str, number: int = 2) -> list[Answer]:
    project, jobs = cpu_jobs(root, *articles)
    return list(spread.spread(jobs, Elsewhere(project, jobs, Pool(executor, number))))


def reasons(answers: list[Answer]) -> set[str]:
    return {answer.reason for answer in answers}


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_gives_what_this_machine_gives(example: Path, tmp_path: Path, kind: str) -> None:
    threads = kind == "threads"
    executor = ThreadPoolExecutor(2) if threads else ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    with executor:
        answers = elsewhere(example, executor)
    assert reasons(answers) == {""} and all(answer.before is None for answer in answers)
    found = statuses(example)
    assert clinic(example, "run", "--again").returncode == 1
    assert found == statuses(example)
    for answer in answers:
        path = location(answer.job.article, answer.job.module, answer.job.environment.name)
        assert answer.record and answer.record.subjects == read(path).subjects


def test_what_a_worker_gets_holds_no_evidence_and_only_the_locks_that_it_needs(decided: Path) -> None:
    project, jobs = cpu_jobs(decided, "CC001")
    sent = Elsewhere(project, jobs, Pool(ThreadPoolExecutor(1), 1)).archive
    place = worker._lay_out(sent, Elsewhere(project, jobs, Pool(ThreadPoolExecutor(1), 1)).content, decided / "there")
    names = set(contents(place))
    assert not any("/evidence/" in name for name in names) and "checks/probe.py" in names
    assert load_project(place).environments.keys() == project.environments.keys()


def test_jobs_of_an_environment_go_together_where_environments_are_many(example: Path) -> None:
    write_modules(example, FINE, 24)
    _, jobs = cpu_jobs(example, "CC003")
    assert [len(piece) for piece in pieces(jobs, 1)] == [6, 5, 4, 3, 2, 1, 1, 1, 1]
    assert [len(piece) for piece in pieces(jobs, 8)] == [1] * 24
    others = [
        dataclasses.replace(job, environment=dataclasses.replace(job.environment, name=f"e{i}"))
        for i in range(9)
        for job in jobs
    ]
    assert [len(piece) for piece in pieces(others, 2)] == [24] * 9
    for found in (pieces(others, 3), pieces(others, 64)):
        assert [job for piece in found for job in piece] == others
        assert all(len({job.environment.name for job in piece}) == 1 for piece in found)


def test_result_of_other_files_than_todays_is_refused(example: Path) -> None:
    def edited(_: Order, returned: list[Returned]) -> list[Returned]:
        add_byte(example / "checks/errors/prefix-missing/load_renamed.py")
        return returned

    (answer,) = elsewhere(example, Altered(edited), "CC001")
    assert answer.reason.startswith("it was decided by other files than today's: checks/errors/prefix-missing/load_renamed.py")
    assert not list(example.glob("checks/errors/*/evidence/*"))


def changed(**values: object) -> Callable[[Order, list[Returned]], list[Returned]]:
    def change(_: Order, returned: list[Returned]) -> list[Returned]:
        records = [json.dumps({**json.loads(one.record), **values}) for one in returned]
        return [dataclasses.replace(one, record=record) for one, record in zip(returned, records, strict=True)]

    return change


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda _, returned: [], "its worker returned nothing of it"),
        (
            lambda _, returned: [dataclasses.replace(one, record="{") for one in returned],
            "what its worker returned is no record",
        ),
        (
            lambda _, returned: [dataclasses.replace(one, log=b"x") for one in returned],
            "what its worker returned has another log",
        ),
        (changed(module="another"), "what its worker returned is of another job"),
        (changed(outcomes=[]), "what its worker returned is of another job"),
        (changed(extra=1), "what its worker returned is no record"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    example: Path, alter: Callable[[Order, list[Returned]], list[Returned]], reason: str
) -> None:
    assert reasons(elsewhere(example, Altered(alter), "CC001")) == {reason}
    assert not list(example.glob("checks/errors/*/evidence/*"))


def test_job_that_ends_its_worker_spoils_no_other(example: Path) -> None:
    write_modules(example, FINE, 5)

    def die(order: Order, returned: list[Returned]) -> list[Returned]:
        if any(module == "module_01" for _, module, _ in order.jobs):
            raise BrokenExecutor
        return returned

    executor = Altered(die)
    answers = elsewhere(example, executor, "CC003", number=1)
    assert {answer.job.module: answer.reason for answer in answers if answer.reason} == {
        "module_01": "the process that had it ended"
    }
    assert len(answers) == 5 and [len(order.jobs) for order in executor.orders] == [2, 1, 1, 1, 1, 1]


def test_pool_of_processes_that_is_broken_is_said_of_each_job(example: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        broken = pool.submit(multiprocessing.current_process().pid.__class__, 1)
        assert broken.result() == 1
        for process in pool._processes.values():
            process.kill()
        assert reasons(elsewhere(example, pool)) == {"the process that had it ended"}


def test_mistake_of_ours_is_raised(example: Path) -> None:
    def mistaken(_: Order, returned: list[Returned]) -> list[Returned]:
        raise KeyError("mistake")

    with pytest.raises(KeyError, match="mistake"):
        elsewhere(example, Altered(mistaken), "CC001")


def test_job_for_which_nobody_comes_is_given_up(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nobody(Executor):
        def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
            return Future()

    monkeypatch.setattr(spread, "LOOKS_SECONDS", 0.01)
    monkeypatch.setattr(Pool, "missing", lambda self, device: "nobody came")
    assert reasons(elsewhere(example, Nobody())) == {"nobody came"}


def test_full_disk_ends_the_taking_but_not_the_telling(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spread, "keep", full)
    write_modules(example, FINE, 3)
    assert reasons(elsewhere(example, Altered(lambda _, returned: returned), "CC003")) == {
        "it could not be run or kept: No space left on device"
    }


def test_of_two_results_an_answer_stands_and_of_two_answers_the_later(example: Path, tmp_path: Path) -> None:
    project, jobs = cpu_jobs(example, "CC001")
    (job,) = jobs
    first, first_log = run.observe(project, job, tmp_path / "home", say=lambda _: None)
    day = first.outcomes[0].recorded
    later = first.model_copy(
        update={
            "outcomes": tuple(one.model_copy(update={"recorded": day.replace(year=day.year - 1)}) for one in first.outcomes)
        }
    )
    assert run.keep(job, first, first_log) == first
    assert run.keep(job, later, first_log) == first, "an older answer does not replace a newer one"
    path = location(job.article, job.module, job.environment.name)
    assert read(path) == first
    nothing = tuple(one.model_copy(update={"observed": "undecided", "reason": "x"}) for one in first.outcomes)
    kept = run.keep(job, first.model_copy(update={"outcomes": nothing}), first_log)
    assert [one.observed for one in kept.outcomes] == [one.observed for one in first.outcomes]
    half = (first.outcomes[0], *nothing[1:])
    assert run.keep(job, first.model_copy(update={"outcomes": half}), first_log).outcomes == first.outcomes


def test_answer_of_the_future_is_replaced(example: Path, tmp_path: Path) -> None:
    project, jobs = cpu_jobs(example, "CC001")
    record, log = run.observe(project, jobs[0], tmp_path / "home", say=lambda _: None)
    ahead = tuple(one.model_copy(update={"recorded": one.recorded.replace(year=2999)}) for one in record.outcomes)
    run.keep(jobs[0], record.model_copy(update={"outcomes": ahead}), log)
    assert run.keep(jobs[0], record, log) == record


def test_two_threads_share_the_environments_and_write_the_same_verdicts(example: Path) -> None:
    write_modules(example, FINE, 6)
    done = clinic(example, "run", "CC003", "--workers", "3")
    assert done.returncode == 0 and done.stdout == "CC003 verified 6/6\n"


def test_order_of_another_engine_is_not_carried_out(example: Path) -> None:
    _, jobs = cpu_jobs(example, "CC001")
    (returned,) = carry_out(b"", Order("0" * 64, "1" * 64, (name_of(jobs[0]),)))
    assert returned.reason.startswith("its worker has another engine") and "111111111111" in returned.reason
