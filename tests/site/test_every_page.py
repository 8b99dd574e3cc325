"""Every page as it is published, all opened that opens: nobody is shut out, nothing is asked elsewhere, nothing is too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from .conftest import ROOT, build, copy_project, served

ARTICLES = sorted(path.parent.name for path in (ROOT / "checks" / "errors").glob("*/article.toml"))
GENERAL = "pages of no article"
GROUPS = [GENERAL, *ARTICLES]
ELEMENTS = 1500  # of an article; what is more belongs to its evidence
SHEETS = 4  # of A4, an article in print
SMALLEST = 12  # px
DESKTOP = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 800}
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


@dataclass(frozen=True)
class Published:
    """The site, built for the address at which it is served: only so each page names its own address and its translation."""

    address: str
    folder: Path

    def pages(self, group: str) -> list[str]:
        """Return the paths of an article's pages or of those of no article, but not of those that only lead to another one."""
        pages = [page for page in sorted(self.folder.rglob("*.html")) if 'http-equiv="refresh"' not in page.read_text("utf-8")]
        paths = [page.relative_to(self.folder).as_posix().removesuffix("index.html") for page in pages]
        articles = {path: path.removeprefix("zh/").split("/")[1] for path in paths if re.match("(zh/)?errors/.", path)}
        assert set(articles.values()) == set(ARTICLES)  # no page is of a group that nobody looks at
        return [path for path in paths if articles.get(path, GENERAL) == group]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    root = tmp_path_factory.mktemp("published")
    with served(root / "site") as address:
        copy_project(root)
        yield Published(address, build(root, CLINIC_SITE_URL=address, CLINIC_SITE_URL_ZH=f"{address}zh/"))


def paths(tongues: tuple[str, ...] = ("", "zh/")) -> list[str]:
    return [f"{tongue}errors/{slug}/" for tongue in tongues for slug in ARTICLES]


# The theme looks at what was opened before it makes a wide line of code reachable by keyboard: not in the same moment.
OPEN = """async () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  // As when it is scrolled into view: beyond it a claim's height is guessed, and with its folds open it is higher than that.
  for (const claim of document.querySelectorAll(".clinic-claim")) claim.style.contentVisibility = "visible";
  await new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done, { timeout: 5000 })));
}"""
AXE = """async (only) => {
  const options = { resultTypes: ["violations"], ...(only && { runOnly: only }) };
  const look = async (where) => (await axe.run(where, options)).violations;
  const found = await look(document);
  for (const popover of document.querySelectorAll("[popover]")) {
    popover.showPopover();
    found.push(...(await look(popover)));
    popover.hidePopover();
  }
  return found.map((one) => [one.id, one.impact, one.nodes.length, one.nodes[0].html.slice(0, 200)].join(" "));
}"""
# All popovers lie open in the text, in the colours that each has when it is shown: axe looks once, not once for each.
SPREAD = """() => {
  for (const popover of document.querySelectorAll("[popover]")) {
    popover.showPopover();
    const { backgroundColor, color } = getComputedStyle(popover);
    popover.hidePopover();
    popover.removeAttribute("popover");
    Object.assign(popover.style, { position: "static", backgroundColor, color });
  }
}"""
COLOUR = ["color-contrast", "link-in-text-block"]  # no more changes with the scheme
WIDTH = ["scrollable-region-focusable", "target-size"]  # nor, of a page of tables and logs, with the width


def looked_for(view: str, path: str) -> list[str] | None:
    """Return the rules that may say something new of a page in this view; None for all of them."""
    if view == "dark":
        return COLOUR
    return WIDTH if view == "phone" and path.endswith("/evidence/") else None


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_of_any_impact(browser: Browser, published: Published, view: str, group: str) -> None:
    page, found = browser.new_context(**VIEWS[view]).new_page(), {}
    for path in published.pages(group):
        if view == "dark" and path.startswith("zh/"):
            continue  # both languages have the same colours
        page.goto(published.address + path, wait_until="networkidle")
        page.evaluate(OPEN)
        page.evaluate(SPREAD)
        page.evaluate(AXE_SCRIPT)
        found[path] = page.evaluate(AXE, looked_for(view, path))
    assert len(found) >= (2 if view == "dark" else 4)
    assert {path: violations for path, violations in found.items() if violations} == {}


SMALL = """(smallest) => {
  const found = {};
  const look = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const parent = text.parentElement;
      const size = parseFloat(getComputedStyle(parent).fontSize);
      if (size >= smallest || !text.data.trim() || parent.closest("svg")) continue;
      if (!parent.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
      const { width, height } = parent.getBoundingClientRect();
      if (width <= 1 || height <= 1) continue; // read aloud only
      const kind = `${size} px: ${parent.closest("[class]")?.getAttribute("class")}`;
      found[kind] ??= text.data.trim().slice(0, 40);
    }
  };
  look(document.body);
  for (const popover of document.querySelectorAll("[popover]")) {
    popover.showPopover();
    look(popover);
    popover.hidePopover();
  }
  return Object.entries(found).map((one) => one.join(": "));
}"""


