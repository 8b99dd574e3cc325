"""Evidence of another machine: taken by the rules that judge our own, or refused with the reason, nothing half written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from checks.decide import evidence, incoming
from checks.decide.attest import load_private_key, sign
from checks.decide.evidence import location, read, write
from checks.decide.incoming import examine, statements, take
from checks.decide.plan import Job, load_project

from ..conftest import ERRORS, add_byte, clinic, contents, edit, job_of, statuses
from .keys import private_key, trust
from .test_evidence import GPU_CELL, forge, with_outcome


@pytest.fixture
def brought(decided: Path, tmp_path: Path) -> Path:
    """A folder of evidence as an artifact has it; the clinic itself has none."""
    folder = tmp_path / "brought"
    for path in sorted((decided / ERRORS).glob("*/evidence")):
        shutil.move(path, folder / path.parent.name / "evidence")
    return folder


def of(folder: Path, name: str) -> Path:
    return next(path for path in statements(folder) if path.stem == name)


def test_another_machine_s_evidence_is_taken_byte_for_byte(decided: Path, brought: Path) -> None:
    done = clinic(decided, "import", str(brought))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("took ") == 4
    there = contents(decided)
    for name, data in contents(brought).items():
        assert there[f"{ERRORS}/{name}"] == data
    again = clinic(decided, "import", str(brought))
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr.count("kept ours: ") == again.stderr.count("it is here already") == 4


def other_article(path: Path) -> None:
    write(path, read(path).model_copy(update={"article": "CC999"}), path.with_suffix(".log").read_bytes())


def undecided(path: Path) -> None:
    write(path, with_outcome(observed="undecided", reason="killed")(read(path)), path.with_suffix(".log").read_bytes())


def other_files(path: Path) -> None:
    record = read(path)
    subjects = {name: "0" * 64 if name.endswith("remembered.py") else digest for name, digest in record.subjects.items()}
    write(path, record.model_copy(update={"subjects": subjects}), path.with_suffix(".log").read_bytes())


def a_pipe(path: Path) -> None:
    path.with_suffix(".log").unlink()
    os.mkfifo(path.with_suffix(".log"))


def a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


REFUSED = {
    "one byte more": (add_byte, "the evidence was altered after it was written"),
    "log": (lambda path: add_byte(path.with_suffix(".log")), "the raw log beside the evidence is missing or was altered"),
    "no log": (lambda path: path.with_suffix(".log").unlink(), "the raw log beside the evidence is missing or was altered"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:100]), "cannot be read: JSONDecodeError"),
    "another article": (other_article, "no claim of this project is decided by CC999 remembered@bare"),
    "undecided": (undecided, "undecided: killed"),
    "other files": (other_files, "changed since the run: checks/errors/old-evidence/remembered.py"),
    "a pipe": (a_pipe, "no plain file"),
    "a link": (a_link, "no plain file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_right_is_refused_and_the_rest_is_taken(decided: Path, brought: Path, name: str) -> None:
    spoil, why = REFUSED[name]
    spoil(of(brought, "remembered@bare"))
    done = clinic(decided, "import", str(brought))
    assert (done.returncode, done.stdout.count("took ")) == (4, 3)
    assert "Traceback" not in done.stderr
    assert "refused: old-evidence/evidence/remembered@bare.json: " in done.stderr and why in done.stderr
    assert not list((decided / ERRORS / "old-evidence").glob("evidence/*"))
    assert statuses(decided)["old-evidence remembered.value_is_kept@bare"] == "unverified"


def test_what_is_here_and_newer_is_kept(decided: Path, tmp_path: Path) -> None:
    path = decided / ERRORS / "old-evidence/evidence/remembered@bare.json"
    older = tmp_path / "older" / path.name
    write(older, with_outcome(recorded=read(path).outcomes[0].recorded.replace(year=2026, month=1))(read(path)), b"")
    shutil.copyfile(path.with_suffix(".log"), older.with_suffix(".log"))
    before = contents(path.parent)
    found = examine(load_project(decided), older)
    assert found.refused and (found.kept or "older than" in found.refused)
    assert contents(path.parent) == before


def test_a_newer_run_takes_the_place_of_a_stale_one(decided: Path, brought: Path) -> None:
    assert clinic(decided, "import", str(brought)).returncode == 0
    edit(decided, f"{ERRORS}/old-evidence/remembered.py", "def ", "def  ")
    assert statuses(decided)["old-evidence remembered.value_is_kept@bare"] == "stale"
    job = job_of(decided, "old-evidence")
    source = of(brought, "remembered@bare")
    subjects = evidence.subjects(job.article, job.module, job.environment, decided)
    write(source, read(source).model_copy(update={"subjects": subjects}), source.with_suffix(".log").read_bytes())
    assert clinic(decided, "import", str(brought)).returncode == 0
    assert statuses(decided)["old-evidence remembered.value_is_kept@bare"] == "verified"


def bring(job: Job, folder: Path) -> Path:
    """Move a job's evidence into a folder."""
    path = location(job.article, job.module, job.environment.name)
    folder.mkdir()
    for file in evidence.files_of(path):
        shutil.move(file, folder / file.name)
    return folder / path.name


def test_a_gpu_s_evidence_is_taken_only_with_the_word_that_the_policy_asks_for(decided: Path, tmp_path: Path) -> None:
    key = private_key()
    trust(decided, key)
    forge(decided)
    source = bring(job_of(decided, "needs-a-gpu", "bare-cuda"), tmp_path / "gpu")
    done = clinic(decided, "import", str(source.parent))
    assert done.returncode == 4
    assert "needs an attestation by a trusted key" in done.stderr
    assert statuses(decided)[GPU_CELL] == "unverified"
    evidence.attest(source, sign(source.read_bytes(), load_private_key(key)))
    assert clinic(decided, "import", str(source.parent)).returncode == 0
    assert statuses(decided)[GPU_CELL] == "verified"


def test_what_is_attested_is_not_replaced_by_what_is_not(decided: Path, tmp_path: Path) -> None:
    key = private_key()
    trust(decided, key, 'device = "cuda"\nby = ["key:maintainer"]')
    job = job_of(decided, "old-evidence")
    path = location(job.article, job.module, "bare")
    plain = tmp_path / "plain" / path.name
    evidence.adopt(plain, path)
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    assert examine(load_project(decided), plain).refused == "what is here is attested, this is not"
    path.with_suffix(".dsse.json").rename(plain.with_suffix(".dsse.json"))
    found = examine(load_project(decided), plain)
    assert found.refused == ""  # the same run, and now somebody stands for it
    assert take(found) == path
    assert path.with_suffix(".dsse.json").is_file()


def test_where_it_lies_follows_from_what_it_says(decided: Path, brought: Path, tmp_path: Path) -> None:
    source = of(brought, "remembered@bare")
    strange = tmp_path / "strange" / "..%2f..%2fother@name.json"
    evidence.adopt(strange, source)
    found = examine(load_project(decided), strange)
    assert found.refused == ""
    assert take(found) == decided / ERRORS / "old-evidence/evidence/remembered@bare.json"


def test_too_large_a_file_is_not_read(decided: Path, brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "LIMIT", 10)
    assert "no plain file of at most" in examine(load_project(decided), of(brought, "remembered@bare")).refused
