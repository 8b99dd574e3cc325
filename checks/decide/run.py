"""Run one job: the probe in its environment, isolated and limited; what it reported becomes a record.

The process and all that it starts live in their own process and network namespaces where the machine allows it (no daemon
survives, nothing is fetched); elsewhere in a process group. Which one it was is recorded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from .evidence import Outcome, Record, Seen, Unreadable, location, probe, read, subjects, write
from .install import Installed, home, install
from .plan import Job, Project

CLAIM_SECONDS = 900  # the slowest real claim takes two minutes on two cores
GRACE_SECONDS = 2
PRINTED_BYTES = 64 << 20  # more than this is no log
KEPT_BYTES = 256 << 10  # of the beginning, and again of the end
MEMORY_SHARE = 0.8
INIT = ("sh", "-c", '"$@"; exit $?', "sh")  # the first process of a namespace; as such the check could not even end itself
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

    An undecided claim does not replace an answer that the same files gave before: that answer stays, with its age.

    Raises:
        install.Unavailable: if the environment cannot be entered; nothing is written then.
    """
    base = home(project.root)
    installed = install(job.environment, base / "environments", wheels, say)
    before = subjects(job.article, job.module, job.environment, project.root)
    claims = [cell.claim.function for cell in job.cells]
    events: list[dict[str, Any]] = []
    log = b""
    while waiting := claims[len([event for event in events if event["event"] == "claim"]) :]:
        ran = _start(project.root, job, installed, waiting, say)
        log += ran.log
        decided = [event["name"] for event in ran.events if event["event"] == "claim"]
        events += ran.events
        if len(decided) < len(waiting):  # it died or was stopped inside a claim: the next ones get a process of their own
            events.append(
                {
                    "event": "claim",
                    "name": waiting[len(decided)],
                    "verdict": "undecided",
                    "reason": ran.ended,
                    "seconds": 0.0,
                    "assertions": 0,
                }
            )
    after = subjects(job.article, job.module, job.environment, project.root)
    record = _record(job, before, events, log)
    if before != after:
        changed = sorted({name for name, _ in set(before.items()) ^ set(after.items())})
        say(f"{job.name}: {', '.join(changed)} changed during the run; run again")
    path = location(job.article, job.module, job.environment.name)
    with contextlib.suppress(Unreadable):
        record = _keep_answers(read(path), record)
    if any(outcome.observed != "undecided" for outcome in record.outcomes) or not path.is_file():
        write(path, record, log)
    return record


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
        seen=Seen(**facts, isolation=isolation()[0]),
        outcomes=outcomes,
        log_sha256=hashlib.sha256(log).hexdigest(),
        log_bytes=len(log),
    )


def _start(root: Path, job: Job, installed: Installed, claims: list[str], say: Say) -> Ran:
    """Start the probe for these claims and collect what it reports until it ends or a limit does it."""
    name, prefix = isolation()
    with tempfile.TemporaryDirectory(prefix="clinic-", ignore_cleanup_errors=True) as folder:
        report, reported = os.pipe()
        command = [
            *prefix,
            *(INIT if prefix else ()),
            str(installed.python),
            "-I",
            "-u",
            str(probe(root)),
            str(job.article.folder / f"{job.module}.py"),
        ]
        command += ["--root", str(root), "--report", str(reported)]
        command += [argument for prelude in job.environment.preludes for argument in ("--before", str(prelude))]
        command += [argument for claim in claims for argument in ("--claim", claim)]
        command += ["--loopback"] if "network" in name else []
        if job.environment.device == "cpu":  # CUDA reserves address space far beyond what it uses
            command += ["--memory", str(int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MEMORY_SHARE))]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_variables(job, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[reported],
            start_new_session=True,
        )
        os.close(reported)
        try:
            ran = _Collector(process, report, say).collect()
        finally:
            _kill(process)
            os.close(report)
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


class _Collector:
    """Reads a process's output and reports, without ever holding more than what is kept."""

    def __init__(self, process: subprocess.Popen[bytes], report: int, say: Say) -> None:
        assert process.stdout is not None  # it was started with a pipe
        self.process, self.say = process, say
        self.output, self.report = process.stdout.fileno(), report
        self.ran, self.pending = Ran(), b""
        self.head, self.tail, self.printed = bytearray(), bytearray(), 0
        self.deadline = time.monotonic() + CLAIM_SECONDS

    def collect(self) -> Ran:
        """Read until both ends are closed, the process ended, a claim took too long or the log grew too large."""
        with selectors.DefaultSelector() as selector:
            for descriptor in (self.output, self.report):
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ)
            ended_at = None
            while selector.get_map():
                ready = selector.select(timeout=0.2)
                for key, _ in ready:
                    if not (data := os.read(key.fd, 1 << 16)):
                        selector.unregister(key.fd)
                    elif key.fd == self.report:
                        self._report(data)
                    else:
                        self._print(data)
                if time.monotonic() > self.deadline:
                    self.ran.ended = f"not decided within {CLAIM_SECONDS} s"
                elif self.printed > PRINTED_BYTES:
                    self.ran.ended = f"it printed more than {PRINTED_BYTES >> 20} MiB"
                if self.ran.ended:
                    break
                ended_at = ended_at or (time.monotonic() if self.process.poll() is not None else None)
                if ended_at and time.monotonic() - ended_at > GRACE_SECONDS:
                    break  # something that it left behind holds the pipe
        if not self.ran.ended:
            self.ran.ended = self._wait()
        cut = self.printed - len(self.head) - len(self.tail)
        note = f"\n--- {cut} bytes left out\n".encode() if cut else b""
        self.ran.log = bytes(self.head) + note + bytes(self.tail)
        return self.ran

    def _wait(self) -> str:
        """Wait for a process whose ends are closed, and say how it ended; one that closed them itself can still hang."""
        try:
            return f"the process ended with status {self.process.wait(max(0.0, self.deadline - time.monotonic()))}"
        except subprocess.TimeoutExpired:
            return f"not decided within {CLAIM_SECONDS} s"

    def _report(self, data: bytes) -> None:
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            self.ran.events.append(event)
            self.deadline = time.monotonic() + CLAIM_SECONDS
            if event["event"] == "start":
                self.say(f"deciding {event['name']}")

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


@lru_cache
def isolation() -> tuple[str, tuple[str, ...]]:
    """Return (what it is, command prefix) of the strictest isolation that works here."""
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return "process group", ()
    as_user = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    spaces = ("--pid", "--fork", "--kill-child=KILL", "--mount-proc")
    for name, extra in (("process and network namespaces", ("--net",)), ("process namespace", ())):
        prefix = ("setpriv", "--pdeathsig", "KILL", "unshare", *as_user, *extra, *spaces)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            tried = subprocess.run([*prefix, "true"], capture_output=True, timeout=10, check=False)
            if tried.returncode == 0:
                return name, prefix
    return "process group", ()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # unshare dies, and with it everything in its process namespace
    process.wait()
    if process.stdout:
        process.stdout.close()
