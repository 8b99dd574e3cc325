"""The site as Zensical builds it: its paste field and its search field answer as those of mkdocs do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from checks.decide.plan import load_project
from checks.show.policy import policy_problems
from checks.show.publish import lay_beside

from .conftest import copy_project, served
from .test_diagnose import NOTHING, ONE, TWO

TONGUES = ("", "zh/")
ONES_PAGE, TWOS_PAGE = "errors/size-mismatch-torch-size-0/", "errors/w1w3-not-in-state-dict/"


@pytest.fixture(scope="module")
def zensical(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build both languages with Zensical, lay beside them what `clinic build` does, and serve that."""
    root = copy_project(tmp_path_factory.mktemp("zensical"))
    for config in ("mkdocs.yml", "mkdocs.zh.yml"):
        command = [sys.executable, "-m", "zensical", "build", "--config-file", config]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    lay_beside(load_project(root), root / "site")
    assert list(policy_problems(root / "site", root)) == []  # one policy for both builders
    with served(root / "site") as address:
        yield address


@pytest.fixture
def page(browser: Browser, zensical: str) -> Iterator[Page]:
    page = browser.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    assert complaints == []
    assert [url for url in asked if not url.startswith((zensical, "data:", "blob:"))] == []
    page.context.close()


def open_search(page: Page) -> Locator:
    """Open the search as a reader does, and return its field."""
    page.locator(".md-search__button").click()
    field = page.get_by_role("dialog").get_by_role("combobox")
    expect(field).to_be_focused()
    return field


def results(page: Page) -> Locator:
    return page.get_by_role("dialog").get_by_role("option")


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("place", ["", "diagnose/"])
def test_a_pasted_line_leads_from_the_paste_field_to_its_article(page: Page, zensical: str, tongue: str, place: str) -> None:
    page.goto(f"{zensical}{tongue}{place}", wait_until="networkidle")
    page.locator("#clinic-text").fill(ONE)
    expect(page.locator(".clinic-summary")).to_contain_text("CC002")
    card = page.locator(".clinic-finding").first
    expect(card.locator(".clinic-parts")).to_contain_text("visual.blocks.3.mlp.up_proj.bias")
    card.locator("h2 a").click()
    page.wait_for_url(f"{zensical}{tongue}{ONES_PAGE}**")
    expect(page.locator("h1")).to_contain_text("size mismatch")


def test_what_is_not_known_is_said_to_be(page: Page, zensical: str) -> None:
    page.goto(f"{zensical}diagnose/", wait_until="networkidle")
    page.locator("#clinic-text").fill(NOTHING)
    expect(page.locator(".clinic-summary")).to_contain_text("Not known here")


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_line_in_the_search_field_finds_its_article_first_and_the_enter_key_opens_it(
    page: Page, zensical: str, tongue: str
) -> None:
    page.goto(zensical + tongue, wait_until="networkidle")
    open_search(page)
    page.keyboard.insert_text(f"[rank3]: 2026-11-21 10:00:00 {TWO} and words of no page")
    expect(results(page).first).to_have_attribute("href", re.compile(rf"/{tongue}{TWOS_PAGE}$"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{zensical}{tongue}{TWOS_PAGE}**")


def test_several_lines_pasted_into_the_search_field_stay_lines(page: Page, zensical: str) -> None:
    page.goto(zensical, wait_until="networkidle")
    page.evaluate("text => navigator.clipboard.writeText(text)", f"Traceback:\n  main()\n{ONE}\nexit 1")
    field = open_search(page)
    page.keyboard.press("Control+V")
    expect(results(page).first).to_have_attribute("href", re.compile(ONES_PAGE))
    assert field.input_value().count("\u2028") == 3


@pytest.mark.parametrize(("tongue", "word"), [("", "badge elsewhere"), ("zh/", "徽章")])
def test_an_ordinary_search_works_as_it_did(page: Page, zensical: str, tongue: str, word: str) -> None:
    page.goto(zensical + tongue, wait_until="networkidle")
    open_search(page)
    page.keyboard.insert_text(word)
    expect(results(page).first).to_have_attribute("href", re.compile(f"/{tongue}method/"))


def test_without_the_signatures_the_theme_still_answers(browser: Browser, zensical: str) -> None:
    page = browser.new_page()
    page.context.route("**/signatures.json", lambda route: route.abort())
    page.goto(zensical, wait_until="networkidle")
    open_search(page)
    page.keyboard.insert_text("badge elsewhere")
    expect(results(page).first).to_have_attribute("href", re.compile("/method/"))
    page.close()
