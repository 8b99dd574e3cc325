"""checks/atlas/_apart.py: each architecture in a process of its own, whose end is an answer, too."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "checks" / "atlas"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(FOLDER))
    import _apart

    yield _apart
    del sys.modules["_apart"]


def test_what_is_returned_comes_back_and_nothing_else_does(apart: ModuleType) -> None:
    here: list[int] = []
    assert apart.apart(lambda one, two: here.append(1) or [one + two, os.getpid()], 2, 3)[0] == 5
    assert here == [] and apart.apart(os.getpid) != os.getpid()


def test_several_are_in_order_and_run_at_the_same_time(apart: ModuleType, tmp_path: Path) -> None:
    def meet(mine: str, theirs: str) -> str:
        (tmp_path / mine).touch()
        while not (tmp_path / theirs).exists():
            pass
        return mine

    assert apart.together(meet, ("one", "other"), ("other", "one")) == ["one", "other"]


def test_an_assertion_of_ours_is_one_and_a_librarys_is_none(apart: ModuleType, tmp_path: Path) -> None:
    names: dict[str, object] = {}
    code = "def ours():\n    assert False, 'silent: 1 of 2'\n"
    exec(compile(code, str(FOLDER / "plain.py"), "exec"), names)  # noqa: S102  our own line
    with pytest.raises(AssertionError, match=r"^silent: 1 of 2$"):
        apart.apart(names["ours"])
    exec(compile(code, str(tmp_path / "library.py"), "exec"), names)  # noqa: S102  our own line
    with pytest.raises(RuntimeError, match="a library asserts in ours: silent"):
        apart.apart(names["ours"])


@pytest.mark.parametrize(("ends", "said"), [(lambda: os._exit(7), "status 7"), (lambda: os.kill(os.getpid(), 9), "status -9")])
def test_a_process_that_dies_is_no_answer(apart: ModuleType, ends: object, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        apart.apart(ends)
    assert apart.apart(lambda: 1) == 1, "and the next one is asked all the same"


def test_what_is_raised_is_undecided_with_its_reason(apart: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError: "):
        apart.apart(lambda: 1 // 0)


def test_an_architecture_is_a_file_of_at_most_40_lines() -> None:
    ways = {path.stem for path in FOLDER.glob("[!_]*.py") if "def claim(" in path.read_text(encoding="utf-8")}
    lines = {path.stem: len(path.read_text("utf-8").splitlines()) for path in FOLDER.glob("[!_]*.py") if path.stem not in ways}
    assert len(lines) >= 20 and max(lines.values()) <= 40, lines
