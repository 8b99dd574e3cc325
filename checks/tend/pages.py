"""An article's two pages, held against its claims, snippets, drawings and check modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..content.problem import Problem, relative
from ..content.words import say
from ..decide.plan import Project
from ..show.atlas_page import atlas_names
from ..show.drawing import FOLDER, Drawing, drawings
from ..show.source import HEADING, MARK, WHAT_TO_DO, evidence_page, read_source

MOST_WORDS = 700
SECTIONS = (WHAT_TO_DO, "how-to-know-that-it-worked", "why", "what-does-not-help", "in-which-versions")
_BLOCK = re.compile(r"^/// (?P<name>\w+)(?: \| (?P<argument>.+?))?[ \t]*$")
_INCLUDE = re.compile(r'--8<-- "(?P<file>[^":]+)(?::(?P<section>[^"]*))?"')


@dataclass
class Page:
    """One page of an article in one language; what both kinds have in common."""

    project: Project
    article: Article
    language: Language
    path: Path

    TOP = ""  # the block that names the article

    @property
    def file(self) -> str:
        """The page as the project names it."""
        return relative(self.path, self.project.root)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the page."""
        if not self.path.is_file():
            template = "checks/template/" + ("evidence." if self.path.name == "evidence.md" else "") + f"{self.language}.md"
            repair = f"write it (template: {template})"
            yield Problem(self.file, 1, f"the page of {self.article.id} in {self.language}", "no such file", repair)
            return
        self.source = read_source(self.path)
        self.lines = self.source.text.splitlines()
        yield from self._front_matter()
        yield from self._blocks()
        yield from self._includes()

    def _front_matter(self) -> Iterator[Problem]:
        for key in ("title", "description"):
            if not self.source.front.get(key, "").strip():
                repair = f"add `{key}: ...` between the --- lines on top"
                yield Problem(self.file, 1, f"{key}: in the front matter", "none", repair)

    def _blocks(self) -> Iterator[Problem]:
        named = False
        for number, line in enumerate(self.lines, start=1):
            block = _BLOCK.match(line)
            if not block:
                continue
            name, argument = block["name"], block["argument"] or ""
            if name == self.TOP:
                named = True
                if argument != self.article.slug:
                    expected = f"/// {self.TOP} | {self.article.slug}"
                    yield Problem(self.file, number, expected, argument, "name the page's own folder")
            yield from self._block(number, name, argument)
        if not named:
            expected = f"/// {self.TOP} | {self.article.slug} before the first section"
            yield Problem(self.file, 1, expected, "none", "add the block and its closing ///")

    def _block(self, number: int, name: str, argument: str) -> Iterator[Problem]:
        """Yield what is wrong with one block."""
        if name in ("output", "versions"):
            yield from self._module(number, name, argument)
        elif name == "drawing":
            yield from self._drawing(number, argument)
        elif name == "atlas" and argument not in (known := atlas_names(self.project)):
            found = argument or "none"
            yield Problem(self.file, number, "a way or an architecture of the atlas", found, f"name one of: {', '.join(known)}")
        elif name == "download" and not self._can_be_had(argument):
            yield Problem(self.file, number, "a file to download", f"no {argument}", f"write {argument}, or correct its name")

    def _can_be_had(self, path: str) -> bool:
        """Whether it is a file of ours, or the requirements of one of our environments."""
        folder, _, name = path.partition("/")
        known = folder == "requirements" and name.removesuffix(".txt") in self.project.environments
        return known or (self.project.root / path).is_file()

    def _unknown_claim(self, number: int, name: str) -> Problem:
        known = ", ".join(claim.name for claim in self.article.claims)
        return Problem(self.file, number, "a claim of article.toml", name or "none", f"name one of: {known}")

    def _drawing(self, number: int, name: str) -> Iterator[Problem]:
        if not Drawing(self.project, name).code.is_file():
            known = ", ".join(drawing.name for drawing in drawings(self.project)) or f"none yet: write {FOLDER}/{name}.py"
            yield Problem(self.file, number, "a drawing", f"no {FOLDER}/{name}.py", f"name one of: {known}")
        if not self._body(number):
            repair = "write it between /// drawing and ///"
            yield Problem(self.file, number, f"what {name} shows, for those who do not see it", "an empty block", repair)

    def _body(self, number: int) -> str:
        """Return what stands in the block that starts in this line."""
        end = next((i for i in range(number, len(self.lines)) if self.lines[i].strip() == "///"), len(self.lines))
        return "".join(self.lines[number:end]).strip()

    def _module(self, number: int, block: str, argument: str) -> Iterator[Problem]:
        module, _, function = argument.partition(".")
        known = self.article.modules
        if module not in known or (function and function not in {claim.function for claim in known[module]}):
            yield Problem(
                self.file,
                number,
                f"/// {block} of a check module of {self.article.id}",
                argument or "none",
                f"name one of: {', '.join(known)}",
            )
            return
        if block == "versions" and (heads := re.search(r"^\s*heads:\s*(.+)$", self._body(number), re.MULTILINE)):
            count = sum(bool(head.strip()) for head in heads[1].split(","))
            if count != len(known[module]):
                expected = f"a head for each of the {len(known[module])} claims of {module}"
                repair = f"name, in this order: {', '.join(claim.function for claim in known[module])}"
                yield Problem(self.file, number, expected, f"{count} heads", repair)
        if block == "output":
            option = re.match(r"\s+environment:\s*(\S+)", self.lines[number]) if number < len(self.lines) else None
            environments = {
                job.environment.name for job in self.project.jobs if job.article is self.article and job.module == module
            }
            if not option or option[1] not in environments:
                found = option[1] if option else "no option environment"
                yield Problem(
                    self.file,
                    number,
                    f"an environment in which {module} runs",
                    found,
                    f"name one of: {', '.join(sorted(environments))}",
                )

    def _includes(self) -> Iterator[Problem]:
        for number, line in enumerate(self.lines, start=1):
            for include in _INCLUDE.finditer(line):
                target = self.project.root / include["file"]
                if not target.is_file():
                    yield Problem(
                        self.file, number, "a file to include", f"no {include['file']}", "write it, or correct its name"
                    )
                    continue
                section, text = include["section"], target.read_text(encoding="utf-8")
                if section and not (f"[start:{section}]" in text and f"[end:{section}]" in text):
                    repair = f"mark it in {include['file']}: # --8<-- [start:{section}] ... # --8<-- [end:{section}]"
                    yield Problem(
                        self.file,
                        number,
                        f"a section {section} in {include['file']}",
                        "no start or no end marker",
                        repair,
                    )


