"""`clinic sign` and `clinic verify-evidence`: who vouches, what is derived, and what ends with another status than 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.decide import evidence
from checks.decide.attest import KEY_VARIABLE

from ..conftest import ERRORS, add_byte, clinic, contents, edit, statuses
from ..decide.keys import other_kind_of_key, private_key, public_key, trust
from ..decide.test_evidence import GPU_CELL, forge

STATEMENT = f"{ERRORS}/old-evidence/evidence/remembered@bare.json"


@pytest.fixture
def sound(decided: Path) -> Path:
    """A miniature clinic in which everything that was run is as expected."""
    edit(
        decided,
        f"{ERRORS}/wrong-expectation/article.toml",
        '"answer.is_odd" = { holds',
        '"answer.is_odd" = { refuted',
    )
    clinic(decided, "run", "wrong-expectation", "--again")
    return decided


def test_the_project_is_explained_and_what_was_not_run_claims_nothing(sound: Path) -> None:
    done = clinic(sound, "verify-evidence")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stated; observed holds on" in done.stdout and "on_gpu.sum_is_exact@bare-cuda" not in done.stdout


@pytest.mark.parametrize("ending", [".json", ".log"])
def test_one_changed_byte_is_told(sound: Path, ending: str) -> None:
    add_byte((sound / STATEMENT).with_suffix(ending))
    done = clinic(sound, "verify-evidence")
    assert done.returncode == 4
    assert "altered" in done.stdout


def test_a_failing_cell_and_an_envelope_that_fits_nothing_fail(decided: Path) -> None:
    assert clinic(decided, "verify-evidence").returncode == 1
    (decided / STATEMENT).with_suffix(".dsse.json").write_text("{}", encoding="utf-8")
    done = clinic(decided, "verify-evidence")
    assert done.returncode == 1
    assert "remembered@bare.dsse.json: it cannot be read: KeyError" in done.stderr


def test_one_statement_wherever_it_lies(decided: Path, tmp_path: Path) -> None:
    copy = tmp_path / "any-name.json"
    evidence.adopt(copy, decided / STATEMENT)
    assert clinic(decided, "verify-evidence", str(copy)).returncode == 0
    copy.with_suffix(".log").rename(copy.with_suffix(".txt"))  # as a site serves it
    assert clinic(decided, "verify-evidence", str(copy)).returncode == 0
    add_byte(copy.with_suffix(".txt"))
    done = clinic(decided, "verify-evidence", str(copy))
    assert (done.returncode, "the raw log beside the evidence is missing or was altered" in done.stderr) == (1, True)


def test_a_gpu_statement_counts_with_a_signature_or_before_one_is_made(decided: Path) -> None:
    path = str(forge(decided))
    done = clinic(decided, "verify-evidence", path)
    assert (done.returncode, "needs an attestation by a trusted key" in done.stdout) == (4, True)
    assert clinic(decided, "verify-evidence", "--unattested", path).returncode == 0


def test_a_run_of_one_s_own_is_signed_with_a_key_from_a_file_or_a_variable(decided: Path, tmp_path: Path) -> None:
    key = private_key()
    (tmp_path / "key.pem").write_bytes(key)
    trust(decided, key)
    done = clinic(decided, "sign", "--key", str(tmp_path / "key.pem"), CLINIC_HOME=str(tmp_path / "another"))
    assert done.returncode == 3  # another machine's, as far as this one knows
    clinic(decided, "run", "old-evidence", "--again")
    done = clinic(decided, "sign", "--key", str(tmp_path / "key.pem"), "old-evidence")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"wrote {STATEMENT.removesuffix('json')}dsse.json"
    assert "attested; observed holds" in clinic(decided, "verify-evidence", STATEMENT).stdout
    forge(decided)
    done = clinic(decided, "sign", "needs-a-gpu", "--others", "-e", "bare-cuda", **{KEY_VARIABLE: key.decode()})
    assert done.returncode == 0, done.stderr
    assert statuses(decided)[GPU_CELL] == "verified"
    assert not [name for name, data in contents(decided).items() if b"PRIVATE KEY" in data and not name.endswith(".pyc")]


def test_a_key_that_is_not_trusted_is_told(decided: Path) -> None:
    key = private_key()
    done = clinic(decided, "sign", "old-evidence", "--others", **{KEY_VARIABLE: key.decode()})
    assert done.returncode == 0
    assert "counts for nothing: the key is not in the policy" in done.stdout
    assert public_key(key).splitlines()[1] in done.stderr


@pytest.mark.parametrize("key", ["", "abc", other_kind_of_key().decode()])
def test_without_a_usable_key_nothing_is_written(decided: Path, key: str) -> None:
    before = contents(decided)
    done = clinic(decided, "sign", "--others", **{KEY_VARIABLE: key})
    assert (done.returncode, "key" in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert contents(decided) == before


def test_what_is_out_of_date_is_not_signed(decided: Path) -> None:
    edit(decided, f"{ERRORS}/old-evidence/remembered.py", "def ", "def  ")
    done = clinic(decided, "sign", "old-evidence", "--others", **{KEY_VARIABLE: private_key().decode()})
    assert done.returncode == 3
