"""Folders of killed processes are removed; those of the living, of others and of anything else stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.decide.leftovers import BUNDLE, DAY, RUN, SITE, sweep_builds, sweep_bundles, sweep_temporary, temporary

HOLDS = """
import sys
from pathlib import Path
from checks.decide.leftovers import temporary
with temporary(sys.argv[1], Path(sys.argv[2])) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


def owner(prefix: str, folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that owns such a folder until its input ends; return it with the folder."""
    command = [sys.executable, "-c", HOLDS, prefix, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str], number: signal.Signals | None = None) -> None:
    process.send_signal(number) if number else None
    process.communicate()


def test_the_bundle_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    (living, kept), (killed, left) = owner(BUNDLE, tmp_path), owner(BUNDLE, tmp_path)
    end(killed, signal.SIGKILL)
    assert sweep_bundles(tmp_path) == [left]
    assert (left.exists(), kept.exists()) == (False, True)
    end(living)


def test_a_folder_is_gone_with_its_context(temp: Path) -> None:
    with temporary(RUN) as folder:
        (folder / "file").touch()
    assert list(temp.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(temp: Path) -> None:
    (living, kept), (killed, left) = owner(RUN, temp), owner(RUN, temp)
    (left / "part").mkdir()
    end(killed, signal.SIGKILL)
    assert sweep_temporary() == [left]
    assert (left.exists(), kept.exists()) == (False, True)
    end(living)
    assert not kept.exists()


def test_what_others_made_stays(temp: Path) -> None:
    names = ("clinic-abcdefgh", "clinic-of-somebody", "other-run-abcdefgh")
    for name in names:
        (temp / name).mkdir()
        os.utime(temp / name, (0, 0))
    (temp / "target").mkdir()
    (temp / f"{RUN}abcdefgh").symlink_to(temp / "target")
    (temp / "clinic-new_run1").mkdir()
    assert sweep_temporary() == [temp / "clinic-abcdefgh"], "a run's of the time before locks, older than a day"
    assert {path.name for path in temp.iterdir()} == {*names[1:], "target", f"{RUN}abcdefgh", "clinic-new_run1"}
    assert DAY == 24 * 60 * 60


@pytest.mark.parametrize("replaced", [True, False])
def test_a_killed_build_is_removed_and_the_site_that_it_was_replacing_is_put_back(tmp_path: Path, replaced: bool) -> None:
    left, site = tmp_path / f"{SITE}x", tmp_path / "site"
    (left / "old").mkdir(parents=True)
    (left / "old" / "index.html").write_text("old", encoding="utf-8")
    if replaced:
        site.mkdir()
        (site / "index.html").write_text("new", encoding="utf-8")
    assert sweep_builds(tmp_path) == [left]
    assert (site / "index.html").read_text(encoding="utf-8") == ("new" if replaced else "old")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
