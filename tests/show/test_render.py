"""Captured text and counts, as they become HTML."""

from __future__ import annotations

import random
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown import Markdown

from checks.decide.plan import load_project
from checks.show.render import Pages, element, link_to, printable, to_html

from ..conftest import clinic, write_check

HOSTILE = [
    "<script>alert(1)</script>",
    "```\n<script>alert(1)</script>\n```",
    '--8<-- "pyproject.toml"',
    "{#id onload=alert(1)}",
    "</code></pre><img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "\x1b]8;;https://a.example\x07link\x1b]8;;\x07",
    "\x02wzxhzdk:0\x03",
    "\u202egnp.exe",
    "[a](javascript:alert(1))",
    "/// claim | x\n///",
    "$(rm -rf ~)",
    "{{ config }}",
    "{% raw %}",
]


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("seed", range(40))
def test_hostile_text_stays_text(seed: int) -> None:
    pieces = random.Random(seed).choices(HOSTILE, k=5)  # noqa: S311  no secret is made here
    text = "\n".join(pieces)
    read = Tags(to_html(element("pre", element("code", printable(text)))))
    assert read.tags == ["pre", "code"]
    assert read.text == printable(text)


def test_hostile_text_passes_markdown_untouched() -> None:
    """A block's HTML goes through Markdown's store; what a log says must not be found there."""
    markdown = Markdown(extensions=["pymdownx.superfences", "attr_list"])
    text = printable("\n".join(HOSTILE))
    html = to_html(element("pre", element("code", text)))
    stored = markdown.htmlStash.store(html)
    for processor in markdown.postprocessors:
        stored = processor.run(stored)
    assert Tags(stored).text.strip() == text.strip()
    assert Tags(stored).tags == ["pre", "code"]


@pytest.mark.parametrize(
    ("captured", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("10%\r50%\r100%", "100%"),
        ("a\tb", "a   b"),
        ("win\r\ndows", "win\ndows"),
        ("zero\u200bwidth \u202eright", "zerowidth right"),
        ("bell\x07 null\x00", "bell null"),
        ("加载 ✓", "加载 ✓"),
    ],
)
def test_only_what_a_terminal_would_show_is_left(captured: str, shown: str) -> None:
    assert printable(captured) == shown


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "http://a.example", " https://a.example"])
def test_only_an_address_of_the_web_becomes_a_link(address: str) -> None:
    assert to_html(link_to("x", address)) == "<span>x</span>"
    assert to_html(link_to("x", "https://a.example/b?c=d#e")) == '<a href="https://a.example/b?c=d#e">x</a>'


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({}, "first\nREPORT\nrow 1\nrow 2\nlast"),
        ({"contains": "row"}, "row 1\nrow 2"),
        ({"begins": "REPORT"}, "REPORT\nrow 1\nrow 2\nlast"),
        ({"begins": "REPORT", "lines": 2}, "REPORT\nrow 1\n…"),
        ({"begins": "row", "contains": "row", "lines": 1}, "row 1\n…"),
        ({"begins": "never printed"}, ""),
    ],
)
def test_of_what_a_run_printed_a_page_shows_what_it_names(example: Path, chosen: dict[str, Any], shown: str) -> None:
    printed = "".join(f"    print({line!r})\n" for line in ("first", "REPORT", "row 1", "row 2", "last"))
    job = write_check(example, f'def claim():\n    """It is so."""\n{printed}    assert str(1)\n')
    clinic(example, "run", job.article.id)
    project = load_project(example)
    article = next(one for one in project.articles if one.id == job.article.id)
    made = Pages(project, "en", "../").output(article, "remembered.claim", job.environment.name, **chosen)
    code = made.find("./pre/code")
    assert code is not None and (code.text or "") == shown
