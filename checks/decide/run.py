"""Run one job: the probe in its environment, shut in and limited; what it reported becomes a record.

What a check's files may not do is looked for first (`guard`). What shuts it in stands in `sandbox`, and which of it this
machine offers is recorded. The report is read here, where no check can reach: each line must begin with a word that was made
for this run, and be the next one that can come; anything else, and the claim is undecided.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..content.article import imported_files
from .evidence import Outcome, Record, Seen, Unreadable, location, probe, read, subjects, write
from .guard import refusals
from .install import Installed, compile_modules, home, install
from .leftovers import RUN, temporary
from .plan import Job, Project
from .sandbox import PROCESSES, memory_limit, sandbox, used

CLAIM_SECONDS = 900  # the slowest real claim takes two minutes on two cores; setting up may take as long
GRACE_SECONDS = 2
LOOKS_SECONDS = 0.5  # between two looks at what a check uses
PRINTED_BYTES = 64 << 20  # more than this is no log
REPORTED_BYTES = 4 << 20  # more than this is no report
KEPT_BYTES = 256 << 10  # of the beginning, and again of the end
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "TZ")
Say = Callable[[str], None]


@dataclass
class Ran:
    """What one process reported and printed."""

    events: list[dict[str, Any]] = field(default_factory=list)
    log: bytes = b""
    ended: str = ""  # why it was stopped, if it was


def decide(project: Project, job: Job, wheels: Path | None = None, say: Say = print) -> Record:
    """Decide a job's cells, write the evidence and return it.

    Raises:
        install.Unavailable: if the environment cannot be entered; nothing is written then.
    """
    return keep(job, *observe(project, job, home(project.root), wheels, say))


def observe(project: Project, job: Job, base: Path, wheels: Path | None = None, say: Say = print) -> tuple[Record, bytes]:
    """Decide a job's cells and return the record with its log; nothing is written but the environment, below `base`.

    Raises:
        install.Unavailable: if the environment cannot be entered.
    """
    installed = install(job.environment, base / "environments", wheels, say)
    before = subjects(job.article, job.module, job.environment, project.root)
    claims = [cell.claim.function for cell in job.cells]
    events = [_undecided(name, refused) for name in claims] if (refused := _guarded(project, job)) else []
    log = b""
    while waiting := claims[len([event for event in events if event["event"] == "claim"]) :]:
        ran = _start(project.root, job, installed, waiting, say)
        log += ran.log
        decided = [event["name"] for event in ran.events if event["event"] == "claim"]
        events += ran.events
        if len(decided) < len(waiting):  # it died or was stopped inside a claim: the next ones get a process of their own
            events.append(_undecided(waiting[len(decided)], ran.ended))
    compile_modules(installed, (file for event in events for file in event.get("compiled", ())))
    after = subjects(job.article, job.module, job.environment, project.root)
    record = _record(job, before, events, log)
    if before != after:
        changed = sorted({name for name, _ in set(before.items()) ^ set(after.items())})
        say(f"{job.name}: {', '.join(changed)} changed during the run; run again")
    return record, log


def keep(job: Job, record: Record, log: bytes) -> Record:
    """Write a job's record, settled with what lies there, and return what it is then.

    Of two results of the same files an answer stands before none, and of two answers the later one: an undecided claim does not
    replace an answer, which stays with its age.
    """
    path = location(job.article, job.module, job.environment.name)
    with contextlib.suppress(Unreadable):
        old = read(path)
        if _is_older(record, old):
            return old
        record = _keep_answers(old, record)
    if any(outcome.observed != "undecided" for outcome in record.outcomes) or not path.is_file():
        write(path, record, log)
    return record


def _is_older(new: Record, old: Record) -> bool:
    """Whether another machine's result came too late: what lies here is of the same files, whole, and was seen after it."""
    answered = all(outcome.observed != "undecided" for outcome in old.outcomes)
    same = old.subjects == new.subjects and {one.claim for one in old.outcomes} == {one.claim for one in new.outcomes}
    seen = [one.recorded for one in old.outcomes]
    return same and answered and max(one.recorded for one in new.outcomes) < min(seen) and max(seen) <= datetime.now(UTC)


def _undecided(name: str, reason: str) -> dict[str, Any]:
    return {"event": "claim", "name": name, "verdict": "undecided", "reason": reason, "seconds": 0.0, "assertions": 0}


def _guarded(project: Project, job: Job) -> str:
    """Return what one of the files that are executed may not do, or nothing."""
    module = job.article.folder / f"{job.module}.py"
    try:
        found = [one for file in (*imported_files(module, project.root), *job.environment.preludes) for one in refusals(file)]
    except SyntaxError as error:
        return f"SyntaxError: {error}"
    return f"a check may not do this: {found[0]}" if found else ""


