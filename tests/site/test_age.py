"""A badge asks the reader's clock: on a site that nobody builds any more it and its page's facts turn grey, and say why."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

SLUG = "size-mismatch-torch-size-0"
PAGES = {
    "": ("a.clinic-badge", "evidence is older than 90 days"),
    f"errors/{SLUG}/": ("a.clinic-badge", "evidence is older than 90 days"),
    f"zh/errors/{SLUG}/evidence/": ("a.clinic-badge", "证据已超过 90 天"),
}


def seen(browser: Browser, url: str, day: date | None) -> Page:
    page = browser.new_context().new_page()
    if day:
        page.clock.set_fixed_time(datetime(day.year, day.month, day.day, 12))
    page.goto(url)
    return page


def colours(page: Page) -> set[str]:
    return set(page.locator("a.clinic-badge .clinic-status--verified").evaluate_all("all => all.map(one => one.textContent)"))


@pytest.mark.parametrize("path", PAGES)
def test_it_is_green_until_its_last_day_and_grey_from_the_next(browser: Browser, address: str, path: str) -> None:
    selector, told = PAGES[path]
    badge = seen(browser, address + path, None).locator(selector).first
    until = date.fromisoformat(badge.get_attribute("data-valid-until") or "")
    young = seen(browser, address + path, until)
    assert colours(young)
    assert told not in young.inner_text("main")
    old = seen(browser, address + path, until + timedelta(days=400))
    assert not colours(old)
    assert told in old.locator(selector).first.inner_text()
    grey = old.locator(f"{selector} .clinic-status").first
    assert "clinic-status--unverified" in (grey.get_attribute("class") or "")


def test_the_day_after_the_last_is_too_late(browser: Browser, address: str) -> None:
    url = f"{address}errors/{SLUG}/"
    until = date.fromisoformat(seen(browser, url, None).locator("a.clinic-badge").get_attribute("data-valid-until") or "")
    assert colours(seen(browser, url, until)) and not colours(seen(browser, url, until + timedelta(days=1)))


def test_facts_lose_their_colour_with_the_badge_and_keep_what_they_say(browser: Browser, address: str) -> None:
    url = f"{address}errors/{SLUG}/"
    until = date.fromisoformat(seen(browser, url, None).locator("a.clinic-badge").get_attribute("data-valid-until") or "")
    shown = []
    for day in (until, until + timedelta(days=1)):
        page = seen(browser, url, day)
        mark = page.locator("button.clinic-verdict--holds").first
        mark.click()
        opened = page.locator(".clinic-opened:popover-open")
        shown.append((mark.evaluate("one => getComputedStyle(one).color"), mark.inner_text(), opened.inner_text()))
    (young, count, fact), (old, still, told) = shown
    assert young != old and count == still
    assert fact in told and "evidence is older than 90 days" in told and "older than" not in fact
