"""The Markdown blocks of a page (pymdownx blocks API, so that every builder of Python-Markdown pages renders them alike).

On an article's page:
/// article | <slug>          the card on top; names the article for what follows. Its body goes on after "Safe to go on? No."
A sentence.[^module.function] a mark that opens to what was observed of the claim
/// fetch | x.py              the line that fetches a snippet; option run: how to run it, in the same line
/// measured | module.function   the body, then the fact in words; options package, environments
/// lookalikes                messages that are something else
/// about                     where it was reported, when it was run, the evidence

On the page of its evidence:
/// evidence | <slug>         the top; names the article for what follows
/// claim | module.function   a sentence with its fact; the body is the sentence, where it is not the docstring's
/// versions | module         options package, environments, heads
/// runs                      every run

On both:
/// output | module[.function]   options environment, contains, begins, lines
/// drawing | name            docs/drawings/name.py; the body is its caption, and what is read in its place
/// download | snippets/x.py

Elsewhere:
/// index   /// environments  the articles by message; the environments
/// diagnose                  the paste field; a page has at most one
/// atlas                     the load atlas; on an article `/// atlas | qwen3_moe`, an architecture in every way, or
                              `/// atlas | zero3`, what was silent in that way
"""

from __future__ import annotations

import functools
import gc
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.util import AtomicString
from pymdownx.blocks import BlocksExtension
from pymdownx.blocks.block import Block, type_integer, type_string

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..decide.plan import Project, find_root, load_project
from .atlas_page import atlas_page, atlas_part
from .drawing import Drawing, read_svg
from .environments import environments
from .linked import linked_data, script
from .once import once
from .render import Pages, element, to_html
from .scoreboard import scoreboard
from .source import MARK, fetch_command, page, read_source, sentences
from .tables import TableProcessor
from .versions import version_table

KEPT = 500_000  # objects before Python looks for cycles: a project's live as long as a build, and looking took an eighth of it
INDEX_DEPTH, PAGE_DEPTH, ARTICLE_DEPTH, EVIDENCE_DEPTH = 0, 1, 2, 3  # folders between a page and its language's root


@functools.cache
def project_at(root: Path) -> Project:
    """Return the project, read once for a build; `forget` it before the next."""
    gc.set_threshold(KEPT, 20, 20)
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

    def pages(self, depth: int | None = None) -> Pages:
        """Return the renderer for a page that many folders below its language's root: by default where its article says."""
        depth = depth if depth is not None else self.page.get("depth", ARTICLE_DEPTH)
        key = ("pages", depth)
        if key not in self.page:
            self.page[key] = Pages(project_at(find_root()), self.page["language"], "../" * depth)
        return self.page[key]  # type: ignore[no-any-return]

    @property
    def page(self) -> dict[Any, Any]:
        """What the blocks of one page share."""
        return self.md.clinic_page  # type: ignore[no-any-return]

    def opens(self, depth: int) -> Article:
        """Make the article that the argument names that of the page, and return it."""
        found = project_at(find_root()).article(self.argument)
        if found is None:
            raise BlockError(f"/// {self.NAME} | {self.argument}: no folder checks/errors/{self.argument}")
        self.page["article"], self.page["depth"] = found, depth
        return found

    @property
    def article(self) -> Article:
        """The article that the page's first block named."""
        if "article" not in self.page:
            raise BlockError(f"/// {self.NAME}: the page names no article before it; write `/// article | <slug>` first")
        return self.page["article"]  # type: ignore[no-any-return]

    def claim(self, name: str) -> Claim:
        """Find a claim of the page's article."""
        return claim_of(self.article, name, f"/// {self.NAME} | {name}")

    def module(self, name: str) -> str:
        """Check that the page's article has a check module of that name."""
        if name.partition(".")[0] not in self.article.modules:
            known = ", ".join(self.article.modules)
            raise BlockError(f"/// {self.NAME} | {name}: {self.article.id} has no such check module (it has: {known})")
        return name


