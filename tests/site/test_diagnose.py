"""The paste field and the search field in headless Chromium: the right answer, as text, and nothing leaves the browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from .conftest import ROOT
from .test_browser import PHONE, WCAG

ONE = (
    "[rank1]: size mismatch for visual.blocks.3.mlp.up_proj.bias: copying a param with shape torch.Size([3420]) "
    "from checkpoint, the shape in current model is torch.Size([0])."
)
TWO = "model.layers.7.mlp.experts.3.w1w3 not in state_dict, loading deepseek-ai/DeepSeek-V2-Lite/model-00002.safetensors"
RESEMBLES = (
    "RuntimeError: copying a param with shape torch.Size([4]) from checkpoint, the shape in current model is torch.Size([8])"
)
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
NOTHING = "Traceback (most recent call last):\nZeroDivisionError: division by zero at /home/alice/run.py"
PAGES = ("", "diagnose/", "zh/", "zh/diagnose/")


@dataclass
class Visit:
    """A page, and what it asked for after it was loaded."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def paste(self, text: str) -> None:
        self.page.locator("#clinic-text").fill(text)

    def summary(self, text: str) -> None:
        expect(self.page.locator(".clinic-summary")).to_contain_text(text)

    def cards(self) -> list[str]:
        return self.page.locator(".clinic-finding").all_inner_texts()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[object]:
    visits: list[Visit] = []

    def go(path: str = "diagnose/", **options: object) -> Visit:
        page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
        made = Visit(page)
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("console", lambda one: made.complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.goto(address + path, wait_until="networkidle")
        page.context.on("request", lambda request: made.requests.append(request))  # those of workers too
        visits.append(made)
        return made

    yield go
    for made in visits:
        assert made.complaints == []
        for request in made.requests:
            assert request.method == "GET" and request.url.startswith((address, "blob:", "data:")), request.url
            assert request.post_data is None
            assert re.fullmatch(
                r"[\w./-]*\.(js|json|css|svg|png)(\?(language=\w+&theme=[\w.]+)?)?|(zh/)?(errors/[\w-]+/|diagnose/|method/)?(#.*)?",
                request.url.removeprefix(address),
            ), request.url
        made.page.context.close()


@pytest.mark.parametrize(
    ("path", "word"), [("", "Known here"), ("diagnose/", "Known here"), ("zh/", "有收录"), ("zh/diagnose/", "有收录")]
)
def test_a_pasted_line_leads_to_its_article(visit, path: str, word: str) -> None:
    seen = visit(path)
    seen.paste(ONE)
    seen.summary(word)
    seen.summary("CC002")
    card = seen.page.locator(".clinic-finding").first
    expect(card.locator("pre")).to_contain_text(ONE.removeprefix("[rank1]: "))
    expect(card.locator(".clinic-parts")).to_contain_text("visual.blocks.3.mlp.up_proj.bias")
    card.get_by_role("link", name=word_for(path)).click()
    seen.page.wait_for_load_state()
    assert unquote(seen.page.url).endswith(f"{path.partition('diagnose')[0]}errors/size-mismatch-torch-size-0/#what-to-do")
    expect(seen.page.locator("#what-to-do")).to_be_in_viewport()


def word_for(path: str) -> str:
    return "怎么做" if "zh" in path else "What to do"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "name", ["CC002", " cc002\n", "size-mismatch-torch-size-0", "https://a.example/x/zh/errors/size-mismatch-torch-size-0/#a.b"]
)
def test_an_articles_own_name_is_answered_with_it(visit, path: str, name: str) -> None:
    seen = visit(path)
    seen.paste(name)
    seen.summary("这就是 CC002" if "zh" in path else "This is CC002")
    (card,) = seen.cards()
    assert card.startswith("CC002") and word_for(path) in card


def test_on_a_phone_what_to_do_comes_before_the_line_that_was_found(visit) -> None:
    seen = visit(viewport=PHONE)
    seen.paste(ONE)
    seen.summary("CC002")
    button, line = (seen.page.locator(f".clinic-finding {one}").first.bounding_box() for one in (".md-button", "pre"))
    assert button and line and button["y"] + button["height"] <= min(line["y"], PHONE["height"])


