"""What a run saw, as an in-toto statement file, who vouches for it, and the rule that derives a cell's status from both.

One Statement v1 with a test-result v0.1 predicate for each run of one check module in one environment: exactly what one process
decides, so a file is replaced whole, and a run that was interrupted goes on at the next module.
Format: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from packaging.utils import canonicalize_name
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ..content.article import Article, imported_files
from ..content.environment import Environment
from ..content.problem import Invalid, Problem
from .attest import DSSE, ENDINGS, SIGSTORE, Refused, key_of, made_for, workflow_of
from .policy import STRICT, Policy

Observed = Literal["holds", "refuted", "undecided"]
Status = Literal["verified", "failing", "stale", "unverified"]
Level = Literal["stated", "attested"]  # a file in the repository; or somebody whom the policy trusts has signed it
STATEMENT, PREDICATE, OWN = (
    "https://in-toto.io/Statement/v1",
    "https://in-toto.io/attestation/test-result/v0.1",
    "checkpointClinic",
)
MANY = 1 << 14  # statements that are kept in memory: more than a project has
_END = b'"\n  }\n }\n}\n'  # what follows a statement's own digest, its last value: all before is what it is the digest of
_BEFORE = slice(-64 - len(_END))


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Outcome(_Frozen):
    """What was observed for one claim; `reason` says why it is not `holds`; `seconds` is the claim's own time."""

    claim: str
    expected: Literal["holds", "refuted"]
    observed: Observed
    reason: str = ""
    seconds: float = Field(ge=0)
    assertions: int = Field(ge=0)
    recorded: AwareDatetime


class Seen(_Frozen):
    """What the environment was, read inside it."""

    python: str
    packages: dict[str, str]
    machine: str
    device: str = "CPU"
    driver: str = ""
    isolation: str


class Record(_Frozen):
    """One statement: the subjects (path -> sha256), what was seen, the outcomes, the log's digest and size in bytes."""

    article: str
    module: str
    environment: str
    subjects: dict[str, str]
    seen: Seen
    outcomes: tuple[Outcome, ...]
    log_sha256: str
    log_bytes: int

    def outcome(self, claim: str) -> Outcome | None:
        """Return what was observed for `module.function`, or None."""
        return self._by_claim.get(claim)

    @functools.cached_property
    def _by_claim(self) -> dict[str, Outcome]:
        return {outcome.claim: outcome for outcome in reversed(self.outcomes)}


@dataclass(frozen=True)
class Judgement:
    """A cell's status with the reason for it; `needs` says whose word a current answer lacks before it counts."""

    status: Status
    reason: str
    observed: Observed | None = None
    outcome: Outcome | None = None
    level: Level | None = None
    needs: str = ""


class Unreadable(Exception):
    """An evidence file that is not whole or not what it should be."""


def sha256(path: Path) -> str:
    """Return the hexadecimal digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def probe(root: Path) -> Path:
    """Return the probe that decides the project's claims: the project's own, else the engine's."""
    own = root / "checks" / "probe.py"
    return own if own.is_file() else Path(__file__).parents[1] / "probe.py"


def subjects(article: Article, module: str, environment: Environment, root: Path) -> dict[str, str]:
    """Return path -> sha256 of every file that decides the verdicts of one module in one environment."""
    return dict(sorted((module_subjects(article, module, root) | environment_subjects(environment, root)).items()))


def module_subjects(article: Article, module: str, root: Path, digest: Callable[[Path], str] = sha256) -> dict[str, str]:
    """Return path -> sha256 of the check module, what it imports of ours, and the probe."""
    files = {file.relative_to(root).as_posix(): file for file in imported_files(article.folder / f"{module}.py", root)}
    return {name: digest(file) for name, file in (files | {"checks/probe.py": probe(root)}).items()}


def environment_subjects(environment: Environment, root: Path, digest: Callable[[Path], str] = sha256) -> dict[str, str]:
    """Return path -> sha256 of what states an environment: environment.toml, locks and preludes of all its layers."""
    return {file.relative_to(root).as_posix(): digest(file) for file in environment.subjects}


def location(article: Article, module: str, environment: str) -> Path:
    """Return the evidence file's path; the raw log lies beside it with the ending .log."""
    return _location(article.folder, f"{module}@{environment}")