def claim_of(article: Article, name: str, where: str) -> Claim:
    """Find a claim of an article; `where` is what named it."""
    found = next((claim for claim in article.claims if claim.name == name), None)
    if found is None:
        known = ", ".join(claim.name for claim in article.claims)
        raise BlockError(f"{where}: {article.id} has no such claim (it has: {known})")
    return found


class ArticleBlock(ClinicBlock):
    """The card on top of an article's page; the body says on after the first word, whether it is safe to go on."""

    NAME = "article"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        """Start with the card; the body's Markdown goes into it."""
        return SubElement(parent, "section", {"class": "clinic-article"})

    def on_end(self, block: Element) -> None:
        """Put the message above the body, and the first word before it."""
        article = self.opens(ARTICLE_DEPTH)
        pages = self.pages()
        safe = block.find("p")
        if safe is None:
            safe = SubElement(block, "p")
        safe.set("class", "clinic-safe")
        rest, safe.text = safe.text or "", f"{pages.say('safe')} "
        word = element("strong", pages.say(f"safe {article.toml.safe}"))
        word.tail = f" {rest}" if pages.language == "en" else rest
        safe.insert(0, word)
        self.put(block, pages.header(article))
        block.insert(0, block[-1])
        del block[-1]
        self.put(block, script(linked_data(pages.project, article, pages.language)))


class EvidenceBlock(ClinicBlock):
    """The top of the page of an article's evidence."""

    NAME = "evidence"
    ARGUMENT = True

    def render(self) -> Element:
        article = self.opens(EVIDENCE_DEPTH)
        return self.pages().evidence(article)


class FetchBlock(ClinicBlock):
    """The line that fetches a snippet and runs it, on a machine where there is only a terminal; and the link to it."""

    NAME = "fetch"
    ARGUMENT = True
    OPTIONS = {"run": ["", type_string]}  # noqa: RUF012  pymdownx's interface

    def on_end(self, block: Element) -> None:
        if not re.fullmatch(r"\w+\.py", self.argument) or not (find_root() / "snippets" / self.argument).is_file():
            raise BlockError(f"/// fetch | {self.argument}: no such snippet; write snippets/<name>.py")
        block.clear()
        code = element("pre", element("code", fetch_command(self.argument, self.options["run"])))
        self.put(block, element("div.highlight", code))
        self.put(block, self.pages().fetched(self.argument, self.page["site"]))


class MeasuredBlock(ClinicBlock):
    """A sentence of the page's own, and the fact of a claim by versions of a package; the mark opens to the rest."""

    NAME = "measured"
    ARGUMENT = True
    OPTIONS = {"package": ["", type_string], "environments": ["*", type_string]}  # noqa: RUF012  pymdownx's interface

    def on_create(self, parent: Element) -> Element:
        return SubElement(parent, "div", {"class": "clinic-measured"})

    def on_end(self, block: Element) -> None:
        claim, options = self.claim(self.argument), self.options
        made = self.pages().measured(self.article, claim, options["package"], options["environments"])
        sentence = block.find("p")
        if sentence is None:
            raise BlockError(f"/// measured | {self.argument}: write the sentence between it and ///")
        stored = self.md.htmlStash.store(to_html(made))
        if len(sentence):
            sentence[-1].tail = f"{sentence[-1].tail or ''} {stored}"
        else:
            sentence.text = f"{sentence.text or ''} {stored}"


class ClaimBlock(ClinicBlock):
    """A sentence of advice: the docstring, or the block's body where there is one."""

    NAME = "claim"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        return SubElement(parent, "div", {"class": "clinic-claim", "id": self.argument})

    def on_end(self, block: Element) -> None:
        claim = self.claim(self.argument)
        if not len(block) and not (block.text or "").strip():
            paragraph = SubElement(block, "p")
            for index, part in enumerate(claim.sentence.split("`")):  # as `render.marked` has it: no other Markdown is in it
                if index % 2:
                    SubElement(paragraph, "code").text = AtomicString(part)
                elif index:
                    paragraph[-1].tail = AtomicString(part)
                else:
                    paragraph.text = AtomicString(part)
        for paragraph in block.iter("p"):
            paragraph.set("class", "clinic-sentence")
        self.put(block, self.pages().claim_status(self.article, claim))


