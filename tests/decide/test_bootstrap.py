"""A machine with Python and nothing else: what it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_machine_without_the_engine_is_told_how_to_get_it() -> None:
    command = [sys.executable, "-S", "-m", "checks", "run"]
    done = subprocess.run(command, cwd=REPOSITORY, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "clinic: its own packages are not installed here.\n"
        "    repair: make setup, or give --wheels DIR with the wheels (collect them with: clinic wheels DIR)\n"
    )
