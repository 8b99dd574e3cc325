"""diagnose, explain, audit and here as read-only tools of the Model Context Protocol, on standard input and output.

Each call is the command itself with --json, in a process of its own: what a tool returns is what the command prints. A log
goes there through a pipe and is kept nowhere; what comes back of it is masked. Needs the extra `mcp` (the official SDK).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import mcp_types as types
from jsonschema import ValidationError, validate
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from . import __version__
from .commands.list import SCHEMA
from .mask import mask
from .skill import DESCRIPTION, NAME

READS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
LANGUAGE = {"enum": ["en", "zh"], "default": "en", "description": "the language of the answer"}
OF_A_LOG = ("line", "captured")  # what a finding quotes
# name -> (what it is for, its parameters, those that must be given, the definitions in schema.json that its answer fits)
TOOLS: dict[str, tuple[str, dict[str, Any], list[str], tuple[str, ...]]] = {
    "diagnose": (
        "Say which article has the message that a log or a traceback holds (weights loaded, saved, sharded), or answer a "
        "question in words. No findings means not known here, and not that all is well.",
        {"log": {"type": "string", "description": "the whole log, or a question"}, "language": LANGUAGE},
        ["log"],
        ("diagnose",),
    ),
    "explain": (
        "An article as text: whether it is safe to go on, what to do by case, what does not help. With evidence: every claim, "
        "version and run. With claim: one claim, and where it was observed.",
        {
            "article": {"type": "string", "description": "an id such as CC002"},
            "evidence": {"type": "boolean", "default": False},
            "claim": {"type": "string", "description": "module.function"},
            "language": LANGUAGE,
        },
        ["article"],
        ("explain", "explain-claim"),
    ),
    "audit": (
        "Look into a folder of checkpoint files on this machine before it is loaded: cut, missing, empty or foreign files and "
        "tensors, by their headers. Nothing is changed, no pickle is opened.",
        {"folder": {"type": "string", "description": "the folder with config.json and the weight files"}, "language": LANGUAGE},
        ["folder"],
        ("started",),
    ),
    "here": (
        "Say whether versions of transformers, DeepSpeed and PEFT were measured to load such a model exactly, wrongly, or not.",
        {
            "model": {"type": "string", "description": "a folder with config.json, or a model_type such as qwen3_moe"},
            "installed": {"type": "string", "description": 'such as "transformers 5.4.0, deepspeed 0.18.5", or pip freeze'},
            "python": {"type": "string", "description": "the Python to ask instead, such as .venv/bin/python"},
            "language": LANGUAGE,
        },
        [],
        ("here",),
    ),
}


def serve() -> None:
    """Answer until standard input ends."""
    anyio.run(_serve)


async def _serve() -> None:
    made = server()
    async with stdio_server() as (read, write):
        await made.run(read, write, made.create_initialization_options())


def server() -> Server[Any]:
    """Return the server with its four tools."""
    return Server(
        NAME, version=__version__, title="Checkpoint Clinic", instructions=DESCRIPTION, on_list_tools=_list, on_call_tool=_call
    )


def tools() -> list[types.Tool]:
    """Return the tools with the schemas of what they take and give."""
    definitions = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    return [
        types.Tool(
            name=name,
            description=text,
            input_schema=_takes(name),
            output_schema={
                "type": "object",
                "anyOf": [{"$ref": f"#/$defs/{one}"} for one in gives],
                "$defs": _needed(gives, definitions),
            },
            annotations=READS,
        )
        for name, (text, _, _, gives) in TOOLS.items()
    ]


def _takes(name: str) -> dict[str, Any]:
    _, parameters, required, _ = TOOLS[name]
    return {"type": "object", "properties": parameters, "required": required, "additionalProperties": False}


def _needed(names: Sequence[str], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return these definitions and what they refer to."""
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            text = json.dumps(definitions[name])
            waiting += [other for other in definitions if f'"#/$defs/{other}"' in text]
    return found


async def _list(_: ServerRequestContext[Any], __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=tools())


async def _call(_: ServerRequestContext[Any], asked: types.CallToolRequestParams) -> types.CallToolResult:
    given = asked.arguments or {}
    if asked.name not in TOOLS:
        return _error(f"no tool {asked.name} (known: {', '.join(TOOLS)})")
    try:
        validate(given, _takes(asked.name))
    except ValidationError as error:
        return _error(f"{asked.name}: {error.message}. Its parameters: {', '.join(TOOLS[asked.name][1])}.")
    arguments, piped = command(asked.name, given)
    printed, told = await run(arguments, piped)
    try:
        value = masked(json.loads(printed))
    except ValueError:
        said = told.decode("utf-8", "replace").strip().splitlines()
        return _error(
            mask(said[-1].removeprefix("clinic: ")) if said else "the command ended without an answer. Call it again."
        )
    return types.CallToolResult(
        content=[types.TextContent(text=json.dumps(value, ensure_ascii=False))], structured_content=value
    )


async def run(arguments: Sequence[str], piped: bytes) -> tuple[bytes, bytes]:
    """Run a command and return what it printed, and what it told."""
    done = await anyio.run_process([sys.executable, "-m", "checkpoint_clinic", *arguments], input=piped, check=False)
    return done.stdout, done.stderr


def command(name: str, given: Mapping[str, Any]) -> tuple[list[str], bytes]:
    """Return the command line of a call, and what is piped into it."""
    arguments, piped = [name, "--json", "--language", given.get("language", "en")], b""
    if name == "diagnose":
        piped = given["log"].encode("utf-8", "replace")
    elif name == "explain":
        arguments += ["--evidence"] if given.get("evidence") else []
        arguments += [f"--claim={given['claim']}"] if given.get("claim") else []
        arguments += ["--", given["article"]]
    elif name == "audit":
        arguments += ["--", given["folder"]]
    elif given.get("installed"):
        arguments += ["--installed=-"]
        piped = given["installed"].encode("utf-8", "replace")
    elif given.get("python"):
        arguments += [f"--python={given['python']}"]
    if name == "here" and given.get("model"):
        arguments += ["--", given["model"]]
    return arguments, piped


def masked(value: Any, of_a_log: bool = False) -> Any:
    """Return an answer in which what it quotes of a log names nobody."""
    if isinstance(value, dict):
        return {key: masked(one, of_a_log or key in OF_A_LOG) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one, of_a_log) for one in value]
    return mask(value) if of_a_log and isinstance(value, str) else value


def _error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