class OutputBlock(ClinicBlock):
    """What a run printed."""

    NAME = "output"
    ARGUMENT = True
    OPTIONS = {  # noqa: RUF012  pymdownx's interface
        "environment": ["", type_string],
        "contains": ["", type_string],
        "begins": ["", type_string],
        "lines": [12, type_integer],
    }

    def render(self) -> Element:
        texts = {name: self.options[name] for name in ("environment", "contains", "begins")}
        return self.pages().output(self.article, self.module(self.argument), **texts, lines=self.options["lines"])


class VersionsBlock(ClinicBlock):
    """The table of environments and verdicts of one check module."""

    NAME = "versions"
    ARGUMENT = True
    OPTIONS = {  # noqa: RUF012  pymdownx's interface
        "package": ["", type_string],
        "environments": ["*", type_string],
        "heads": ["", type_string],
    }

    def render(self) -> Element:
        options, module = self.options, self.module(self.argument)
        heads = [head.strip() for head in options["heads"].split(",") if head.strip()]
        claims = self.article.modules[module]
        if heads and len(heads) != len(claims):
            known = ", ".join(claim.function for claim in claims)
            raise BlockError(f"/// versions | {module}: heads names {len(heads)}, for {len(claims)} claims: {known}")
        return version_table(self.pages(), self.article, module, options["package"], options["environments"], heads)


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
        if not re.fullmatch(r"[\w-]+", self.argument) or not "".join(block.itertext()).strip():
            asked = "name a drawing, and say in its body what it shows, for those who do not see it"
            raise BlockError(f"/// drawing | {self.argument}: {asked}")
        project, pages = self.pages().project, self.pages()
        drawing = once(project, lambda: Drawing(project, self.argument), "drawing", self.argument)
        picture = once(project, lambda: self.picture(drawing), "picture", self.argument, pages.language)
        SubElement(block, "div").text = self.md.htmlStash.store(picture)
        block.insert(0, block[-1])
        del block[-1]
        if not drawing.awaits:
            self.put(block[-1], pages.drawn_from(drawing.jobs))

    def picture(self, drawing: Drawing) -> str:
        """Return the committed picture as HTML."""
        if not drawing.code.is_file() or not drawing.jobs:
            raise BlockError(f"/// drawing | {self.argument}: no such drawing, or no such evidence; run: clinic lint")
        if drawing.awaits:
            return to_html(element("p.clinic-output", self.pages().say("not drawn", drawing.awaits.name)))
        try:
            svg = read_svg(drawing.svg(self.page["language"]))
        except (OSError, ValueError) as error:
            raise BlockError(f"/// drawing | {self.argument}: {error}; run: clinic draw {self.argument}") from error
        return to_html(self.pages().drawing(drawing, svg))


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


class AtlasBlock(ClinicBlock):
    """The load atlas, or the part of it that the argument names."""

    NAME = "atlas"
    ARGUMENT = None

    def render(self) -> Element:
        if not self.argument:
            return atlas_page(self.pages(PAGE_DEPTH))
        try:
            return atlas_part(self.pages(), self.argument)
        except KeyError as error:
            known = error.args[0]
            raise BlockError(
                f"/// atlas | {self.argument}: no way and no architecture of that name (it has: {known})"
            ) from error


def _plain(name: str, doc: str, render: Callable[[ClinicBlock], Element]) -> type[ClinicBlock]:
    return type(f"{name.title()}Block", (ClinicBlock,), {"NAME": name, "__doc__": doc, "render": render})


