"""Jobs spread over an executor, and what became of each: here in threads, or elsewhere on machines that have nothing of ours.

`Here` writes evidence as it decides. `Elsewhere` sends an archive of the content with each piece of work to any
`concurrent.futures.Executor`, and takes in what comes back by the rules for anybody's evidence.
"""

from __future__ import annotations

import errno
import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from .evidence import Record, location, probe, read_or_none, subjects
from .install import Unavailable
from .pack import content_files, engine_digest, pack
from .plan import Job, Project
from .run import Say, decide, keep
from .worker import Order, Returned, carry_out, name_of

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what ends one job ends the next ones, too
PIECES = 4  # for each worker: few enough that an environment is built by few, enough that none waits long for the last
LOOKS_SECONDS = 2.0  # between two looks at whether there still is who could do it
Piece = tuple[Job, ...]


@dataclass(frozen=True)
class Answer:
    """What became of a job: its record and the one before, or why there is none."""

    job: Job
    record: Record | None = None
    before: Record | None = None
    reason: str = ""


class Place(Protocol):
    """Where jobs go."""

    def has(self, device: str) -> bool:
        """Whether a job that needs "cpu" or "cuda" could be decided there now."""

    def pieces(self, jobs: Sequence[Job]) -> list[Piece]:
        """Return the jobs as they are submitted together."""

    def room(self) -> int:
        """Return how many pieces it may have at once: those that wait at a worker would share its fate."""

    def submit(self, piece: Piece) -> Future[Any]:
        """Have a piece decided, some time."""

    def take(self, piece: Piece, done: Future[Any]) -> list[Answer] | None:
        """Return what became of a piece; None if it was lost in a way that one of its jobs may have caused."""

    def missing(self, piece: Piece) -> str:
        """Return why nobody is going to decide a piece; nothing while somebody may."""

    def stop(self) -> None:
        """Begin nothing more; what is being decided here ends."""


def spread(jobs: Sequence[Job], place: Place) -> Iterator[Answer]:
    """Yield what became of each job, as it is known; a lost piece is tried again job by job, so that one spoils no other."""
    waiting: dict[Future[Any], Piece] = {}
    queue = deque(place.pieces(jobs))
    try:
        while queue or waiting:
            for _ in range(min(len(queue), place.room() - len(waiting))):
                piece = queue.popleft()
                waiting[place.submit(piece)] = piece
            done = wait(waiting, LOOKS_SECONDS, FIRST_COMPLETED).done
            for future in done:
                piece = waiting.pop(future)
                answers = place.take(piece, future)
                if answers is None:
                    queue.extend((job,) for job in piece)
                yield from answers or ()
            for future, piece in [] if done else list(waiting.items()):
                if reason := place.missing(piece):
                    future.cancel()
                    del waiting[future]
                    yield from (Answer(job, reason=reason) for job in piece)
    finally:  # also of an interrupt
        place.stop()


def pieces(jobs: Sequence[Job], workers: int) -> list[Piece]:
    """Return the jobs in pieces of one environment each: whole environments, where there are many for each worker.

    What has to be parted gets smaller towards its end, so that no worker waits long for the last one.
    """
    most = max(1, ceil(len(jobs) / (PIECES * workers)))
    found: list[Piece] = []
    for _, group in groupby(jobs, lambda job: job.environment.name):
        together = tuple(group)
        is_whole = len(together) <= most
        while together:
            size = len(together) if is_whole else min(most, ceil(len(together) / (PIECES * workers)))
            found.append(together[:size])
            together = together[size:]
    return found


@dataclass
class Here:
    """Threads of this process, which write the evidence; `say` is asked for when a job begins."""

    project: Project
    workers: int
    wheels: Path | None
    say: Callable[[Job], Say]
    unavailable: set[str] = field(default_factory=set)
    full: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(self.workers)

    def has(self, device: str) -> bool:
        """Return True: who chose the jobs has looked."""
        return True

    def pieces(self, jobs: Sequence[Job]) -> list[Piece]:
        """Return each job by itself: the threads share their environments."""
        return [(job,) for job in jobs]

    def room(self) -> int:
        """Return the number of threads."""
        return self.workers

    def submit(self, piece: Piece) -> Future[list[Answer]]:
        """Queue a piece."""
        return self.pool.submit(lambda: [self._decide(job) for job in piece if not self.stopped.is_set()])

    def take(self, piece: Piece, done: Future[list[Answer]]) -> list[Answer]:
        """Return what became of it; what else was raised is a mistake of ours."""
        return done.result()

    def missing(self, piece: Piece) -> str:
        """Return nothing: this machine is here."""
        return ""

    def stop(self) -> None:
        """Wait for what is being decided."""
        self.stopped.set()
        self.pool.shutdown(cancel_futures=True)

    def _decide(self, job: Job) -> Answer:
        say = self.say(job)
        unavailable = "the environment cannot be entered here"
        if self.full or job.environment.name in self.unavailable:
            return Answer(job, reason=self.full or unavailable)
        before = read_or_none(location(job.article, job.module, job.environment.name))
        try:
            return Answer(job, decide(self.project, job, self.wheels, say), before)
        except Unavailable as error:
            if job.environment.name not in self.unavailable:
                self.unavailable.add(job.environment.name)
                say(str(error))
            return Answer(job, reason=unavailable)
        except OSError as error:  # a full disk, a folder that cannot be written
            reason = _not_kept(error)
            self.full = reason if error.errno in NO_ROOM else ""
            return Answer(job, reason=reason)


