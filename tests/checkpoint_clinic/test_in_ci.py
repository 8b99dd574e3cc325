"""The action for GitHub and the hook for pre-commit, run as they run them: their own commands, from their own files."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .test_nearest import REPOSITORY

ACTION = REPOSITORY / ".github" / "actions" / "clinic"
HOOKS = REPOSITORY / ".pre-commit-hooks.yaml"
MESSAGE = "newly initialized: ['lm_head.weight']\n```` and a fence\n::error::of the log\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    folder = tmp_path / "a model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    return folder


def act(tmp_path: Path, **inputs: str) -> tuple[int, list[str], str]:
    """Run the action's step with a pipx that starts this clone; return its status, its annotations and the summary."""
    (step,) = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    assert set(step["env"]) == {"LOG", "FOLDER", "PACKAGE"} and step["shell"] == "bash"
    pipx = tmp_path / "bin" / "pipx"
    pipx.parent.mkdir(exist_ok=True)
    pipx.write_text(
        '#!/bin/sh\ntest "$1 $2 $3 $4" = "run --spec package checkpoint-clinic" || exit 99\nshift 4\n'
        f'exec {shlex.quote(sys.executable)} -m checkpoint_clinic "$@"\n',
        encoding="utf-8",
    )
    pipx.chmod(0o755)
    summary = tmp_path / "summary.md"
    summary.touch()
    given = {"LOG": "", "FOLDER": "", "PACKAGE": "package", **{name.upper(): value for name, value in inputs.items()}}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("AI_AGENT", "AGENT")},
        **given,
        "PATH": f"{pipx.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "GITHUB_ACTION_PATH": str(ACTION),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = subprocess.run(
        ["bash", "-c", step["run"]], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    return done.returncode, done.stdout.splitlines(), summary.read_text(encoding="utf-8")


def test_the_action_says_what_a_failed_step_means_and_does_not_fail_again(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(MESSAGE, encoding="utf-8")
    status, annotations, summary = act(tmp_path, log="run.log")
    assert status == 0
    assert [one.partition("::")[2].partition(",")[0] for one in annotations] == ["error file=run.log"]
    assert "CC004" in annotations[0] and "clinic diagnose: known" in summary
    assert summary.count("\n````") == 2, "the log's own fence is inside a line, and ends nothing"


def test_the_action_fails_for_a_checkpoint_with_problems(tmp_path: Path, bad: Path) -> None:
    status, annotations, summary = act(tmp_path, folder=str(bad))
    assert status == 1 and "git lfs pull" in annotations[0] and "clinic audit: problems" in summary


def test_the_action_tells_a_mistake_of_the_workflow(tmp_path: Path) -> None:
    assert act(tmp_path)[0] == 2
    status, _, _ = act(tmp_path, log="no such.log")
    assert status == 2


def test_the_hook_audits_each_folder_once(tmp_path: Path, bad: Path) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    files = [str(bad / "model.safetensors"), str(bad / "model.safetensors.index.json")]
    program, *arguments = shlex.split(hook["entry"])
    assert program == "clinic"
    command = [sys.executable, "-m", "checkpoint_clinic", *arguments, *files]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    assert done.returncode == 1 and done.stdout.count("PROBLEMS:") == 1
    refused = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "found json" in refused.stderr


def test_the_version_of_the_action_is_that_of_the_package() -> None:
    from checkpoint_clinic import __version__

    action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    assert action["inputs"]["package"]["default"] == f"checkpoint-clinic=={__version__}"
