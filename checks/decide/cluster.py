"""Workers of a Dask cluster: who is connected, what is asked of them, what their loss looks like.

Dask hands pieces out, replaces what a dead worker had, and gives a piece up that has taken several workers along. A worker that
has a GPU says so when it is started (`--resources "GPU=1"`), and one that bounds memory, too (`MEMORY=64e9`, in bytes).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
FIRST_SECONDS = 60  # in which the first worker has to be connected
PATIENCE = 120  # seconds without any worker that could, before what waits for one is given up
MEMORY_BYTES = 2e9  # of one job, asked for where workers bound it; the largest of fifteen that were looked at used 0.6e9
LOST = ("KilledWorker", "CommClosedError", "FutureCancelledError", "SchedulerStillConnected", "TimeoutError")


class Unreachable(Exception):
    """No cluster that could be used; the message is one sentence with the repair."""


class Cluster:
    """The workers of a scheduler to which a client is connected."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: dict[str, float] = {}

    @property
    def number(self) -> int:
        """How many threads the workers have that are connected now."""
        return sum(int(one["nthreads"]) for one in self._workers())

    def has(self, device: str) -> bool:
        """Whether a connected worker has the device."""
        return any(device != "cuda" or _has_gpu(one) for one in self._workers())

    def executor(self, device: str) -> Executor:
        """Return an executor that asks for what a device's pieces need.

        Raises:
            BrokenExecutor: if the scheduler is gone.
        """
        if self._gone():
            raise BrokenExecutor
        resources = {"GPU": 1.0} if device == "cuda" else {}
        if any("MEMORY" in one["resources"] for one in self._workers() if device != "cuda" or _has_gpu(one)):
            resources["MEMORY"] = MEMORY_BYTES
        executor: Executor = self.client.get_executor(  # type: ignore[no-untyped-call]
            pure=False, **({"resources": resources} if resources else {})
        )
        return executor

    def hand_over(self, archive: bytes, digest: str) -> Any:
        """Return a future of the archive: the scheduler keeps it, each worker fetches it once, and a lost one again."""
        return self.client.submit(bytes, archive, key=f"clinic-content-{digest}")

    def missing(self, device: str) -> str:
        """Return that nobody has been there for a while who has the device."""
        now = time.monotonic()
        if self._gone():
            return "the scheduler is gone"
        if self.has(device):
            self.seen[device] = now
        if now - self.seen.setdefault(device, now) < PATIENCE:
            return ""
        needed = 'with a GPU (dask worker --resources "GPU=1") ' if device == "cuda" else ""
        return f"no worker {needed}was connected for {PATIENCE} s"

    def lost(self, error: BaseException) -> str:
        """Return how a piece was lost."""
        name = type(error).__name__
        if name == "KilledWorker":
            _, last, allowed = error.args
            return f"{allowed + 1} workers died while they had it, the last at {last.address}"
        if isinstance(error, BrokenExecutor):
            return "the scheduler is gone"
        if isinstance(error, CancelledError) or name in LOST:
            return f"the scheduler let it go: {name}"
        if isinstance(error, ImportError):
            return f"its worker cannot import the engine ({error}): install this commit of the project there, with distributed"
        return ""

    def _workers(self) -> list[dict[str, Any]]:
        if self._gone():
            return []
        return list(self.client.scheduler_info(n_workers=-1).get("workers", {}).values())

    def _gone(self) -> bool:
        return self.client.status not in ("running", "connecting")


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connect to a scheduler that has a worker.

    Raises:
        Unreachable: if there is none, or distributed is not installed.
    """
    try:
        from distributed import Client
        from distributed.comm.addressing import resolve_address
    except ImportError as error:
        raise Unreachable("--dask needs the package distributed, and found none: install the extra `cluster`") from error
    logging.disable(logging.CRITICAL)  # what Dask would print about a loss is said of the cells, in our words
    try:
        resolve_address(address)  # a client that cannot begin cannot be closed in peace
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, OverflowError, ValueError) as error:
        expected = "expected the address of a Dask scheduler, such as tcp://HOST:8786"
        raise Unreachable(
            f"--dask: {expected}; found none at {address} ({type(error).__name__}). Start one: dask scheduler"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=FIRST_SECONDS)
        except TimeoutError as error:
            start = f"dask worker {address} --nthreads 1"
            raise Unreachable(
                f"--dask: expected a worker at {address}; none came in {FIRST_SECONDS} s. Start one: {start}"
            ) from error
        yield Cluster(client)


def _has_gpu(worker: dict[str, Any]) -> bool:
    return float(worker["resources"].get("GPU", 0)) >= 1
