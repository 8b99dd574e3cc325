"""A real Dask cluster: two workers with folders of their own decide what this machine would; one that dies is replaced."""

from __future__ import annotations

import functools
import logging
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.decide import cluster as engine
from checks.decide.plan import load_project

from ..cluster import cluster, kill_scheduler, kill_worker_of, write_modules
from ..conftest import CLINIC, clinic, happens, processes_of, statuses

SLEEPS = """
import os, time

def claim():
    '''It is so.'''
    time.sleep({seconds})
    assert os.getpid() > 0
"""


@pytest.fixture(autouse=True)
def logging_again() -> Iterator[None]:
    """A run with a cluster silences what Dask logs; other tests of this process want their logs."""
    yield
    logging.disable(logging.NOTSET)


def test_workers_decide_what_this_machine_decides(example: Path, tmp_path: Path) -> None:
    decided = shutil.copytree(example, tmp_path / "decided")
    assert clinic(decided, "run").returncode == 1  # wrong-expectation is failing
    with cluster(tmp_path / "cluster") as address:
        done = clinic(example, "run", "--dask", address)
        assert done.returncode == 1, done.stderr
        assert statuses(example) == statuses(decided)
        again = clinic(example, "run", "--dask", address)
        assert again.returncode == 1 and "deciding" not in done.stderr + again.stderr
        homes = [path.parent.name for path in (tmp_path / "cluster").glob("worker-*/home")]
        assert homes  # what a worker builds lies in its own folder, nothing in the project
        assert not (example / ".clinic/environments").exists()


def test_worker_that_is_killed_is_replaced_and_its_piece_decided(example: Path, tmp_path: Path) -> None:
    write_modules(example, SLEEPS.format(seconds=1.5), 6)
    place = tmp_path / "cluster"
    with cluster(place) as address:
        process = subprocess.Popen([CLINIC, "run", "CC003", "--dask", address], cwd=example, stderr=subprocess.PIPE, text=True)
        assert happens(lambda: any(kill_worker_of(place, f"module_{number:02}") for number in range(6)))
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert set(statuses(example).values()) >= {"verified"} and "undecided" not in said


def test_job_that_takes_its_workers_along_is_undecided_after_three_and_the_others_are_decided(
    example: Path, tmp_path: Path
) -> None:
    write_modules(example, SLEEPS.format(seconds=1), 3)
    place = tmp_path / "cluster"
    with cluster(place, 1) as address:
        process = subprocess.Popen([CLINIC, "run", "CC003", "--dask", address], cwd=example, stderr=subprocess.PIPE, text=True)
        kills = 0
        while process.poll() is None:
            kills += kill_worker_of(place, "module_01")
        said = process.communicate()[1]
    assert process.returncode == 4, said
    assert "3 workers died while they had it" in said and kills >= 3
    found = {name: status for name, status in statuses(example).items() if name.startswith("old-evidence")}
    assert found == {
        "old-evidence module_00.claim@bare": "verified",
        "old-evidence module_01.claim@bare": "unverified",
        "old-evidence module_02.claim@bare": "verified",
    }


def test_job_that_needs_a_gpu_waits_for_no_worker_that_says_it_has_one(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 1)
    job = next(job for job in load_project(example).jobs if job.environment.device == "cuda")
    with cluster(tmp_path / "none", 1) as address, engine.connected(address) as found:
        assert found.missing("cpu") == "" == found.missing("cuda")
        assert happens(lambda: bool(found.missing("cuda"))) and found.missing("cpu") == ""
        assert 'no worker with a GPU (dask worker --resources "GPU=1")' in found.missing("cuda")
    with cluster(tmp_path / "one", 1, "--resources", "GPU=1 MEMORY=8e9") as address, engine.connected(address) as found:
        assert found.missing("cuda") == ""
        resources = found.executor(job.environment.device)._kwargs["resources"]  # type: ignore[attr-defined]
        assert resources == {"GPU": 1.0, "MEMORY": engine.MEMORY_BYTES}
        assert found.executor("cpu").submit(int, "7").result(timeout=60) == 7


@pytest.mark.parametrize(
    ("address", "error"),
    [("tcp://127.0.0.1:1", "OSError"), ("nonsense", "ValueError"), ("http://127.0.0.1:8786", "ValueError")],
)
def test_wrong_address_is_told_in_one_line(example: Path, address: str, error: str) -> None:
    done = clinic(example, "run", "--dask", address)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "--dask: expected the address of a Dask scheduler, such as tcp://HOST:8786; "
        f"found none at {address} ({error}). Start one: dask scheduler"
    ]


def test_scheduler_without_a_worker_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIRST_SECONDS", 1)
    with cluster(tmp_path / "cluster", 0) as address, pytest.raises(engine.Unreachable) as told, engine.connected(address):
        pass
    assert str(told.value).endswith(f"none came in 1 s. Start one: dask worker {address} --nthreads 1")


def test_without_distributed_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(engine.Unreachable, match="install the extra `cluster`"), engine.connected("tcp://127.0.0.1:1"):
        pass


@pytest.mark.parametrize("option", [("--workers", "2"), ("--here",)])
def test_what_speaks_of_this_machine_does_not_go_with_a_cluster(example: Path, option: tuple[str, ...]) -> None:
    done = clinic(example, "run", "--dask", "tcp://127.0.0.1:1", *option)
    assert done.returncode == 2 and "they do not go with --dask" in done.stderr


def test_run_that_is_interrupted_keeps_what_came_back(example: Path, tmp_path: Path) -> None:
    write_modules(example, SLEEPS.format(seconds=1), 8)
    with cluster(tmp_path / "cluster", 1) as address:
        interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
        command = [CLINIC, "run", "CC003", "--dask", address]
        process = subprocess.Popen(command, cwd=example, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible)
        assert happens(lambda: "verified" in statuses(example).values())
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 130 and "Traceback" not in said, said
        kept = sorted(statuses(example).values())
        assert "verified" in kept and "unverified" in kept
        assert clinic(example, "run", "CC003", "--dask", address).returncode == 0  # it goes on


def test_run_whose_scheduler_is_killed_ends_and_says_so(example: Path, tmp_path: Path) -> None:
    write_modules(example, SLEEPS.format(seconds=2), 3)
    with cluster(tmp_path / "cluster", 1) as address:
        process = subprocess.Popen([CLINIC, "run", "CC003", "--dask", address], cwd=example, stderr=subprocess.PIPE, text=True)
        assert happens(lambda: bool(processes_of(tmp_path / "cluster")))
        kill_scheduler(tmp_path / "cluster")
        said = process.communicate(timeout=170)[1]
    assert process.returncode == 4, said
    assert "it was let go before anybody decided it" in said and "the scheduler is gone" in said and "Traceback" not in said
