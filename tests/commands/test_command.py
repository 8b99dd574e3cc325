"""The command line as a user meets it: exit statuses, what is printed, what is repeated."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checks.decide.evidence import read, write

from ..conftest import (
    BARE,
    CLINIC,
    ERRORS,
    add_byte,
    clinic,
    contents,
    edit,
    happens,
    is_held,
    processes_of,
    statuses,
    write_check,
)
from ..decide.test_install import make_wheel
from ..decide.test_run import NAMESPACES

REPOSITORY = Path(__file__).parents[2]
NO_CUDA = pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has a CUDA device")
EMPTY_INDEX = (Path(__file__).parents[1] / "snippets").as_uri()  # a folder that holds no package
DEFINED = 'python = "system"\ndevice = "cpu"\n'


def decided_names(stderr: str) -> list[str]:
    """Return what a run says that it decided."""
    return [line.split("deciding ")[1] for line in stderr.splitlines() if "deciding " in line]


def add_line(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("status", "prefix-missing"), 0),
        (("status", "wrong-expectation"), 1),
        (("status", "no-such-article"), 2),
        (("status", "--no-such-option"), 2),
        (("run", "prefix-missing", "--environment", "bare-cuda"), 3),
        (("status", "needs-a-gpu"), 4),
        (("lint",), 0),
    ],
)
def test_exit_status_names_the_cause(decided: Path, arguments: tuple[str, ...], status: int) -> None:
    before = contents(decided)
    done = clinic(decided, *arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert contents(decided) == before


@pytest.mark.parametrize("command", ["plan", "status", "run", "lint", "build", "new"])
def test_content_error_ends_every_command_before_it_writes(example: Path, command: str) -> None:
    edit(example, f"{ERRORS}/old-evidence/article.toml", 'harm = "none"', 'harm = "some"')
    before = contents(example)
    done = clinic(example, command, *(["another"] if command == "new" else []))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{ERRORS}/old-evidence/article.toml:2: expected harm" in done.stderr
    assert "repair: edit harm" in done.stderr
    assert contents(example) == before


def test_status_as_json_gives_each_cell_with_its_reason(decided: Path) -> None:
    (cell, _, gpu) = json.loads(clinic(decided, "status", "--json").stdout)["cells"][4:]
    assert {key: cell[key] for key in ("article", "claim", "environment", "expected", "observed", "status")} == {
        "article": "CC003",
        "claim": "remembered.value_is_kept",
        "environment": "bare",
        "expected": "holds",
        "observed": "holds",
        "status": "verified",
    }
    assert cell["reason"] == f"observed holds on {cell['recorded'][:10]}"
    assert (gpu["article"], gpu["observed"], gpu["status"]) == ("CC004", None, "unverified")
    assert gpu["reason"] == "not run yet on a machine with a CUDA device"


def test_status_for_people_says_the_same(decided: Path) -> None:
    done = clinic(decided, "status", "wrong-expectation")
    assert "CC002 failing    answer.is_odd@bare  expected holds, observed refuted: 42 is even" in done.stdout
    assert done.stdout.endswith("CC002 verified 1/2 (1 failing)\n")


def test_plan_names_articles_and_environments(example: Path) -> None:
    listed = json.loads(clinic(example, "plan", "--json").stdout)
    first = listed["articles"][0]
    assert (first["id"], first["slug"], first["claims"]) == ("CC001", "prefix-missing", 2)
    assert [one["name"] for one in listed["environments"]] == ["bare", "bare-cuda"]
    assert 'KeyError: "prefix-missing.weight"' in clinic(example, "plan").stdout


def test_plan_for_github_prints_one_line_of_json_and_nothing_else(example: Path) -> None:
    done = clinic(example, "plan", "--format", "github", "--device", "cpu")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert json.loads(done.stdout) == {
        "include": [
            {"name": "bare", "articles": "CC001 CC002 CC003 CC004", "environments": "bare", "python": "3.11", "cells": 6}
        ]
    }
    named = clinic(example, "plan", "CC004", "--format", "github", "--environment", "bare-cuda").stdout
    assert [entry["environments"] for entry in json.loads(named)["include"]] == ["bare-cuda"]


def test_plan_for_github_takes_changed_files_from_a_file_and_from_standard_input(example: Path) -> None:
    (example / "changed.txt").write_text("README.md\nsnippets/rename_keys.py\n", encoding="utf-8")
    (entry,) = json.loads(clinic(example, "plan", "--format", "github", "--changed", "changed.txt").stdout)["include"]
    assert entry["articles"] == "CC001"
    nothing = subprocess.run(
        [CLINIC, "plan", "--format", "github", "--changed", "-"],
        cwd=example,
        input="README.md\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (nothing.returncode, nothing.stdout) == (0, '{"include": []}\n')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("CC001",), "articles and the options that choose jobs go with --format github"),
        (("--json", "--device", "cpu"), "articles and the options that choose jobs go with --format github"),
        (("--format", "github", "--jobs", "257"), "257 is not in the range 1<=x<=256"),
        (("--format", "github", "--changed", "no-such-file"), "no-such-file"),
        (("--format", "github", "CC099"), "expected an article: CC001, CC002, CC003, CC004; found CC099"),
    ],
)
def test_plan_that_cannot_be_made_prints_no_json(example: Path, arguments: tuple[str, ...], words: str) -> None:
    done = clinic(example, "plan", *arguments)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
    assert words in done.stderr


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("json", '{\n "cells": ['),
        ("junit", '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites '),
        ("markdown", "| article |"),
    ],
)
def test_status_in_each_form_ends_with_the_same_exit_status(decided: Path, form: str, begins: str) -> None:
    for article, status in (("prefix-missing", 0), ("wrong-expectation", 1), ("needs-a-gpu", 4)):
        done = clinic(decided, "status", article, "--format", form)
        assert (done.returncode, done.stderr) == (status, "")
        assert done.stdout.startswith(begins)


def test_python_m_checks_is_the_same_command(decided: Path) -> None:
    command = [sys.executable, "-m", "checks", "status", "prefix-missing"]
    done = subprocess.run(
        command, cwd=decided, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, clinic(decided, "status", "prefix-missing").stdout)


@NO_CUDA
def test_run_with_current_answers_touches_no_environment(decided: Path, tmp_path: Path) -> None:
    before = contents(decided)
    elsewhere = str(tmp_path / "home")
    done = clinic(decided, "run", "prefix-missing", CLINIC_HOME=elsewhere)
    assert (done.returncode, done.stderr) == (0, "Every answer is current; no environment was touched.\n")
    done = clinic(decided, "run", CLINIC_HOME=elsewhere)
    assert (done.returncode, done.stderr) == (
        1,
        "What has no current answer needs a CUDA device, or a commit that is not recorded; no environment was touched.\n",
    )
    assert not (tmp_path / "home").exists()
    assert contents(decided) == before


def test_run_repeats_just_what_one_byte_made_stale(decided: Path) -> None:
    before = contents(decided)
    add_byte(decided / "snippets/rename_keys.py")
    done = clinic(decided, "run")
    assert decided_names(done.stderr) == ["plain_look_up_fails", "renamed_keys_are_found"]
    assert "stale" not in statuses(decided).values()
    after = contents(decided)
    changed = sorted(file for file in after if after[file] != before.get(file) and "evidence/" in file)
    assert changed == [f"{ERRORS}/prefix-missing/evidence/load_renamed@bare.json"]


@pytest.mark.parametrize("option", ["--again", "--here"])
def test_current_answers_are_decided_again_when_asked(decided: Path, option: str, tmp_path: Path, home: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "environments").symlink_to(home / "environments")
    for repeated in (True, option == "--again"):
        done = clinic(decided, "run", "CC003", option, CLINIC_HOME=str(own))
        assert decided_names(done.stderr) == (["value_is_kept"] if repeated else [])


def test_same_fails_when_a_verdict_differs_from_the_one_recorded(decided: Path) -> None:
    assert clinic(decided, "run", "CC003", "--again", "--same").returncode == 0
    edit(decided, f"{ERRORS}/old-evidence/article.toml", "holds =", "refuted =")
    edit(decided, f"{ERRORS}/old-evidence/remembered.py", '"key": 1', '"key": 2')
    done = clinic(decided, "run", "CC003", "--same")
    assert done.returncode == 1
    assert "remembered.value_is_kept@bare: recorded holds on" in done.stderr
    assert "now refuted" in done.stderr
    assert clinic(decided, "run", "CC003").returncode == 0  # refuted is what the article expects by now


def test_run_as_json_prints_the_selected_cells_only(decided: Path) -> None:
    cells = json.loads(clinic(decided, "run", "CC003", "--json").stdout)["cells"]
    assert [(cell["claim"], cell["status"]) for cell in cells] == [("remembered.value_is_kept", "verified")]


@NO_CUDA
def test_cell_without_its_device_is_undecided_and_said_when_asked_for(decided: Path) -> None:
    done = clinic(decided, "run", "--environment", "bare-cuda")
    assert done.returncode == 4
    assert "on_gpu@bare-cuda: undecided, this machine has no CUDA device" in done.stderr


@pytest.mark.parametrize(
    ("toml", "lock", "advice"),
    [
        (DEFINED.replace("system", "3.99"), "", "Python 3.99 is not installed here. Install it"),
        (DEFINED, f"nobody-has-this==1.0 --hash=sha256:{'0' * 64}\n", "give --wheels DIR with the wheels"),
    ],
    ids=["no interpreter", "no index"],
)
def test_environment_that_cannot_be_entered_leaves_cells_undecided_and_evidence_as_it_was(
    decided: Path, toml: str, lock: str, advice: str
) -> None:
    (decided / BARE / "environment.toml").write_text(toml, encoding="utf-8")
    (decided / BARE / "lock.txt").write_text(lock, encoding="utf-8")
    before = contents(decided)
    closed = "http://127.0.0.1:9"
    done = clinic(
        decided,
        "run",
        "CC001",
        "CC003",
        UV_PYTHON_DOWNLOADS="never",
        UV_PYTHON_INSTALL_MIRROR=closed,
        UV_DEFAULT_INDEX=closed,
        UV_HTTP_RETRIES="0",
    )
    assert done.returncode == 4
    assert done.stderr.count(advice) == 1
    assert done.stderr.count("undecided") == 3
    assert contents(decided) == before
    assert statuses(decided)["old-evidence remembered.value_is_kept@bare"] == "stale"


def test_evidence_that_cannot_be_written_stays_as_it_was(decided: Path) -> None:
    add_byte(decided / ERRORS / "old-evidence/remembered.py")
    before = contents(decided)
    full = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, 1000))  # the statement is larger
    done = clinic(decided, "run", "CC003", before=full)
    assert done.returncode == 4
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert before.items() <= contents(decided).items()
    assert clinic(decided, "run", "CC003").returncode == 0
    assert contents(decided).keys() == before.keys()  # nothing half-written is left


def test_second_run_at_once_ends_with_75(decided: Path, home: Path) -> None:
    before = contents(decided)
    with (home / "lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = clinic(decided, "run", "--again")
    assert done.returncode == 75
    assert "Another run holds the lock." in done.stderr
    assert contents(decided) == before


def test_two_homes_on_one_project_are_still_one_run(decided: Path, tmp_path: Path) -> None:
    (decided / ".clinic").mkdir(exist_ok=True)
    with (decided / ".clinic/lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = clinic(decided, "run", "--again", CLINIC_HOME=str(tmp_path / "another"))
    assert (done.returncode, "Another run holds the lock." in done.stderr) == (75, True)


def killed_between_the_renames(root: Path) -> tuple[Path, bytes]:
    """Leave what a run leaves that is killed after its statement and before its log; return the log's place and its text."""
    path = root / ERRORS / "old-evidence/evidence/remembered@bare.json"
    old, new = path.with_suffix(".log").read_bytes(), b"of the new run\n"
    record = read(path).model_copy(update={"log_sha256": hashlib.sha256(new).hexdigest(), "log_bytes": len(new)})
    write(path, record, new)
    path.with_suffix(".log").replace(path.with_name(f".{path.stem}.log.next"))
    path.with_suffix(".log").write_bytes(old)
    return path.with_suffix(".log"), new


