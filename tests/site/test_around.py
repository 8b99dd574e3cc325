"""What stands around the articles, in headless Chromium: unknown addresses, contents, search, paper, the foot."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from checks.decide.plan import load_project

from ..conftest import happens
from .conftest import ROOT, copy_project
from .test_browser import ARTICLES, PATHS, PHONE, WCAG, open_page
from .test_pages import read

DESKTOP = {"width": 1280, "height": 800}
SHEETS = 4


class Host(SimpleHTTPRequestHandler):
    """Serves a site below a path, and for what is unknown the root 404.html, as hosts of pages do."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/sub/path"))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code != HTTPStatus.NOT_FOUND:
            return super().send_error(code, message, explain)
        body = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def mkdocs(root: Path, target: Path, **variables: str) -> Path:
    """Build both languages into `target`, with these variables."""
    for config, folder in (("mkdocs.yml", target), ("mkdocs.zh.yml", target / "zh")):
        command = [sys.executable, "-m", "mkdocs", "build", "--config-file", config, "--site-dir", str(folder)]
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", **variables}
        subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
    return target


@pytest.fixture(scope="module")
def hosted(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site in a folder of a host, built for just that place, with both addresses of the project."""
    root = copy_project(tmp_path_factory.mktemp("hosted"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(root / "made")))
    address = f"http://127.0.0.1:{server.server_address[1]}/sub/path/"
    variables = {
        "CLINIC_SITE_URL": address,
        "CLINIC_SITE_URL_ZH": f"{address}zh/",
        "CLINIC_ISSUES": "https://example.org/issues/new",
        "CLINIC_REPOSITORY": "https://example.org/clinic",
    }
    mkdocs(root, root / "made", **variables)
    for name in ("signatures.json", "words.json"):
        (root / "made" / name).write_bytes((site / name).read_bytes())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield address
    server.shutdown()


def visit(browser: Browser, url: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(url, wait_until="networkidle")
    return page


# ---- unknown addresses ----


@pytest.mark.parametrize("unknown", ["nothing", "errors/no-such/a/b/", "zh/errors/no-such/"])
def test_an_unknown_address_is_answered_at_any_depth_with_a_field_that_works(
    browser: Browser, hosted: str, unknown: str
) -> None:
    page = visit(browser, hosted + unknown)
    broken: list[str] = []
    page.on("response", lambda one: broken.append(one.url) if one.status >= HTTPStatus.BAD_REQUEST else None)
    page.reload(wait_until="networkidle")
    assert broken == [hosted + unknown]  # and none of what it asked for
    page.locator("#clinic-text").fill("CC002")
    expect(page.locator(".clinic-finding .md-button").first).to_have_attribute(
        "href", f"{hosted}errors/size-mismatch-torch-size-0/#what-to-do"
    )
    listed = page.locator("article li > a").evaluate_all("all => all.map(one => one.href)")
    assert {f"{hosted}errors/{slug}/" for slug in ARTICLES} <= set(listed)
    for link in [*listed, *page.locator("article p a, .clinic-language").evaluate_all("all => all.map(one => one.href)")]:
        assert page.request.get(link).ok, link
    chinese_first = page.locator("article.md-content__inner > :nth-child(2)").get_attribute("lang") == "zh-Hans"
    assert chinese_first == unknown.startswith("zh/")
    page.context.close()


def test_the_chinese_page_for_unknown_addresses_is_chinese_and_leads_to_its_own_pages(browser: Browser, hosted: str) -> None:
    page = visit(browser, f"{hosted}zh/404.html")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    listed = page.locator("article li > a").evaluate_all("all => all.map(one => one.href)")
    assert {f"{hosted}zh/errors/{slug}/" for slug in ARTICLES} <= set(listed)
    page.locator("#clinic-text").fill("CC002")
    expect(page.locator(".clinic-summary")).to_contain_text("这就是 CC002")
    page.get_by_role("link", name="English").first.click()
    page.wait_for_load_state()
    assert page.url == hosted
    page.context.close()


def test_without_an_address_the_chinese_page_leads_to_the_chinese_site(site: Path) -> None:
    links = [link for link in read(site / "zh" / "404.html").links if link.startswith("/") and not link.startswith("/zh/..")]
    assert links and all(link.startswith("/zh/") for link in links)


# ---- the search asks for its index when it is used ----


def indexes(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda one: found.append(one.url) if one.url.endswith("search_index.json") else None)
    return found


@pytest.mark.parametrize("way", ["click", "key", "tab"])
def test_the_index_is_asked_for_when_somebody_turns_to_the_search(browser: Browser, address: str, way: str) -> None:
    page = browser.new_page()
    asked = indexes(page)
    page.goto(f"{address}method/", wait_until="networkidle")
    page.mouse.click(300, 400)
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    assert asked == []
    field = page.locator("[data-md-component=search-query]")
    if way == "click":
        field.click()
    elif way == "key":
        page.keyboard.press("/")
    else:
        field.focus()
    field.fill("badge")
    expect(page.locator(".md-search-result__item").first).to_contain_text("badge", ignore_case=True)
    assert len(asked) == 1
    page.close()


def test_on_a_phone_the_index_is_asked_for_with_the_dialog(browser: Browser, address: str) -> None:
    page = browser.new_context(viewport=PHONE, has_touch=True).new_page()
    asked = indexes(page)
    page.goto(f"{address}method/", wait_until="networkidle")
    assert asked == []
    page.locator("label.md-header__button[for=__search]").tap()
    page.locator("[data-md-component=search-query]").fill("badge")
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert len(asked) == 1
    page.context.close()


def test_a_link_with_a_query_is_answered(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}method/?q=badge")
    expect(page.locator(".md-search-result__item").first).to_contain_text("badge", ignore_case=True)
    page.close()


def test_the_second_builders_site_has_both_fields_and_its_index_waits_too(browser: Browser, site: Path, tmp_path: Path) -> None:
    root = copy_project(tmp_path)
    command = [sys.executable, "-m", "zensical", "build", "--config-file", "mkdocs.yml"]
    subprocess.run(command, cwd=root, capture_output=True, check=True)
    for name in ("signatures.json", "words.json"):
        (root / "site" / name).write_bytes((site / name).read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(root / "site")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.url.endswith("/search.json") else None)
    page.goto(f"http://127.0.0.1:{server.server_address[1]}/", wait_until="networkidle")
    page.locator("#clinic-text").fill("CC002")
    expect(page.locator(".clinic-summary")).to_contain_text("This is CC002")
    assert asked == []
    page.locator(".md-search").first.click()
    page.locator("dialog input").first.fill("badge")
    expect(page.get_by_text("Put a badge elsewhere").last).to_be_visible()
    assert len(asked) == 1
    page.close()
    server.shutdown()


def test_a_tag_is_still_a_word_of_the_search(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}zh/?q=XTuner")
    links = page.locator(".md-search-result__item > a")
    expect(links.first).to_have_attribute("href", re.compile("w1w3-not-in-state-dict"))
    page.close()


# ---- a page and its size ----

SMALL = """() => [...document.querySelectorAll("body *")].filter((one) =>
  [...one.childNodes].some((text) => text.nodeType === 3 && text.textContent.trim()) &&
  !one.closest("script, style, noscript, svg, title") && parseFloat(getComputedStyle(one).fontSize) < 12
).map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`)"""


@pytest.mark.parametrize("path", PATHS)
def test_no_text_is_below_twelve_pixels_and_nothing_scrolls_sideways(browser: Browser, address: str, path: str) -> None:
    page = visit(browser, address + path, viewport={"width": 360, "height": 844})
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


def test_no_text_of_the_results_of_a_search_is_below_twelve_pixels(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}?q=state_dict")
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert page.evaluate(SMALL) == []
    page.close()


@pytest.mark.parametrize("path", ["environments/", "zh/environments/"])
def test_the_environments_take_at_most_four_screens(browser: Browser, address: str, path: str) -> None:
    page = visit(browser, address + path, viewport=DESKTOP)
    assert page.evaluate("document.documentElement.scrollHeight") <= 4 * DESKTOP["height"]
    page.context.close()


@pytest.mark.parametrize("path", ["environments/", "zh/environments/"])
def test_a_link_to_a_folded_environment_opens_and_shows_it(browser: Browser, address: str, path: str) -> None:
    page = visit(browser, f"{address}{path}#transformers-5.4.0")
    target = page.locator("[id='transformers-5.4.0']")
    expect(target).to_be_in_viewport()
    box, header = target.bounding_box(), page.locator("header.md-header").bounding_box()
    assert box and header and box["y"] >= header["y"] + header["height"]
    page.evaluate("location.hash = '#xtuner-0.1.19'")
    expect(page.locator("[id='xtuner-0.1.19']")).to_be_in_viewport()
    page.close()


# ---- finding one's way ----


@pytest.mark.parametrize("path", [f"{language}errors/{slug}/" for language in ("", "zh/") for slug in ARTICLES])
def test_a_phone_has_the_contents_of_an_article_and_a_wide_screen_the_themes(browser: Browser, address: str, path: str) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(address + path)
    contents = page.locator("details.clinic-contents")
    expect(contents).to_be_visible()
    contents.locator("summary").click()
    links = contents.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href').slice(1))")
    assert [unquote(link) for link in links] == page.locator("article h2[id]").evaluate_all("all => all.map(one => one.id)")
    page.set_viewport_size(DESKTOP)
    expect(contents).to_be_hidden()
    page.context.close()


def test_on_a_phone_a_button_leads_back_to_the_top(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}errors/{ARTICLES[0]}/", viewport=PHONE)
    button = page.locator("button.md-top")
    expect(button).to_be_hidden()
    page.mouse.wheel(0, 2000)
    assert happens(lambda: page.evaluate("scrollY > 1000"))
    page.mouse.wheel(0, -200)
    button.click()
    assert happens(lambda: page.evaluate("scrollY === 0"))
    page.context.close()


def test_the_other_language_opens_at_the_same_section(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}errors/{ARTICLES[0]}/")
    second = page.locator("article h2[id]").nth(1).get_attribute("id")
    page.goto(f"{address}errors/{ARTICLES[0]}/#{second}")
    page.locator(".clinic-language").first.click()
    page.wait_for_url(f"{address}zh/errors/{ARTICLES[0]}/#{second}")
    expect(page.locator(f"#{second}")).to_be_in_viewport()
    page.goto(f"{address}environments/#transformers-5.4.0")
    page.locator(".clinic-language").first.click()
    page.wait_for_url(f"{address}zh/environments/#transformers-5.4.0")
    page.close()


def test_every_article_has_the_section_to_which_an_answer_leads(site: Path) -> None:
    for folder in (site, site / "zh"):
        for slug in ARTICLES:
            assert "what-to-do" in read(folder / "errors" / slug / "index.html").ids


# ---- paper ----

TEXT = "<p>" + "Seven words stand in this short sentence. " * 10 + "</p>"


def sheets(page: Page) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def test_an_article_of_seven_hundred_words_prints_light_on_four_sheets(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}errors/{ARTICLES[0]}/", color_scheme="dark")
    page.evaluate(
        """(text) => {
            const article = document.querySelector("article.md-content__inner");
            const code = article.querySelector("pre:not(.clinic-message)").outerHTML;
            const fold = "<details><summary>fold</summary>" + text.repeat(40) + "</details>";
            for (const one of [...article.children].slice(3)) one.remove();
            article.insertAdjacentHTML("beforeend", (text + "<h2>Section</h2>" + code + fold).repeat(10));
        }""",
        TEXT,
    )
    assert sheets(page) <= SHEETS
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.locator("article p").last.evaluate("one => getComputedStyle(one).color")
    assert max(map(int, re.findall(r"\d+", colours)[:3])) < 100, colours
    for hidden in (".md-header", ".md-footer", ".md-sidebar--secondary", "details"):
        expect(page.locator(hidden).first).to_be_hidden()
    page.context.close()


# ---- the foot, and a way to answer ----


@pytest.mark.parametrize(
    ("path", "word"), [("", "pip install checkpoint-clinic"), ("zh/", "uvx checkpoint-clinic diagnose run.log")]
)
def test_the_foot_says_how_to_get_the_command_and_links_only_to_what_is_given(
    browser: Browser, address: str, hosted: str, path: str, word: str
) -> None:
    page = visit(browser, address + path)
    foot = page.locator("footer")
    assert word in foot.inner_text()
    assert foot.locator("a[href^=http]").count() == 0
    foot.locator("a[href$='changelog/']").click()
    expect(page.locator("h2").first).to_contain_text("0.1.0")
    page.goto(hosted + path)
    assert page.locator("footer a[href^=http]").get_attribute("href") == "https://example.org/clinic"
    page.close()


@pytest.mark.parametrize("path", [f"{language}errors/{ARTICLES[0]}/" for language in ("", "zh/")])
def test_what_did_not_work_opens_a_form_that_holds_the_article_and_nothing_of_the_reader(
    browser: Browser, hosted: str, path: str
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(hosted + path)
    form = urlsplit(str(page.locator("p.clinic-feedback a").get_attribute("href")))
    assert (form.netloc, form.path) == ("example.org", "/issues/new")
    filled = parse_qs(form.query)
    assert hosted + path in filled["body"][0]
    assert filled.keys() == {"title", "body"} and len(filled["title"][0]) < 200
    page.context.close()


def test_where_no_form_is_known_its_text_can_be_copied(browser: Browser, address: str) -> None:
    page = visit(browser, f"{address}errors/{ARTICLES[0]}/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fold = page.locator("details.clinic-feedback")
    fold.locator("summary").click()
    fold.locator("button").first.click()
    assert happens(lambda: "errors/" in page.evaluate("navigator.clipboard.readText()"))
    assert ARTICLES[0] in page.evaluate("navigator.clipboard.readText()")
    assert page.locator("p.clinic-feedback").count() == 0
    page.context.close()


@pytest.mark.parametrize("path", ["errors/no-such/", "zh/404.html", f"errors/{ARTICLES[0]}/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_all_links_and_folds_open_a_phone_meets_wcag_aa(browser: Browser, hosted: str, path: str, scheme: str) -> None:
    page, outside, _ = open_page(browser, hosted + path, viewport=PHONE, color_scheme=scheme)
    page.locator("details.clinic-contents > summary").evaluate_all("all => all.forEach(one => one.click())")
    page.wait_for_timeout(300)  # the theme fades colours in
    results = Axe().run(page, options=WCAG)
    assert results.violations_count == 0, results.generate_report()
    assert outside == []
    page.context.close()


def test_the_changelog_is_the_projects_in_both_languages(site: Path) -> None:
    entries = [line[2:].split("`")[0].strip() for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line[:2] == "- "]
    for folder in ("", "zh/"):
        html = (site / folder / "changelog" / "index.html").read_text(encoding="utf-8")
        assert html.count("<h1") == 1
        assert all(entry in read(site / folder / "changelog" / "index.html").text for entry in entries)
    assert '<div lang="en">' in html


def test_the_workflow_gives_the_addresses_that_the_site_links_to() -> None:
    assert load_project(ROOT).articles
    workflow = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    for name in re.findall(r"!ENV \[(\w+)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")):
        assert f"{name}=" in workflow or f"{name}:" in workflow, name
