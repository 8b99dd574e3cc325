"""The workflows: pins, rights, scripts; and their way without GitHub: planned, run in clones of their own, brought together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.commands.main import clinic as maintainers
from checks.content.environment import load_environments
from checks.decide.evidence import read, write

from .built import build, dress
from .conftest import CLINIC, ERRORS, EXAMPLES, REPOSITORY, clinic, contents, edit

FILES = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
RIGHTS = {"contents: read", "contents: write", "pull-requests: write", "id-token: write", "pages: write"}
PRIVILEGED = {  # each right beyond reading, and the one job that has it
    ("atlas.yml", "propose", "contents: write"),
    ("atlas.yml", "propose", "pull-requests: write"),
    ("checks-gpu.yml", "attest", "id-token: write"),
    ("site.yml", "publish", "id-token: write"),
    ("site.yml", "publish", "pages: write"),
}
HELD = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((REPOSITORY / ".github/workflows" / name).read_text(encoding="utf-8")))


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def test_every_environment_of_a_gpu_is_in_the_bundle_that_its_machine_gets() -> None:
    known = load_environments(REPOSITORY / "checks" / "environments", REPOSITORY)
    (command,) = (step["run"] for step in steps("checks-gpu.yml") if "clinic bundle" in step.get("run", ""))
    bundled = set(re.findall(r"--environment (\S+)", command))
    assert bundled == {name for name, one in known.items() if one.device == "cuda"} != set()
    assert all(f"--environment {name}" in (REPOSITORY / "README.md").read_text(encoding="utf-8") for name in bundled)


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_actions_are_pinned_by_commit_and_scripts_take_nothing_but_variables(name: str) -> None:
    for step in steps(name):
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step.get("uses", f"actions/x@{'0' * 40}"))
        assert "${{" not in step.get("run", "")
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_one_action_has_one_pin() -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for action, pin in re.findall(r"uses: (\S+)@(.+)", file.read_text(encoding="utf-8")):
            pins.setdefault(action, set()).add(pin)
    assert {action for action, found in pins.items() if len(found) != 1} == set()


def test_no_job_has_a_right_that_it_does_not_need() -> None:
    granted = set()
    for file in FILES:
        found = workflow(file.name)
        assert found["permissions"] == {}
        for job, stated in found["jobs"].items():
            granted |= {(file.name, job, f"{right}: {level}") for right, level in stated.get("permissions", {}).items()}
    assert {right for _, _, right in granted} <= RIGHTS
    assert {one for one in granted if one[2] != "contents: read"} == PRIVILEGED


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_a_command_of_a_workflow_exists_with_its_options(name: str) -> None:
    scripts = "\n".join(step.get("run", "") for step in steps(name)).replace("\\\n", " ")
    for command, rest in re.findall(r"\.venv/bin/clinic ([\w-]+)([^\n|;)]*)", scripts):
        found = maintainers.get_command(None, command)  # type: ignore[arg-type]
        assert found, command
        known = {option for parameter in found.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[\w-]+", rest)) <= known, f"{command}{rest}"


def test_a_script_is_one_that_bash_can_read() -> None:
    for file in FILES:
        for step in steps(file.name):
            done = subprocess.run(["bash", "-n"], input=step.get("run", ""), text=True, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), step


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A miniature clinic of four environments, three of them for a CPU, as a repository."""
    root = shutil.copytree(EXAMPLES, tmp_path / "project")
    for name in ("bare-2", "bare-3"):
        shutil.copytree(root / "checks/environments/bare", root / f"checks/environments/{name}")
    edit(root, f"{ERRORS}/old-evidence/article.toml", 'holds = ["bare"]', 'holds = ["bare", "bare-2"]')
    edit(root, f"{ERRORS}/needs-a-gpu/article.toml", '["bare", "bare-cuda"]', '["bare-3", "bare-cuda"]')
    dress(root)
    (root / ".gitignore").write_text(".clinic/\n.venv/\n__pycache__/\nbin/\nparts/\nwritten/\n", encoding="utf-8")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "project")):
        identity = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True)
    return root


