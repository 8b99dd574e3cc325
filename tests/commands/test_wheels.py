"""`clinic wheels`: what it collects, and the command that it prints for the machine without network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from checks.commands import wheels


@pytest.fixture
def collected(example: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the environments that are asked for, in a project with one environment of a GPU."""
    names: list[str] = []

    def collect(environments: Any, _engine: Path, folder: Path, _version: str) -> None:
        names.extend(one.name for one in environments)
        folder.mkdir()
        for name in ("thing-1.0-py3-none-any.whl", "other-1.0.tar.gz", "other.txt"):
            (folder / name).touch()

    monkeypatch.chdir(example)
    monkeypatch.setattr(wheels, "collect_wheels", collect)
    return names


def test_without_a_name_it_collects_for_every_environment_of_a_gpu(collected: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(wheels.command, [str(tmp_path / "wheels")], standalone_mode=False)
    assert (done.exception, collected) == (None, ["bare-cuda"])
    assert "2 packages in" in done.output
    assert f"python3 -m checks run --environment bare-cuda --wheels {tmp_path / 'wheels'}" in done.output


def test_several_are_collected_at_once_and_named_in_the_command(collected: list[str], tmp_path: Path) -> None:
    arguments = [str(tmp_path / "wheels"), "-e", "bare", "-e", "bare-cuda"]
    done = CliRunner().invoke(wheels.command, arguments, standalone_mode=False)
    assert collected == ["bare", "bare-cuda"]
    assert "--environment bare --environment bare-cuda --wheels" in done.output


def test_an_unknown_environment_is_said_before_anything_is_fetched(collected: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(wheels.command, [str(tmp_path / "wheels"), "-e", "bare", "-e", "none-such"])
    assert done.exit_code == 2 and "unknown environment: none-such (known: bare, bare-cuda)" in done.output
    assert collected == [] and not (tmp_path / "wheels").exists()