class Workers(Protocol):
    """Who takes pieces elsewhere."""

    @property
    def number(self) -> int:
        """How many pieces they can decide at once, now."""

    def has(self, device: str) -> bool:
        """Whether one of them has "cpu" or "cuda"."""

    def executor(self, device: str) -> Executor:
        """Return what a piece for a device is submitted to."""

    def hand_over(self, archive: bytes, digest: str) -> Any:
        """Return what stands for an archive's bytes in a call that is submitted."""

    def missing(self, device: str) -> str:
        """Return why no piece for a device is going to be decided; nothing while one may be."""

    def lost(self, error: BaseException) -> str:
        """Return how a piece was lost, of what an executor raised for it; nothing where that is a mistake of ours."""


@dataclass
class Pool:
    """Any executor whose workers are processes or threads of this machine."""

    pool: Executor
    number: int

    def has(self, device: str) -> bool:
        """Return whether it is a CPU."""
        return device == "cpu"

    def executor(self, device: str) -> Executor:
        """Return the executor."""
        return self.pool

    def hand_over(self, archive: bytes, digest: str) -> bytes:
        """Return the bytes."""
        return archive

    def missing(self, device: str) -> str:
        """Return nothing: what is lost is told by an error."""
        return ""

    def lost(self, error: BaseException) -> str:
        """Return that a process ended."""
        return "the process that had it ended" if isinstance(error, BrokenExecutor) else ""


class Elsewhere:
    """Workers that get the content with the work; what they return is written here.

    Args:
        project: whose content is sent.
        jobs: all that is going to be submitted: the locks of their environments are sent.
        workers: who takes it.
    """

    def __init__(self, project: Project, jobs: Sequence[Job], workers: Workers) -> None:
        self.project, self.workers = project, workers
        used = {job.environment.name: job.environment for job in jobs}
        archive = pack(content_files(project.root) | {"checks/probe.py": probe(project.root)}, used.values())
        self.content = hashlib.sha256(archive).hexdigest()
        self.archive = workers.hand_over(archive, self.content)
        self.submitted: set[Future[Any]] = set()
        self.full = ""

    def has(self, device: str) -> bool:
        """Whether a worker has it now."""
        return self.workers.has(device)

    def pieces(self, jobs: Sequence[Job]) -> list[Piece]:
        """Return the jobs of an environment together, so that few workers build it."""
        return pieces(jobs, self.workers.number)

    def room(self) -> int:
        """Return how many there are now."""
        return max(1, self.workers.number)

    def submit(self, piece: Piece) -> Future[list[Returned]]:
        """Send a piece to whoever takes it."""
        order = Order(self.content, engine_digest(), tuple(map(name_of, piece)))
        try:
            future = self.workers.executor(piece[0].environment.device).submit(carry_out, self.archive, order)
        except BrokenExecutor as error:  # by an earlier piece
            future = Future()
            future.set_exception(error)
        self.submitted.add(future)
        return future

    def take(self, piece: Piece, done: Future[list[Returned]]) -> list[Answer] | None:
        """Write what came back; None where the worker was lost that had several jobs."""
        self.submitted.discard(done)
        if done.cancelled():
            return [Answer(job, reason="it was let go before anybody decided it") for job in piece]
        if error := done.exception():
            reason = self.workers.lost(error)
            if not reason:
                raise error
            return None if len(piece) > 1 else [Answer(job, reason=reason) for job in piece]
        returned = {one.job: one for one in done.result()}
        return [self._keep(job, returned.get(name_of(job))) for job in piece]

    def missing(self, piece: Piece) -> str:
        """Return why nobody is going to decide it."""
        return self.workers.missing(piece[0].environment.device)

    def stop(self) -> None:
        """Let everything go that nobody has begun; what a worker has begun it ends, and nobody reads it."""
        for future in list(self.submitted):
            future.cancel()

    def _keep(self, job: Job, returned: Returned | None) -> Answer:
        if returned is None or returned.reason:
            return Answer(job, reason=returned.reason if returned else "its worker returned nothing of it")
        try:
            record = Record.model_validate_json(returned.record)
        except ValidationError:
            return Answer(job, reason="what its worker returned is no record")
        if reason := self.full or _refused(self.project, job, record, returned.log):
            return Answer(job, reason=reason)
        before = read_or_none(location(job.article, job.module, job.environment.name))
        try:
            return Answer(job, keep(job, record, returned.log), before)
        except OSError as error:
            reason = _not_kept(error)
            self.full = reason if error.errno in NO_ROOM else ""
            return Answer(job, reason=reason)


def _refused(project: Project, job: Job, record: Record, log: bytes) -> str:
    """Return why a worker's record is not taken: it is of something else, or of other files than those of this moment."""
    claims = sorted(cell.claim.name for cell in job.cells)
    told = (record.article, record.module, record.environment, sorted(one.claim for one in record.outcomes))
    if told != (job.article.id, job.module, job.environment.name, claims):
        return "what its worker returned is of another job"
    if record.log_sha256 != hashlib.sha256(log).hexdigest():
        return "what its worker returned has another log"
    today = subjects(job.article, job.module, job.environment, project.root)
    changed = sorted({name for name, _ in record.subjects.items() ^ today.items()})
    return f"it was decided by other files than today's: {', '.join(changed)}" if changed else ""


def _not_kept(error: OSError) -> str:
    said = error.strerror or str(error) or type(error).__name__
    return f"it could not be run or kept: {f'{error.filename}: ' if error.filename else ''}{said}"
