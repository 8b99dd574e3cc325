"""The rows of `make faults`, each at a small count."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .faults import ROWS, Row

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_row_of_the_table_of_faults_holds(row: Row, python: Path) -> None:
    """In a process of its own: some rows drive a browser, as other tests do here."""
    command = [sys.executable, "-m", "tests.faults", "--quick", "--only", row.fault]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
