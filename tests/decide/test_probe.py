"""The probe by itself: a module in, verdicts out."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

import checks

PROBE = Path(checks.__file__).with_name("probe.py")
LIBRARY = """
def compare():
    raise AssertionError("internal")

def assert_equal(a, b):
    if a != b:
        raise AssertionError(f"{a} != {b}")
"""


def probe(folder: Path, source: str, *claims: str, options: tuple[str, ...] = (), python: tuple[str, ...] = ()) -> list[dict]:
    """Run the probe on a module with this source; return what it reported about claims, and in the end what it saw."""
    module = folder / "checks/errors/x/situation.py"
    module.parent.mkdir(parents=True)
    module.write_text(dedent(source), encoding="utf-8")
    (folder / "library").mkdir()
    (folder / "library" / "tested.py").write_text(LIBRARY, encoding="utf-8")
    ours, theirs = socket.socketpair()
    ours.sendall(b"word ")
    command = [
        sys.executable,
        "-I",
        *python,
        str(PROBE),
        str(module),
        "--root",
        str(folder),
        "--report",
        str(theirs.fileno()),
        *options,
    ]
    command += [argument for claim in claims for argument in ("--claim", claim)]
    done = subprocess.run(command, pass_fds=[theirs.fileno()], cwd=folder, capture_output=True, text=True, check=False)
    theirs.close()
    told = b""
    with ours, contextlib.suppress(ConnectionResetError):  # it ended before it had read its word
        while data := ours.recv(1 << 16):
            told += data
    events = [json.loads(line.removeprefix("word ")) for line in told.decode().splitlines()]
    (folder / "log").write_text(done.stdout + done.stderr, encoding="utf-8")
    return [*(event for event in events if event["event"] == "claim"), *events[-1:]]


def decide(folder: Path, body: str, before: str = "") -> tuple[str, str]:
    """Return verdict and reason of one claim with this body."""
    source = f"{dedent(before)}\ndef claim():\n    '''It is so.'''\n{indent(dedent(body).strip(), '    ')}\n"
    event = probe(folder, source, "claim")[0]
    return event["verdict"], event["reason"]


def test_claim_that_passes_its_assertion_holds(tmp_path: Path) -> None:
    assert decide(tmp_path, "assert int(1) == 1") == ("holds", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("assert int(2) == 3, 'one and one'", "one and one"),
        ("assert int(2) == 3", "situation.py, line 4"),
        ("raise AssertionError('the load succeeded')", "the load succeeded"),
    ],
)
def test_claim_that_raises_assertion_error_is_refuted(tmp_path: Path, body: str, reason: str) -> None:
    assert decide(tmp_path, body) == ("refuted", reason)


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "assert True",
        "assert 'a string'",
        "assert (1 == 2, 'always true')",
        "for one in []:\n    assert one == 1",
        "return\nassert int(1) == 1",
        "try:\n    raise ValueError\n    assert int(1) == 1\nexcept ValueError:\n    pass",
    ],
)
def test_claim_that_reaches_no_assertion_is_undecided(tmp_path: Path, body: str) -> None:
    assert decide(tmp_path, body) == ("undecided", "no assertion was reached: the claim decided nothing")


def test_assertions_are_counted_for_each_claim(tmp_path: Path) -> None:
    source = """
        def _same(a, b):
            assert a == b

        def first():
            for number in range(3):
                _same(number, number)

        def second():
            pass
    """
    first, second, _ = probe(tmp_path, source, "first", "second")
    assert (first["verdict"], first["assertions"]) == ("holds", 3)
    assert (second["verdict"], second["assertions"]) == ("undecided", 0)


PATH = "import sys; from pathlib import Path\nsys.path.append(str(Path(__file__).parents[3] / 'library'))\nimport tested\n"


@pytest.mark.parametrize(
    ("body", "verdict", "reason"),
    [
        ("tested.assert_equal(1, 1)", "holds", ""),
        ("tested.assert_equal(1, 2)", "refuted", "1 != 2"),
        ("assert int(1) == 1\ntested.compare()", "undecided", "the library itself raised AssertionError in compare: internal"),
    ],
)
def test_library_refutes_only_by_a_function_named_assert(tmp_path: Path, body: str, verdict: str, reason: str) -> None:
    assert decide(tmp_path, body, PATH) == (verdict, reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('no shape')", "ValueError: no shape"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
        ("assert int(1) == 1\nraise SystemExit", "SystemExit: "),
    ],
)
def test_anything_else_that_is_raised_is_undecided(tmp_path: Path, body: str, reason: str) -> None:
    assert decide(tmp_path, body) == ("undecided", reason)


def test_module_that_does_not_start_leaves_every_claim_undecided(tmp_path: Path) -> None:
    *claims, seen = probe(tmp_path, "import no_such_library", "first", "second")
    reason = "the module did not start: ModuleNotFoundError: No module named 'no_such_library'"
    assert [(one["name"], one["verdict"], one["reason"]) for one in claims] == [
        ("first", "undecided", reason),
        ("second", "undecided", reason),
    ]
    assert seen["python"]


def test_claim_without_function_is_undecided(tmp_path: Path) -> None:
    event = probe(tmp_path, "", "missing")[0]
    assert (event["verdict"], event["reason"]) == ("undecided", "LookupError: the module defines no such function")


def test_module_is_executed_once_as_a_module_and_its_claims_in_the_order_given(tmp_path: Path) -> None:
    source = """
        import sys
        print("executed as", __name__, "with", sys.argv[1:])

        def first(): print("first")
        def second(): print("second")

        if __name__ == "__main__":
            print("as a script")
    """
    probe(tmp_path, source, "second", "first")
    printed = [line for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines() if not line.startswith("---")]
    assert printed == ["executed as situation with []", "second", "first"]


def test_log_names_each_claim_and_its_verdict(tmp_path: Path) -> None:
    decide(tmp_path, "print('loading')\nassert int(1) == 2, 'differs'")
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert log.startswith("--- situation.claim\nloading\n--- refuted: differs\n")
    assert "Traceback" in log


def test_check_imports_snippets_and_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets" / "double.py").write_text("def double(x): return 2 * x\n", encoding="utf-8")
    neighbour = "import pathlib; pathlib.Path(__file__).with_name('_two.py').write_text('TWO = 2')\nfrom _two import TWO\n"
    assert decide(tmp_path, "from snippets.double import double\nassert double(TWO) == 4", neighbour) == ("holds", "")


def test_prelude_is_executed_before_the_module(tmp_path: Path) -> None:
    prelude = tmp_path / "undo.py"
    prelude.write_text("import os; os.environ['UNDONE'] = __name__\n", encoding="utf-8")
    source = "import os\nUNDONE = os.environ['UNDONE']\ndef claim(): assert UNDONE == 'undo'\n"
    assert probe(tmp_path, source, "claim", options=("--before", str(prelude)))[0]["verdict"] == "holds"


def test_memory_beyond_the_limit_is_an_undecided_claim(tmp_path: Path) -> None:
    source = "def claim(): assert len(bytearray(1 << 30)) == 1 << 30"
    event = probe(tmp_path, source, "claim", options=("--memory", str(512 << 20)))[0]
    assert (event["verdict"], event["reason"]) == ("undecided", "MemoryError: ")


def test_packages_are_those_that_an_import_finds_first(tmp_path: Path) -> None:
    source = """
        import sys
        from pathlib import Path
        for version in ("2.0", "1.0"):
            info = Path(version) / f"thing-{version}.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Name: Some_Thing\\nVersion: {version}\\n")
            sys.path.append(version)
    """
    assert probe(tmp_path, source)[-1]["packages"]["some-thing"] == "2.0"


def test_nothing_is_decided_with_assertions_switched_off(tmp_path: Path) -> None:
    assert probe(tmp_path, "def claim(): assert int(1) == 1", "claim", python=("-O",)) == []
    assert "assertions are switched off" in (tmp_path / "log").read_text(encoding="utf-8")