def test_a_run_killed_between_statement_and_log_is_noticed_and_finished_by_the_next_one(decided: Path) -> None:
    log, text = killed_between_the_renames(decided)
    for command, status in (("status", 1), ("lint", 2), ("build", 2)):
        done = clinic(decided, command)
        assert (done.returncode, "remembered@bare.log.next" in done.stderr) == (status, True)
        assert "run: clinic run" in done.stderr
    assert not (decided / "site").exists()
    done = clinic(decided, "run", "CC003")  # with nothing to decide
    assert (done.returncode, decided_names(done.stderr), log.read_bytes()) == (0, [], text)
    assert "finished or removed" in done.stderr
    assert clinic(decided, "lint").returncode == 0


def test_what_another_run_is_just_writing_is_left_to_it(decided: Path) -> None:
    log, text = killed_between_the_renames(decided)
    (decided / ".clinic").mkdir(exist_ok=True)
    with (decided / ".clinic/lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert clinic(decided, "run", "CC003").returncode == 0
    assert log.read_bytes() != text


def test_a_full_disk_under_again_ends_the_run_with_its_true_reason(decided: Path) -> None:
    before = contents(decided)
    full = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, 1000))  # the statement is larger
    done = clinic(decided, "run", "CC003", "--again", before=full)
    assert done.returncode == 4
    assert "it could not be run or kept:" in done.stderr and "File too large" in done.stderr
    assert "the environment cannot be entered" not in done.stderr
    assert "Not decided now: remembered@bare." in done.stderr
    assert before.items() <= contents(decided).items()


