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
from checks.decide.attest import load_private_key, sign
from checks.decide.evidence import Judgement, Record, Standing, Unreadable, read, sweep, write
from checks.decide.plan import load_project
from checks.tend.lint import lint_project

from ..conftest import ERRORS, edit, job_of, statuses
from .keys import private_key, trust

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
    return Standing(path, article, environment, current, now or datetime.now(UTC)).judge(claim, "holds")


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
BECAUSE = 'expires_because = { en = "a moving target", zh = "变化很快" }'
LONG_AGO = datetime(2020, 2, 1, tzinfo=UTC)
DIFFERENT = {
    "another verdict": (with_outcome(observed="refuted", reason="it loaded"), "failing", "observed refuted: it loaded"),
    "undecided": (with_outcome(observed="undecided", reason="SystemExit: 1"), "unverified", "undecided: SystemExit: 1"),
    "future": (with_outcome(recorded=TOMORROW), "unverified", f"recorded in the future ({TOMORROW:%Y-%m-%d})"),
    "too old": (with_outcome(recorded=LONG_AGO), "stale", "older than 90 days (2020-02-01)"),
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
    edit(path.parents[4], f"{FOLDER}/article.toml", 'harm = "error"', f'harm = "error"\nexpires_days = 30\n{BECAUSE}')
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


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80], ids=["neighbour", "letter case, white space", "not UTF-8"])
def test_no_byte_of_a_statement_can_be_another(path: Path, bit: int) -> None:
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :])
        with pytest.raises(Unreadable):
            read(path)


def again(change: Callable[[dict], object], **format: object) -> Callable[[str], str]:
    """Write the statement's JSON once more, changed or in another format."""

    def written(text: str) -> str:
        statement = json.loads(text)
        change(statement)
        return json.dumps(statement, **{"indent": 1, "ensure_ascii": False, **format}) + "\n"  # type: ignore[arg-type]

    return written


def own(statement: dict) -> dict:
    return statement["predicate"]["checkpointClinic"]


def put_last(of: dict, name: str) -> None:
    of[name] = of.pop(name)


ALTERED: dict[str, Callable[[str], str]] = {
    "the digest twice, at its place": lambda text: text.replace(
        '   "digest": "', f'   "digest": "{"0" * 64}",\n   "digest": "', 1
    ),
    "the digest twice, after it": lambda text: text.replace(
        '"\n  }\n }\n}\n', f'",\n   "digest": "{"0" * 64}"\n  }}\n }}\n}}\n'
    ),
    "a verdict twice": lambda text: text.replace('"observed": "holds"', '"observed": "refuted",\n     "observed": "holds"', 1),
    "digest in capitals": lambda text: text[:-80] + text[-80:].upper(),
    "wider": again(lambda _: None, indent=2),
    "on one line": again(lambda _: None, indent=None),
    "sorted": again(lambda _: None, sort_keys=True),
    "a claim put last": again(lambda one: put_last(own(one), "log_bytes")),
    "a field more": again(lambda one: own(one).update(note="true")),
    "a field more, outside": again(lambda one: one.update(note="true")),
    "a space at the end": lambda text: text + " ",
    "no line at the end": lambda text: text.rstrip(),
    "other line ends": lambda text: text.replace("\n", "\r\n"),
    "a space before": lambda text: " " + text,
    "a mark of byte order": lambda text: "\ufeff" + text,
    "a null": lambda text: text + "\0",
    "two statements": lambda text: text + text,
}


@pytest.mark.parametrize("name", ALTERED)
def test_no_other_writing_of_a_statement_is_read(path: Path, name: str) -> None:
    text = path.read_bytes().decode()
    changed = ALTERED[name](text)
    assert changed != text
    path.write_bytes(changed.encode())
    with pytest.raises(Unreadable):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-le", "utf-8-sig"])
def test_a_statement_in_another_encoding_is_not_read(path: Path, encoding: str) -> None:
    path.write_bytes(path.read_bytes().decode().encode(encoding))
    with pytest.raises(Unreadable):
        read(path)


SEALED: dict[str, Callable[[str], str]] = {
    "a result of its own": again(lambda one: one["predicate"].update(result="WARNED")),
    "a cell listed as another": again(lambda one: one["predicate"].update(failedTests=one["predicate"]["passedTests"])),
    "another configuration": again(lambda one: one["predicate"].update(configuration=[])),
    "a subject twice": again(lambda one: one["subject"].append(one["subject"][0])),
    "a number as text": again(lambda one: own(one).update(log_bytes=str(own(one)["log_bytes"]))),
    "a verdict twice": ALTERED["a verdict twice"],
    "a field more, outside": ALTERED["a field more, outside"],
    "a mark of byte order": ALTERED["a mark of byte order"],
}


@pytest.mark.parametrize("name", SEALED)
def test_a_statement_that_contradicts_itself_is_not_read_whatever_its_digest(path: Path, name: str) -> None:
    text = path.read_bytes().decode()
    assert sealed(text) == text.encode()
    path.write_bytes(sealed(SEALED[name](text)))
    with pytest.raises(Unreadable):
        read(path)