@pytest.mark.parametrize("given", ["text", "file"])
def test_a_reload_keeps_what_was_asked_and_a_visit_begins_anew(visit, address: str, given: str) -> None:
    seen = visit()
    if given == "text":
        seen.paste(ONE)
    else:
        payload = {"name": "run.log", "mimeType": "text/plain", "buffer": ONE.encode()}
        seen.page.locator("input[type=file]").set_input_files(files=[payload])
    seen.summary("CC002")
    seen.page.reload()
    seen.summary("CC002")
    assert seen.page.locator("#clinic-text").input_value() == (ONE if given == "text" else "")
    seen.page.goto(f"{address}method/")
    seen.page.goto(f"{address}diagnose/", wait_until="networkidle")
    assert seen.page.locator("#clinic-text").input_value() == ""
    assert seen.cards() == []


def test_what_was_cleared_is_not_kept(visit) -> None:
    seen = visit()
    seen.paste(ONE)
    seen.summary("CC002")
    seen.paste("")
    expect(seen.page.locator(".clinic-finding")).to_have_count(0)
    seen.page.reload(wait_until="networkidle")
    assert seen.page.locator("#clinic-text").input_value() == "" and seen.cards() == []


def test_the_home_page_lists_the_messages_below_the_field_the_most_harmful_first(visit) -> None:
    for path in ("", "zh/"):
        seen = visit(path)
        harms = seen.page.locator("h3 .clinic-harm").evaluate_all("all => all.map(one => one.className.split('--')[1])")
        assert harms == sorted(harms, key=["silent", "error", "none"].index)
        field, index = (seen.page.locator(one).first.bounding_box() for one in ("#clinic-text", ".clinic-index"))
        assert field and index and field["y"] < index["y"]


def test_several_findings_each_with_its_line_and_how_often(visit) -> None:
    seen = visit()
    seen.paste("\n".join(["the run starts", TWO, TWO, ONE]))
    seen.summary("CC001")
    cards = seen.cards()
    assert any(TWO in card and "2 times" in card and "line 2" in card for card in cards), cards
    assert any("size mismatch" in card for card in cards)


def test_what_only_resembles_is_said_to_be_something_else(visit) -> None:
    seen = visit()
    seen.paste(RESEMBLES)
    seen.summary("Not known here. It resembles CC002")
    assert "Looks like CC002, but is not" in seen.cards()[0]
    assert "Neither shape is [0]" in seen.cards()[0]


@pytest.mark.parametrize(("path", "word"), [("diagnose/", "Not known here"), ("zh/diagnose/", "没有收录")])
def test_what_is_not_known_gets_a_text_for_an_issue_that_names_nobody(visit, path: str, word: str) -> None:
    seen = visit(path)
    seen.paste(NOTHING + " hf_AbCdEfGhIjKlMnOpQrStUvWx")
    seen.summary(word)
    seen.page.locator(".clinic-report summary").click()
    text = seen.page.locator(".clinic-report textarea").input_value()
    assert "ZeroDivisionError: division by zero at /home/<user>/run.py <token>" in text
    assert "alice" not in text and "hf_" not in text
    assert seen.page.locator(".clinic-report a").count() == 0  # no address of a form is set


def test_where_an_address_is_set_the_form_is_filled_in_with_what_the_person_left_in_the_text(visit) -> None:
    seen = visit()
    seen.page.evaluate(
        """() => {
            const meta = document.createElement("meta");
            Object.assign(meta, { name: "clinic-issues", content: "https://example.org/issues/new" });
            document.head.append(meta);
            addEventListener("click", (event) => event.target.closest("a[target]") && event.preventDefault());
        }"""
    )
    seen.paste(NOTHING)
    seen.summary("Not known here")
    seen.page.locator(".clinic-report summary").click()
    form = seen.page.locator(".clinic-report a")
    assert form.get_attribute("href") == "https://example.org/issues/new"  # nothing in it before the click
    seen.page.locator(".clinic-report textarea").fill("as I correct it")
    form.click()
    assert str(form.get_attribute("href")).endswith("body=as+I+correct+it")


