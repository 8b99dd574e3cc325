"""The real site, built once from a copy of the project, and a Chromium to read it with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import browser as chromium  # noqa: E402  the modules beside the tests
from built import build, copy_project, served  # noqa: E402

expect.set_options(timeout=60_000)  # ms: how long is no matter of a test, and machines are shared


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def site(project: Path) -> Path:
    return build(project)


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.ensure(), args=chromium.ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def browser(launched: Browser) -> Iterator[Browser]:
    """A browser that goes on without the pages of the test: many that are left open slow all that follow."""
    yield launched
    for context in launched.contexts:
        context.close()
