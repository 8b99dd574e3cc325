"""Asking an index: what answers is kept with its day, and what does not leaves what was known."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from checks.content.releases import Release, load_releases
from checks.decide import releases
from checks.decide.plan import load_project
from checks.decide.releases import newest_release, refresh

from ..conftest import clinic
from .test_install import make_wheel

TODAY = date(2026, 11, 29)


def test_the_newest_of_an_index_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1.9", "1.10", "2.0rc1"):
        make_wheel(tmp_path, "example", version)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert newest_release("example") == "1.10"
    assert newest_release("no-such-example") is None


@pytest.mark.parametrize("answer", ["", "transformers\n", "ERROR: (nothing)\n", subprocess.TimeoutExpired("pip", 60)])
def test_another_answer_is_none(monkeypatch: pytest.MonkeyPatch, answer: str | Exception) -> None:
    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess([], 1 if answer.startswith("ERROR") else 0, answer, "")

    monkeypatch.setattr(releases.subprocess, "run", run)
    assert newest_release("transformers") is None


def test_a_build_s_own_part_of_a_version_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = subprocess.CompletedProcess([], 0, "torch (2.15.0+cpu)\nAvailable versions: 2.15.0+cpu\n", "")
    monkeypatch.setattr(releases.subprocess, "run", lambda *arguments, **options: answer)
    assert newest_release("torch") == "2.15.0"


def test_who_does_not_answer_leaves_what_was_known(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = load_project(example)
    monkeypatch.setattr(releases, "newest_release", {"torch": "2.15.0", "numpy": "2.4.6"}.get)
    refresh(project, ["torch", "numpy"], date(2026, 1, 1))
    monkeypatch.setattr(releases, "newest_release", {"torch": "2.16.0"}.get)
    _, answers = refresh(project, ["torch", "numpy"], TODAY)
    assert answers == {"torch": "2.16.0", "numpy": None}
    assert load_releases(example) == {
        "torch": Release(newest="2.16.0", seen=TODAY),
        "numpy": Release(newest="2.4.6", seen=date(2026, 1, 1)),
    }


def test_a_file_that_is_wrong_ends_every_command(example: Path) -> None:
    (example / "checks/releases.toml").write_text("[torch]\n", encoding="utf-8")
    assert clinic(example, "status").returncode == 2
