"""The tools for agents, asked by the SDK's own client: they answer as the commands do, name nobody, and keep nothing."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
import tomllib
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult

from checkpoint_clinic import __version__, server
from checkpoint_clinic.command import main
from checkpoint_clinic.mask import mask
from checks.show.package import library

from .test_formats import vectors
from .test_nearest import PROJECT, REPOSITORY

LIBRARY = library(PROJECT)
TOKEN = "hf_" + "a1B2c3D4e5F6g7H8i9"
MESSAGE = "/home/alice/x: newly initialized: ['lm_head.weight']"


async def in_this_process(arguments: Sequence[str], piped: bytes) -> tuple[bytes, bytes]:
    """Run a command as `server.run` does, without a process for each."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(piped))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(arguments, LIBRARY)
    finally:
        sys.stdin = before
    return out.getvalue().encode(), err.getvalue().encode()


def asked(*calls: tuple[str, dict[str, Any]], to: Any = None) -> list[CallToolResult]:
    """Return what a client of the SDK gets for calls of tools."""

    async def ask() -> list[CallToolResult]:
        async with Client(to or server.server()) as client:
            return [await client.call_tool(name, given) for name, given in calls]

    return anyio.run(ask)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "run", in_this_process)


def printed(*arguments: str, log: str = "") -> Any:
    return json.loads(anyio.run(in_this_process, arguments, log.encode())[0])


def test_a_real_server_is_started_answers_and_ends(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    started = StdioServerParameters(command=sys.executable, args=["-m", "checkpoint_clinic", "mcp"], cwd=REPOSITORY)
    calls = [
        ("diagnose", {"log": f"{TOKEN} {MESSAGE}"}),
        ("explain", {"article": "CC002"}),
        ("audit", {"folder": str(tmp_path)}),
        ("here", {"model": "qwen3_moe", "installed": "transformers 5.0.0, deepspeed 0.19.8"}),
    ]
    diagnosed, explained, audited, here = asked(*calls, to=started)
    assert not any(one.is_error for one in (diagnosed, explained, audited, here))
    assert diagnosed.structured_content["findings"][0]["article"] == "CC004"
    assert explained.structured_content["text"].startswith("# CC002")
    assert audited.structured_content["status"] == 1 and "git lfs pull" in json.dumps(audited.structured_content)
    assert here.structured_content["status"] == 1


def test_its_tools_only_read_and_say_what_they_give() -> None:
    async def listed() -> Any:
        async with Client(server.server()) as client:
            return (await client.list_tools()).tools

    tools = anyio.run(listed)
    assert [tool.name for tool in tools] == ["diagnose", "explain", "audit", "here"]
    for tool in tools:
        assert tool.annotations and tool.annotations.read_only_hint and tool.annotations.open_world_hint is False
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)


