"""Build the site, and with plain mkdocs-material the same pages: what a site whose author wrote them by hand would take.

Each page that was built becomes a file of HTML, its headings as Markdown: without the extension it gives the same page.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.structure.pages import Page

CONFIGS = {"en": "mkdocs.yml", "zh": "mkdocs.zh.yml"}
EXTENSION = "checks.show.blocks"
HEADING = re.compile(
    r'<h(?P<level>[1-6]) id="(?P<id>[^"]*)">(?P<text>(?:(?!</h).)*)<a class="headerlink"[^>]*>[^<]*</a></h(?P=level)>',
    re.DOTALL,
)
BOXES = ("div", "section", "details", "figure")
# Builds each configuration that is named, one after the other, as `clinic build` does: a project is read once for both.
BUILD = """
import sys
from mkdocs.commands.build import build
from mkdocs.config import load_config
for config in sys.argv[1:]:
    build(load_config(config))
"""


def write_plain(root: Path, target: Path) -> int:
    """Write a project of the same pages that needs no extension of ours; return how many pages it has, both languages."""
    shutil.copytree(root / "docs", target / "docs")
    shutil.copytree(root / "overrides", target / "overrides")
    written = 0
    for language, name in CONFIGS.items():
        lines = (root / name).read_text(encoding="utf-8").splitlines()
        (target / name).write_text("\n".join(line for line in lines if EXTENSION not in line), encoding="utf-8")
        for source, (meta, html) in _built(root, name).items():
            text = HEADING.sub(_as_markdown, html)
            front = yaml.safe_dump(meta, allow_unicode=True)
            (target / "docs" / language / source).write_text(f"---\n{front}---\n{text}", encoding="utf-8")
            written += 1
    return written


def _built(root: Path, name: str) -> dict[str, tuple[dict[str, object], str]]:
    """Build one language and return source -> its front matter and the HTML of its content."""
    pages: dict[str, tuple[dict[str, object], str]] = {}

    def keep(html: str, *, page: Page, **_others: object) -> str:
        pages[page.file.src_path] = dict(page.meta), html
        return html

    with contextlib.chdir(root):
        config = load_config(name, site_dir=str(root / "built" / name))
        config.plugins.events["page_content"].append(keep)  # last: after what plugins make of it
        build(config)
    return pages


def _as_markdown(found: re.Match[str]) -> str:
    before = found.string[: found.start()]
    if any(before.count(f"<{tag}") != before.count(f"</{tag}>") for tag in BOXES):
        return found[0]  # in a box that is HTML, Markdown stays as it is
    text = " ".join(found["text"].split())
    return f"\n\n{'#' * int(found['level'])} {text} {{#{found['id']}}}\n\n"


def differing(one: Path, other: Path) -> Iterator[str]:
    """Yield the pages of one site that the other has not, or not with the same elements, attributes and text."""
    for page in sorted(one.rglob("*.html")):
        name = page.relative_to(one)
        if not (other / name).is_file() or _told(page) != _told(other / name):
            yield os.fspath(name)


def _told(page: Path) -> str:
    """Return what a page says, without white space between elements; a heading in a box is in one table of contents only."""
    text = page.read_text(encoding="utf-8")
    article = text.partition("<article")[2].partition("</article>")[0] or text
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", article)
