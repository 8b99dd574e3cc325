"""An article's two pages as they are written: where they lie, their front matter, their blocks, cases and sentences.

docs/<language>/errors/<slug>.md             the article: what a tired person reads in a minute
docs/<language>/errors/<slug>/evidence.md    its evidence: every claim, every version, every run
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from textwrap import dedent

from checkpoint_clinic.words import Language

from ..content.article import Article

BLOCK = re.compile(r"^/// (?P<name>[\w-]+)(?: \| (?P<argument>.+?))?\s*$")
OPTION = re.compile(r"^    (?P<key>\w+): (?P<value>.*?)\s*$")
INCLUDE = re.compile(r'^(?P<indent> *)--8<-- "(?P<file>[^":]+)(?::(?P<section>[\w-]+))?"\s*$')
MARK = re.compile(r"\[\^(?P<claim>[a-z]\w*\.[a-z]\w*)\]")
HEADING = re.compile(r"^(?P<level>#{1,6}) +(?P<text>.*?)(?:\s*\{ *#(?P<id>[\w-]+) *\})?\s*$")
WHAT_TO_DO, CASE = "what-to-do", 3  # the section whose parts are the cases, and the level of their headings
_FIELD = re.compile(r"^(\w+): *(.*?) *$", re.MULTILINE)
_FOLDED = re.compile(r'^(?:\?\?\?\+?|!!!|===)\s+(?:[\w-]+\s+)?"(?P<title>.*)"\s*$')
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_NOT_WORDS = re.compile(r"`[^`]*`|\]\([^)]*\)|\[\^[^\]]*\]|[#>*|]|^-+$")


@dataclass(frozen=True)
class Part:
    """One block of a page, or one line that belongs to none (then `name` is empty and `body` the line)."""

    name: str
    argument: str
    options: dict[str, str]
    body: str


@dataclass(frozen=True)
class Case:
    """A condition, what is said about it, and the commands or code that it asks for."""

    condition: str
    text: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """The Markdown of one page."""

    text: str

    @cached_property
    def front(self) -> dict[str, str]:
        """The front matter's single values (`key: value`); empty if there is none."""
        found = re.match(r"---\n(.*?)\n---\n", self.text, re.DOTALL)
        return {key: value.strip("\"'") for key, value in _FIELD.findall(found[1])} if found else {}

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines below the front matter."""
        body = self.text.partition("\n---\n")[2] if self.text.startswith("---\n") else self.text
        return tuple(body.split("\n"))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each block, and each other line; what is folded or in a tab stands under its title in bold."""
        return tuple(_parts(list(_unfolded(self.lines))))

    @cached_property
    def sentences(self) -> dict[str, str]:
        """Claim -> the sentence that its block gives it on this page; empty where the docstring is the sentence."""
        return {part.argument: " ".join(part.body.split()) for part in self.parts if part.name == "claim"}

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The claims that sentences of this page cite, in order, each once."""
        prose = "\n".join(part.body for part in self.parts)
        return tuple(dict.fromkeys(found["claim"] for found in MARK.finditer(prose)))

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The parts of the section `what-to-do`, each under a heading that states its condition."""
        cases: list[tuple[str, list[Part]]] = []
        inside = False
        for part in self.parts:
            heading = HEADING.match(part.body) if not part.name else None
            if heading and len(heading["level"]) <= 2:
                inside = (heading["id"] or heading["text"].lower().replace(" ", "-")) == WHAT_TO_DO
            elif heading and inside and len(heading["level"]) == CASE:
                cases.append((heading["text"], []))
            elif cases and inside:
                cases[-1][1].append(part)
        return tuple(_case(condition, parts) for condition, parts in cases)

    @cached_property
    def words(self) -> int:
        """How many words a reader sees: no code, nothing that is folded, no words that the engine itself puts there."""
        folded = False
        fence, number = "", 0
        for line in self.lines:
            if (mark := line.lstrip()[:3]) in ("```", "~~~"):
                fence = "" if fence == mark else fence or mark
            elif _FOLDED.match(line):
                folded = line.startswith("???")
            elif fence or (folded and (line.startswith("    ") or not line.strip())) or OPTION.match(line):
                continue
            elif not line.startswith("///"):
                folded = False
                number += len(_WORD.findall(_NOT_WORDS.sub(" ", line)))
        return number