@functools.lru_cache(maxsize=MANY)
def _location(folder: Path, name: str) -> Path:
    return folder / "evidence" / f"{name}.json"


def write(path: Path, record: Record, log: bytes) -> None:
    """Write the statement and its log by way of temporary files: killed anywhere, the old or the new one is whole."""
    statement = _statement(record, "0" * 64)
    _check_format(statement)
    _put(path, _text(statement), {".log": log})


def adopt(path: Path, source: Path) -> None:
    """Take over a statement with its log and its envelopes, byte for byte; killed anywhere, the old or the new one is whole.

    A log is called .txt on a site, so that a browser shows it.
    """
    beside = {ending: file.read_bytes() for ending in ENDINGS if (file := source.with_suffix(ending)).is_file()}
    log = next((file for one in (".log", ".txt") if (file := source.with_suffix(one)).is_file()), None)
    _put(path, source.read_bytes(), {**({".log": log.read_bytes()} if log else {}), **beside})


def files_of(path: Path) -> list[Path]:
    """Return a statement's files: itself, its log, the envelopes beside it."""
    return [file for file in (path, *map(path.with_suffix, (".log", *ENDINGS))) if file.is_file()]


def attest(path: Path, envelope: bytes) -> Path:
    """Lay a signed envelope beside a statement; return its path."""
    _replace(path.with_suffix(DSSE), envelope)
    return path.with_suffix(DSSE)


