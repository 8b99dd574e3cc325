"""One job, whatever the check does: an answer or none, within limits, and nobody left behind."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path
from textwrap import dedent, indent

import pytest

from checks.decide import run
from checks.decide.evidence import Record, location, read, sha256
from checks.decide.plan import load_project
from checks.decide.sandbox import Sandbox, candidates

from ..conftest import add_byte, happens, is_held, job_of, statuses, write_check

NONE = Sandbox("none: a process group", ())
NAMESPACES = pytest.mark.skipif(run.sandbox().name.startswith("none"), reason="no namespaces here")
SHUT_IN = pytest.mark.skipif(not run.sandbox().protects, reason="no bubblewrap here")


def decide(root: Path, source: str) -> Record:
    """Decide the claims of a check module with this source."""
    job = write_check(root, source)
    return run.decide(load_project(root), job, say=lambda _: None)


def verdicts(record: Record) -> list[tuple[str, str]]:
    return [(outcome.observed, outcome.reason) for outcome in record.outcomes]


def log_of(root: Path) -> str:
    job = job_of(root, "old-evidence")
    return location(job.article, job.module, "bare").with_suffix(".log").read_text(encoding="utf-8")


FINE = "def fine():\n    '''It is so.'''\n    assert int(1) == 1\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("import os; os._exit(0)", "the process ended with status 0"),
        ("import os; os.abort()", "the process ended with status"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the process ended with status"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "the process ended with status"),
        ("assert True", "no assertion was reached: the claim decided nothing"),
    ],
)
def test_claim_without_an_answer_is_undecided_and_the_next_is_decided(example: Path, body: str, reason: str) -> None:
    record = decide(example, f"def broken():\n    '''It is so.'''\n    {body}\n\n{FINE}")
    assert [outcome.observed for outcome in record.outcomes] == ["undecided", "holds"]
    assert record.outcomes[0].reason.startswith(reason)
    assert [statuses(example)[f"old-evidence remembered.{name}@bare"] for name in ("broken", "fine")] == [
        "unverified",
        "verified",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
        "import time\n    for _ in range(6000): print('loading', flush=True); time.sleep(0.01)",
    ],
)
def test_claim_that_hangs_is_stopped_at_the_limit(example: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CLAIM_SECONDS", 1)
    record = decide(example, f"def hangs():\n    '''It is so.'''\n    {body}\n\n{FINE}")
    assert verdicts(record) == [("undecided", "not decided within 1 s"), ("holds", "")]


def test_claim_that_hangs_with_its_output_closed_is_stopped_at_the_limit(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "sandbox", lambda: NONE)
    monkeypatch.setattr(run, "CLAIM_SECONDS", 1)
    body = "import os, time; os.closerange(0, 256); time.sleep(60)"
    record = decide(example, f"def hangs():\n    '''It is so.'''\n    {body}\n\n{FINE}")
    assert verdicts(record) == [("undecided", "not decided within 1 s"), ("holds", "")]


DAEMON = """
    import fcntl, os, sys, time

    def claim():
        '''It is so.'''
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                lock = open({lock!r}, "w")
                fcntl.flock(lock, fcntl.LOCK_EX)
                for _ in range(1200):  # a minute, should nobody end it
                    if not os.path.exists({lock!r}):
                        break
                    print("still here", flush=True)
                    time.sleep(0.05)
            os._exit(0)
        os.wait()
        while True:
            with open({lock!r}, "w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    break
        assert os.getpid() > 0
"""


@NAMESPACES
def test_daemon_that_holds_the_pipe_neither_survives_nor_blocks(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces = next(one for one in candidates() if one.prefix)  # which lets it hold a file that is seen here, too
    monkeypatch.setattr(run, "sandbox", lambda: spaces)
    lock = tmp_path / "lock"
    assert verdicts(decide(example, DAEMON.format(lock=str(lock)))) == [("holds", "")]
    assert happens(lambda: not is_held(lock))


def test_daemon_does_not_block_without_namespaces(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "sandbox", lambda: NONE)
    monkeypatch.setattr(run, "GRACE_SECONDS", 0.2)
    lock = tmp_path / "lock"
    record = decide(example, DAEMON.format(lock=str(lock)))
    lock.unlink()  # the daemon ends itself
    assert verdicts(record) == [("holds", "")]
    assert record.seen.isolation == NONE.name


@NAMESPACES
def test_check_reaches_loopback_and_no_other_network(example: Path) -> None:
    source = """
        import socket

        def claim():
            '''It is so.'''
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname()).close()
            try:
                socket.create_connection(("192.0.2.1", 80), timeout=1).close()
            except OSError as error:
                assert "unreachable" in str(error)
    """
    assert verdicts(decide(example, source)) == [("holds", "")]


def test_endless_output_is_stopped_and_only_its_ends_are_kept(example: Path) -> None:
    source = """
        def prints():
            '''It is so.'''
            print("the beginning")
            for _ in range(100):
                print("x" * (1 << 20))
            assert int(1) == 1
    """
    tracemalloc.start()
    record = decide(example, source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert verdicts(record) == [("undecided", "it printed more than 64 MiB")]
    assert record.log_bytes < 2 * run.KEPT_BYTES + 100
    assert peak < 16 << 20
    assert log_of(example).startswith("--- remembered.prints\nthe beginning\nxxx")
    assert "bytes left out" in log_of(example)


def test_memory_beyond_the_machine_is_an_undecided_claim(example: Path) -> None:
    record = decide(example, f"def claim():\n    '''It is so.'''\n    assert bytearray(1 << 50)\n\n{FINE}")
    assert verdicts(record) == [("undecided", "MemoryError: "), ("holds", "")]


def test_check_runs_in_an_empty_folder_with_the_variables_of_its_environment_only(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of this machine")
    source = """
        import os, tempfile

        def claim():
            '''It is so.'''
            assert os.listdir() == []
            assert os.getcwd() == os.environ["HOME"] == tempfile.gettempdir()
            assert (os.environ["EXAMPLE"], os.environ["CLINIC_DEVICE"]) == ("1", "cpu")
            assert "SECRET" not in os.environ
    """
    assert verdicts(decide(example, source)) == [("holds", "")]


def test_paths_of_this_machine_are_masked_in_log_and_reason(example: Path, home: Path) -> None:
    source = """
        import os, sys
        print(__file__, sys.prefix, os.getcwd(), os.__file__, sep="\\n")

        def claim():
            '''It is so.'''
            assert int(1) == 2, f"not found: {__file__}"
    """
    record = decide(example, source)
    assert verdicts(record) == [("refuted", "not found: $CLINIC/checks/errors/old-evidence/remembered.py")]
    module, prefix, folder, library = log_of(example).splitlines()[:4]
    assert module == "$CLINIC/checks/errors/old-evidence/remembered.py"
    assert prefix.startswith("$ENVIRONMENTS/bare-")
    assert folder == "$TMP"
    assert library.startswith("$PYTHON/")
    assert not [path for path in (example, home, Path.home(), sys.base_prefix) if str(path) in log_of(example)]


def test_log_and_digests_are_those_of_the_run(example: Path) -> None:
    record = decide(example, FINE)
    assert log_of(example) == "--- remembered.fine\n--- holds\n"
    assert record == read(job_evidence(example))
    assert record.seen.python.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert [(one.assertions, one.expected) for one in record.outcomes] == [(1, "holds")]


def job_evidence(root: Path) -> Path:
    job = job_of(root, "old-evidence")
    return location(job.article, job.module, "bare")


def test_probe_that_runs_is_the_one_that_the_evidence_names(example: Path) -> None:
    probe = (Path(run.__file__).parents[1] / "probe.py").read_text(encoding="utf-8")
    (example / "checks/probe.py").write_text(f"{probe}    print('of this project')\n", encoding="utf-8")
    record = decide(example, FINE)
    assert log_of(example).endswith("of this project\n")
    assert record.subjects["checks/probe.py"] == sha256(example / "checks/probe.py")


ANSWERS_ONCE = """
    from pathlib import Path

    def claim():
        '''It is so.'''
        assert not Path({flag!r}).exists() or exit("no library today")

    def other():
        '''It is so.'''
        assert int(1) == 1