def _keep_answers(old: Record, new: Record) -> Record:
    if old.subjects != new.subjects:
        return new
    answers = {outcome.claim: outcome for outcome in old.outcomes if outcome.observed != "undecided"}
    kept = tuple(answers.get(one.claim, one) if one.observed == "undecided" else one for one in new.outcomes)
    return new.model_copy(update={"outcomes": kept})


def _record(job: Job, digests: Mapping[str, str], events: list[dict[str, Any]], log: bytes) -> Record:
    now = datetime.now(UTC).replace(microsecond=0)
    reported = {event["name"]: event for event in events if event["event"] == "claim"}
    outcomes = tuple(
        Outcome(
            claim=cell.claim.name,
            expected=cell.expected,
            observed=reported[cell.claim.function]["verdict"],
            reason=reported[cell.claim.function]["reason"],
            seconds=reported[cell.claim.function]["seconds"],
            assertions=reported[cell.claim.function]["assertions"],
            recorded=now,
        )
        for cell in job.cells
    )
    seen = next(
        (event for event in reversed(events) if event["event"] == "seen"),
        {"python": "unknown", "packages": {}, "machine": "unknown"},
    )
    facts = {name: seen[name] for name in ("python", "packages", "machine", "device", "driver") if name in seen}
    return Record(
        article=job.article.id,
        module=job.module,
        environment=job.environment.name,
        subjects=dict(digests),
        seen=Seen(**facts, isolation=sandbox().name),
        outcomes=outcomes,
        log_sha256=hashlib.sha256(log).hexdigest(),
        log_bytes=len(log),
    )


def _start(root: Path, job: Job, installed: Installed, claims: list[str], say: Say) -> Ran:
    """Start the probe for these claims and collect what it reports until it ends or a limit does it."""
    with temporary(RUN) as place, contextlib.ExitStack() as stack:
        folder = str(place)
        report, reported = (stack.enter_context(one) for one in socket.socketpair())
        word = f"{secrets.token_hex(16)} ".encode()
        report.sendall(word)
        probed = _probed(root, job, installed, claims, reported.fileno())
        shown = [root, probe(root), installed.python.parents[2], installed.python.resolve().parents[1]]
        process = subprocess.Popen(
            sandbox().command(probed, Path(folder), shown, job.environment.device),
            cwd=folder,
            env=_variables(job, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[reported.fileno()],
            start_new_session=True,
        )
        reported.close()
        try:
            ran = _Collector(process, report.fileno(), word, claims, say).collect()
        finally:
            _kill(process)
        hidden = {
            folder: "$TMP",
            str(root): "$CLINIC",
            str(installed.python.parents[2]): "$ENVIRONMENTS",
            str(Path.home()): "~",
        }
        if len(base := str(installed.python.resolve().parents[1])) > len("/usr"):
            hidden[base] = "$PYTHON"
        ran.log = _masked(ran.log.decode(errors="replace"), hidden).encode()
        for event in ran.events:
            if "reason" in event:
                event["reason"] = _masked(event["reason"], hidden)
        return ran


def _probed(root: Path, job: Job, installed: Installed, claims: list[str], report: int) -> list[str]:
    """Return the command that starts the probe."""
    module = job.article.folder / f"{job.module}.py"
    command = [str(installed.python), "-I", "-B", "-u", str(probe(root)), str(module)]
    command += ["--root", str(root), "--report", str(report)]
    command += [argument for prelude in job.environment.preludes for argument in ("--before", str(prelude))]
    command += [argument for claim in claims for argument in ("--claim", claim)]
    command += ["--loopback"] if sandbox().network else []
    command += ["--processes", str(PROCESSES)] if sandbox().protects else []  # elsewhere it would count the user's others
    if job.environment.device == "cpu":  # CUDA reserves address space far beyond what it uses
        command += ["--memory", str(memory_limit())]
    return command


class _Collector:
    """Reads a process's output and reports, without ever holding more than what is kept."""

    def __init__(self, process: subprocess.Popen[bytes], report: int, word: bytes, claims: list[str], say: Say) -> None:
        assert process.stdout is not None  # it was started with a pipe
        self.process, self.say = process, say
        self.output, self.report = process.stdout.fileno(), report
        self.word, self.claims = word, claims
        self.ran, self.pending, self.reported = Ran(), b"", 0
        self.head, self.tail, self.printed = bytearray(), bytearray(), 0
        self.deadline = time.monotonic() + CLAIM_SECONDS
        self.next_look = time.monotonic()

    def collect(self) -> Ran:
        """Read until both ends are closed, the process ended, a claim took too long or a limit was passed."""
        with selectors.DefaultSelector() as selector:
            for descriptor in (self.output, self.report):
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ)
            ended_at = None
            while selector.get_map() and not self.ran.ended:
                for key, _ in selector.select(timeout=0.2):
                    if not (data := _read(key.fd)):
                        selector.unregister(key.fd)
                    elif key.fd == self.report:
                        self._report(data)
                    else:
                        self._print(data)
                self.ran.ended = self.ran.ended or self._passed()
                ended_at = ended_at or (time.monotonic() if self.process.poll() is not None else None)
                if ended_at and time.monotonic() - ended_at > GRACE_SECONDS:
                    break  # something that it left behind holds the pipe
        if not self.ran.ended:
            self.ran.ended = self._wait()
        cut = self.printed - len(self.head) - len(self.tail)
        note = f"\n--- {cut} bytes left out\n".encode() if cut else b""
        self.ran.log = bytes(self.head) + note + bytes(self.tail)
        return self.ran

    def _passed(self) -> str:
        """Say which limit was passed, if one was."""
        now = time.monotonic()
        if now > self.deadline:
            return f"not decided within {CLAIM_SECONDS} s"
        if self.printed > PRINTED_BYTES:
            return f"it printed more than {PRINTED_BYTES >> 20} MiB"
        if self.reported > REPORTED_BYTES:
            return f"it reported more than {REPORTED_BYTES >> 20} MiB"
        if now < self.next_look:
            return ""
        self.next_look = now + LOOKS_SECONDS
        processes, memory = used(self.process.pid)
        if memory > memory_limit():
            return f"its processes used more than {memory_limit() >> 20} MiB of memory together"
        return f"it started more than {PROCESSES} processes" if processes > PROCESSES else ""

    def _wait(self) -> str:
        """Wait for a process whose ends are closed, and say how it ended; one that closed them itself can still hang."""
        try:
            return f"the process ended with status {self.process.wait(max(0.0, self.deadline - time.monotonic()))}"
        except subprocess.TimeoutExpired:
            return f"not decided within {CLAIM_SECONDS} s"

    def _report(self, data: bytes) -> None:
        self.reported += len(data)
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            if self.ran.ended:
                return
            if not line.startswith(self.word) or (event := _event(line.removeprefix(self.word), self._expected())) is None:
                self.ran.ended = "something other than the probe wrote to its report"
                return
            self.ran.events.append(event)
            if event["event"] != "seen":  # only the next claim's beginning and end move the limit, so it ends
                self.deadline = time.monotonic() + CLAIM_SECONDS
            if event["event"] == "start":
                self.say(f"deciding {event['name']}")

    def _expected(self) -> str:
        """Return the name of the claim of which the next event must speak; nothing when all are decided."""
        decided = sum(event["event"] == "claim" for event in self.ran.events)
        return self.claims[decided] if decided < len(self.claims) else ""

    def _print(self, data: bytes) -> None:
        self.printed += len(data)
        room = KEPT_BYTES - len(self.head)
        self.head += data[:room]
        self.tail += data[room:] if room > 0 else data
        del self.tail[:-KEPT_BYTES]


