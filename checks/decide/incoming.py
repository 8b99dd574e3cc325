"""A statement that somebody brings: which job it is of, and whether the rules that judge our own let it in.

Where it is to lie follows from what it says of itself and from what the project states, never from the name it came with.
"""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .attest import ENDINGS
from .evidence import Judgement, Record, Unreadable, adopt, envelopes, location, read, read_or_none, vouchers_of
from .plan import Cell, Job, Project

LIMIT = 64 * 2**20  # bytes of a statement, a log or an envelope: what a run itself may print


@dataclass(frozen=True)
class Incoming:
    """A statement with the job that it is of, how each cell is judged, and why it is not taken (empty: it is)."""

    source: Path
    job: Job | None
    cells: tuple[tuple[Cell, Judgement], ...]
    refused: str
    kept: bool = False  # refused only because what is here is as good and newer
    misfits: tuple[str, ...] = ()  # envelopes beside it that vouch for nothing, and why


def statements(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that could be a statement."""
    for path in sorted(folder.rglob("*.json")):
        if not path.name.endswith(ENDINGS):
            yield path


def examine(project: Project, source: Path) -> Incoming:
    """Judge a statement by the files of this project, as if it lay where it belongs."""
    try:
        with _copy(source) as path:
            record = read(path)
            job = _job_of(project, record)
            if job is None:
                return Incoming(source, None, (), f"no claim of this project is decided by {_said(record)}")
            cells = tuple((cell, project.judge_file(path, cell)) for cell in job.cells)
            misfits = tuple(f"{file.name}: {why}" for file, voucher, why in envelopes(path, project.policy) if not voucher)
            bad = next((judged.reason for _, judged in cells if judged.status not in ("verified", "failing")), "")
            newer = "" if bad else _newer(project, job, record, bool(vouchers_of(path, project.policy)))
            return Incoming(source, job, cells, bad or newer, bool(newer), misfits)
    except Unreadable as error:
        return Incoming(source, None, (), str(error))
    except OSError as error:
        return Incoming(source, None, (), f"it cannot be read: {error.strerror}")


def _job_of(project: Project, record: Record) -> Job | None:
    return next((job for job in project.jobs if _said(record) == f"{job.article.id} {job.name}"), None)


def _said(record: Record) -> str:
    return f"{record.article} {record.module}@{record.environment}"


def _newer(project: Project, job: Job, record: Record, attested: bool) -> str:
    """Return why what is here already is kept: it counts, and is newer, or is vouched for where the other is not."""
    path = location(job.article, job.module, job.environment.name)
    here = read_or_none(path)
    if here is None or any(project.judge(cell).status not in ("verified", "failing") for cell in job.cells):
        return ""
    if vouchers_of(path, project.policy) and not attested:
        return "what is here is attested, this is not"
    day = max(outcome.recorded for outcome in here.outcomes)
    if here == record:
        return "" if attested and not vouchers_of(path, project.policy) else "it is here already"
    return f"what is here is newer ({day:%Y-%m-%d})" if day >= max(one.recorded for one in record.outcomes) else ""


@contextmanager
def _copy(source: Path) -> Iterator[Path]:
    """Copy a statement with what lies beside it, so that what was looked at is what is judged."""
    for file in (source, *map(source.with_suffix, (".log", ".txt", *ENDINGS))):
        if file.exists() or file.is_symlink():
            found = file.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > LIMIT:
                raise Unreadable(f"{file.name} is no plain file of at most {LIMIT // 2**20} MiB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / source.name
        adopt(path, source)
        yield path


def take(found: Incoming) -> Path:
    """Lay a statement that is not refused where it belongs; killed anywhere, the old or the new one is whole."""
    assert found.job and not found.refused
    path = location(found.job.article, found.job.module, found.job.environment.name)
    adopt(path, found.source)
    return path
