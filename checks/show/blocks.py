"""The Markdown blocks of a page (pymdownx blocks API, so that every builder of Python-Markdown pages renders them alike).

/// article | <slug>          the card on top; names the article for the blocks after it
/// claim | module.function   a sentence with its status; the body is the sentence, where it is not the docstring's
/// output | module[.function]   options environment, contains, lines
/// versions | module         option package
/// drawing | name            docs/drawings/name.py; the body is its caption, and what is read in its place
/// download | snippets/x.py
/// lookalikes   /// evidence   /// index   /// environments
/// diagnose                  the paste field; a page has at most one
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from pymdownx.blocks import BlocksExtension
from pymdownx.blocks.block import Block, type_integer, type_string

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..decide.plan import Project, find_root, load_project
from .drawing import Drawing, read_svg
from .render import Pages, element, to_html
from .versions import version_table

ARTICLE_DEPTH, INDEX_DEPTH, PAGE_DEPTH = 2, 0, 1  # folders between a page and its language's root


@functools.cache
def project_at(root: Path) -> Project:
    """Return the project, read once for a build; `forget` it before the next."""
    return load_project(root)


def forget() -> None:
    """Read everything afresh at the next block."""
    project_at.cache_clear()


class BlockError(ValueError):
    """A block that cannot be rendered: says which, and what to write instead. It ends the build."""


class ClinicBlock(Block):  # type: ignore[misc]
    """What the blocks have in common: the page's language and article, and HTML that no later step touches."""

    ARGUMENT: bool | None = False

    def on_create(self, parent: Element) -> Element:
        """Start with an empty container."""
        return SubElement(parent, "div")

    def on_end(self, block: Element) -> None:
        """Replace the container's content by what the block renders."""
        block.clear()
        self.put(block, self.render())

    def render(self) -> Element:
        """Return the block's element."""
        raise NotImplementedError(f"{self.NAME} does not say what it shows")

    def put(self, block: Element, made: Element) -> None:
        """Append an element as finished HTML: out of reach of inline patterns and of link checks between documents."""
        SubElement(block, "div").text = self.md.htmlStash.store(to_html(made))

    def pages(self, depth: int = ARTICLE_DEPTH) -> Pages:
        """Return the renderer for a page that many folders below its language's root."""
        key = ("pages", depth)
        if key not in self.page:
            self.page[key] = Pages(project_at(find_root()), self.page["language"], "../" * depth)
        return self.page[key]  # type: ignore[no-any-return]

    @property
    def page(self) -> dict[Any, Any]:
        """What the blocks of one page share."""
        return self.md.clinic_page  # type: ignore[no-any-return]

    @property
    def article(self) -> Article:
        """The article that the page's first block named."""
        if "article" not in self.page:
            raise BlockError(f"/// {self.NAME}: the page names no article before it; write `/// article | <slug>` first")
        return self.page["article"]  # type: ignore[no-any-return]

    def claim(self, name: str) -> Claim:
        """Find a claim of the page's article."""
        found = next((claim for claim in self.article.claims if claim.name == name), None)
        if found is None:
            known = ", ".join(claim.name for claim in self.article.claims)
            raise BlockError(f"/// {self.NAME} | {name}: {self.article.id} has no such claim (it has: {known})")
        return found

    def module(self, name: str) -> str:
        """Check that the page's article has a check module of that name."""
        if name.partition(".")[0] not in self.article.modules:
            known = ", ".join(self.article.modules)
            raise BlockError(f"/// {self.NAME} | {name}: {self.article.id} has no such check module (it has: {known})")
        return name


class ArticleBlock(ClinicBlock):
    """The card on top of an article's page; the body says in two lines whether it is safe to go on, and what to do first."""

    NAME = "article"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        """Start with the card; the body's Markdown goes into it."""
        return SubElement(parent, "section", {"class": "clinic-article"})

    def on_end(self, block: Element) -> None:
        """Put the message above the body and the facts below it."""
        found = self.pages().project.article(self.argument)
        if found is None:
            raise BlockError(f"/// article | {self.argument}: no folder checks/errors/{self.argument}")
        self.page["article"] = found
        self.put(block, self.pages().header(found))
        block.insert(0, block[-1])
        del block[-1]
        self.put(block, self.pages().footer(found))


class ClaimBlock(ClinicBlock):
    """A sentence of advice: the docstring, or the block's body where there is one."""

    NAME = "claim"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        return SubElement(parent, "div", {"class": "clinic-claim", "id": self.argument})

    def on_end(self, block: Element) -> None:
        claim = self.claim(self.argument)
        if not len(block) and not (block.text or "").strip():
            SubElement(block, "p").text = claim.sentence
        for paragraph in block.iter("p"):
            paragraph.set("class", "clinic-sentence")
        self.put(block, self.pages().claim_status(self.article, claim))