def clone(project: Path, place: Path) -> Path:
    """Clone the project for one machine, which has its tools already."""
    subprocess.run(["git", "clone", "-q", str(project), str(place)], check=True)
    (place / ".venv/bin").mkdir(parents=True)
    (place / ".venv/bin/clinic").symlink_to(CLINIC)
    (place / "bin").mkdir()
    (place / "bin/make").symlink_to(shutil.which("true") or "/bin/true")
    return place


def script(job: str, words: str) -> str:
    """Return the one script of a job in checks-cpu.yml that contains these words."""
    (found,) = [step["run"] for step in workflow("checks-cpu.yml")["jobs"][job]["steps"] if words in step.get("run", "")]
    return str(found)


def bash(place: Path, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "CLINIC_HOME": str(place / ".clinic"),
        **variables,
    }
    return subprocess.run(["bash", "-e", "-c", text], cwd=place, env=environment, capture_output=True, text=True, check=False)


def hold_the_clock(place: Path) -> None:
    """Write what differs from run to run, the times, as one machine at one moment would have."""
    for path in place.glob(f"{ERRORS}/*/evidence/*@*.json"):
        record, log = read(path), path.with_suffix(".log").read_bytes()
        outcomes = tuple(one.model_copy(update={"recorded": HELD, "seconds": 0.5}) for one in record.outcomes)
        write(path, record.model_copy(update={"outcomes": outcomes}), log)


def run_planned(project: Path, tmp_path: Path) -> list[list[str]]:
    """Run every entry of the plan by the workflow's own scripts; return their environments. parts/ has what they wrote."""
    planned = bash(clone(project, tmp_path / "planner"), script("plan", "clinic plan"), GITHUB_OUTPUT=str(tmp_path / "output"))
    assert planned.returncode == 0, planned.stderr
    (matrix,) = re.findall(r"\Amatrix=(.*)\n\Z", (tmp_path / "output").read_text(encoding="utf-8"))
    entries = json.loads(matrix)["include"]
    for number, entry in enumerate(entries):
        place = clone(project, tmp_path / f"machine-{number}")
        done = bash(place, script("run", "clinic run"), ARTICLES=entry["articles"], ENVIRONMENTS=entry["environments"])
        assert done.returncode in (0, 1), done.stderr  # 1: wrong-expectation, which is there to fail
        hold_the_clock(place)
        assert bash(place, script("run", "git ls-files")).returncode == 0
        shutil.move(place / "written", tmp_path / f"parts/part-{number}")
    return [entry["environments"].split() for entry in entries]


def test_many_machines_make_the_site_that_one_makes(project: Path, tmp_path: Path) -> None:
    assert run_planned(project, tmp_path) == [["bare"], ["bare-2"], ["bare-3"]]
    together = clone(project, tmp_path / "together")
    shutil.move(tmp_path / "parts", together / "parts")
    brought = bash(together, script("together", "clinic import"))
    assert brought.returncode == 0, brought.stderr
    shown = bash(together, script("together", "junit.xml"), GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert shown.returncode == 1  # wrong-expectation
    assert "| all | 6 | 1 | 0 | 1 |" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert (together / "junit.xml").read_text(encoding="utf-8").count("<testcase") == 8

    alone = clone(project, tmp_path / "alone")
    assert clinic(alone, "run", "--again").returncode == 1
    hold_the_clock(alone)
    clock = {"SOURCE_DATE_EPOCH": str(int((HELD + timedelta(minutes=30)).timestamp()))}
    sites = [contents(build(place, **clock)) for place in (together, alone)]
    assert len(sites[0]) > 100
    assert {name for name in sites[0].keys() | sites[1].keys() if sites[0].get(name) != sites[1].get(name)} == set()
    verified = clinic(together, "verify-evidence", "site", **clock)
    assert "Everything that the site claims follows from its own files." in verified.stdout, verified.stderr