@pytest.mark.usefixtures("fast")
def test_on_every_vector_it_answers_as_the_command_does() -> None:
    texts = [text for _, text in vectors()]
    answers = asked(*(("diagnose", {"log": text}) for text in texts))
    schema = next(tool.output_schema for tool in server.tools() if tool.name == "diagnose")
    validator = Draft202012Validator(schema or {})
    for text, answer in zip(texts, answers, strict=True):
        assert json.loads(answer.content[0].text) == answer.structured_content  # type: ignore[union-attr]
        validator.validate(answer.structured_content)
        assert answer.structured_content == server.masked(printed("diagnose", "--json", log=text)), text


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (("explain", {"article": "cc002", "language": "zh"}), ("explain", "CC002", "--json", "--language", "zh")),
        (("explain", {"article": "CC002", "evidence": True}), ("explain", "CC002", "--evidence", "--json")),
        (
            ("here", {"model": "llama", "installed": "transformers 5.0.0"}),
            ("here", "llama", "--installed", "transformers 5.0.0", "--json"),
        ),
    ],
)
def test_the_other_tools_answer_as_their_commands_do(call: tuple[str, dict[str, Any]], arguments: tuple[str, ...]) -> None:
    (answer,) = asked(call)
    assert answer.structured_content == printed(*arguments)


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("diagnose", {}), "'log' is a required property"),
        (("diagnose", {"log": 3}), "3 is not of type 'string'"),
        (("diagnose", {"log": "x", "fix": True}), "'fix' was unexpected"),
        (("explain", {"article": "CC999"}), "no article CC999 (known: CC001"),
        (("explain", {"article": "--help"}), "no article --help"),
        (("explain", {"article": "CC002", "claim": "no.such"}), "has no claim no.such (known: "),
        (("here", {"model": "/no/such"}), "no folder /no/such"),
        (("here", {"installed": "numpy 1"}), "Write it as"),
        (("frobnicate", {}), "no tool frobnicate (known: diagnose"),
    ],
)
def test_an_error_says_what_was_wrong_and_what_to_do(call: tuple[str, dict[str, Any]], words: str) -> None:
    (answer,) = asked(call)
    assert answer.is_error and answer.structured_content is None
    assert words in answer.content[0].text and "Traceback" not in answer.content[0].text  # type: ignore[union-attr]


@pytest.mark.usefixtures("fast")
def test_what_it_quotes_of_a_log_names_nobody() -> None:
    (answer,) = asked(("diagnose", {"log": f"{MESSAGE} token={TOKEN}"}))
    text = json.dumps(answer.structured_content)
    assert "alice" not in text and TOKEN not in text and mask(MESSAGE) in text


CALLS: dict[str, tuple[list[str], str]] = {
    "diagnose": (["diagnose", "--json"], MESSAGE),
    "diagnose for an agent": (["diagnose", "--format", "agent"], MESSAGE),
    "explain": (["explain", "CC002", "--json"], ""),
    "here": (["here", "llama", "--installed", "-", "--json"], "transformers 5.0.0"),
    "audit": (["audit", "--json", "."], ""),
    "skill": (["skill"], ""),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_log_is_kept_nowhere_and_no_network_is_used(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In processes of their own: each connection that one asks for, and what it opens to write, goes through an audit hook."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\n"
        "def told(event, arguments):\n"
        "    writes = event == 'open' and isinstance(arguments[1], str) and set(arguments[1]) & set('wax+')\n"
        "    if event.startswith(('socket.connect', 'socket.getaddrinfo', 'socket.bind')) or writes:\n"
        "        os.write(2, f'SEEN {event} {arguments[0]}\\n'.encode())\n"
        "sys.addaudithook(told)\n"
        "os.write(2, b'HOOKED\\n')\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(REPOSITORY)]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    arguments, piped = CALLS[name]
    out, err = anyio.run(server.run, arguments, piped.encode())
    seen = [line.split(maxsplit=2) for line in err.decode().splitlines() if line.startswith("SEEN")]
    written = [where for _, event, where in seen if event == "open"]
    assert out and b"HOOKED" in err
    assert [one for one in seen if one[1] != "open"] == []
    assert [where for where in written if not where.endswith("audit_checkpoint.py")] == []  # the snippet, for its own process


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "checkpoint_clinic.server", None)
    assert main(["mcp"], LIBRARY) == 2
    assert 'uvx --from "checkpoint-clinic[mcp]" clinic mcp' in capsys.readouterr().err


def test_what_the_registry_asks_for_fits_the_package() -> None:
    listed = json.loads((REPOSITORY / "server.json").read_text(encoding="utf-8"))
    (package,) = listed["packages"]
    assert listed["version"] == package["version"] == __version__
    assert f"<!-- mcp-name: {listed['name']} -->" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(listed["description"]) <= 100
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["identifier"] == project["name"]
    assert [one["value"] for one in package["runtimeArguments"]] == project["optional-dependencies"]["mcp"]
    assert [one["value"] for one in package["packageArguments"]] == ["mcp"]
