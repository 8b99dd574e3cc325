"""The readers' command line in a clone: what it takes and refuses, and that it is the same in the package."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoint_clinic import __version__, command
from checks.commands.main import clinic as maintainers
from checks.decide.plan import load_project
from checks.show.package import library

from .asked import ask

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = library(load_project(ROOT))


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    return command.main(arguments, LIBRARY), capsys.readouterr().err


def test_the_lists_of_commands_are_true() -> None:
    folder = Path(command.__file__).with_name("commands")
    assert set(command.READERS) == {path.stem for path in folder.glob("*.py")} - {"__init__"}
    context = maintainers.make_context("clinic", [], resilient_parsing=True)
    assert list(command.MAINTAINERS) == maintainers.list_commands(context)


@pytest.mark.parametrize("name", [None, *command.READERS])
def test_help_fits_a_screen(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, shown = ask(lambda line: command.main(line, LIBRARY), [name, "--help"] if name else ["--help"])
    assert status == 0
    lines = shown.splitlines()
    assert 5 < len(lines) <= 24
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cure"], "no such command: cure (known: diagnose"),
        (["explain"], "required: CC002"),
        (["explain", "CC999"], "no article CC999 (known: CC001 "),
        (["explain", "CC001", "--claim", "nothing"], "CC001 has no claim nothing (known: "),
        (["snippet", "../pyproject"], "no snippet ../pyproject (known: audit_checkpoint.py"),
        (["diagnose", "absent.log"], "cannot read absent.log"),
        (["diagnose", "--language", "fr"], "invalid choice: 'fr'"),
        (["list", "--no-such"], "unrecognized arguments: --no-such"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    status, told = said(capsys, *arguments)
    assert (status, told.count("\n")) == (2, 1)
    assert words in told


def test_without_a_command_the_commands_are_shown() -> None:
    status, shown = ask(lambda line: command.main(line, LIBRARY), [])
    assert status == 2
    assert all(f"  {name}" in shown for name in command.READERS)


def test_version() -> None:
    assert ask(lambda line: command.main(line, LIBRARY), ["--version"]) == (0, f"checkpoint-clinic {__version__}\n")


def test_what_was_read_before_an_interrupt_is_answered() -> None:
    arguments = [sys.executable, "-m", "checkpoint_clinic", "diagnose"]
    process = subprocess.Popen(
        arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin and process.stdout
    process.stdin.write("RuntimeError: the shape in current model is torch.Size([0]).\n" * 20_000)
    process.stdin.flush()  # more than a pipe holds: it has begun to read
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate()
    assert "Traceback" not in told
    assert process.returncode in (0, 1, 3)
    assert printed


def test_an_article_its_evidence_and_its_object_are_those_of_the_site() -> None:
    for article in LIBRARY.articles:
        for language in ("en", "zh"):
            line = ["explain", article["id"], "--language", language]
            status, shown = ask(lambda line: command.main(line, LIBRARY), line)
            assert (status, shown) == (0, LIBRARY.text(article, language))
            status, shown = ask(lambda line: command.main(line, LIBRARY), [*line, "--evidence"])
            assert (status, shown) == (0, LIBRARY.evidence(article, language))
            status, shown = ask(lambda line: command.main(line, LIBRARY), [*line, "--json"])
            told = json.loads(shown)
            assert LIBRARY.data(article, language).items() <= told.items()
            assert told["text"] == LIBRARY.text(article, language)


def test_a_claim_is_told_with_its_fact_in_words() -> None:
    for article in LIBRARY.articles:
        for claim in LIBRARY.data(article, "zh")["claims"]:
            line = ["explain", article["id"], "--claim", claim["name"], "--language", "zh"]
            status, shown = ask(lambda line: command.main(line, LIBRARY), line)
            assert status == 0 and claim["sentence"] in shown and claim["words"] in shown


def test_evidence_and_a_single_claim_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = said(capsys, "explain", "CC001", "--evidence", "--claim", "x")
    assert status == 2 and "not allowed with argument" in told


def test_a_snippet_is_written_once_and_another_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    line = ("snippet", "gather_load.py", "-o", str(file))
    assert said(capsys, *line) == (0, f"wrote {file}\n")
    assert file.read_bytes() == (ROOT / "snippets/gather_load.py").read_bytes()
    assert said(capsys, *line) == (0, f"{file} is already gather_load.py, byte for byte\n")
    file.write_bytes(file.read_bytes() + b"\n")
    status, told = said(capsys, *line)
    assert status == 2 and f"{file} exists and was kept" in told
    assert file.read_bytes().endswith(b"\n\n")
    assert said(capsys, "snippet", "gather_load.py", "-o", str(tmp_path))[0] == 2  # a folder of that name