def complaints(page: Page, published: Published, path: str) -> list[str]:
    """Open a page, then its folds; return what a reader would have against it."""
    found: list[str] = []

    def asked(url: str) -> None:
        if not url.startswith((published.address, "data:", "blob:")):
            found.append(f"asks {url}")

    listeners = {
        "request": lambda request: asked(request.url),
        "console": lambda message: found.append(f"says {message.text} {message.location}"),
        "pageerror": lambda error: found.append(f"fails: {error}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    page.goto(published.address + path, wait_until="networkidle")
    for state in ("folds closed", "folds open"):
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"scrolls sideways by {wide} px, {state}"] if wide > 0 else []
        page.evaluate(OPEN)
    found += page.evaluate(SMALL, SMALLEST)
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return found


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["desktop", "360 px"])
def test_a_page_asks_no_other_host_says_nothing_fits_the_screen_and_has_no_small_text(
    browser: Browser, published: Published, viewport: dict[str, int], group: str
) -> None:
    page = browser.new_page(viewport=viewport)  # type: ignore[arg-type]
    found = {path: complaints(page, published, path) for path in published.pages(group)}
    assert {path: said for path, said in found.items() if said} == {}


DRAWN = """(smallest) => [...document.querySelectorAll("svg text")].flatMap((text) => {
  const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a; // as it is seen, not as it is drawn
  return size < smallest - 0.05 ? [`${size.toFixed(1)} px: ${text.textContent}`] : [];
})"""


@pytest.mark.parametrize("viewport", [DESKTOP, NARROW], ids=["desktop", "360 px"])
def test_a_drawing_has_no_small_text(browser: Browser, published: Published, viewport: dict[str, int]) -> None:
    page, found = browser.new_page(viewport=viewport), {}  # type: ignore[arg-type]
    for path in (path for group in GROUPS for path in published.pages(group)):
        if "clinic-drawing" in (published.folder / path.removesuffix("404.html") / "index.html").read_text("utf-8"):
            page.goto(published.address + path, wait_until="networkidle")
            found[path] = page.evaluate(DRAWN, SMALLEST)
    assert found
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_an_article_is_of_at_most_1500_elements(browser: Browser, published: Published) -> None:
    page, found = browser.new_page(), {}
    for path in paths():
        page.goto(published.address + path, wait_until="networkidle")
        found[path] = page.locator("*").count()
    assert {path: number for path, number in found.items() if number > ELEMENTS} == {}


# Each visible element's colours, and that of the paper. An element is known by its tag and classes, the first of its kind.
COLOURS = """() => {
  const found = {};
  for (const one of document.querySelectorAll("body, body *")) {
    const named = one.tagName + [...one.classList].map((name) => `.${name}`).join("");
    if (named in found || !one.checkVisibility()) continue;
    const style = getComputedStyle(one);
    found[named] = ["color", "backgroundColor", "borderLeftColor", "fill", "stroke"].map((name) => style[name]);
  }
  return found;
}"""


def numbers(colour: str) -> list[float]:
    """Return red, green, blue and opacity."""
    found = [float(part) for part in re.findall(r"[\d.]+", colour)]
    return [*found, 1.0] if len(found) == 3 else found or [0.0] * 4


def differ(one: list[str], other: list[str]) -> bool:
    """Tell whether colours differ by more than a shade."""
    pairs = zip([numbers(colour) for colour in one], [numbers(colour) for colour in other], strict=True)
    return any(abs(a - b) > limit for pair in pairs for a, b, limit in zip(*pair, (32, 32, 32, 0.1), strict=True))


@pytest.mark.parametrize("path", paths())
def test_an_article_prints_on_four_sheets_in_light_colours_whatever_was_chosen(
    browser: Browser, published: Published, path: str
) -> None:
    context = browser.new_context(color_scheme="light", viewport=DESKTOP, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    colours = []
    for scheme in ("default", "slate"):
        page.goto(published.address + path, wait_until="networkidle")
        if page.locator("body").get_attribute("data-md-color-scheme") != scheme:
            page.locator("label[for^=__palette]:visible").click()
            page.reload(wait_until="networkidle")  # as a page that is opened later
        page.add_style_tag(content="* { transition: none !important }")  # the theme fades colours in
        assert page.locator("body").get_attribute("data-md-color-scheme") == scheme
        page.emulate_media(media="print")
        colours.append(page.evaluate(COLOURS))
        page.emulate_media(media="screen")
    page.emulate_media(media="print")  # else a page that was made to look like a screen is printed so
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    context.close()
    light, dark = colours
    assert {name: [dark[name], light[name]] for name in dark if name in light and differ(dark[name], light[name])} == {}
    assert light["BODY"][1] == "rgb(255, 255, 255)"
    assert 1 <= sheets <= SHEETS