def _put(path: Path, statement: bytes, beside: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for ending, data in beside.items():
        _replace(_next(path, ending), data)
    _replace(path, statement)  # from here on it is the new run
    for ending in (".log", *ENDINGS):
        if ending in beside:
            _next(path, ending).replace(path.with_suffix(ending))
        else:  # of an earlier run
            path.with_suffix(ending).unlink(missing_ok=True)


def read(path: Path) -> Record:
    """Read one statement and compare it with its log.

    Raises:
        Unreadable: with one sentence; also for a record whose own digest or whose log's digest is another.
    """
    try:
        written = path.read_bytes()
        statement = json.loads(written.decode(), object_pairs_hook=_without_repeats)
        own = statement["predicate"][OWN]
        subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        record = Record.model_validate({key: value for key, value in own.items() if key != "digest"} | {"subjects": subjects})
    except ValidationError as error:
        first = error.errors()[0]
        raise Unreadable(f"the evidence is malformed: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except Exception as error:  # whatever a broken file makes JSON or a look-up raise, it is not evidence
        raise Unreadable(f"the evidence cannot be read: {type(error).__name__}: {error}"[:200]) from error
    own_digest = hashlib.sha256(written[_BEFORE]).hexdigest()  # of every byte: also one that JSON does not count
    if not written.endswith(own_digest.encode() + _END) or statement != _statement(record, own_digest):
        raise Unreadable("the evidence was altered after it was written")
    logs = [log for log in (path.with_suffix(".log"), _next(path, ".log")) if log.is_file()]
    if record.log_sha256 not in map(sha256, logs):
        raise Unreadable("the raw log beside the evidence is missing or was altered")
    return record


@dataclass(frozen=True, eq=False)
class Standing:
    """What one statement is worth at a moment, wherever it lies: all that its cells' statuses share, found once.

    `current` holds the subjects' digests of today. A status is never stored: it is derived anew at each build.
    """

    path: Path
    article: Article
    environment: Environment
    current: Mapping[str, str]
    now: datetime
    policy: Policy = STRICT

    def judge(self, claim: str, expected: str) -> Judgement:
        """Derive a cell's status."""
        record = self._record
        if not isinstance(record, Record):
            return Judgement("unverified", record)
        outcome = record.outcome(claim)
        level: Level = "attested" if self.vouchers else "stated"
        status, reason, observed, counted = self._judge_outcome(record, outcome, expected)
        if status in ("verified", "failing") and self._unmet:
            return Judgement("unverified", f"needs an attestation by {self._unmet}", None, outcome, level, self._unmet)
        return Judgement(status, reason, observed, counted, level)

    @property
    def record(self) -> Record | None:
        """The record, or None if there is none that can be read."""
        return self._record if isinstance(self._record, Record) else None

    def _judge_outcome(
        self, record: Record, outcome: Outcome | None, expected: str
    ) -> tuple[Status, str, Observed | None, Outcome | None]:
        if (record.article, record.environment) != (self.article.id, self.environment.name):
            return "unverified", "the evidence belongs to another article or environment", None, None
        if outcome is None:
            return "unverified", "not run yet: the claim is newer than the evidence", None, None
        observed, day = outcome.observed, outcome.recorded.date()
        if outcome.recorded > self._latest:
            return "unverified", f"recorded in the future ({day})", None, outcome
        if observed == "undecided":
            return "unverified", f"undecided: {outcome.reason}", "undecided", outcome
        if self._changed_since:
            return "stale", f"changed since the run: {self._changed_since}", observed, outcome
        if self._mismatched:
            return "unverified", f"imported differs from pinned: {self._mismatched}", observed, outcome
        if outcome.recorded < self._oldest:
            return "stale", f"older than {self.article.toml.expires_days} days ({day})", observed, outcome
        because = f": {outcome.reason}" if outcome.reason else ""
        if observed != expected:
            return "failing", f"expected {expected}, observed {observed}{because}", observed, outcome
        return "verified", f"observed {observed} on {day}{because}", observed, outcome

    @functools.cached_property
    def _latest(self) -> datetime:
        return self.now + timedelta(minutes=5)

    @functools.cached_property
    def _oldest(self) -> datetime:
        return self.now - timedelta(days=self.article.toml.expires_days)

    @functools.cached_property
    def _record(self) -> Record | str:
        """The record, or why there is none that can be read."""
        if self.path.is_file():
            return _read_once(self.path, _changed(self.path))
        return "not run yet" + (" on a machine with a CUDA device" if self.environment.device == "cuda" else "")

    @functools.cached_property
    def _changed_since(self) -> str:
        record = self._record
        was = record.subjects if isinstance(record, Record) else {}
        return ", ".join(sorted({name for name, _ in was.items() ^ self.current.items()}))

    @functools.cached_property
    def _mismatched(self) -> str:
        record = self._record
        return mismatched_packages(self.environment, record.seen) if isinstance(record, Record) else ""

    @functools.cached_property
    def vouchers(self) -> frozenset[str]:
        """Who of the policy has signed the statement: `key:NAME`, `workflow:NAME`."""
        return vouchers_of(self.path, self.policy)

    @functools.cached_property
    def _unmet(self) -> str:
        return self.policy.unmet(self.environment.name, self.environment.device, self.vouchers)


def vouchers_of(path: Path, policy: Policy) -> frozenset[str]:
    """Return who of the policy has signed a statement: `key:NAME`, `workflow:NAME`."""
    return frozenset(voucher for _, voucher, _ in envelopes(path, policy) if voucher)


def envelopes(path: Path, policy: Policy) -> tuple[tuple[Path, str, str], ...]:
    """Return each envelope beside a statement, with who has made it, or else with why nobody is known to have."""
    files = [file for ending in ENDINGS for file in (path.with_suffix(ending), _next(path, ending)) if file.is_file()]
    return tuple(
        (file, *_opened_once(path, file, file.suffixes[-2], _changed(path), _changed(file), policy.digest)) for file in files
    )


@functools.lru_cache(maxsize=MANY)
def _opened_once(path: Path, file: Path, kind: str, _statement: object, _envelope: object, policy: str) -> tuple[str, str]:
    stated = Policy.model_validate_json(policy)
    try:
        if SIGSTORE.startswith(kind):
            return f"workflow:{workflow_of(path.read_bytes(), file.read_bytes(), stated.workflows)}", ""
        return f"key:{key_of(path.read_bytes(), file.read_bytes(), stated.keys)}", ""
    except Refused as error:
        return "", str(error)


def _changed(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_or_none(path: Path) -> Record | None:
    """Return the record, or None if there is none that can be read."""
    record = _read_once(path, _changed(path)) if path.is_file() else None
    return record if isinstance(record, Record) else None


@functools.lru_cache(maxsize=MANY)
def _read_once(path: Path, _modified: object) -> Record | str:
    try:
        return read(path)
    except Unreadable as error:
        return str(error)


def mismatched_packages(environment: Environment, seen: Seen) -> str:
    """Return the first pinned package that was imported in another version, as `name pinned -> seen`; else nothing."""
    if environment.python != "system" and not seen.python.startswith(f"{environment.python}."):
        return f"Python {environment.python} -> {seen.python}"
    found = {_canonical(name): version for name, version in seen.packages.items()}
    differences = []
    for local in (True, False):
        pins = environment.pinned[local].items()  # their names are canonical
        differences.append([f"{name} {pin} -> {found.get(name, 'missing')}" for name, pin in pins if found.get(name) != pin])
    return "" if not all(differences) else min(differences, key=len)[0]


@functools.lru_cache(maxsize=MANY)
def _canonical(name: str) -> str:
    return canonicalize_name(name)


def now() -> datetime:
    """Return the time at which a status is derived: SOURCE_DATE_EPOCH where it is set, so that a build can be repeated.

    Raises:
        Invalid: if it is no time.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        if epoch and not epoch.isascii():
            raise ValueError("digits of another script")
        return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError) as error:
        expected = "seconds since 1970, such as 1800000000"
        repair = "run: unset SOURCE_DATE_EPOCH, or set it to such a number"
        raise Invalid([Problem("SOURCE_DATE_EPOCH", 1, expected, repr(epoch)[:80], repair)]) from error


def unfinished(folders: Iterable[Path]) -> list[Path]:
    """Return what a run left in articles' folders that was killed while it wrote evidence; `sweep` finishes or removes it."""
    endings = ("*.log.next", "*.tmp")
    return sorted(path for folder in folders for ending in endings for path in folder.glob(f"evidence/.{ending}"))


def sweep(folders: Iterable[Path]) -> None:
    """Finish or remove what a killed run left behind."""
    for folder in folders:
        for leftover in folder.glob("evidence/.*.tmp"):
            leftover.unlink(missing_ok=True)
        for file in folder.glob("evidence/.*.next"):
            name = file.name.removeprefix(".").removesuffix(".next")
            ending = next(one for one in (*ENDINGS, ".log", file.suffix) if name.endswith(one))
            statement = file.with_name(name.removesuffix(ending) + ".json")
            with contextlib.suppress(Unreadable):
                if statement.is_file() and _belongs(file, ending, read(statement), statement):
                    file.replace(statement.with_suffix(ending))
            file.unlink(missing_ok=True)


def _belongs(file: Path, ending: str, record: Record, statement: Path) -> bool:
    """Whether what a killed writer left belongs to the statement that stands there."""
    if ending == ".log":
        return record.log_sha256 == sha256(file)
    return made_for(statement.read_bytes(), file.read_bytes())


def _text(statement: dict[str, Any]) -> bytes:
    """Return a statement's file, its own digest filled in: it tells an alteration; who made it is for a signature to say."""
    text = (json.dumps(statement, indent=1, ensure_ascii=False) + "\n").encode()
    return text[_BEFORE] + hashlib.sha256(text[_BEFORE]).hexdigest().encode() + _END


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary of what JSON holds; a name that stands twice would be read as one value here, as another there."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _statement(record: Record, own_digest: str) -> dict[str, Any]:
    own: dict[str, Any] = record.model_dump(mode="json", exclude={"subjects"})
    tests: dict[str, list[str]] = {"passed": [], "warned": [], "failed": []}
    for outcome in record.outcomes:
        kind = "warned" if outcome.observed == "undecided" else "passed" if outcome.observed == outcome.expected else "failed"
        tests[kind].append(f"{outcome.claim}@{record.environment}")
    environment = [
        {"name": name, "digest": {"sha256": digest}} for name, digest in record.subjects.items() if "/environments/" in name
    ]
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in record.subjects.items()],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "FAILED" if tests["failed"] else "WARNED" if tests["warned"] else "PASSED",
            "configuration": environment,
            "passedTests": tests["passed"],
            "warnedTests": tests["warned"],
            "failedTests": tests["failed"],
            OWN: own | {"digest": own_digest},
        },
    }


def _check_format(statement: dict[str, Any]) -> None:
    """Have the format's own library read the statement; it raises whatever is wrong. Reading compares with what was written."""
    from google.protobuf.json_format import ParseDict  # imported here: time that a run with nothing to do does not need
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    Statement.copy_from_pb(ParseDict(statement, Message())).validate()


def _next(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.stem}{ending}.next")


def _replace(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