@pytest.mark.parametrize("command", ["status", "run", "lint", "build", "plan"])
def test_a_time_that_is_none_is_one_message(decided: Path, command: str) -> None:
    done = clinic(decided, command, SOURCE_DATE_EPOCH="garbage")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stderr.count("SOURCE_DATE_EPOCH:1: expected seconds since 1970") == 1


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (f"{ERRORS}/prefix-missing/vectors.toml", b"\xff", "vectors.toml:1: expected UTF-8; found the byte 0xff"),
        ("docs/en/errors/prefix-missing.md", b"# a\n\xfe", "prefix-missing.md:2: expected UTF-8; found the byte 0xfe"),
        ("snippets/rename_keys.py", b"\xff", "rename_keys.py:1: expected UTF-8"),
        (f"{ERRORS}/prefix-missing/article.toml", b"a = " + b"[" * 100_000, "article.toml:1: expected TOML"),
        (f"{ERRORS}/prefix-missing/load_renamed.py", b"x = " + b"-" * 100_000 + b"1", "load_renamed.py:1: expected Python"),
        (".clinic", b"", ".clinic: File exists"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(example: Path, file: str, content: bytes, said: str) -> None:
    (example / file).write_bytes(content)
    command = ("run",) if file == ".clinic" else ("lint",)
    done = clinic(example, *command)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [("status",), ("status", "--json"), ("plan",), ("list",), ("--help",)])
