"""What a check's files may not do, and that none of ours does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.decide.guard import refusals

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys._getframe(1)",
        "from sys import _getframe",
        "import inspect; inspect.currentframe()",
        "error.__traceback__.tb_frame",
        "getattr(error, 'tb_frame')",
        "import gc; gc.get_objects()",
        "import ctypes",
        "from ctypes import util",
        "import __main__",
        "import sys; sys.modules['__main__']",
        "exec('1')",
        "eval('1')",
        "globals()['x']",
        "open('/proc/self/fd/3')",
        "f.__globals__",
    ],
)
def test_what_reaches_into_the_probe_is_refused(tmp_path: Path, code: str) -> None:
    file = tmp_path / "check.py"
    file.write_text(f'"""It is so."""\n{code}\n', encoding="utf-8")
    (found, *_) = refusals(file)
    assert str(found).startswith("check.py, line 2: ")


@pytest.mark.parametrize(
    "code",
    [
        "model.eval()",
        "import gc; gc.freeze()",
        "import inspect; inspect.getsource(f)",
        "import sys; sys.modules['deepspeed.comm.torch'].x = 1",
        'if __name__ == "__main__":\n    pass',
        '"""Looks at /proc/self and __main__, in words."""',
    ],
)
def test_what_a_check_needs_is_not(tmp_path: Path, code: str) -> None:
    file = tmp_path / "check.py"
    file.write_text(code, encoding="utf-8")
    assert list(refusals(file)) == []


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("checks/errors/*/*.py"), *ROOT.glob("snippets/*.py")]), ids=lambda one: one.name
)
def test_no_check_of_ours_does_it(file: Path) -> None:
    assert list(refusals(file)) == []
