"""An article as plain Markdown: what a terminal shows, with every claim's sentence and what was observed written out.

The page's own source with its blocks replaced: no HTML, and nothing of this engine is needed to read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from xml.etree.ElementTree import Element

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..decide.plan import Cell, Project
from .render import Pages, tally
from .versions import version_table

BLOCK = re.compile(r"^/// (?P<name>[\w-]+)(?: \| (?P<argument>.+?))?\s*$")
OPTION = re.compile(r"^    (?P<key>\w+): (?P<value>.*?)\s*$")
INCLUDE = re.compile(r'^(?P<indent> *)--8<-- "(?P<file>[^":]+)(?::(?P<section>[\w-]+))?"\s*$')
FOLDED = re.compile(r'^(?:\?\?\?\+?|!!!|===)\s+(?:[\w-]+\s+)?"(?P<title>.*)"\s*$')
ATTRIBUTES = re.compile(r"\s*\{[ #.:][^}]*\}\s*$")
SHOWN = ("verified", "failing")  # of a stale or unreadable answer nothing is said


class Text:
    """Writes the articles of a project in one language."""

    def __init__(self, project: Project, language: Language) -> None:
        self.project, self.language = project, language
        self.pages = Pages(project, language, "")

    def article(self, article: Article) -> str:
        """Return the whole article."""
        lines = list(_unfolded(self._source(article).split("\n")))  # first: a fold can hold blocks
        text = "\n".join(self._blocks(article, lines))
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"

    def sentences(self, article: Article) -> dict[str, str]:
        """Return claim -> its sentence: the docstring, or on a page in another language the block's body."""
        bodies = {argument: body for name, argument, _, body in _found(self._source(article).split("\n")) if name == "claim"}
        return {
            claim.name: claim.sentence if self.language == "en" else " ".join(bodies.get(claim.name, "").split())
            for claim in article.claims
        }

    def observed(self, article: Article, claim: Claim) -> list[dict[str, str]]:
        """Return where a claim was decided: environment, verdict ("not run" where nothing current is known), versions seen."""
        cells = [cell for cell in self.project.cells(article) if cell.claim is claim]
        return [
            {"environment": cell.environment.name, "verdict": self._verdict(cell), "versions": self._versions(cell)}
            for cell in cells
        ]

    def _source(self, article: Article) -> str:
        path = self.project.root / "docs" / self.language / "errors" / f"{article.slug}.md"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        return text.partition("\n---\n")[2] if text.startswith("---\n") else text

    def _blocks(self, article: Article, lines: list[str]) -> Iterator[str]:
        for name, argument, options, body in _found(lines):
            if name:
                yield from self._block(article, name, argument, options, body)
            elif include := INCLUDE.match(body):
                code = self._included(include["file"], include["section"])
                yield from (include["indent"] + one for one in code.splitlines())
            else:
                yield ATTRIBUTES.sub("", body) if body.startswith("#") else body

    def _block(self, article: Article, name: str, argument: str, options: dict[str, str], body: str) -> Iterator[str]:
        if name == "article":
            counted = tally(self.project, self.project.cells(article)).text(self.language)
            yield f"**{article.id}** · {self.pages.say(f'harm {article.toml.harm}')} · {counted}\n"
            yield f"```text\n{article.toml.message}\n```\n\n{body}"
        elif name == "claim":
            claim = next(one for one in article.claims if one.name == argument)
            yield f"> {self.sentences(article)[argument]}  \n> *{self._facts(article, claim)}* (`{argument}`)"
        elif name == "output":
            lines = int(options.get("lines", "1000000"))
            made = self.pages.output(article, argument, options.get("environment", ""), options.get("contains", ""), lines)
            printed = made.find("./pre/code")
            yield f"```text\n{''.join(printed.itertext())}\n```" if printed is not None else "".join(made.itertext())
        elif name == "versions":
            package, environments = options.get("package", ""), options.get("environments", "*")
            yield from _markdown(version_table(self.pages, article, argument, package, environments))
        elif name == "drawing":
            yield body
        elif name == "download":
            file = argument.rpartition("/")[2]
            yield f"`clinic snippet {file}`" if argument.startswith("snippets/") else f"`{argument}`"
        elif name == "lookalikes":
            yield from _markdown(self.pages.lookalikes(article))
        elif name == "evidence":
            for job in self.pages.jobs(article):
                yield f"- `{job.module}` @ `{job.environment.name}`: {tally(self.project, job.cells).text(self.language)}"

    def _facts(self, article: Article, claim: Claim) -> str:
        """Return in words where a claim was observed to hold, where it was refuted, and where nothing is known."""
        colon, comma, stop = ("：", "、", "；") if self.language == "zh" else (": ", ", ", "; ")
        places: dict[str, list[str]] = {}
        for one in self.observed(article, claim):
            places.setdefault(one["verdict"], []).append(one["environment"])
        return stop.join(f"{self.pages.say(verdict)}{colon}{comma.join(names)}" for verdict, names in places.items())

    def _verdict(self, cell: Cell) -> str:
        judged = self.project.judge(cell)
        return str(judged.observed) if judged.status in SHOWN and judged.observed else "not run"

    def _versions(self, cell: Cell) -> str:
        """Return the chief packages that the run saw."""
        jobs = (job for job in self.pages.jobs(cell.article) if job.environment is cell.environment)
        record = next((self.pages.record(job) for job in jobs if job.module == cell.claim.module), None)
        if record is None or self._verdict(cell) == "not run":
            return ""
        chief = cell.environment.chief_packages
        seen = (f"{name} {version}" for name, version in record.seen.packages.items() if name in chief)
        return ", ".join([f"Python {record.seen.python}", *seen])

    def _included(self, file: str, section: str | None) -> str:
        text = (self.project.root / file).read_text(encoding="utf-8")
        if section:
            text = text.partition(f"[start:{section}]")[2].partition("\n")[2].partition(f"[end:{section}]")[0]
            text = text.rpartition("\n")[0]
        return dedent(text).strip("\n")


