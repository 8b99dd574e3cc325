"""The real site in headless Chromium: nothing leaves the host, what a reader needs is seen first, everyone can read it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from ..conftest import happens
from .conftest import ROOT

ARTICLES = sorted(folder.name for folder in (ROOT / "checks" / "errors").iterdir() if folder.is_dir())
PATHS = [
    f"{language}{path}"
    for language in ("", "zh/")
    for path in (
        "",
        "diagnose/",
        "atlas/",
        "method/",
        "environments/",
        "changelog/",
        "404.html",
        *(f"errors/{slug}/{page}" for slug in ARTICLES for page in ("", "evidence/")),
    )
]
PHONE = {"width": 390, "height": 844}
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def open_page(browser: Browser, url: str, **options: object) -> tuple[Page, list[str], list[str]]:
    """Open a page; return it, the requests to other hosts and the messages of the console."""
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    host = url.split("/")[2]
    outside: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.split("/")[2:3] == [host] or request.url.startswith("data:") else outside.append(request.url)
        ),
    )
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url, wait_until="networkidle")
    return page, outside, complaints


@pytest.mark.parametrize("path", PATHS)
def test_a_page_asks_no_other_host_and_meets_wcag_aa(browser: Browser, address: str, path: str) -> None:
    page, outside, complaints = open_page(browser, address + path)
    assert outside == []
    assert complaints == []
    results = Axe().run(page, options=WCAG)
    assert results.violations_count == 0, results.generate_report()
    page.context.close()


def first_step(page: Page) -> Locator:
    """The first thing to do: the command for everybody, else the first case's command, or its sentence where it has none."""
    page.evaluate(
        """() => {
          const until = (one, found = []) =>
            !one || one.tagName === "H3" ? found : until(one.nextElementSibling, [...found, one]);
          const first = until(document.querySelector("h3").nextElementSibling);
          const all = [...until(document.getElementById("what-to-do").nextElementSibling), ...first];
          const commands = all.map((one) => (one.matches(".highlight") ? one : one.querySelector(".highlight")));
          (commands.find(Boolean) ?? first[0]).id = "first-step";
        }"""
    )
    return page.locator("#first-step")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [f"{language}errors/{slug}/" for language in ("", "zh/") for slug in ARTICLES])
def test_on_a_phone_message_safety_and_first_step_are_seen_without_scrolling(
    browser: Browser, address: str, path: str, scheme: str
) -> None:
    page, _, _ = open_page(browser, address + path, viewport=PHONE, color_scheme=scheme)
    card = page.locator("section.clinic-article")
    parts = [
        card.locator(".clinic-message"),
        card.locator(".clinic-safe > strong"),
        first_step(page),
    ]
    for part in parts:
        box = part.bounding_box()
        assert box and box["y"] + box["height"] <= PHONE["height"], part.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "the page itself scrolls sideways"
    page.context.close()


@pytest.mark.parametrize("path", ["", "zh/"])
def test_the_index_leads_to_the_article(browser: Browser, address: str, path: str) -> None:
    page, _, _ = open_page(browser, address + path)
    page.locator("table.clinic-index a", has_text="w1w3 not in state_dict").first.click()
    page.wait_for_load_state("networkidle")
    assert page.url == f"{address}{path}errors/w1w3-not-in-state-dict/"
    page.context.close()


def test_the_other_language_is_one_click_away(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, f"{address}errors/{ARTICLES[0]}/")
    page.get_by_role("link", name="中文").first.click()
    page.wait_for_load_state("networkidle")
    assert page.url == f"{address}zh/errors/{ARTICLES[0]}/"
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.context.close()


def test_the_copy_button_copies_the_message_as_it_is(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, f"{address}errors/w1w3-not-in-state-dict/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".clinic-message button").first.click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == page.locator(".clinic-message code").inner_text().strip()
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_mark_opens_the_fact_and_its_log_by_keyboard_and_without_scripts(
    browser: Browser, address: str, scripts: bool
) -> None:
    page, _, _ = open_page(browser, f"{address}errors/w1w3-not-in-state-dict/", java_script_enabled=scripts)
    mark = page.locator(".clinic-mark > button").first
    opened = page.locator(".clinic-opened").first
    assert not opened.is_visible()
    mark.focus()
    page.keyboard.press("Enter")
    opened.wait_for(state="visible")
    assert "true" in opened.locator(".clinic-fact").inner_text()
    log = opened.locator("a").first.get_attribute("href")
    assert "not in state_dict, loading" in page.request.get(urljoin(page.url, str(log))).text()
    page.keyboard.press("Escape")
    opened.wait_for(state="hidden")
    page.context.close()


@pytest.mark.parametrize("path", [f"{language}errors/{slug}/" for language in ("", "zh/") for slug in ARTICLES])
def test_an_article_is_three_screens_and_seven_on_a_phone(browser: Browser, address: str, path: str) -> None:
    for size, screens in (({"width": 1280, "height": 800}, 3), (PHONE, 7)):
        page, _, _ = open_page(browser, address + path, viewport=size)
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= screens * size["height"], f"{height / size['height']:.2f} screens of {size['width']} px"
        page.context.close()


def test_a_claim_that_is_linked_is_open_and_marked(browser: Browser, address: str) -> None:
    name = "load_in_shard_mode.prints_one_line_per_file"
    page, _, _ = open_page(browser, f"{address}errors/w1w3-not-in-state-dict/evidence/#{name}")
    claim = page.locator(f'[id="{name}"]')
    expect(claim.locator("details ul").first).to_be_visible()
    page.locator(f'.clinic-claim:not([id="{name}"]) details ul').first.wait_for(state="hidden")
    assert claim.locator("a.headerlink").get_attribute("href") == f"#{name}"
    page.context.close()


def test_the_evidence_opens_and_its_log_is_text(browser: Browser, address: str, tmp_path: Path) -> None:
    page, _, _ = open_page(browser, f"{address}errors/w1w3-not-in-state-dict/evidence/")
    run = page.locator("details.clinic-run", has_text="load_in_shard_mode").first
    run.locator("summary").click()
    log = page.request.get(urljoin(page.url, str(run.locator("a", has_text="raw log").get_attribute("href"))))
    assert log.ok
    assert "not in state_dict, loading" in log.text()
    expect(run.locator("table")).to_be_visible()  # what was no part of the page before
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run.locator("button.md-code__button").click()
    command = run.locator("pre code").inner_text().strip()
    assert happens(lambda: page.evaluate("navigator.clipboard.readText()").strip() == command)
    page.context.close()


def test_a_run_has_its_files_where_no_script_runs_and_all_of_it_on_paper(browser: Browser, address: str) -> None:
    place = f"{address}errors/w1w3-not-in-state-dict/evidence/"
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(place)
    run = page.locator("details.clinic-run", has_text="load_in_shard_mode").first
    run.locator("summary").click()
    assert run.locator("a:visible").evaluate_all("(links) => links.map((one) => one.href.split('.').pop())") == [
        "txt",
        "json",
        "zip",
    ]
    page.context.close()
    page, _, _ = open_page(browser, place)
    page.wait_for_load_state("load")  # the network may be idle before the page's scripts have run
    runs = page.locator("details.clinic-run")
    assert page.locator(".clinic-run table").count() == 0
    page.emulate_media(media="print")
    expect(page.locator(".clinic-run table:visible")).to_have_count(runs.count())
    page.context.close()
