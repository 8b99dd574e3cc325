"""What another machine does with an order: lays out the content by its digest, decides, and returns what was seen.

It has this package and uv, and nothing of the project: that comes with the order. Each process has a folder of its own, in
which an environment is built once, and stays.
"""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ..content.problem import Invalid
from .install import Unavailable, home
from .leftovers import lock, sweep_temporary, temporary
from .pack import engine_digest
from .plan import Job, Project, load_project
from .run import observe

FOLDERS = 256  # of the workers that share a home: each process takes the first that is free
CONTENT = ".clinic-content-"  # while it is laid out
BEGINNING = threading.Lock()  # a worker may have several threads, which share its folder
HELD = ExitStack()  # the lock of this process's folder, for as long as it lives
Name = tuple[str, str, str]  # of a job: its article's id, its module, its environment


@dataclass(frozen=True)
class Order:
    """Which jobs to decide, by which engine, of the content with which SHA-256."""

    content: str
    engine: str
    jobs: tuple[Name, ...]


@dataclass(frozen=True)
class Returned:
    """What a worker saw of a job: the record as JSON and its log, or why there is none."""

    job: Name
    record: str = ""
    log: bytes = b""
    reason: str = ""


def name_of(job: Job) -> Name:
    """Return what names a job on another machine."""
    return job.article.id, job.module, job.environment.name


def carry_out(archive: bytes, order: Order) -> list[Returned]:
    """Decide an order's jobs; whatever hinders one is said of it, and the others are decided."""
    if order.engine != engine_digest():
        reason = (
            f"its worker has another engine ({engine_digest()[:12]}, asked for {order.engine[:12]}): install one commit on all"
        )
        return [Returned(name, reason=reason) for name in order.jobs]
    try:
        with BEGINNING:
            folder = own_folder()
            project = _project(_lay_out(archive, order.content, folder))
    except Invalid as error:
        return [Returned(name, reason=f"its worker cannot read the content: {error.problems[0]}") for name in order.jobs]
    except (OSError, ValueError) as error:
        return [Returned(name, reason=f"its worker has no place to work: {error}") for name in order.jobs]
    jobs = {name_of(job): job for job in project.jobs}
    return [_decide(project, jobs.get(name), name, folder) for name in order.jobs]


def _decide(project: Project, job: Job | None, name: Name, folder: Path) -> Returned:
    if job is None:
        return Returned(name, reason="its worker finds no such job in the content")
    try:
        record, log = observe(project, job, folder)
    except Unavailable as error:
        return Returned(name, reason=f"its worker cannot enter the environment: {' '.join(str(error).split())}"[:600])
    except OSError as error:
        return Returned(name, reason=f"its worker could not run it: {error}")
    return Returned(name, record.model_dump_json(), log)


@cache
def own_folder() -> Path:
    """Return this process's own folder below the home, locked for as long as the process lives.

    Raises:
        OSError: if none is free, or none can be made.
    """
    sweep_temporary()
    for number in range(1, FOLDERS + 1):
        folder = home(Path.cwd()) / "workers" / str(number)
        taken = ExitStack()
        if taken.enter_context(lock(folder)):
            HELD.push(taken)
            return folder
        taken.close()
    raise OSError(f"{FOLDERS} workers hold the folders below {home(Path.cwd()) / 'workers'}")


def _lay_out(archive: bytes, digest: str, folder: Path) -> Path:
    """Unpack an archive that has this digest, once; the folder appears whole."""
    place = folder / "content" / digest
    if not place.is_dir():
        if hashlib.sha256(archive).hexdigest() != digest:
            raise ValueError("the content that came has another digest")
        place.parent.mkdir(parents=True, exist_ok=True)
        with temporary(CONTENT, place.parent) as made, zipfile.ZipFile(io.BytesIO(archive)) as opened:
            opened.extractall(made / "project")
            (made / "project").rename(place)
    return place


@lru_cache(maxsize=2)
def _project(place: Path) -> Project:
    return load_project(place)