class OutputBlock(ClinicBlock):
    """What a run printed."""

    NAME = "output"
    ARGUMENT = True
    OPTIONS = {"environment": ["", type_string], "contains": ["", type_string], "lines": [12, type_integer]}  # noqa: RUF012  pymdownx's interface

    def render(self) -> Element:
        options = self.options
        return self.pages().output(
            self.article, self.module(self.argument), options["environment"], options["contains"], options["lines"]
        )


class VersionsBlock(ClinicBlock):
    """The table of environments and verdicts of one check module."""

    NAME = "versions"
    ARGUMENT = True
    OPTIONS = {"package": ["", type_string], "environments": ["*", type_string]}  # noqa: RUF012  pymdownx's interface

    def render(self) -> Element:
        options = self.options
        return version_table(
            self.pages(), self.article, self.module(self.argument), options["package"], options["environments"]
        )


class DrawingBlock(ClinicBlock):
    """A picture drawn from what a check printed; the body is its caption, and what is read in its place."""

    NAME = "drawing"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        figure = SubElement(parent, "figure", {"class": "clinic-drawing"})
        SubElement(SubElement(figure, "figcaption"), "div", {"id": f"{self.argument}-caption"})
        return figure

    def on_add(self, block: Element) -> Element:
        """The body's Markdown goes into the caption."""
        return block[0][0]

    def on_end(self, block: Element) -> None:
        drawing = Drawing(self.pages().project, self.argument)
        if not re.fullmatch(r"[\w-]+", self.argument) or not drawing.code.is_file() or not drawing.jobs:
            raise BlockError(f"/// drawing | {self.argument}: no such drawing, or no such evidence; run: clinic lint")
        if not "".join(block.itertext()).strip():
            raise BlockError(f"/// drawing | {self.argument}: say in its body what it shows, for those who do not see it")
        try:
            svg = read_svg(drawing.svg(self.page["language"]))
        except (OSError, ValueError) as error:
            raise BlockError(f"/// drawing | {self.argument}: {error}; run: clinic draw {self.argument}") from error
        self.put(block, self.pages().drawing(drawing, svg))
        block.insert(0, block[-1])
        del block[-1]
        self.put(block[-1], self.pages().drawn_from(drawing.jobs))


class DownloadBlock(ClinicBlock):
    """The link to a snippet, or to the requirements of an environment."""

    NAME = "download"
    ARGUMENT = True

    def render(self) -> Element:
        folder, _, name = self.argument.partition("/")
        if folder == "requirements" and name.removesuffix(".txt") in self.pages().project.environments:
            return self.pages().download(self.argument)
        if not re.fullmatch(r"snippets/\w+\.py", self.argument) or not (find_root() / self.argument).is_file():
            raise BlockError(f"/// download | {self.argument}: no such snippet; write snippets/<name>.py")
        return self.pages().download(self.argument)


def _plain(name: str, doc: str, render: Callable[[ClinicBlock], Element]) -> type[ClinicBlock]:
    return type(f"{name.title()}Block", (ClinicBlock,), {"NAME": name, "__doc__": doc, "render": render})


BLOCKS: tuple[type[ClinicBlock], ...] = (
    ArticleBlock,
    ClaimBlock,
    OutputBlock,
    VersionsBlock,
    DrawingBlock,
    DownloadBlock,
    _plain("lookalikes", "Messages that are something else.", lambda self: self.pages().lookalikes(self.article)),
    _plain("evidence", "Every run of the article.", lambda self: self.pages().evidence(self.article)),
    _plain(
        "index",
        "The articles by message.",
        lambda self: self.pages(INDEX_DEPTH).index(_descriptions(self.page["language"])),
    ),
    _plain("diagnose", "The paste field.", lambda self: self.pages().diagnose()),
    _plain("environments", "The environments.", lambda self: self.pages(PAGE_DEPTH).environments()),
)


def _descriptions(language: Language) -> dict[str, str]:
    """Return slug -> the one-sentence answer, from the front matter of each article's page."""
    found = {}
    for page in (find_root() / "docs" / language / "errors").glob("*.md"):
        match = re.search(r"^description:\s*(.+?)\s*$", page.read_text(encoding="utf-8"), re.MULTILINE)
        found[page.stem] = match[1].strip("\"'") if match else ""
    return found


class ClinicExtension(BlocksExtension):  # type: ignore[misc]
    """Registers the blocks; option `language` is that of the site that is built."""

    def __init__(self, **options: Any) -> None:
        self.config = {"language": ["en", "Language of the pages: en or zh"]}
        super().__init__(**options)

    def extendMarkdownBlocks(self, md: Markdown, block_manager: Any) -> None:
        """Register each block and the page's shared state."""
        self.md = md
        md.registerExtension(self)
        self.reset()
        for block in BLOCKS:
            block_manager.register(block, {})

    def reset(self) -> None:
        """Start a new page."""
        self.md.clinic_page = {"language": self.getConfig("language")}  # type: ignore[attr-defined]


def makeExtension(**options: Any) -> ClinicExtension:
    """Return the extension, as Python-Markdown asks for it."""
    return ClinicExtension(**options)


__all__ = ["BlockError", "ClinicExtension", "element", "forget", "makeExtension"]
