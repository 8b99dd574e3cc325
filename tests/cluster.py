"""A real Dask cluster on this machine: a scheduler, and workers in processes of their own with folders of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .conftest import ERRORS, happens, processes_of

DASK = Path(sys.executable).with_name("dask")
ALLOWED = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"


@contextmanager
def cluster(folder: Path, workers: int = 2, *options: str) -> Iterator[str]:
    """Start a cluster below `folder` and yield its address; a nanny replaces a worker that dies."""
    folder.mkdir(parents=True)
    file = folder / "scheduler.json"
    started = [_start(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))]
    try:
        assert happens(lambda: file.is_file() and file.read_text(encoding="utf-8").endswith("}"))
        for number in range(1, workers + 1):
            started.append(
                _start(folder / f"worker-{number}", "worker", "--scheduler-file", str(file), "--nthreads", "1", *options)
            )
        log = folder / "scheduler.log"
        assert happens(lambda: log.read_text(encoding="utf-8").count("Register worker") >= workers)  # else pieces are larger
        yield str(json.loads(file.read_text(encoding="utf-8"))["address"])
    finally:
        for process in reversed(started):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    own = {"CLINIC_HOME": str(folder / "home"), ALLOWED: "2", "DASK_TEMPORARY_DIRECTORY": str(folder / "dask")}
    with (folder / f"{arguments[0]}.log").open("wb") as log:
        return subprocess.Popen(
            [DASK, *arguments, "--no-dashboard"],
            cwd=folder,
            env={**os.environ, **own},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def write_modules(root: Path, source: str, modules: int) -> None:
    """Give the article old-evidence so many check modules of this source, each with a function `claim`."""
    folder = root / ERRORS / "old-evidence"
    (folder / "remembered.py").unlink()
    toml = (folder / "article.toml").read_text(encoding="utf-8").partition("[claims]")[0]
    names = [f"module_{number:02}" for number in range(modules)]
    for name in names:
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    claims = "".join(f'"{name}.claim" = {{ holds = ["bare"] }}\n' for name in names)
    (folder / "article.toml").write_text(f"{toml}[claims]\n{claims}", encoding="utf-8")


def kill_worker_of(folder: Path, module: str) -> bool:
    """Kill the worker below `folder` that is deciding a module just now; False if none is."""
    for line in processes_of(folder):
        if f"/{module}.py" in line:
            number = line.partition(f"{folder}/worker-")[2].partition("/")[0]
            return _kill(folder / f"worker-{number}")
    return False


def kill_scheduler(folder: Path) -> None:
    """Kill the scheduler of the cluster below `folder`."""
    wanted = str(folder / "scheduler.json").encode()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().split(b"\0")
            if wanted in words and b"scheduler" in words:
                os.kill(int(place.parent.name), signal.SIGKILL)


def _kill(folder: Path) -> bool:
    """Kill the process that works in a folder's cluster home, not the nanny that starts it again: it holds the lock."""
    for lock in folder.glob("home/workers/*/lock"):
        inode = str(lock.stat().st_ino)
        for line in Path("/proc/locks").read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[5].rpartition(":")[2] == inode:
                with suppress(ProcessLookupError):
                    os.kill(int(words[4]), signal.SIGKILL)
                    return True
    return False
