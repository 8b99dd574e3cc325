"""The command line of readers: the files of `commands/`, each a command of its name."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__
from .console import prepare, say

if TYPE_CHECKING:  # who asks brings one along: the engine's command line starts without it
    from .library import Library

READERS = ("diagnose", "explain", "here", "snippet", "audit", "verify", "list", "skill", "mcp")
# What the engine's command line has beside these, in a clone of the project.
MAINTAINERS = (
    "atlas",
    "build",
    "bundle",
    "csp",
    "draw",
    "generate",
    "import",
    "lint",
    "lock",
    "mutate",
    "new",
    "plan",
    "releases",
    "run",
    "serve",
    "sign",
    "status",
    "vector",
    "verify-evidence",
    "wheels",
)
FORMS = ("human", "agent", "json", "github", "sarif")  # of what finds something
PLAIN = ("human", "json")
WIDTH = 110  # of help in a file
USAGE = 2
INTERRUPTED = 130
_TOP = """\
commands:
  diagnose [FILE]   which article has the message that a log holds: python train.py 2>&1 | clinic diagnose
  explain CC002     an article, in the terminal; with --evidence what it rests on
  here [MODEL]      whether the installed versions were measured to load a model exactly
  snippet NAME      a tested file to copy: print it, or write it with -o FILE
  audit DIR         look into a checkpoint folder before it is loaded
  verify ...        load a model and compare it with its files
  list              the articles and the snippets
  skill             a SKILL.md that tells an agent all this
  mcp               the same as tools for an agent (the extra mcp)

Each knows --help, --json and --language. In a clone of the project there are also:
"""


class Refused(Exception):
    """What was asked for cannot be done; says what was expected, what was found, and the repair."""


class _Parser(argparse.ArgumentParser):
    """Ends by `Refused` and not by itself, so that every message looks alike."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"{message} (see: {self.prog} --help)")


def main(arguments: Sequence[str], library: Library) -> int:
    """Run one command and return its exit status, also where nobody reads the output to its end."""
    prepare()
    try:
        status = _run(list(arguments), library)
    except Refused as refused:
        say(f"clinic: {refused}")
        status = USAGE
    except KeyboardInterrupt:
        say("Interrupted.")
        status = INTERRUPTED
    except BrokenPipeError:
        status = 0  # a command that has more to say than a line catches it itself: see `written`
        _close_output()
    except OSError as error:  # a full disk behind the output
        status = _not_written(error)
    else:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _close_output()
        except OSError as error:
            status = _not_written(error)
    return status


def _not_written(error: OSError) -> int:
    say(f"clinic: {error.filename or 'the answer could not be written'}: {error.strerror or error}")
    _close_output()
    return USAGE


def written(status: int, print_it: Any) -> int:
    """Call what prints, and return the status even if the reader of a pipe had enough."""
    try:
        print_it()
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()
    return status


def print_json(value: Any) -> None:
    """Print JSON that every console can show: characters beyond ASCII are escaped where its encoding is not UTF-8."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(value, indent=1, ensure_ascii=ascii_only))


def _run(arguments: list[str], library: Library) -> int:
    if arguments[:1] in ([], ["-h"], ["--help"]):
        print("usage: clinic COMMAND ...\n\nErrors met while model weights are loaded, saved or sharded.\n")
        print(_TOP + textwrap.fill(", ".join(MAINTAINERS), 100, initial_indent="  ", subsequent_indent="  "))
        return USAGE if not arguments else 0
    if arguments[0] == "--version":
        print(f"checkpoint-clinic {__version__}")
        return 0
    if arguments[0] not in READERS:
        raise Refused(f"no such command: {arguments[0]} (known: {', '.join(READERS)})")
    parser, command = parser_of(arguments[0])
    try:
        given = _parse(parser, arguments[1:])
        given.command = arguments[0]
        given.format = given.format or ("agent" if "agent" in _forms(command) and _of_agent() else "human")
        given.as_json = given.format == "json"
        return int(command.run(given, library))
    except SystemExit as asked_for_help:
        return int(asked_for_help.code or 0)


def help_of(name: str) -> str:
    """Return a command's help, in lines that do not depend on the terminal."""
    parser, _ = parser_of(name)
    parser.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=WIDTH)
    return parser.format_help()


def parser_of(name: str) -> tuple[argparse.ArgumentParser, ModuleType]:
    """Return a command's parser and its module."""
    command = import_module(f".commands.{name}", __package__)
    parser = _Parser(
        prog=f"clinic {name}",
        description=command.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # `--lang` may be a snippet's
    )
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    forms = _forms(command)
    text = f"{', '.join(forms[1:])} (json's schema: clinic list --schema)"
    text += "; agent by itself where AI_AGENT or AGENT is set" if "agent" in forms else ""
    parser.add_argument("--format", choices=forms, metavar="FORM", help=text)
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="the language of the answer (default: en)")
    command.arguments(parser)
    return parser, command


def _forms(command: ModuleType) -> tuple[str, ...]:
    return getattr(command, "FORMATS", PLAIN)


def _of_agent() -> bool:
    """Whether an agent says of itself that it runs the command."""
    return any(os.environ.get(name) for name in ("AI_AGENT", "AGENT"))


def _parse(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Parse; a command whose parser has `rest` among its defaults gets there what is not its own, and all behind `--`."""
    if parser.get_default("rest") is None:
        return parser.parse_args(arguments)
    mark = arguments.index("--") if "--" in arguments else len(arguments)
    given, others = parser.parse_known_args(arguments[:mark])
    given.rest = [*others, *arguments[mark + 1 :]]
    return given


def _close_output() -> None:
    """Point standard output nowhere, so that the interpreter does not fail when it flushes it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
