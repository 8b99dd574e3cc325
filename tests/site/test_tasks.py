"""What readers come for, from landing to done, in headless Chromium: one test a task, and how many clicks it takes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import ROOT
from .test_browser import PHONE, open_page

ZERO3_LOG = """[rank0]: Traceback (most recent call last):
[rank0]:   File "/home/me/train.py", line 41, in <module>
[rank0]:     model.load_state_dict(torch.load("weights.pt"))
[rank0]: RuntimeError: Error(s) in loading state_dict for MyModel:
[rank0]:         size mismatch for visual.blocks.3.mlp.up_proj.bias: copying a param with shape torch.Size([3420])
[rank0]: from checkpoint, the shape in current model is torch.Size([0]).
"""
XTUNER_LINE = (
    "model.layers.7.mlp.experts.3.w1w3 not in state_dict, "
    "loading deepseek-ai/DeepSeek-V2-Lite/model-00002-of-000004.safetensors"
)


def copied(page: Page, block: int = 0) -> str:
    """Press the copy button of the page's commands and code, counted from 0 after the message; return what was copied."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("h3 ~ .highlight, h3 ~ div .highlight").nth(block).locator("button").first.click()
    return str(page.evaluate("navigator.clipboard.readText()")).strip()


def ask(page: Page, text: str) -> None:
    page.locator("#clinic-text").fill(text)
    page.locator(".clinic-finding").first.wait_for()


@pytest.mark.parametrize("path", ["", "zh/"])
def test_from_a_log_of_ones_own_load_to_the_command_that_cures_it_in_two_clicks(
    browser: Browser, address: str, path: str
) -> None:
    page, _, complaints = open_page(browser, address + path)
    ask(page, ZERO3_LOG)
    page.locator(".clinic-finding a.md-button").first.click()  # one
    page.wait_for_url("**/size-mismatch-torch-size-0/#what-to-do")
    assert copied(page) == "uvx checkpoint-clinic snippet gather_load.py -o gather_load.py"  # two
    assert "gather_load(model, weights)" in page.locator("h3 ~ .highlight, h3 ~ div .highlight").nth(1).inner_text()
    assert complaints == []
    page.context.close()


def test_from_xtuners_line_to_the_audit_in_two_clicks(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, address)
    ask(page, XTUNER_LINE)
    assert "Not before the check" in page.locator(".clinic-finding").first.inner_text()
    page.locator(".clinic-finding a.md-button").first.click()
    page.wait_for_url("**/w1w3-not-in-state-dict/#what-to-do")
    assert copied(page) == "uvx checkpoint-clinic audit path/to/DeepSeek-V2-Lite"
    page.context.close()


def test_a_code_that_somebody_named_leads_to_its_article(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, address)
    ask(page, "cc002")
    page.locator(".clinic-finding h2 a").first.click()
    expect(page.locator("h1")).to_contain_text("CC002: size mismatch")
    page.context.close()


def test_a_pasted_line_in_the_search_field_leads_to_the_article(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, address + "method/")
    page.locator("input.md-search__input").fill(XTUNER_LINE)
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url("**/w1w3-not-in-state-dict/**")
    expect(page.locator(".clinic-safe strong")).to_have_text("Not before the check.")
    page.context.close()


def test_on_a_phone_the_first_command_is_copied_without_scrolling(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, f"{address}errors/size-mismatch-torch-size-0/", viewport=PHONE)
    assert copied(page).startswith("uvx checkpoint-clinic snippet gather_load.py")
    assert page.evaluate("scrollY") == 0
    page.context.close()


def test_who_does_not_believe_a_sentence_reads_the_log_in_two_clicks(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, f"{address}errors/size-mismatch-torch-size-0/")
    mark = page.locator('[id="gather_load.gathered_load_is_exact"]')
    mark.locator("button").click()
    log = mark.locator(".clinic-opened a").first
    said = page.request.get(urljoin(page.url, str(log.get_attribute("href")))).text()
    assert "--- gather_load.gathered_load_is_exact\n--- holds" in said
    mark.get_by_role("link", name="how it was decided").click()
    page.wait_for_url("**/evidence/#gather_load.gathered_load_is_exact")
    assert page.locator('[id="gather_load.gathered_load_is_exact"] details ul').first.is_visible()
    page.context.close()


@pytest.mark.parametrize("path", ["CC002/", "cc002/", "zh/CC002/"])
def test_a_claim_that_an_issue_cites_opens_where_it_stands(browser: Browser, address: str, path: str) -> None:
    name = "load_across_versions.ignoring_mismatches_is_exact"
    page, _, _ = open_page(browser, f"{address}{path}#{name}")
    page.wait_for_url(f"**/size-mismatch-torch-size-0/evidence/#{name}")
    fact = page.locator(f'[id="{name}"] .clinic-fact').inner_text()
    assert "4.57.6" in fact and "5.0.0" in fact
    page.context.close()


def test_the_tested_file_is_downloaded_as_it_was_tested(browser: Browser, address: str, tmp_path: Path) -> None:
    page, _, _ = open_page(browser, f"{address}errors/w1w3-not-in-state-dict/")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="verify_loaded.py").first.click()
    file = tmp_path / "verify_loaded.py"
    waiting.value.save_as(file)
    lines = (ROOT / "snippets/verify_loaded.py").read_text(encoding="utf-8").splitlines()
    assert file.read_text(encoding="utf-8").splitlines() == [line for line in lines if "--8<--" not in line]
    page.context.close()


def test_without_scripts_the_list_leads_to_the_answer(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, address, java_script_enabled=False)
    page.get_by_role("link", name="CC002").first.click()
    expect(page.locator(".clinic-safe strong")).to_have_text("No.")
    assert page.get_by_text("uvx checkpoint-clinic snippet gather_load.py").first.is_visible()
    page.context.close()


def test_from_the_wrong_language_to_the_same_section(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, f"{address}errors/size-mismatch-torch-size-0/#in-which-versions")
    page.get_by_role("link", name="中文").first.click()
    page.wait_for_url(f"{address}zh/errors/size-mismatch-torch-size-0/#in-which-versions")
    expect(page.locator("#in-which-versions")).to_be_in_viewport()
    page.context.close()


def test_who_was_not_helped_finds_a_text_that_names_the_article(browser: Browser, address: str) -> None:
    page, _, _ = open_page(browser, f"{address}errors/w1w3-not-in-state-dict/")
    page.locator("details.clinic-feedback summary").click()
    text = page.locator("details.clinic-feedback pre")
    expect(text).to_be_visible()
    assert "CC001" in text.inner_text()
    page.context.close()
