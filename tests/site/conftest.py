"""The real site, built once from a copy of the project, and a Chromium to read it with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import browser as chromium  # noqa: E402  the modules beside the tests
from built import build, copy_project, served  # noqa: E402

PATIENCE = 120_000  # ms: how long is no matter of a test, and machines are shared
expect.set_options(timeout=PATIENCE)


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


def patient(make: Callable[..., BrowserContext | Page]) -> Callable[..., BrowserContext | Page]:
    """Return what makes a context or a page that waits long before it calls something missing."""

    def made(**options: Any) -> BrowserContext | Page:
        one = make(**options)
        one.set_default_timeout(PATIENCE)
        return one

    return made


@pytest.fixture(scope="session")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.ensure(), args=chromium.ARGUMENTS)
        for name in ("new_context", "new_page"):
            setattr(launched, name, patient(getattr(launched, name)))
        yield launched
        launched.close()


@pytest.fixture
def browser(launched: Browser) -> Iterator[Browser]:
    """A browser that goes on without the pages of the test: many that are left open slow all that follow."""
    yield launched
    for context in launched.contexts:
        context.close()
