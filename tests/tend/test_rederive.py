"""What a built site claims follows from its own files, and a byte that is another is noticed."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.decide import evidence
from checks.decide.attest import load_private_key, sign
from checks.decide.evidence import read, write
from checks.tend.rederive import differences

from ..built import build, dress
from ..conftest import clinic, edit
from ..decide.keys import private_key, trust
from ..decide.test_evidence import forge, with_outcome

GPU, OLD = "needs-a-gpu/on_gpu@bare-cuda", "old-evidence/remembered@bare"


@pytest.fixture(scope="session")
def _built(_decided: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(_decided, tmp_path_factory.mktemp("rederived") / "clinic")
    key = private_key()
    trust(root, key)
    path = forge(root)
    evidence.attest(path, sign(path.read_bytes(), load_private_key(key)))
    dress(root)
    build(root, CLINIC_SITE_URL="https://clinic.example/sub/")
    return root


@pytest.fixture
def built(_built: Path, tmp_path: Path) -> Path:
    """A miniature clinic and its site, one GPU cell of which a trusted key has attested."""
    return shutil.copytree(_built, tmp_path / "built")


def found(root: Path) -> list[str]:
    return differences(root / "site", root / "checks/policy.toml")[0]


def test_a_site_as_it_was_built_follows_from_its_files(built: Path) -> None:
    assert found(built) == []
    done = clinic(built, "verify-evidence", "site")
    assert done.returncode == 0, done.stderr
    assert "Everything that the site claims follows from its own files." in done.stdout


def test_it_can_be_derived_without_the_project_that_built_it(built: Path, tmp_path: Path) -> None:
    site = shutil.move(built / "site", tmp_path / "elsewhere")
    assert differences(site, built / "checks/policy.toml")[0] == []


def test_one_changed_byte_anywhere_in_the_evidence_is_noticed(built: Path) -> None:
    chosen = random.Random(13)  # noqa: S311  which bytes, the same each time
    files = sorted(path for path in (built / "site/evidence").rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".json", ".txt"} and any(".dsse" in path.name for path in files)
    for file in files:
        whole = file.read_bytes()
        for position in chosen.sample(range(len(whole)), min(6, len(whole))):
            file.write_bytes(whole[:position] + bytes([whole[position] ^ (1 << chosen.randrange(8))]) + whole[position + 1 :])
            assert found(built), (file.name, position)
        file.write_bytes(whole)
    assert found(built) == []


@pytest.mark.parametrize(
    "name",
    [
        "badges/old-evidence.svg",
        "badges/needs-a-gpu.gpu.json",
        "environments/bare/environment.toml",
        "downloads/snippets/rename_keys.py",
        "downloads/cc003-remembered-bare.zip",
        "errors/needs-a-gpu/needs-a-gpu.json",
        "zh/errors/needs-a-gpu/evidence/index.md",
        "signatures.json",
        "source.zip",
    ],
)
def test_so_is_one_in_what_follows_from_it(built: Path, name: str) -> None:
    file = built / "site" / name
    whole = file.read_bytes()
    for position in range(0, len(whole), max(1, len(whole) // 4)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert found(built), position


def test_a_badge_that_was_painted_green_is_told(built: Path) -> None:
    edit(built, "site/badges/wrong-expectation.json", '"color": "b62324"', '"color": "1a7f37"')
    page = "site/errors/wrong-expectation/index.html"
    html = (built / page).read_text(encoding="utf-8")
    (built / page).write_text(html.replace("clinic-status--failing", "clinic-status--verified"), encoding="utf-8")
    assert found(built) == [
        "badges/wrong-expectation.json: it says something else",
        "errors/wrong-expectation/index.html: its badge says something else",
    ]


def test_evidence_that_was_slipped_in_or_taken_away_is_told(built: Path) -> None:
    (built / "site/evidence" / f"{OLD}.json").rename(built / "site/evidence/old-evidence/remembered@bare-cuda.json")
    told = found(built)
    assert "badges/old-evidence.json: it says something else" in told
    assert f"evidence/{OLD}.txt: nothing that follows from the site's own files" in told
    assert any(one.startswith("evidence/old-evidence/remembered@bare-cuda.json: ") for one in told)


def test_a_verdict_forged_on_the_site_with_its_digest_is_told(built: Path) -> None:
    path = built / "site/evidence/wrong-expectation/answer@bare.json"
    log = path.with_suffix(".txt").read_bytes()
    path.with_suffix(".log").write_bytes(log)
    write(path, with_outcome(observed="holds", expected="holds", reason="")(read(path)), log)
    path.with_suffix(".log").unlink()
    assert "badges/wrong-expectation.json: it says something else" in found(built)


def test_whom_to_trust_is_not_for_the_site_to_say(built: Path) -> None:
    trust(built, private_key())
    told = found(built)
    assert "badges/needs-a-gpu.gpu.json: it says something else" in told
    assert "badges/old-evidence.json: it says something else" not in told
    (built / "checks/policy.toml").unlink()
    assert differences(built / "site", None)[0]
    assert clinic(built, "verify-evidence", "site").returncode == 1


def test_a_site_that_nobody_has_built_since_is_old_and_not_forged(built: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=120)
    done = clinic(built, "verify-evidence", "site", SOURCE_DATE_EPOCH=str(int(later.timestamp())))
    assert done.returncode == 4, done.stderr
    assert "too old by now: nobody has built the site since." in done.stderr


@pytest.mark.parametrize("spoiled", ["no zip", "a member that leads out", "none"])
def test_what_holds_no_project_is_said(built: Path, spoiled: str) -> None:
    source = built / "site/source.zip"
    source.unlink()
    if spoiled == "no zip":
        source.write_bytes(b"PK")
    elif spoiled == "a member that leads out":
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("../../../outside.txt", "x")
    (told,) = found(built)
    assert told.startswith("source.zip: what it holds is no project: ")
    assert not list(built.parent.rglob("outside.txt"))


def test_the_site_says_whose_word_each_run_is(built: Path) -> None:
    data = json.loads((built / "site/errors/needs-a-gpu/needs-a-gpu.json").read_text(encoding="utf-8"))
    runs = {run["name"]: run for run in data["runs"]}
    assert (runs["on_gpu@bare-cuda"]["level"], runs["on_gpu@bare-cuda"]["by"]) == ("attested", ["key:maintainer"])
    assert (runs["on_gpu@bare"]["level"], runs["on_gpu@bare"]["by"]) == ("stated", [])
    assert set(runs["on_gpu@bare-cuda"]["files"]) == {f"on_gpu@bare-cuda.{end}" for end in ("json", "log", "dsse.json")}
    for language, told in (("", "attested by the key maintainer"), ("zh/", "已签名：密钥 maintainer")):
        html = (built / f"site/{language}errors/needs-a-gpu/evidence/index.html").read_text(encoding="utf-8")
        assert told in html