def test_the_address_of_the_form_comes_from_the_environment(project: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--config-file", "mkdocs.yml", "--site-dir", str(tmp_path)]
    variables = {**os.environ, "CLINIC_ISSUES": "https://example.org/issues/new", "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=project, env=variables, capture_output=True, check=True)
    meta = '<meta name="clinic-issues" content="https://example.org/issues/new">'
    assert meta in (tmp_path / "diagnose" / "index.html").read_text(encoding="utf-8")


def test_words_are_answered_by_the_nearest_articles(visit) -> None:
    seen = visit()
    seen.paste("is the progress of XTuner harmless")
    seen.summary("Closest to your question: CC001")
    assert "w1w3" in seen.cards()[0]
    assert seen.page.locator(".clinic-report").count() == 0


def test_a_distorted_message_is_not_recognised_and_its_article_offered(visit) -> None:
    seen = visit()
    seen.paste(ONE.replace("shape", "shpe"))
    seen.summary("Not recognised here")
    expect(seen.page.locator(".clinic-answer li").first).to_contain_text("CC002")


def test_a_report_keeps_backticks_inside_a_longer_fence(visit) -> None:
    seen = visit()
    seen.paste("start\nValueError: use ```x``` or `y`\nstopped")
    seen.summary("Not known here")
    seen.page.locator(".clinic-report summary").click()
    text = seen.page.locator(".clinic-report textarea").input_value()
    assert "\n````\nstart\nValueError: use ```x``` or `y`\nstopped\n````\n" in text


def test_hostile_text_is_text(visit) -> None:
    seen = visit()
    seen.paste(f"{HOSTILE} {TWO} {HOSTILE}")
    seen.summary("CC001")
    assert "<img" in seen.cards()[0]
    assert seen.page.locator(".clinic-diagnose img, .clinic-diagnose script").count() == 0
    seen.paste(HOSTILE)
    seen.summary("Not known here")
    assert seen.page.title() != "broken"


def test_keyboard_alone(visit) -> None:
    seen = visit()
    page = seen.page
    page.locator("#clinic-text").focus()
    page.keyboard.insert_text(ONE)
    page.keyboard.press("Control+Enter")
    seen.summary("CC002")
    stops = []
    for _ in range(6):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("[document.activeElement.type ?? '', document.activeElement.textContent].join(' ').trim()"))
    assert stops[0].startswith("submit") and stops[1].startswith("file")
    assert any("size mismatch" in stop for stop in stops[2:4]), stops
    assert any("What to do" in stop for stop in stops), stops


def test_a_dropped_file_is_read(visit) -> None:
    seen = visit()
    seen.page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], "run.log"));
            for (const type of ["dragover", "drop"]) // beside the field: the whole page takes it
                document.querySelector("h1").dispatchEvent(
                    new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }),
                );
        }""",
        f"start\n{ONE}\n",
    )
    seen.summary("CC002")
    assert "line 2" in seen.cards()[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_in_any_of_these_encodings(visit, encoding: str) -> None:
    seen = visit()
    payload = {"name": "run.log", "mimeType": "text/plain", "buffer": f"开始\r\n{ONE}\r\n".encode(encoding)}
    seen.page.locator("input[type=file]").set_input_files(files=[payload])
    seen.summary("CC002")


@pytest.mark.parametrize("early", ["file", "text"])
def test_what_was_given_before_the_script_came_is_answered(browser: Browser, address: str, early: str) -> None:
    page = browser.new_page()
    held = []
    page.route("**/clinic/answer.js", lambda route: held.append(route))  # without it no script of the field starts
    page.goto(address + "diagnose/", wait_until="commit")  # a page is loaded when its modules are
    if early == "file":
        payload = {"name": "run.log", "mimeType": "text/plain", "buffer": ONE.encode()}
        page.locator("input[type=file]").set_input_files(files=[payload])
    else:
        page.locator("#clinic-text").fill(ONE)
    while not held:
        page.wait_for_timeout(50)
    assert page.locator(".clinic-summary").inner_text() == ""
    held[0].continue_()
    expect(page.locator(".clinic-summary")).to_contain_text("CC002")
    page.close()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (bytes(range(256)) * 400, "binary data"),
        (b"", "no text"),
        (b" \n\n", "no text"),
        (b"caf\xe9\n", "Not known"),
    ],
)
def test_what_is_no_log_gets_one_clear_sentence(visit, data: bytes, sentence: str) -> None:
    seen = visit()
    seen.page.locator("input[type=file]").set_input_files(files=[{"name": "x", "mimeType": "", "buffer": data}])
    seen.summary(sentence)


TICKS = """() => {
    window.gaps = [];
    let last = performance.now();
    setInterval(() => { gaps.push(performance.now() - last); last = performance.now(); }, 20);
}"""


def test_a_file_of_ten_megabytes_leaves_the_page_responsive(visit, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    filler = "2026-11-21 10:00:00,123 INFO step 12 loss 1.234 lr 1e-5 grad_norm 0.8 加载\n" * 1000
    log.write_text(filler * (10_000_000 // len(filler.encode()) + 1) + ONE + "\n", encoding="utf-8")
    seen = visit()
    seen.page.evaluate(TICKS)
    seen.page.locator("input[type=file]").set_input_files(log)
    expect(seen.page.locator(".clinic-summary")).to_contain_text("CC002", timeout=60_000)
    gaps = seen.page.evaluate("gaps")
    assert len(gaps) > 2 and max(gaps) < 1000, max(gaps)
    expect(seen.page.locator(".clinic-busy")).to_be_hidden()


def test_a_large_paste_is_read_like_a_file(visit) -> None:
    seen = visit()
    seen.page.locator(".clinic-said").wait_for(state="attached")  # the script has begun to listen
    seen.page.evaluate(TICKS)
    seen.page.evaluate(
        """(line) => {
            const data = new DataTransfer();
            data.setData("text/plain", "INFO step 12 loss 1.234\\n".repeat(400_000) + line);
            const paste = new ClipboardEvent("paste", { clipboardData: data, cancelable: true });
            document.querySelector("#clinic-text").dispatchEvent(paste);
        }""",
        ONE,
    )
    expect(seen.page.locator(".clinic-summary")).to_contain_text("CC002", timeout=60_000)
    assert seen.page.locator("#clinic-text").input_value() == ""


def test_reading_can_be_cancelled_and_the_field_works_on(visit, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_bytes(b"INFO step 12 loss 1.234\n" * 2_000_000)
    seen = visit()
    seen.page.locator("input[type=file]").set_input_files(log)
    seen.page.get_by_role("button", name="Cancel").click()
    seen.summary("Cancelled")
    seen.paste(ONE)
    seen.summary("CC002")


def test_the_link_to_an_answer_holds_the_masked_line_and_opens_it(visit, address: str) -> None:
    seen = visit()
    seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    seen.paste(f"alice@gpu-node-3:~$ {TWO.replace('deepseek-ai', '/home/alice/models')}")
    seen.summary("CC001")
    seen.page.get_by_role("button", name="Copy a link").click()
    expect(seen.page.locator(".clinic-said")).to_have_text("Copied.")
    seen.summary("CC001")  # and stays
    link = seen.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{address}diagnose/#text=")
    assert "alice" not in unquote(link) and "gpu-node" not in link and "<user>@<host>" in unquote(link)
    opened = visit(link.removeprefix(address))
    opened.summary("CC001")


def test_a_link_is_read_in_both_languages_and_a_broken_one_does_nothing(visit) -> None:
    for path, word in (("", "Known here"), ("zh/", "有收录")):
        visit(f"{path}#text={quote(ONE)}").summary(word)
    assert visit("#text=%E0%A4%A").page.locator("#clinic-text").input_value() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_answers_meet_wcag_aa_and_fit_a_phone(visit, path: str, scheme: str) -> None:
    seen = visit(path, viewport=PHONE, color_scheme=scheme)
    box = seen.page.locator("#clinic-text").bounding_box()
    assert box and box["y"] + box["height"] < PHONE["height"] / 2
    for text in ("\n".join([TWO, ONE, RESEMBLES]), NOTHING, "progress of XTuner"):
        seen.paste(text)
        expect(seen.page.locator(".clinic-answer > *").first).to_be_visible()
        if text == NOTHING:
            seen.page.locator(".clinic-report summary").click()
        seen.page.wait_for_timeout(300)  # the theme fades colours in
        results = Axe().run(seen.page, options=WCAG)
        assert results.violations_count == 0, results.generate_report()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("path", PAGES)
def test_without_javascript_the_page_says_so(browser: Browser, address: str, path: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address + path)
    expect(page.locator(".clinic-paste")).to_be_hidden()
    said = page.locator(".clinic-diagnose noscript p")
    expect(said).to_be_visible()
    assert "clinic diagnose run.log" in said.inner_text()
    assert page.locator(".clinic-diagnose [name]").count() == 0  # nothing that a form would send
    page.context.close()


def test_mask_gives_what_its_twin_gives(visit) -> None:
    vectors = json.loads((ROOT / "tests" / "vectors" / "mask.json").read_text(encoding="utf-8"))
    seen = visit()
    masked = seen.page.evaluate(
        """async (texts) => {
            const { mask } = await import(new URL("assets/clinic/mask.js", new URL("../", location.href)).href);
            return texts.map(mask);
        }""",
        [text for text, _ in vectors],
    )
    assert masked == [expected for _, expected in vectors]


# ---- the ordinary search field ----


def search(seen: Visit, text: str) -> list[str]:
    """Type into the theme's search field; return the addresses of the results in order."""
    page = seen.page
    box = page.locator("[data-md-component=search-query]")
    box.click()
    box.fill("")
    page.keyboard.insert_text(text)
    page.keyboard.press("End")
    expect(page.locator(".md-search-result__meta")).not_to_have_text(
        re.compile("Initializing|Type to start|正在初始化|键入以开始")
    )
    page.wait_for_timeout(400)
    links = page.locator(".md-search-result__item > a").evaluate_all("all => all.map(one => one.href)")
    return [link.partition("?")[0] for link in links]


