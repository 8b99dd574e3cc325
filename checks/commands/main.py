"""The command line of maintainers: the files of this folder, each a command of its name."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click
from rich.markup import escape

from checkpoint_clinic import command as readers

from ..content.problem import Invalid, not_utf8
from ..decide.plan import find_root, load_project
from .command import Exit, count, err, told

NO_COMMANDS = ("__init__", "command", "main")
SELDOM = (200_000, 50, 50)  # what a command reads it keeps: the search for garbage took a seventh of a large project's run


class Commands(click.Group):
    """The commands by the names of their files; only the one that is asked for is imported."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        files = (path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NO_COMMANDS)
        return sorted(name.rstrip("_").replace("_", "-") for name in files)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        if name not in self.list_commands(context):
            return None
        module = name.replace("-", "_") + ("_" if iskeyword(name) else "")
        found = import_module(f".{module}", __package__).command
        assert isinstance(found, click.Command)
        found.name = name
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def clinic() -> None:
    """Decide the claims of the articles, and build the site from what was observed.

    Readers' commands, which the installed package has, too: diagnose, explain, here, snippet, audit, verify, list,
    skill, mcp.

    Exit status: 0 all verified, 1 something failing, 2 usage or content error, 3 nothing selected, 4 something has no current
    answer, 75 another run holds the lock, 130 interrupted.
    """


def main() -> int:
    """Run the command line and return its exit status; content errors are printed whole, without a traceback."""
    gc.set_threshold(*SELDOM)
    try:
        status = _run()
        if sys.stdout:  # none, where it was closed
            sys.stdout.flush()
    except BrokenPipeError:  # who reads has had enough
        _close_output()
        return Exit.VERIFIED
    except OSError as error:  # a full disk, a folder that may not be written, a file in a folder's place
        err.print(escape(f"clinic: {told(error)}"))
        _close_output()
        return Exit.USAGE
    return status


def _close_output() -> None:
    """Point standard output nowhere, so that the interpreter does not fail when it flushes it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _run() -> int:
    try:
        if sys.argv[1:2] == ["--version"] or (sys.argv[1:2] and sys.argv[1] in readers.READERS):
            return _read(sys.argv[1:])
        return int(clinic.main(prog_name="clinic", standalone_mode=False) or 0)
    except Invalid as error:
        for problem in error.problems:
            err.print(escape(str(problem)))
        err.print(f"{count(len(error.problems), 'problem')}. Nothing was written.")
        return Exit.USAGE
    except UnicodeDecodeError:
        problems = not_utf8(find_root())
        if not problems:
            raise
        err.print("\n".join(escape(str(problem)) for problem in problems))
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        err.print("Interrupted. What was decided is kept: the same command goes on from here.")
        return Exit.INTERRUPTED


def _read(arguments: list[str]) -> int:
    """Answer a reader from the content of this clone, or, outside of one, of the clone in which this file lies."""
    from ..show.package import library

    return readers.main(arguments, library(load_project(find_root(own=True))))


if __name__ == "__main__":
    sys.exit(main())