def page(root: Path, article: Article, language: Language) -> Path:
    """Return where an article's page lies."""
    return root / "docs" / language / "errors" / f"{article.slug}.md"


def evidence_page(root: Path, article: Article, language: Language) -> Path:
    """Return where the page of an article's evidence lies."""
    return root / "docs" / language / "errors" / article.slug / "evidence.md"


def read_source(path: Path) -> Source:
    """Return a page's source; an empty one if there is no such file."""
    return _source(path, path.stat().st_mtime_ns) if path.is_file() else Source("")


@lru_cache(maxsize=256)
def _source(path: Path, _modified: int) -> Source:
    return Source(path.read_text(encoding="utf-8"))


def sentences(root: Path, article: Article, language: Language) -> dict[str, str]:
    """Return claim -> its sentence: the docstring, or in another language the block's body on the page of the evidence."""
    if language == "en":
        return {claim.name: claim.sentence for claim in article.claims}
    written = read_source(evidence_page(root, article, language)).sentences
    return {claim.name: written.get(claim.name, "") for claim in article.claims}


def included(root: Path, file: str, section: str | None) -> str:
    """Return a file, or a section of it, as a page includes it."""
    text = (root / file).read_text(encoding="utf-8")
    if section:
        text = text.partition(f"[start:{section}]")[2].partition("\n")[2].partition(f"[end:{section}]")[0]
        text = text.rpartition("\n")[0]
    return dedent(text).strip("\n")


def fetch_command(file: str, then: str) -> str:
    """Return the line that fetches a snippet, and runs it if `then` says how: nothing is needed but uv and a terminal."""
    fetch = f"uvx checkpoint-clinic snippet {file} -o {file}"
    return f"{fetch} && {then}" if then else fetch


def _case(condition: str, parts: Sequence[Part]) -> Case:
    commands: list[str] = []
    text: list[str] = []
    fence: list[str] | None = None
    for part in parts:
        if part.name == "fetch":
            commands.append(fetch_command(part.argument, part.options.get("run", "")))
        elif not part.name and part.body.startswith("```"):
            if fence is None:
                fence = []
            else:
                commands.append("\n".join(fence))
                fence = None
        elif fence is not None:
            fence.append(part.body)
        elif not part.name:
            text.append(part.body)
    return Case(condition, re.sub(r"\n{3,}", "\n\n", "\n".join(text)).strip(), tuple(commands))


def _parts(lines: list[str]) -> Iterator[Part]:
    number, fence = 0, ""
    while number < len(lines):
        line = lines[number]
        number += 1
        if (mark := line.lstrip()[:3]) in ("```", "~~~"):
            fence = "" if fence == mark else fence or mark
        start = None if fence else BLOCK.match(line)
        if not start:
            yield Part("", "", {}, line)
            continue
        end = next((i for i in range(number, len(lines)) if lines[i].strip() == "///"), len(lines))
        inside, options = lines[number:end], {}
        while inside and (option := OPTION.match(inside[0])):
            options[option["key"]] = option["value"].strip("\"'")
            inside = inside[1:]
        yield Part(start["name"], start["argument"] or "", options, "\n".join(inside).strip("\n"))
        number = end + 1


def _unfolded(lines: Sequence[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if folded := _FOLDED.match(line):
            inside = True
            yield f"**{folded['title']}**"
        elif inside and (line.startswith("    ") or not line.strip()):
            yield line[4:]
        else:
            inside = False
            yield line
