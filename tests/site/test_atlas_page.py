"""The page of the load atlas in Chromium: a cell opens, a way stands alone, what is installed at yours is looked up."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from ..atlas import MODULES, NOT_RUN, bring, decide
from ..built import build, dress
from ..conftest import EXAMPLES
from .conftest import served
from .test_every_page import AXE, DESKTOP, NARROW, SMALL, SMALLEST, VIEWS

ELEMENTS = 2600  # of the page, with so few architectures; the whole atlas has about 2,500
PART = "\n\n/// atlas | mixtral\n///\n\n/// atlas | zero3\n///\n"
ZERO3 = re.compile("^under ZeRO-3:")
CELL = "section[data-way=zero3] tr:has([data-row='zero3 mixtral']) td.silent a[href$='@atlas-5.0.0.txt']"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = bring(shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("atlas") / "clinic"))
    dress(root)
    decide(root)
    for language in ("en", "zh"):
        article = root / "docs" / language / "errors" / "prefix-missing.md"
        article.write_text(article.read_text(encoding="utf-8") + PART, encoding="utf-8")
    return build(root)


@pytest.fixture(scope="module")
def atlas(folder: Path) -> Iterator[str]:
    with served(folder) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, atlas: str) -> Iterator[Any]:
    """Open a page, and hold that nothing failed and nothing was asked elsewhere."""
    said: list[str] = []
    contexts = []

    def opened(path: str = "atlas/", **options: Any) -> Page:
        contexts.append(browser.new_context(**{"viewport": DESKTOP, **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda one: said.append(one.text) if "favicon.ico" not in one.location["url"] else None)
        page.on("request", lambda request: said.append(request.url) if not request.url.startswith((atlas, "data:")) else None)
        page.goto(atlas + path, wait_until="networkidle")
        if options.get("java_script_enabled", True):
            page.evaluate("new Promise((done) => requestIdleCallback(done))")  # a script may have come and not have run yet
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def answer(page: Page, text: str) -> Any:
    page.locator("#clinic-installed").fill(text)
    return page.locator(".clinic-atlas-answer")


@pytest.mark.parametrize("language", ["", "zh/"])
def test_a_cell_opens_to_what_was_seen_by_keyboard_and_closes_where_it_was(visit: Any, language: str) -> None:
    page: Page = visit(f"{language}atlas/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    cell = page.locator(CELL)
    cell.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=re.compile("Mixtral.*5.0.0"))
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("17 of 21 tensors differ from the files")
    expect(dialog).to_contain_text("sh run.sh zero3 mixtral")
    expect(dialog).to_contain_text("clinic run atlas --environment atlas-5.0.0 --again")
    for link in dialog.locator("a").evaluate_all("all => all.map(one => one.href)"):
        assert page.request.get(link).ok, link
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(cell).to_be_focused()
    cell.click()
    expect(dialog).to_contain_text("17")
    assert [name for url in asked if (name := url.rpartition("/")[2]).endswith(".json")] == ["atlas.json"]  # once


def test_a_cell_of_several_releases_names_each_with_its_log(visit: Any) -> None:
    page: Page = visit()
    page.locator("section[data-way=plain] tr:has([data-row='plain mixtral']) td.exact a").first.click()
    logs = page.locator("dialog .clinic-atlas-logs a")
    expect(logs.first).to_have_text("4.49.0")
    expect(logs.last).to_have_text("5.6.2")
    expect(page.locator("dialog")).not_to_contain_text(NOT_RUN)


def test_a_way_stands_alone_when_its_link_is_followed_and_all_come_back(visit: Any) -> None:
    page: Page = visit()
    sections = page.locator("section[data-way]")
    number = sections.count()
    expect(sections.locator("visible=true")).to_have_count(number)
    page.locator(".clinic-atlas-ways a[href='#zero3']").click()
    expect(sections.locator("visible=true")).to_have_count(1)
    expect(page.locator(".clinic-atlas-ways [aria-current]")).to_have_attribute("href", "#zero3")
    page.go_back()
    expect(sections.locator("visible=true")).to_have_count(number)


WRITTEN = {
    "a person": "transformers 5.4.0, DeepSpeed 0.19.8",
    "pip freeze": "tokenizers==0.22.0\ndeepspeed==0.19.8\ntransformers==5.4.0\nsentence-transformers==3.0.0\n",
    "pip list": "deepspeed          0.19.8\ntransformers       5.4.0\ntransformers-stream-generator 0.0.5\n",
    "conda": "  - transformers=5.4.0=pyhd8ed1ab_0\n",
    "with an extra": "transformers[torch]==5.4\n",
}


@pytest.mark.parametrize("written", WRITTEN)
def test_what_is_installed_is_answered_silent_first_and_its_column_is_marked(visit: Any, written: str) -> None:
    page: Page = visit()
    told = answer(page, WRITTEN[written])
    expect(told).to_contain_text("transformers 5.4.0 was measured.")
    expect(told.locator("li").first).to_contain_text(re.compile("silent.*BERT, 2 left out"))
    expect(told.locator("li", has_text=ZERO3)).to_contain_text("Qwen3.5 55/89")
    expect(told.locator("li", has_text="AutoModel")).to_contain_text(f"all {len(MODULES)} exact")
    marked = page.locator("section[data-way=zero3] thead .clinic-yours")
    expect(marked).to_have_text("5.4.0")


NOT_MEASURED = {
    "between": ("transformers 5.4.2", "5.4.0, 5.5.0"),
    "newer": ("transformers 99.0.0", "5.24.0"),
    "older": ("transformers 4.30.0", "4.49.0"),
    "before a release": ("transformers 5.4.0.dev0", "5.3.0, 5.4.0"),
    "a build of its own": ("transformers==5.4.0+local.1", "5.4.0, 5.5.0"),
}


@pytest.mark.parametrize("name", NOT_MEASURED)
def test_a_release_without_a_column_is_not_measured_and_gets_no_comfort(visit: Any, name: str) -> None:
    page: Page = visit()
    written, near = NOT_MEASURED[name]
    told = answer(page, written)
    expect(told).to_contain_text("was not measured.")
    expect(told).to_contain_text(f"The nearest measured: {near}")
    expect(told).to_contain_text("say nothing about yours")
    expect(page.locator(".clinic-yours")).to_have_count(0)
    expect(told).not_to_contain_text("exact")


def test_a_release_that_nobody_ran_yet_is_not_measured_anywhere(visit: Any) -> None:
    told = answer(visit(), f"transformers {NOT_RUN}")
    expect(told.locator("li", has_text="AutoModel")).to_contain_text(f"{len(MODULES)} not measured")
    expect(told).not_to_contain_text("exact")


def test_another_deepspeed_is_said_to_be_another_and_what_went_well_is_no_comfort(visit: Any) -> None:
    told = answer(visit(), "transformers 5.4.0\ndeepspeed 0.18.5")
    line = told.locator("li", has_text=ZERO3)
    expect(line).to_contain_text(
        "measured with deepspeed 0.15.4, 0.16.9, 0.17.6, 0.18.9, 0.19.8 alone; of deepspeed 0.18.5 nothing"
    )
    expect(line).to_contain_text("Qwen3.5 55/89")
    expect(line).not_to_contain_text("exact")
    expect(told.locator("li", has_text="AutoModel")).to_contain_text("exact")


def test_a_deepspeed_that_was_measured_is_answered_and_its_column_is_marked(visit: Any) -> None:
    page: Page = visit()
    told = answer(page, "transformers 5.4.0\ndeepspeed 0.16.9")
    line = told.locator("li", has_text=ZERO3)
    expect(line).to_contain_text("Qwen3.5 55/89")
    expect(line).to_contain_text(f"{len(MODULES) - 2} others exact")
    expect(line).not_to_contain_text("nothing is said")
    expect(page.locator("section[data-way=zero3] thead .clinic-yours")).to_have_text(
        ["5.4.0"]
    )  # the other DeepSpeed's cells are as these


@pytest.mark.parametrize("text", ["", "torch 2.0", "transformers>=5.0", "<img src=x onerror=alert(1)>"])
def test_a_text_without_a_release_is_asked_for_one(visit: Any, text: str) -> None:
    told = answer(visit(), text)
    expect(told).to_contain_text("No version of transformers in it" if text else "")


def test_without_scripts_each_cell_is_a_link_to_its_log_and_every_way_is_there(visit: Any, atlas: str) -> None:
    page: Page = visit(java_script_enabled=False)
    expect(page.locator("section[data-way]:visible")).to_have_count(page.locator("section[data-way]").count())
    expect(page.locator(".clinic-paste")).not_to_be_visible()
    page.locator(CELL).click()
    page.wait_for_url(f"{atlas}evidence/atlas/zero3@atlas-5.0.0.txt")


def test_every_cell_leads_to_a_file(folder: Path) -> None:
    html = (folder / "atlas/index.html").read_text(encoding="utf-8")
    logs = set(re.findall(r'href="\.\./(evidence/atlas/[^"]+)"', html))
    assert len(logs) > len(MODULES) and all((folder / log).is_file() for log in logs)


@pytest.mark.parametrize("path", ["atlas/", "zh/atlas/", "errors/prefix-missing/"])
def test_on_a_phone_a_card_names_the_releases_and_nothing_scrolls_sideways(visit: Any, path: str) -> None:
    page: Page = visit(path, viewport=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    wide = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).length"
    assert page.locator(".clinic-scroll:has(.clinic-atlas-table)").evaluate_all(wide) == 0
    cell = page.locator("tr:has([data-row='zero3 mixtral']) td.silent").first
    expect(cell).to_contain_text("5.0.0")
    assert cell.locator("span").first.evaluate("one => one.getBoundingClientRect().width") > SMALLEST
    assert page.evaluate(SMALL, SMALLEST) == []
    cell.locator("a").click()
    expect(page.locator("dialog")).to_contain_text("sh run.sh zero3 mixtral")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("path", ["atlas/", "zh/atlas/", "errors/prefix-missing/"])
def test_axe_finds_nothing_with_a_cell_open_and_an_answer(visit: Any, view: str, path: str) -> None:
    page: Page = visit(path, **VIEWS[view])
    if path != "errors/prefix-missing/":
        expect(answer(page, "transformers 5.4.0")).to_contain_text("5.4.0")
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(AXE, None)
    page.locator("td.silent a").first.click()
    page.locator("dialog h2").wait_for()
    assert found + page.evaluate(AXE, None) == []


def test_the_page_is_light_and_is_reached_from_everywhere(visit: Any, folder: Path) -> None:
    page: Page = visit("")
    assert page.locator("*").count() <= ELEMENTS
    for place in (".md-tabs", ".md-content", ".md-footer"):
        assert page.locator(f"{place} a[href='atlas/']").count()
    assert "atlas/atlas.json" in (folder / "llms.txt").read_text(encoding="utf-8")
    assert '"location":"atlas/' in (folder / "search/search_index.json").read_text(encoding="utf-8")
    page = visit("atlas/")
    assert page.locator("*").count() <= ELEMENTS
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**/zh/atlas/")


def test_where_there_is_no_atlas_the_page_says_so(tmp_path: Path) -> None:
    root = shutil.copytree(EXAMPLES, tmp_path / "clinic")
    dress(root)
    site = build(root)
    assert "No load atlas was measured here." in (site / "atlas/index.html").read_text(encoding="utf-8")
    assert "atlas.json" not in (site / "llms.txt").read_text(encoding="utf-8")
