"""The statement file and the status rule: what is green, and that nothing else ever is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.content.problem import Invalid, Problem
from checks.decide import evidence
from checks.decide.evidence import Judgement, Record, Unreadable, judge, read, sweep, write
from checks.decide.plan import load_project
from checks.tend.lint import lint_project

from ..conftest import ERRORS, edit

FOLDER = f"{ERRORS}/prefix-missing"
FILE = f"{FOLDER}/evidence/load_renamed@bare.json"
CLAIM = "load_renamed.plain_look_up_fails"


@pytest.fixture
def path(decided: Path) -> Path:
    """The evidence of prefix-missing, decided in the clinic two folders above."""
    return decided / FILE


def judged(path: Path, claim: str = CLAIM, now: datetime | None = None) -> Judgement:
    """Judge a claim of prefix-missing by the files of this moment."""
    evidence._read_once.cache_clear()
    project = load_project(path.parents[4])
    article, environment = project.articles[0], project.environments["bare"]
    current = evidence.subjects(article, "load_renamed", environment, project.root)
    return judge(article, claim, "holds", environment, current, now or datetime.now(UTC))


def rewrite(path: Path, change: Callable[[Record], Record]) -> None:
    """Write the record with a change, as a run that saw that would have."""
    write(path, change(read(path)), path.with_suffix(".log").read_bytes())


def with_outcome(**updates: object) -> Callable[[Record], Record]:
    return lambda record: record.model_copy(
        update={"outcomes": tuple(outcome.model_copy(update=updates) for outcome in record.outcomes)}
    )


def with_seen(**updates: object) -> Callable[[Record], Record]:
    return lambda record: record.model_copy(update={"seen": record.seen.model_copy(update=updates)})


def without_snippet(record: Record) -> Record:
    return record.model_copy(update={"subjects": dict(list(record.subjects.items())[:-1])})


TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LONG_AGO = datetime(2020, 2, 1, tzinfo=UTC)
DIFFERENT = {
    "another verdict": (with_outcome(observed="refuted", reason="it loaded"), "failing", "observed refuted: it loaded"),
    "undecided": (with_outcome(observed="undecided", reason="SystemExit: 1"), "unverified", "undecided: SystemExit: 1"),
    "future": (with_outcome(recorded=TOMORROW), "unverified", f"recorded in the future ({TOMORROW:%Y-%m-%d})"),
    "too old": (with_outcome(recorded=LONG_AGO), "stale", "older than 400 days (2020-02-01)"),
    "another claim": (with_outcome(claim="load_renamed.other"), "unverified", "the claim is newer than the evidence"),
    "another article": (lambda one: one.model_copy(update={"article": "CC002"}), "unverified", "another article"),
    "another environment": (lambda one: one.model_copy(update={"environment": "bare-cuda"}), "unverified", "environment"),
    "fewer subjects": (without_snippet, "stale", "changed since the run: snippets/rename_keys.py"),
}


def test_expected_verdict_from_the_files_of_today_is_verified(path: Path) -> None:
    assert judged(path).status == "verified"
    assert judged(path).reason == f"observed holds on {datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.parametrize("name", DIFFERENT)
def test_anything_else_has_its_status_and_its_reason(path: Path, name: str) -> None:
    change, status, reason = DIFFERENT[name]
    rewrite(path, change)
    assert (judged(path).status, reason in judged(path).reason) == (status, True)


def test_nothing_recorded_is_unverified(path: Path) -> None:
    path.unlink()
    assert judged(path) == Judgement("unverified", "not run yet")


def test_age_is_measured_at_the_build_and_allowed_by_the_article(path: Path) -> None:
    edit(path.parents[4], f"{FOLDER}/article.toml", 'harm = "error"', 'harm = "error"\nexpires_days = 30')
    recorded = read(path).outcomes[0].recorded
    assert judged(path, now=recorded + timedelta(days=30)).status == "verified"
    assert judged(path, now=recorded + timedelta(days=30, seconds=1)).status == "stale"


def test_build_can_be_repeated_at_a_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert evidence.now() == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("epoch", ["garbage", "1e9", "-9" * 20, "9" * 30, "9" * 5000, "१२", " ", "0x10"])
def test_a_time_that_is_none_is_said_once_with_its_repair(epoch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(Invalid) as error:
        evidence.now()
    (problem,) = error.value.problems
    assert problem.file == "SOURCE_DATE_EPOCH" and "unset SOURCE_DATE_EPOCH" in problem.repair


@pytest.mark.parametrize(
    ("python", "packages", "reason"),
    [
        ("3.11.7", {"torch": "2.6.0"}, ""),
        ("3.11.7", {"torch": "2.6.1"}, "torch 2.6.0 -> 2.6.1"),
        ("3.11.7", {}, "torch 2.6.0 -> missing"),
        ("3.12.1", {"torch": "2.6.0"}, "Python 3.11 -> 3.12.1"),
    ],
)
def test_what_was_imported_must_be_what_is_pinned(path: Path, python: str, packages: dict, reason: str) -> None:
    root = path.parents[4]
    edit(root, "checks/environments/bare/environment.toml", '"system"', '"3.11"')
    (root / "checks/environments/bare/lock.txt").write_text("torch==2.6.0\n", encoding="utf-8")
    project = load_project(root)
    current = evidence.subjects(project.articles[0], "load_renamed", project.environments["bare"], root)
    rewrite(path, lambda one: with_seen(python=python, packages=packages)(one.model_copy(update={"subjects": current})))
    expected = ("unverified", f"imported differs from pinned: {reason}") if reason else ("verified", judged(path).reason)
    assert (judged(path).status, judged(path).reason) == expected


def test_one_changed_byte_in_the_statement_is_never_green(path: Path) -> None:
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert judged(path).status == "unverified", whole[:position].decode()[-80:]


@pytest.mark.parametrize("keep", [0, 1, 0.5, 0.99])
def test_half_a_statement_is_never_green(path: Path, keep: float) -> None:
    whole = path.read_bytes().rstrip()
    path.write_bytes(whole[: int(len(whole) * keep) if keep < 1 else -1])
    assert judged(path).status == "unverified"
    assert judged(path).reason.startswith("the evidence cannot be read: JSONDecodeError")


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"predicate": {"checkpointClinic": {}}, "subject": []}', "9" * 5000])
def test_other_json_is_unreadable_evidence(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable, match=r"the evidence (cannot be read|is malformed)"):
        read(path)


@pytest.mark.parametrize("change", [lambda log: log + b".", lambda log: log[1:], None])
def test_altered_or_missing_log_is_never_green(path: Path, change: Callable[[bytes], bytes] | None) -> None:
    log = path.with_suffix(".log")
    log.write_bytes(change(log.read_bytes())) if change else log.unlink()
    assert judged(path) == Judgement("unverified", "the raw log beside the evidence is missing or was altered")


def test_altered_evidence_is_named_with_its_repair(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"observed": "holds"', '"observed": "refuted"'), encoding="utf-8")
    repair = "run: clinic run CC001 --environment bare"
    expected = Problem(FILE, 1, "evidence as it was written", "the evidence was altered after it was written", repair)
    assert lint_project(path.parents[4]) == [expected]


def test_statement_is_in_toto_and_lists_cells_by_what_they_showed(path: Path) -> None:
    rewrite(
        path,
        lambda one: one.model_copy(update={"outcomes": (one.outcomes[0], *with_outcome(observed="refuted")(one).outcomes[1:])}),
    )
    statement = json.loads(path.read_bytes())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["predicate"]["result"] == "FAILED"
    assert statement["predicate"]["passedTests"] == [f"{CLAIM}@bare"]
    assert statement["predicate"]["failedTests"] == ["load_renamed.renamed_keys_are_found@bare"]
    assert [one["name"] for one in statement["subject"]] == [
        "checks/environments/bare/environment.toml",
        "checks/environments/bare/lock.txt",
        f"{FOLDER}/load_renamed.py",
        "checks/probe.py",
        "snippets/rename_keys.py",
    ]


def stop_at(step: int, action: Callable[[], None]) -> bool:
    """Run `action` in a process that is gone, as if killed, before its n-th rename or fsync; tell if it ended first."""
    child = os.fork()
    if child == 0:
        steps = iter(range(step))

        def counted(function: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object) -> object:
                if next(steps, None) is None:
                    os._exit(9)
                return function(*arguments)

            return call

        Path.replace, os.fsync = counted(Path.replace), counted(os.fsync)  # type: ignore[method-assign,assignment]
        action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_writer_stopped_at_any_step_leaves_the_old_or_the_new_evidence(path: Path) -> None:
    old, old_log = read(path), path.with_suffix(".log").read_bytes()
    log = b"another run\n"
    new = with_outcome(reason="again")(old).model_copy(
        update={"log_sha256": hashlib.sha256(log).hexdigest(), "log_bytes": len(log)}
    )
    seen = []
    for step in range(20):
        ended = stop_at(step, lambda: write(path, new, log))
        found = read(path)
        assert found in (old, new)
        sweep([path.parents[1]])
        assert read(path) == found
        assert {file.name for file in path.parent.iterdir()} == {path.name, path.with_suffix(".log").name}
        seen.append(found == new)
        if ended:
            break
        write(path, old, old_log)
    assert seen[0] is False
    assert seen[-1] is True
