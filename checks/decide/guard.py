"""What a check's files may not do: reach into the probe that decides them. Read as text, before anything is executed.

A check is the project's own code and is read by somebody before it is merged. This finds what that person must not miss: an
assertion that nothing can refute, and the ways by which Python lets code reach what called it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FRAMES = ("_getframe", "_current_frames", "currentframe", "f_back", "f_locals", "f_globals", "tb_frame", "gi_frame", "cr_frame")
OBJECTS = ("get_objects", "get_referrers", "get_referents", "cell_contents", "__closure__", "__globals__")
REACHES = frozenset((*FRAMES, *OBJECTS, "settrace", "setprofile"))
BUILTINS = ("eval", "exec", "compile", "globals", "__import__")
MODULES = ("ctypes", "cffi", "_ctypes", "__main__")
PLACES = ("/proc/", "/dev/fd")
ENTRY = "__main__"


@dataclass(frozen=True)
class Refused:
    """One thing that a check may not do."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        """`name.py, line 3: what`."""
        return f"{self.path.name}, line {self.line}: {self.what}"


def refusals(path: Path) -> Iterator[Refused]:
    """Yield what a file of a check may not do.

    Raises:
        SyntaxError: if it is not Python.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    entries = {id(one) for node in ast.walk(tree) if _is_entry(node) for one in ast.walk(node)}
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) not in docstrings and (what := _refused(node, id(node) in entries)):
            yield Refused(path, getattr(node, "lineno", 1), what)


def _is_entry(node: ast.AST) -> bool:
    """Whether it is the test `__name__ == "__main__"`."""
    return isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == "__name__"


def _refused(node: ast.AST, entry: bool) -> str:
    if isinstance(node, ast.Attribute) and node.attr in REACHES:
        return f"{node.attr} reaches into what called it"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
        return f"{node.func.id}() runs code that nobody can read here"
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [alias.name for alias in node.names] + ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        if found := next((name for name in names if name.partition(".")[0] in MODULES or name in REACHES), None):
            return f"import {found} reaches into what called it"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value in REACHES or (node.value == ENTRY and not entry):
            return f"{node.value!r} names what decides it"
        if found := next((place for place in PLACES if place in node.value), None):
            return f"{found} shows what decides it"
    return ""