def test_an_answer_that_cannot_be_written_is_said(example: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([CLINIC, *arguments], cwd=example, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr and "Traceback" not in done.stderr


HANGS = """
    import fcntl, time

    def claim():
        '''It is so.'''
        with open({lock!r}, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            print("waiting", flush=True)
            time.sleep(60)
"""


def start_and_stop(root: Path, lock: Path, number: signal.Signals) -> tuple[int, str]:
    """Start a run whose last claim hangs, send it a signal when it is there; return its exit status and messages."""
    write_check(root, HANGS.format(lock=str(lock)))
    process = subprocess.Popen(
        [CLINIC, "run", "CC001", "CC003", "--again"],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CLINIC_ISOLATION": "process"},  # which lets it hold a file that is seen here, too
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "deciding claim" in line:
            break
    assert happens(lambda: is_held(lock))
    process.send_signal(number)
    said += process.stderr.read()
    return process.wait(), said


@pytest.mark.skipif(not Path("/proc/self/cmdline").is_file(), reason="no /proc here")
def test_with_the_strictest_isolation_too_a_killed_runner_leaves_no_process(decided: Path) -> None:
    write_check(decided, "import time\n\ndef claim():\n    '''It is so.'''\n    time.sleep(60)\n    assert int(1) == 1\n")
    process = subprocess.Popen([CLINIC, "run", "CC003", "--again"], cwd=decided, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "deciding claim" in line:
            break
    assert processes_of(decided)
    process.kill()
    process.wait()
    assert happens(lambda: not processes_of(decided))


def test_interrupted_run_ends_with_130_and_the_next_one_goes_on(decided: Path, tmp_path: Path) -> None:
    (decided / ERRORS / "prefix-missing/evidence/load_renamed@bare.json").unlink()
    status, said = start_and_stop(decided, tmp_path / "lock", signal.SIGINT)
    assert (status, "Traceback" in said) == (130, False)
    assert "Interrupted. What was decided is kept: the same command goes on from here." in said
    assert happens(lambda: not is_held(tmp_path / "lock"))
    write_check(decided, "def claim():\n    '''It is so.'''\n    assert int(1) == 1\n")
    done = clinic(decided, "run", "CC001", "CC003")
    assert (done.returncode, decided_names(done.stderr)) == (0, ["claim"])


@NAMESPACES
def test_killed_runner_leaves_no_process_and_no_broken_evidence(decided: Path, tmp_path: Path) -> None:
    before = contents(decided)
    status, _ = start_and_stop(decided, tmp_path / "lock", signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert happens(lambda: not is_held(tmp_path / "lock"))
    evidence = {file: data for file, data in contents(decided).items() if "old-evidence/evidence" in file}
    assert evidence == {file: data for file, data in before.items() if "old-evidence/evidence" in file}
    assert statuses(decided)["prefix-missing load_renamed.plain_look_up_fails@bare"] == "verified"


def test_lock_writes_pins_with_hashes_that_lint_accepts(example: Path, tmp_path: Path) -> None:
    hashed = make_wheel(tmp_path / "wheels", "thing", "1.0")
    edit(example, f"{BARE}/environment.toml", DEFINED, f'{DEFINED}requires = ["thing"]\n')
    assert clinic(example, "lint").returncode == 2
    done = clinic(example, "lock", "bare", UV_DEFAULT_INDEX=EMPTY_INDEX, UV_FIND_LINKS=str(tmp_path / "wheels"))
    assert (done.returncode, done.stdout) == (0, f"wrote {BARE}/lock.txt\n"), done.stderr
    lock = (example / BARE / "lock.txt").read_text(encoding="utf-8")
    assert lock.split()[3:] == ["thing==1.0", "\\", hashed]
    assert clinic(example, "lint").returncode == 0


def test_lock_that_cannot_be_resolved_says_so_and_leaves_the_old_one(example: Path) -> None:
    edit(example, f"{BARE}/environment.toml", DEFINED, f'{DEFINED}requires = ["thing"]\n')
    before = contents(example)
    done = clinic(example, "lock", "bare", UV_DEFAULT_INDEX=EMPTY_INDEX)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
    assert "locking bare failed" in done.stderr
    assert "there are no versions of thing" in done.stderr or "thing was not found" in done.stderr
    assert contents(example) == before
    assert "unknown environment: nowhere (known: bare, bare-cuda)" in clinic(example, "lock", "nowhere").stderr


def test_wheels_collects_those_of_the_engine_and_of_the_environment(example: Path, tmp_path: Path) -> None:
    source, collected = tmp_path / "wheels", tmp_path / "collected"
    (example / "requirements").mkdir()
    engine = f"engine==2.0 {make_wheel(source, 'engine', '2.0')}\n"
    (example / "requirements/engine.txt").write_text(engine, encoding="utf-8")
    add_line(example / BARE / "lock.txt", f"thing==1.0 {make_wheel(source, 'thing', '1.0')}")
    arguments = ["wheels", str(collected), "--environment", "bare", "--python", "3.12"]
    done = clinic(example, *arguments, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(source))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in collected.iterdir()) == ["engine-2.0-py3-none-any.whl", "thing-1.0-py3-none-any.whl"]
    assert f"python3 -m checks run --environment bare --wheels {collected}" in " ".join(done.stdout.split())
    make_wheel(source, "thing", "1.0.0")
    (source / "thing-1.0-py3-none-any.whl").unlink()
    done = clinic(example, *arguments, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(source))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "collecting the wheels of lock.txt failed" in done.stderr


def test_serve_gives_the_site_until_it_is_interrupted(example: Path) -> None:
    assert "run: clinic build" in clinic(example, "serve").stderr
    (example / "site").mkdir()
    (example / "site/index.html").write_text("the first page", encoding="utf-8")
    interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
    with subprocess.Popen(
        [CLINIC, "serve", "--port", "18000"], cwd=example, stdout=subprocess.PIPE, text=True, preexec_fn=interruptible
    ) as process:
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:"))
        connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"))
        connection.request("GET", "/index.html")
        assert connection.getresponse().read() == b"the first page"
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