ODD = ['say "quoted words" ', "~/path/to/x ", "--flag --other=-9 ", "^^^ ^ x^ ", "-9 ", "+must: title:x* ", "(((["]


@pytest.mark.parametrize("path", ["", "zh/"])
def test_a_line_pasted_into_the_search_field_finds_its_article_first(visit, address: str, path: str) -> None:
    seen = visit(path)
    for odd in ["", *ODD]:
        results = search(seen, odd + ONE)
        assert results[0] == f"{address}{path}errors/size-mismatch-torch-size-0/", odd
        assert len(results) == len(set(results))
    expect(seen.page.locator(".md-search-result__item").first).to_contain_text("torch.Size([3420])")


@pytest.mark.parametrize("odd", ODD)
def test_no_sign_breaks_an_ordinary_search(visit, address: str, odd: str) -> None:
    assert f"{address}method/" in search(visit(), f"{odd} badge")


def test_an_ordinary_search_works_as_it_did(visit, address: str) -> None:
    assert search(visit(), "badge elsewhere")[0] == f"{address}method/"


def test_the_enter_key_opens_the_article(visit, address: str) -> None:
    seen = visit()
    search(seen, TWO)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"{address}errors/w1w3-not-in-state-dict/**")


def test_several_lines_pasted_into_the_search_field_stay_lines(visit, address: str) -> None:
    seen = visit()
    seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    seen.page.evaluate("text => navigator.clipboard.writeText(text)", f"Traceback:\n  main()\n{ONE}\nexit 1")
    seen.page.locator("[data-md-component=search-query]").click()
    seen.page.keyboard.press("Control+V")
    first = seen.page.locator(".md-search-result__item").first
    expect(first).to_contain_text("torch.Size([3420])")
    expect(first).not_to_contain_text("exit 1")