def _variables(job: Job, folder: str) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "COLUMNS": "160",
        "CLINIC_DEVICE": job.environment.device,
    }
    return passed | own | job.environment.variables


def _masked(text: str, hidden: Mapping[str, str]) -> str:
    """Replace paths of this machine: a log is published."""
    for path, shown in sorted(hidden.items(), key=lambda item: -len(item[0])):
        for form in dict.fromkeys((path, os.path.realpath(path))):
            text = text.replace(form, shown)
    return text


def _read(descriptor: int) -> bytes:
    """Return what is there; nothing once the other end is closed, which of a socket may also be said by an error."""
    try:
        return os.read(descriptor, 1 << 16)
    except ConnectionError:
        return b""


class _Seen(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    event: Literal["seen"]
    packages: dict[str, str]
    python: str
    machine: str
    device: str = "CPU"
    driver: str = ""
    compiled: list[str] = []  # modules that had no bytecode yet


class _Claim(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    event: Literal["claim"]
    name: str
    verdict: Literal["holds", "refuted", "undecided"]
    reason: str
    seconds: float
    assertions: int


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    event: Literal["setup", "start"]
    name: str = ""


def _event(line: bytes, expected: str) -> dict[str, Any] | None:
    """Return an event that can come now; None for anything else."""
    try:
        event = TypeAdapter(_Seen | _Claim | _Step).validate_json(line)
    except ValidationError:
        return None
    named = "" if isinstance(event, _Seen) else event.name
    if named != (expected if event.event in ("start", "claim") else ""):
        return None
    return event.model_dump(exclude_unset=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # unshare dies, and with it everything in its process namespace
    process.wait()
    if process.stdout:
        process.stdout.close()