BLOCKS: tuple[type[ClinicBlock], ...] = (
    ArticleBlock,
    EvidenceBlock,
    FetchBlock,
    MeasuredBlock,
    ClaimBlock,
    OutputBlock,
    VersionsBlock,
    DrawingBlock,
    DownloadBlock,
    AtlasBlock,
    _plain("lookalikes", "Messages that are something else.", lambda self: self.pages().lookalikes(self.article)),
    _plain("about", "Where the article comes from.", lambda self: self.pages().about(self.article)),
    _plain("runs", "Every run of the article.", lambda self: self.pages().runs(self.article)),
    _plain(
        "index",
        "The articles by message.",
        lambda self: self.pages(INDEX_DEPTH).index(_descriptions(self.page["language"])),
    ),
    _plain("diagnose", "The paste field.", lambda self: self.pages().diagnose()),
    _plain("scoreboard", "How many public reports are answered.", lambda self: scoreboard(self.pages(PAGE_DEPTH))),
    _plain("environments", "The environments.", lambda self: environments(self.pages(PAGE_DEPTH))),
)


def _descriptions(language: Language) -> dict[str, tuple[str, str]]:
    """Return slug -> the title and the one-sentence answer, from the front matter of each article's page."""
    project = project_at(find_root())
    front = {one.slug: read_source(page(project.root, one, language)).front for one in project.articles}
    return {slug: (one.get("title", ""), one.get("description", "")) for slug, one in front.items()}


class MarkProcessor(InlineProcessor):
    """`[^module.function]` at the end of a sentence: the mark that opens to what was observed."""

    def __init__(self, md: Markdown, language: Language) -> None:
        super().__init__(MARK.pattern, md)
        self.language = language

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:  # type: ignore[override]
        """Return the mark as finished HTML."""
        state: dict[Any, Any] = self.md.clinic_page  # type: ignore[attr-defined]
        if "article" not in state:
            raise BlockError(f"[^{m['claim']}]: the page names no article before it; write `/// article | <slug>` first")
        article: Article = state["article"]
        claim = claim_of(article, m["claim"], f"[^{m['claim']}]")
        if "marker" not in state:
            state["marker"] = Pages(project_at(find_root()), self.language, "../" * state["depth"])
        pages: Pages = state["marker"]
        marks = state.setdefault("marks", [])
        marks.append(claim.name)
        sentence = sentences(pages.project.root, article, self.language)[claim.name]
        made = pages.mark(article, claim, len(marks), sentence)
        if marks.count(claim.name) == 1:
            made.set("id", claim.name)
        return self.md.htmlStash.store(to_html(made)), m.start(0), m.end(0)


class ClinicExtension(BlocksExtension):  # type: ignore[misc]
    """Registers the blocks; option `language` is that of the site that is built."""

    def __init__(self, **options: Any) -> None:
        self.config = {
            "language": ["en", "Language of the pages: en or zh"],
            "site": ["", "Address of the English site, if it is known: pages then name it in commands"],
        }
        super().__init__(**options)

    def extendMarkdownBlocks(self, md: Markdown, block_manager: Any) -> None:
        """Register each block and the page's shared state."""
        self.md = md
        md.registerExtension(self)
        self.reset()
        for block in BLOCKS:
            block_manager.register(block, {})
        md.inlinePatterns.register(MarkProcessor(md, self.getConfig("language")), "clinic-mark", 175)
        md.treeprocessors.register(TableProcessor(md), "clinic-tables", 15)  # after the text in the cells is made

    def reset(self) -> None:
        """Start a new page."""
        self.md.clinic_page = {"language": self.getConfig("language"), "site": self.getConfig("site") or ""}  # type: ignore[attr-defined]


def makeExtension(**options: Any) -> ClinicExtension:
    """Return the extension, as Python-Markdown asks for it."""
    return ClinicExtension(**options)


__all__ = ["BlockError", "ClinicExtension", "element", "forget", "makeExtension"]
