"""What wants to run on a page does not: it is text, the browser is told to refuse it, and a build that has it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from checks.show.policy import FILE, meta, policy_problems
from checks.tend.inert import inert_problems

from ..conftest import clinic, edit
from ..hostile import ARTICLE, as_site, build_unchecked, poison, read_all, some
from .conftest import served

QUICK = 20


def test_no_hostile_text_runs_wherever_it_gets_onto_a_page(
    example: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(poison(as_site(example), some(QUICK)))
    monkeypatch.setenv("CLINIC_ISSUES", "https://host.example/issues/new")
    site = build_unchecked(example)
    with served(site) as address:
        read = read_all(browser, address, site, some(QUICK))
        for page in site.glob("errors/hostile-*/index.html"):
            page.write_text(page.read_text(encoding="utf-8").replace(meta(example), ""), encoding="utf-8")
        unguarded = read_all(browser, address, site, [])
    assert read.visits > 6 * QUICK
    assert read.ran == []
    assert len(unguarded.ran) > 2, "what would have run, had the policy not been there"


LIVE = [
    "<script>ran(1)</script>",
    "<img src=x onerror=ran(1)>",
    "<svg/onload=ran(1)>",
    "[x](javascript:ran(1))",
    "[x](java&Tab;script:ran(1))",
    "[x]\n\n[x]: vbscript:ran(1)",
    "![x](y.png){ onerror=ran(1) }",
    "/// html | script\nran(1)\n///",
    '/// html | div[onclick="ran(1)"]\nx\n///',
    '<iframe src="https://a.example"></iframe>',
    "<script src=../../evidence/x/y.txt></script>",
    '<meta http-equiv="refresh" content="0; url=https://a.example">',
    "<form action=https://a.example><button>x</button></form>",
]


def test_what_could_run_is_refused_by_lint_and_found_in_what_was_built(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(as_site(example))
    pages = [f"docs/en/errors/live-{number}.md" for number in range(len(LIVE))]
    for page, live in zip(pages, LIVE, strict=True):
        (example / page).write_text(f"# A page\n\nSome words.\n\n{live}\n", encoding="utf-8")
    refused = {problem.file for problem in inert_problems(example)}
    assert [live for page, live in zip(pages, LIVE, strict=True) if page not in refused] == []
    found = {problem.file for problem in policy_problems(build_unchecked(example), example)}
    assert [live for page, live in zip(pages, LIVE, strict=True) if page not in found] == []
    assert found == set(pages)


def test_an_unlisted_inline_script_ends_the_build_with_its_page_and_the_repair(example: Path) -> None:
    page = f"docs/en/errors/{ARTICLE}.md"
    edit(as_site(example), page, "## Why\n", "## Why\n\n<script>ran(1)</script>\n")
    done = clinic(example, "build")
    assert done.returncode == 2
    assert f"{page}:1: expected no inline script but those of the policy; found ran(1)" in done.stderr
    assert "repair: remove it from the page" in done.stderr
    assert [path.name for path in example.glob("*site*")] == []


def test_the_committed_policy_is_that_of_the_theme_and_the_overrides(example: Path) -> None:
    committed = (as_site(example) / FILE).read_text(encoding="utf-8")
    edit(example, f"docs/en/errors/{ARTICLE}.md", "## Why\n", "## Why\n\n<script>ran(1)</script>\n")
    (example / FILE).write_text("", encoding="utf-8")
    done = clinic(example, "csp")
    assert done.returncode == 0, done.stderr
    assert (example / FILE).read_text(encoding="utf-8") == committed, "no content can come into it"
