"""The rows of `make faults`, each at a small count."""

from __future__ import annotations

from pathlib import Path

import pytest

from .faults import ROWS, Row, try_row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_row_of_the_table_of_faults_holds(row: Row, tmp_path: Path, python: Path) -> None:
    holds, line = try_row(row, quick=True, work=tmp_path / "row")
    assert holds, line
