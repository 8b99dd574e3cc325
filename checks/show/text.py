"""An article's pages as plain Markdown: what a terminal shows, with what was observed of every claim written out.

A page's own source with its blocks replaced: no HTML, and nothing of this engine is needed to read it. A mark at the end
of a sentence becomes a footnote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..decide.plan import Cell, Project
from .atlas_page import atlas_lines
from .badges import article_badge, badge_parts
from .drawing import Drawing
from .facts import fact_of, observed
from .kills import mutants_told
from .render import Pages
from .source import INCLUDE, MARK, Part, Source, evidence_page, fetch_command, included, page, read_source, sentences
from .versions import version_table

ATTRIBUTES = re.compile(r"\s*\{[ #.:][^}]*\}\s*$")


class Text:
    """Writes the articles of a project in one language."""

    def __init__(self, project: Project, language: Language) -> None:
        self.project, self.language = project, language
        self.pages = Pages(project, language, "")

    def article(self, article: Article) -> str:
        """Return the article: what to do, with a footnote for each sentence that a claim carries."""
        return self._whole(article, read_source(page(self.project.root, article, self.language)))

    def evidence(self, article: Article) -> str:
        """Return the page of the article's evidence."""
        return self._whole(article, read_source(evidence_page(self.project.root, article, self.language)))

    def sentences(self, article: Article) -> dict[str, str]:
        """Return claim -> its sentence."""
        return sentences(self.project.root, article, self.language)

    def observed(self, article: Article, claim: Claim) -> list[dict[str, str]]:
        """Return where a claim was decided: environment, verdict ("not run" where nothing current is known), versions seen."""
        cells = self.project.cells_of(article, claim)
        return [
            {
                "environment": cell.environment.name,
                "verdict": observed(self.project, cell),
                "versions": self._versions(cell),
            }
            for cell in cells
        ]

    def told(self, article: Article, name: str) -> str:
        """Return a claim's sentence with its fact in words."""
        return f"{self.sentences(article)[name]}  \n*{self._fact(article, name)}* (`{name}`)"

    def _whole(self, article: Article, source: Source) -> str:
        lines = list(self._lines(article, source))
        notes = [f"[^{number}]: {self.told(article, name)}" for number, name in enumerate(source.marks, start=1)]
        text = "\n".join([f"# {source.front.get('title', article.title)}", *lines, "", *(f"{note}\n" for note in notes)])
        numbers = {name: number for number, name in enumerate(source.marks, start=1)}
        text = MARK.sub(lambda found: f"[^{numbers[found['claim']]}]" if found["claim"] in numbers else found[0], text)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"

    def _lines(self, article: Article, source: Source) -> Iterator[str]:
        for part in source.parts:
            if part.name:
                yield from self._block(article, part)
            elif include := INCLUDE.match(part.body):
                code = included(self.project.root, include["file"], include["section"])
                yield from (include["indent"] + one for one in code.splitlines())
            else:
                yield ATTRIBUTES.sub("", part.body) if part.body.startswith("#") else part.body

    def _block(self, article: Article, part: Part) -> Iterator[str]:
        name, argument, options, say = part.name, part.argument, part.options, self.pages.say
        if name == "article":
            space = " " if self.language == "en" else ""
            yield f"**{article.id}** · {say(f'harm {article.toml.harm}')} · {self._badge(article)}\n"
            yield f"```text\n{article.toml.message}\n```\n"
            yield f"{say('safe')} **{say(f'safe {article.toml.safe}')}**{space}{part.body}"
        elif name == "evidence":
            yield f"**{article.id}** · {self._badge(article)}"
            if told := mutants_told(self.project, article, None, self.language):
                yield f"\n{told[0]}\n"
                yield from (f"- `{name}`{say('colon') + why if why else ''}" for name, why in told[1])
        elif name == "claim":
            yield "> " + self.told(article, argument).replace("\n", "\n> ")
        elif name == "measured":
            yield f"{part.body} *{self._measured(article, part)}*"
        elif name == "fetch":
            yield f"```sh\n{fetch_command(argument, options.get('run', ''))}\n```"
        elif name == "output":
            yield from self._output(article, argument, options)
        elif name == "versions":
            yield from _markdown(self._table(article, argument, options))
        elif name == "drawing":
            waits = Drawing(self.project, argument).awaits
            yield f"{part.body} *{self.pages.say('not drawn', waits.name)}*" if waits else part.body
        elif name == "download":
            file = argument.rpartition("/")[2]
            yield f"`clinic snippet {file}`" if argument.startswith("snippets/") else f"`{argument}`"
        elif name == "atlas":
            yield from atlas_lines(self.pages, argument)
        elif name == "lookalikes":
            yield from _markdown(self.pages.lookalikes(article))
        elif name == "about":
            yield from _markdown(self.pages.about(article))
        elif name == "runs":
            for job in self.pages.jobs(article):
                counted = ", ".join(map(str, badge_parts(self.project, job.cells, self.language)))
                yield f"- `{job.module}` @ `{job.environment.name}`: {counted}"

    def _badge(self, article: Article) -> str:
        return ", ".join(map(str, article_badge(self.project, article, self.language)[0]))

    def _fact(self, article: Article, name: str) -> str:
        claim = next(one for one in article.claims if one.name == name)
        return fact_of(self.project, article, claim).words(self.language)

    def _measured(self, article: Article, part: Part) -> str:
        claim = next(one for one in article.claims if one.name == part.argument)
        package, patterns = part.options.get("package", ""), part.options.get("environments", "*")
        return "".join(self.pages.measured(article, claim, package, patterns).itertext())

    def _output(self, article: Article, argument: str, options: dict[str, str]) -> Iterator[str]:
        texts = {name: options.get(name, "") for name in ("environment", "contains", "begins")}
        made = self.pages.output(article, argument, **texts, lines=int(options.get("lines", "1000000")))
        printed = made.find("./pre/code")
        yield f"```text\n{''.join(printed.itertext())}\n```" if printed is not None else "".join(made.itertext())

    def _table(self, article: Article, argument: str, options: dict[str, str]) -> Element:
        heads = [head.strip() for head in options.get("heads", "").split(",") if head.strip()]
        package, environments = options.get("package", ""), options.get("environments", "*")
        return version_table(self.pages, article, argument, package, environments, heads)

    def _versions(self, cell: Cell) -> str:
        """Return the chief packages that the run saw."""
        jobs = (job for job in self.pages.jobs(cell.article) if job.environment is cell.environment)
        record = next((self.pages.record(job) for job in jobs if job.module == cell.claim.module), None)
        if record is None or observed(self.project, cell) == "not run":
            return ""
        chief = cell.environment.chief_packages
        seen = (f"{name} {version}" for name, version in record.seen.packages.items() if name in chief)
        return ", ".join([f"Python {record.seen.python}", *seen])


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
        elif one.tag == "dl":
            pairs = zip(one.iter("dt"), one.iter("dd"), strict=True)
            yield from (f"- {_cell(name)}: {_cell(fact)}" for name, fact in pairs)


def _cell(made: Element) -> str:
    """Return an element's text in one line, code between backticks, nothing that would end a table's cell."""
    text = made.text or ""
    for child in made:
        inner = " " if child.tag == "br" else _cell(child)
        text += f"`{inner}`" if child.tag == "code" else inner
        text += child.tail or ""
    return " ".join(text.split()).replace("|", "\\|") if made.tag in ("td", "th", "li", "dt", "dd") else text