def test_a_pasted_line_that_is_not_known_is_said_to_be(visit, address: str) -> None:
    seen = visit()
    results = search(seen, "ZeroDivisionError: division by zero in the optimizer of my own trainer, step 12")
    assert results[0] == f"{address}diagnose/"
    expect(seen.page.locator(".md-search-result__item").first).to_contain_text("Not known here")


def test_a_paste_is_not_looked_up_word_by_word(visit, address: str) -> None:
    seen = visit()
    text = "badge elsewhere\u2028ZeroDivisionError: division by zero while a checkpoint is loaded"
    assert search(seen, text) == [f"{address}diagnose/"], "and not the page on badges"
    expect(seen.page.locator(".md-search-result__item").first).not_to_contain_text("below")


MANY = """async (texts) => {
  const { config } = await (await fetch("search/search_index.json")).json();
  const docs = [...Array(2000).keys()].map((number) => (
    { location: `made/${number}/`, title: `Page ${number}`, text: `<p>common words${number === 1500 ? ", rareword" : ""}</p>` }
  ));
  const worker = new Worker(JSON.parse(document.querySelector("#__config").textContent).search);
  const ask = (message) => new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message);
  });
  await ask({ type: 0, data: { config, docs, options: {} } });
  const said = [];
  for (const text of texts) said.push((await ask({ type: 2, data: text })).data.items.flat());
  worker.terminate();
  return said;
}"""


def test_of_many_pages_a_query_finds_those_of_its_rarest_words(visit) -> None:
    beginning, both = visit("").page.evaluate(MANY, ["comm", "common rareword"])
    for results in (beginning, both):
        made = [one for one in results if one["location"].startswith("made/")]
        assert len(made) == 500
        assert all("<mark>common</mark>" in one["text"] for one in made)
    assert both[0]["location"] == "made/1500/"
    assert "<mark>rareword</mark>" in both[0]["text"]
    assert both[0]["terms"] == {"common": True, "rareword": True}


def test_hostile_text_in_the_search_field_is_text(visit) -> None:
    seen = visit()
    search(seen, f"{HOSTILE} {TWO}")
    assert seen.page.locator(".md-search-result__item img, .md-search-result__item script").count() == 0
    assert seen.page.title() != "broken"


def test_without_the_signatures_the_theme_still_answers(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    page.context.route("**/signatures.json", lambda route: route.abort())
    page.goto(address, wait_until="networkidle")
    assert f"{address}method/" in search(Visit(page), "badge")
    page.context.close()