def sealed(text: str) -> bytes:
    """Give a statement the digest that fits what stands before it, as somebody who knows the rule would."""
    before, digest = text.encode().rsplit(b'"digest": "', 1)
    before += b'"digest": "'
    return before + hashlib.sha256(before).hexdigest().encode() + digest[64:]


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


def forge(root: Path) -> Path:
    """Make evidence of a GPU that never ran, its digest recomputed: from what a CPU decided, in the engine's own words."""
    job = job_of(root, "needs-a-gpu", "bare-cuda")
    source = evidence.location(job.article, "on_gpu", "bare")
    record = read(source).model_copy(
        update={
            "environment": "bare-cuda",
            "subjects": evidence.subjects(job.article, "on_gpu", job.environment, root),
            "seen": read(source).seen.model_copy(update={"device": "NVIDIA H100 80GB HBM3", "driver": "570.86"}),
        }
    )
    path = evidence.location(job.article, "on_gpu", "bare-cuda")
    write(path, record, source.with_suffix(".log").read_bytes())
    return path


GPU_CELL = "needs-a-gpu on_gpu.sum_is_exact@bare-cuda"


def gpu(root: Path) -> Judgement:
    project = load_project(root)
    return next(project.judge(cell) for cell in project.cells() if f"{cell.article.slug} {cell.name}" == GPU_CELL)


def test_who_recomputes_the_digest_does_not_make_a_gpu_cell_green(decided: Path) -> None:
    path = forge(decided)
    assert read(path).outcomes[0].observed == "holds"  # whole, by its own digest
    judged = gpu(decided)
    assert (judged.status, judged.observed, judged.level) == ("unverified", None, "stated")
    assert judged.reason == "needs an attestation by a trusted key"
    evidence.attest(path, sign(path.read_bytes(), load_private_key(private_key())))
    assert gpu(decided) == judged  # a key of one's own helps nobody
    assert {status for cell, status in statuses(decided).items() if cell != GPU_CELL and "wrong" not in cell} == {"verified"}


def test_a_trusted_key_makes_it_count_and_for_that_statement_only(decided: Path) -> None:
    key, path = private_key(), forge(decided)
    trust(decided, key)
    assert gpu(decided).needs == "a trusted key"
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    assert (gpu(decided).status, gpu(decided).level) == ("verified", "attested")
    rewrite_as = with_outcome(seconds=1.5)(read(path))
    envelope = path.with_suffix(".dsse.json").read_bytes()
    write(path, rewrite_as, path.with_suffix(".log").read_bytes())
    assert not path.with_suffix(".dsse.json").exists()  # of another run
    path.with_suffix(".dsse.json").write_bytes(envelope)
    assert (gpu(decided).status, gpu(decided).level) == ("unverified", "stated")


def test_a_key_that_is_no_longer_trusted_takes_its_word_back(decided: Path) -> None:
    key, path = private_key(), forge(decided)
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    trust(decided, key)
    assert gpu(decided).status == "verified"
    trust(decided, private_key())
    assert gpu(decided).status == "unverified"


def test_an_attested_answer_that_is_not_the_expected_one_is_failing(decided: Path) -> None:
    key, path = private_key(), forge(decided)
    trust(decided, key)
    write(path, with_outcome(observed="refuted", reason="1 != 2")(read(path)), path.with_suffix(".log").read_bytes())
    assert gpu(decided).status == "unverified"
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    assert gpu(decided).status == "failing"


def test_one_changed_byte_of_statement_log_or_envelope_takes_the_attestation(decided: Path) -> None:
    key, path = private_key(), forge(decided)
    trust(decided, key)
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    for file in evidence.files_of(path):
        whole = file.read_bytes()
        for position in range(0, len(whole), max(1, len(whole) // 60)):
            file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            evidence._read_once.cache_clear()
            assert gpu(decided).status == "unverified", (file.name, position)
        file.write_bytes(whole)
    evidence._read_once.cache_clear()
    assert gpu(decided).status == "verified"


def test_writer_of_another_machine_s_files_stopped_at_any_step_leaves_the_old_or_the_new(decided: Path, tmp_path: Path) -> None:
    key, path = private_key(), forge(decided)
    trust(decided, key)
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    old = {file.name: file.read_bytes() for file in evidence.files_of(path)}
    brought = tmp_path / "brought" / path.name
    write(brought, with_outcome(seconds=1.5)(read(path)), b"")
    write(brought, read(path).model_copy(update={"log_sha256": hashlib.sha256(b"again").hexdigest(), "log_bytes": 5}), b"again")
    evidence.attest(brought, sign(brought.read_bytes(), load_private_key(key)))
    new = {file.name: file.read_bytes() for file in evidence.files_of(brought)}
    seen = []
    for step in range(30):
        ended = stop_at(step, lambda: evidence.adopt(path, brought))
        evidence._read_once.cache_clear()
        assert (gpu(decided).status, gpu(decided).level) == ("verified", "attested")
        sweep([path.parents[1]])
        there = {file.name: file.read_bytes() for file in path.parent.iterdir() if "cuda" in file.name}
        assert there in (old, new)
        seen.append(there == new)
        if ended:
            break
        for name, data in old.items():
            (path.parent / name).write_bytes(data)
    assert seen[0] is False and seen[-1] is True
