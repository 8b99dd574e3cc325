"""Whose word it takes: read strictly, and without a file no evidence of a GPU counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomllib

from checks.content.problem import Invalid
from checks.decide.policy import STRICT, Need, Policy, load_policy

from .keys import private_key, public_key

REPOSITORY = Path(__file__).resolve().parents[2]
KEY = f"'''{public_key(private_key())}'''"


def written(root: Path, text: str) -> Policy:
    (root / "checks").mkdir(exist_ok=True)
    (root / "checks/policy.toml").write_text(text, encoding="utf-8")
    return load_policy(root)


def test_without_a_file_a_gpu_needs_somebody_and_nobody_is_trusted(tmp_path: Path) -> None:
    assert load_policy(tmp_path) is STRICT
    assert STRICT.unmet("any", "cuda", frozenset()) == "a trusted key"
    assert STRICT.unmet("any", "cpu", frozenset()) == ""


def test_a_need_is_met_by_one_of_those_that_it_names(tmp_path: Path) -> None:
    need = '[[need]]\ndevice = "cuda"\nby = ["key:one", "workflow:gpu"]\n'
    policy = written(tmp_path, f"[keys]\none = {KEY}\ntwo = {KEY}\n{need}")
    assert policy.unmet("a", "cuda", frozenset({"key:two"})) == "the key one or the workflow gpu"
    assert policy.unmet("a", "cuda", frozenset({"key:two", "workflow:gpu"})) == ""
    assert policy.unmet("a", "cpu", frozenset()) == ""


def test_any_key_is_any_that_the_policy_has(tmp_path: Path) -> None:
    policy = written(tmp_path, f'[keys]\none = {KEY}\n[[need]]\nby = ["key:*"]\n')
    assert policy.unmet("a", "cpu", frozenset({"key:one"})) == ""
    assert policy.unmet("a", "cpu", frozenset({"key:gone"})) == "a trusted key"


def test_every_need_that_fits_has_to_be_met() -> None:
    first, second = Need(environments="x-*", by=("workflow:a",)), Need(device="cpu", by=("workflow:b",))
    policy = Policy(need=(first, second))
    assert policy.unmet("x-1", "cpu", frozenset({"workflow:a"})) == "the workflow b"
    assert policy.unmet("y-1", "cuda", frozenset()) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[keys", "TOML"),
        ("[keys]\none = 'abc'\n", "a public Ed25519 key in PEM"),
        (f"[keys]\none = '''{private_key().decode()}'''\n", "a public Ed25519 key in PEM"),
        ("[[need]]\nby = []\n", "at least 1 item"),
        ('[[need]]\nby = ["somebody"]\n', "by"),
        ('[[need]]\nby = ["key:somebody"]\n', "need.by names keys that [keys] lacks: key:somebody"),
        ('[[needs]]\nby = ["key:*"]\n', "Extra inputs"),
        ('[workflows.a]\nrepository = "x"\npath = ".github/workflows/a.yml"\n', "repository"),
    ],
)
def test_what_is_wrong_is_said_and_never_read_as_less_strict(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid) as error:
        written(tmp_path, text)
    assert said in str(error.value) and "checks/policy.toml:" in str(error.value)


def test_ours_asks_for_somebody_on_a_gpu_and_trusts_no_key_yet() -> None:
    policy = load_policy(REPOSITORY)
    assert policy.unmet("cuda-system-torch", "cuda", frozenset()) == "a trusted key or the workflow checks-gpu"
    assert not policy.keys


def test_the_job_that_must_agree_with_a_pull_request_exists_and_has_no_rights() -> None:
    stated = load_policy(REPOSITORY).pull_request
    assert stated
    text = (REPOSITORY / stated.workflow).read_text(encoding="utf-8")
    assert f"\n  {stated.job}:\n" in text and "\n  pull_request:\n" in text
    assert "pull_request_target" not in text and "secrets." not in text and "write" not in text
    assert "--again --same" in text


def test_no_private_key_lies_in_the_repository() -> None:
    mark = "PRIVATE" + " KEY-----"
    kinds = ("*.toml", "*.py", "*.md", "*.yml", "*.txt", "*.json", "*.pem", "*.key")
    places = [REPOSITORY / name for name in ("checks", "checkpoint_clinic", "docs", "snippets", "requirements", ".github")]
    files = [path for place in places for kind in kinds for path in place.rglob(kind)]
    assert len(files) > 100
    assert not [path for path in files if mark in path.read_text(encoding="utf-8", errors="replace")]
    assert "PUBLIC KEY" not in tomllib.loads((REPOSITORY / "checks/policy.toml").read_text()).get("keys", {})
