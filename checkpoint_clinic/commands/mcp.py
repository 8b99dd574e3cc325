"""`clinic mcp`: the commands as tools of the Model Context Protocol."""

from __future__ import annotations

import argparse

from ..command import Refused
from ..library import Library

HELP = """Serve diagnose, explain, audit and here to agents by the Model Context Protocol, on standard input and output:
uvx --from "checkpoint-clinic[mcp]" clinic mcp

The tools only read, use no network, and keep nothing. Exit status: 0, or 2 if the extra mcp is not installed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: an agent starts it."""


def run(_: argparse.Namespace, __: Library) -> int:
    """Serve until standard input ends."""
    try:
        from ..server import serve
    except ImportError as error:
        raise Refused(
            f'{error.name} is not installed. Take the extra: uvx --from "checkpoint-clinic[mcp]" clinic mcp'
        ) from None
    serve()
    return 0
