"""What is worked out once for a project, however many pages ask for it. A project is read for one build, then forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from ..decide.plan import Project

T = TypeVar("T")
_MADE: WeakKeyDictionary[Project, dict[tuple[str, ...], Any]] = WeakKeyDictionary()


def once(project: Project, make: Callable[[], T], *key: str) -> T:
    """Return what `make` returns, the first time that this key is asked for of this project; later the same."""
    made = _MADE.setdefault(project, {})
    if key not in made:
        made[key] = make()
    found: T = made[key]
    return found