class ArticlePage(Page):
    """What a tired person reads in a minute."""

    TOP = "article"

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the page, its length included."""
        yield from super().problems()
        if not self.path.is_file():
            return
        if self.language == "en" and self.source.words > MOST_WORDS:
            found = f"{self.source.words} words"
            repair = "move what is not needed to act to the page of the evidence, or fold it"
            yield Problem(self.file, 1, f"at most {MOST_WORDS} words, code and folds aside", found, repair)
        yield from self._sections()
        yield from self._marks()

    def _front_matter(self) -> Iterator[Problem]:
        yield from super()._front_matter()
        front = self.source.front
        if front.get("title") and front["title"] != self.article.title:
            repair = f'write title: "{self.article.title}", or correct id and title in article.toml'
            yield Problem(self.file, 2, f"the article's one title: {self.article.title}", front["title"], repair)
        first = say(self.language, f"safe {self.article.toml.safe}").rstrip(".。")
        if front.get("description") and not front["description"].startswith(first):
            repair = "begin the description with them: it answers whether it is safe to go on"
            yield Problem(self.file, 3, f"a description whose first words are {first!r}", front["description"][:40], repair)

    def _block(self, number: int, name: str, argument: str) -> Iterator[Problem]:
        yield from super()._block(number, name, argument)
        if name == "fetch" and not (self.project.root / "snippets" / argument).is_file():
            yield Problem(self.file, number, "a snippet", f"no snippets/{argument}", "write it, or correct its name")
        elif name == "measured" and argument not in {claim.name for claim in self.article.claims}:
            yield self._unknown_claim(number, argument)
        elif name == "measured" and not self._body(number):
            repair = "write it between /// measured and ///"
            yield Problem(self.file, number, f"the sentence that {argument} carries", "an empty block", repair)
        elif name in ("claim", "runs"):
            repair = f"move it to {relative(evidence_page(self.project.root, self.article, self.language), self.project.root)}"
            yield Problem(self.file, number, "a mark at the end of a sentence: [^module.function]", f"/// {name}", repair)

    def _sections(self) -> Iterator[Problem]:
        ids = [found["id"] or found["text"].lower().replace(" ", "-") for found in self._headings(2)]
        if ids != list(SECTIONS):
            found = ", ".join(ids) or "none"
            repair = "give the sections these ids, in this order: ## Heading { #id }"
            yield Problem(self.file, 1, f"the sections {', '.join(SECTIONS)}", found, repair)
        if not self.source.cases:
            repair = "write ### If ... under it, then what to do in that case"
            yield Problem(self.file, 1, f"a case under {SECTIONS[0]}: a condition, then what to do", "none", repair)

    def _headings(self, level: int) -> Iterator[re.Match[str]]:
        for part in self.source.parts:
            found = HEADING.match(part.body) if not part.name else None
            if found and len(found["level"]) == level:
                yield found

    def _marks(self) -> Iterator[Problem]:
        known = {claim.name for claim in self.article.claims}
        for number, line in enumerate(self.lines, start=1):
            for found in MARK.finditer(line):
                if found["claim"] not in known:
                    yield self._unknown_claim(number, found["claim"])
        if not known & set(self.source.marks):
            repair = "mark the sentences that a claim carries: Sentence.[^module.function]"
            yield Problem(self.file, 1, "a sentence that a claim carries", "no mark on the page", repair)


class EvidencePage(Page):
    """Every claim, once; versions in full; every run."""

    TOP = "evidence"

    def _blocks(self) -> Iterator[Problem]:
        self.shown: dict[str, int] = {}
        self.claims = {claim.name: claim for claim in self.article.claims}
        yield from super()._blocks()
        for name in self.claims.keys() - self.shown.keys():
            repair = f"add `/// claim | {name}` where the page says it, or remove the claim from article.toml"
            yield Problem(self.file, 1, f"the claim {name} on the page", "it is nowhere", repair)
        if not any(part.name == "runs" for part in self.source.parts):
            yield Problem(self.file, len(self.lines), "every run of the article", "no /// runs", "add `/// runs` and ///")

    def _block(self, number: int, name: str, argument: str) -> Iterator[Problem]:
        yield from super()._block(number, name, argument)
        if name == "claim" and argument not in self.claims:
            yield self._unknown_claim(number, argument)
        elif name == "claim":
            yield from self._claim(number, self.claims[argument])

    def _claim(self, number: int, claim: Claim) -> Iterator[Problem]:
        if claim.name in self.shown:
            found = f"it stands in line {self.shown[claim.name]} already"
            yield Problem(self.file, number, f"the claim {claim.name} once", found, "link to the first one instead")
        self.shown[claim.name] = number
        body = self._body(number)
        if self.language != "en" and not body:
            repair = "write it between /// claim and ///"
            yield Problem(self.file, number, f"the sentence of {claim.name} in this language", "an empty block", repair)
        if self.language == "en" and body:
            repair = f"remove it; the sentence is the docstring of {claim.function}"
            yield Problem(self.file, number, "an empty block: the docstring is the sentence", body[:60], repair)