def _found(lines: list[str]) -> Iterator[tuple[str, str, dict[str, str], str]]:
    """Yield each block as (name, argument, options, body), and each other line as ("", "", {}, line)."""
    number, fence = 0, ""
    while number < len(lines):
        line = lines[number]
        number += 1
        if (mark := line.lstrip()[:3]) in ("```", "~~~"):
            fence = "" if fence == mark else fence or mark
        start = None if fence else BLOCK.match(line)
        if not start:
            yield "", "", {}, line
            continue
        end = next((i for i in range(number, len(lines)) if lines[i].strip() == "///"), len(lines))
        inside, options = lines[number:end], {}
        while inside and (option := OPTION.match(inside[0])):
            options[option["key"]] = option["value"].strip("\"'")
            inside = inside[1:]
        yield start["name"], start["argument"] or "", options, "\n".join(inside).strip("\n")
        number = end + 1


def _unfolded(lines: list[str]) -> Iterator[str]:
    """Yield the lines, what is folded or stands in a tab under its title in bold."""
    inside = False
    for line in lines:
        if folded := FOLDED.match(line):
            inside = True
            yield f"**{folded['title']}**"
        elif inside and (line.startswith("    ") or not line.strip()):
            yield line[4:]
        else:
            inside = False
            yield line


def _markdown(made: Element) -> Iterator[str]:
    """Yield one of the engine's own elements as Markdown: tables, lists, and the text of anything else."""
    for one in made.iter():
        if one.tag == "table":
            rows = [[_cell(cell) for cell in row] for row in one.iter("tr")]
            yield f"| {' | '.join(rows[0])} |"
            yield "|" + " --- |" * len(rows[0])
            yield from (f"| {' | '.join(row)} |" for row in rows[1:])
            yield ""
        elif one.tag == "li":
            yield f"- {_cell(one)}"


def _cell(made: Element) -> str:
    """Return an element's text in one line, code between backticks, nothing that would end a table's cell."""
    text = made.text or ""
    for child in made:
        inner = " " if child.tag == "br" else _cell(child)
        text += f"`{inner}`" if child.tag == "code" else inner
        text += child.tail or ""
    return " ".join(text.split()).replace("|", "\\|") if made.tag in ("td", "th", "li") else text