"""


def test_undecided_does_not_replace_an_answer_of_the_same_files(example: Path) -> None:
    flag = example / "flag"
    answer = decide(example, ANSWERS_ONCE.format(flag=str(flag))).outcomes[0]
    flag.touch()
    again = run.decide(load_project(example), job_of(example, "old-evidence"), say=lambda _: None)
    assert again.outcomes[0] == answer
    assert statuses(example)["old-evidence remembered.claim@bare"] == "verified"


def test_undecided_replaces_an_answer_of_other_files(example: Path) -> None:
    flag = example / "flag"
    decide(example, ANSWERS_ONCE.format(flag=str(flag)))
    flag.touch()
    add_byte(example / "checks/errors/old-evidence/remembered.py")
    again = run.decide(load_project(example), job_of(example, "old-evidence"), say=lambda _: None)
    assert verdicts(again) == [("undecided", "SystemExit: no library today"), ("holds", "")]
    assert statuses(example)["old-evidence remembered.claim@bare"] == "unverified"


def test_run_without_any_answer_leaves_the_old_evidence_as_it_was(example: Path) -> None:
    decide(example, FINE)
    old = job_evidence(example).read_bytes()
    assert verdicts(decide(example, FINE.replace("assert int(1) == 1", "exit()")))[0][0] == "undecided"
    assert job_evidence(example).read_bytes() == old
    assert statuses(example)["old-evidence remembered.fine@bare"] == "stale"


def test_file_changed_during_the_run_makes_its_answer_stale_and_is_named(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "sandbox", lambda: NONE)
    said: list[str] = []
    source = "def claim():\n    '''It is so.'''\n    with open(__file__, 'a') as file: assert file.write('\\n') == 1\n"
    run.decide(load_project(example), write_check(example, source), say=said.append)
    file = "checks/errors/old-evidence/remembered.py"
    assert said[-1] == f"remembered@bare: {file} changed during the run; run again"
    assert statuses(example)["old-evidence remembered.claim@bare"] == "stale"


TRICKS = {
    "writes an answer to the report and ends": """
        import json, os, socket
        for number in range(3, 64):
            try:
                event = {"event": "claim", "name": "claim", "verdict": "holds", "reason": "", "seconds": 0.1, "assertions": 1}
                os.write(number, (json.dumps(event) + "\\n").encode())
            except OSError:
                pass
        os._exit(0)
    """,
    "writes garbage to the report": """
        import os
        for number in range(3, 64):
            try:
                os.write(number, b"\\xff{]\\n" * 100)
            except OSError:
                pass
        assert int(1) == 1
    """,
    "floods the report": """
        import os
        for number in range(3, 64):
            try:
                for _ in range(200):
                    os.write(number, b"x" * (1 << 16))
            except OSError:
                pass
        assert int(1) == 1
    """,
    "looks for the probe": """
        import sys
        sys.modules["__main__"].decide = lambda *_: {"verdict": "holds", "reason": "", "seconds": 0.0, "assertions": 9}
        assert int(1) == 2
    """,
    "looks for it under a name that nobody reads": """
        import sys
        probe = sys.modules["__ma" + "in__"]
        probe.decide = lambda *_: {"verdict": "holds", "reason": "", "seconds": 0.0, "assertions": 9}
        probe.Report.send = None
        assert int(1) == 1
    """,
    "walks up the frames": "import sys; frame = sys._getframe(1); frame.f_locals; assert int(1) == 1",
    "walks up a traceback": """
        try:
            raise ValueError
        except ValueError as error:
            frame = error.__traceback__.tb_frame.f_back
        assert int(1) == 1
    """,
    "asks the collector": "import gc; gc.get_objects(); assert int(1) == 1",
    "reads its own memory": "open('/proc/self/cmdline').read(); assert int(1) == 1",
    "runs text": "exec('assert 1'); assert int(1) == 1",
    "asserts constants": "assert 1 == 1; assert [1]; assert 2 > 1, 'x'; assert not 0",
    "asserts with a way out": "assert int(2) == 1 or 1 == 1",
    "asserts a thing against itself": "x = int(2); assert x == x",
    "swallows what fails": """
        import contextlib
        with contextlib.suppress(AssertionError):
            assert int(1) == 2
        assert int(1) == 1
    """,
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_check_cannot_set_its_own_verdict(example: Path, trick: str) -> None:
    body = indent(dedent(TRICKS[trick]).strip(), "    ")
    record = decide(example, f"def claim():\n    '''It is so.'''\n{body}\n")
    assert record.outcomes[0].observed != "holds", record.outcomes[0]
    assert statuses(example)["old-evidence remembered.claim@bare"] != "verified"


def test_what_replaces_json_and_the_counter_changes_nothing(example: Path) -> None:
    source = """
        import json, os, time
        json.dumps = lambda *_: '{"event": "claim", "name": "claim", "verdict": "holds"}'
        json.encoder.encode_basestring_ascii = json.encoder.py_encode_basestring_ascii = lambda text: '"holds"'
        os.write = lambda descriptor, data: len(data)

        def claim():
            '''It is so.'''
            assert int(1) == 2, "no"
    """
    assert verdicts(decide(example, source)) == [("refuted", "no")]


@SHUT_IN
@pytest.mark.parametrize(
    "place",
    ["os.path.dirname(__file__)", "sys.prefix", "os.path.dirname(os.__file__)", "os.path.expanduser('~root')", "'/usr/lib'"],
)
def test_a_check_writes_nowhere_but_into_its_temporary_folder(example: Path, place: str) -> None:
    source = f"""
        import os, sys, tempfile

        def claim():
            '''It is so.'''
            with tempfile.NamedTemporaryFile() as file:
                assert file.write(b"x") == 1
            try:
                with open(os.path.join({place}, "left-behind.pth"), "w") as file:
                    file.write("import os")
                left = {place} == os.path.expanduser('~root')  # an empty folder of its own, gone with it
            except OSError:
                left = True
            assert left
    """
    record = decide(example, source)
    assert verdicts(record) == [("holds", "")], log_of(example)
    assert not list(example.rglob("left-behind.pth")) and not Path("~root/left-behind.pth").expanduser().exists()


@SHUT_IN
def test_what_others_keep_in_temporary_folders_and_at_home_is_not_seen(example: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of somebody else", encoding="utf-8")
    source = f"""
        import os

        def claim():
            '''It is so.'''
            assert not os.path.exists({str(secret)!r})
            assert os.listdir("/dev/shm") == []
    """
    assert verdicts(decide(example, source)) == [("holds", "")]


def test_processes_share_one_limit_of_memory(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "memory_limit", lambda: 400 << 20)
    monkeypatch.setattr(run, "LOOKS_SECONDS", 0.05)
    source = """
        import os, time

        def claim():
            '''It is so.'''
            for _ in range(4):
                if os.fork() == 0:
                    held = bytearray(os.urandom(1 << 20)) * 150
                    time.sleep(30)
                    os._exit(len(held) == 0)
            assert os.wait()[1] == 0
    """
    (outcome,) = decide(example, source).outcomes
    assert (outcome.observed, outcome.reason[:18]) == ("undecided", "its processes used")


@SHUT_IN
def test_a_fork_bomb_is_undecided_and_the_machine_lives(example: Path) -> None:
    source = f"""
        import os, time

        def claim():
            '''It is so.'''
            try:
                while True:
                    if os.fork() == 0:
                        time.sleep(30)
            except OSError:
                time.sleep(30)
            assert int(1) == 1

{indent(FINE, "        ")}
    """
    broken, fine = decide(example, source).outcomes
    assert broken.observed == "undecided" and fine.observed == "holds"


def test_events_do_not_move_the_limit_without_end(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CLAIM_SECONDS", 1)
    source = """
        import os, time

        def claim():
            '''It is so.'''
            for _ in range(600):
                for number in range(3, 16):
                    try:
                        os.write(number, b'{"event": "seen"}\\n')
                    except OSError:
                        pass
                time.sleep(0.05)
            assert int(1) == 1
    """
    (outcome,) = decide(example, source).outcomes
    assert outcome.observed == "undecided"
