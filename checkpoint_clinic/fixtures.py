"""For pytest: `pytest_plugins = ["checkpoint_clinic.fixtures"]` gives tests the fixture `verify_load`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .loads import VerifyLoad


@pytest.fixture
def verify_load() -> Callable[..., Any]:
    """Return a function that compares a model with its files and fails the test if they are not the same.

    verify_load(model, "path/to/model", new=["score"])
    """

    def check(model: Any, folder: str, **options: Any) -> Any:
        return VerifyLoad(folder, **options).check(model)

    return check
