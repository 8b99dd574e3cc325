"""Evidence -> HTML elements. Every text becomes an element's text, so nothing that was captured is ever markup."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from packaging.utils import canonicalize_name

from checkpoint_clinic.words import Language

from ..content.article import Article, Claim
from ..content.environment import Environment, awaits_commit, split_lock
from ..content.words import all_words, say
from ..decide.evidence import Record, location
from ..decide.plan import Cell, Job, Project
from .drawing import Drawing

Child = Element | str | None
HARMS = ("silent", "error", "none")  # the worst first
FEW = 6  # cells that are listed one by one under a claim
NARROW = 360  # a drawing of at most this width fits a phone, and need not scroll
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """Return `<tag>` with children in order; `div.a.b` gives classes; a trailing underscore in a name is dropped."""
    name, *classes = tag.split(".")
    made = Element(name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    if classes:
        made.set("class", " ".join(classes))
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif child and last is None:
            made.text = (made.text or "") + child
        elif child and last is not None:
            last.tail = (last.tail or "") + child
    return made


def to_html(made: Element) -> str:
    """Serialise an element, text escaped; newlines as references, so that no later step takes them for Markdown."""
    return tostring(made, encoding="unicode", method="html").replace("\n", "&#10;")


def printable(text: str) -> str:
    """Return captured text without ANSI codes, control characters and characters that change the direction of writing."""
    text = _ANSI.sub("", text).replace("\r\n", "\n").expandtabs(4)
    lines = (line.rsplit("\r", 1)[-1] for line in text.split("\n"))  # a progress bar's last state
    return "\n".join(line if line.isprintable() else "".join(filter(_shows, line)) for line in lines)


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def marked(text: str) -> list[Child]:
    """Return a sentence's parts, those between backticks as code."""
    return [element("code", part) if index % 2 else part for index, part in enumerate(text.split("`"))]


def code_name(job: Job) -> str:
    """Return the name of a job's bundle of files: no character that a shell or a URL would need quoted."""
    return f"{job.article.id.lower()}-{job.module}-{job.environment.name}"


def command(job: Job) -> str:
    """Return the command that decides a job's claims from its bundle, in the locked environment, without this engine."""
    name, python = code_name(job), ".venv/bin/python"
    version = "" if job.environment.python == "system" else f" --python {job.environment.python}"
    system = " --system-site-packages" if any(layer.toml.system for layer in job.environment.layers) else ""
    steps = [f"python3 -m zipfile -e {name}.zip {name}", f"cd {name}", f"uv venv{version}{system} .venv"]
    for number, layer in enumerate(job.environment.layers, start=1):
        if layer.lock().is_file() and layer.toml.requires:
            variables = "".join(f"{key}={value} " for key, value in layer.toml.build_variables.items())
            isolation = "" if layer.toml.build_isolation else " --no-build-isolation"
            steps.append(f"{variables}uv pip install --no-deps --require-hashes{isolation} -r {number}-{layer.name}.txt")
            _, commits = split_lock(layer.lock().read_text(encoding="utf-8"))
            steps += [f'{variables}uv pip install --no-deps{isolation} "{commit}"' for commit in commits]
    variables = "".join(f"{key}={value} " for key, value in job.environment.variables.items())
    device = f"CLINIC_DEVICE={job.environment.device} " if job.environment.device != "cpu" else ""
    preludes = "".join(f" --before {prelude.name}" for prelude in job.environment.preludes)
    steps.append(f"{variables}{device}{python} probe.py {job.module}.py{preludes}")
    return " &&\n".join(steps)


@dataclass(frozen=True)
class Tally:
    """Cells counted by status, as a badge shows them."""

    counts: Counter[str]

    @property
    def total(self) -> int:
        """All cells."""
        return sum(self.counts.values())

    @property
    def worst(self) -> str:
        """The status that the badge's colour stands for: green only if every cell is verified, and there is one."""
        if not self.total:
            return "unverified"
        return next((name for name in ("failing", "stale", "unverified") if self.counts[name]), "verified")

    def text(self, language: Language) -> str:
        """`verified 34/36`."""
        return f"{say(language, 'verified')} {self.counts['verified']}/{self.total}"


def tally(project: Project, cells: Iterable[Cell]) -> Tally:
    """Count cells by status."""
    return Tally(Counter(project.judge(cell).status for cell in cells))


@dataclass(frozen=True)
class Pages:
    """Renders for one language; `up` leads from the page to the language's own root, `top` to the root of the whole site."""

    project: Project
    language: Language
    up: str

    @property
    def top(self) -> str:
        """The way from the page to the folder in which badges, evidence and downloads lie."""
        return self.up + ("../" if self.language == "zh" else "")

    def say(self, key: str, *values: object) -> str:
        """Return one of the engine's words in this language."""
        return say(self.language, key, *values)

    def record(self, job: Job) -> Record | None:
        """Return the job's evidence, or None if there is none that can be read."""
        return self.project.record(job)

    def jobs(self, article: Article) -> list[Job]:
        """Return an article's jobs, ordered by environment."""
        return [job for job in self.project.jobs if job.article is article]

    def chip(self, status: str, text: str = "") -> Element:
        """Return a status as a word; the stylesheet adds its symbol and colour, so neither stands alone."""
        return element(f"span.clinic-status.clinic-status--{status}", text or self.say(status))

    def header(self, article: Article) -> Element:
        """Return the upper part of an article's card: id, harm, badge and the message as seen."""
        counted = tally(self.project, self.project.cells(article))
        badge = self.chip(counted.worst, counted.text(self.language))
        badge.set("class", f"clinic-badge {badge.get('class')}")
        return element(
            "div",
            element("p", element("span.clinic-id", article.id), " ", self.harm(article.toml.harm), " ", badge),
            element("pre.clinic-message", element("code", article.toml.message)),
        )

    def footer(self, article: Article) -> Element:
        """Return the lower part of an article's card: when it was last run and on what, and where it was reported."""
        facts: list[tuple[str, Child]] = [(self.say("last run"), self._last_run(article))]
        reports: list[Child] = []
        for number, url in enumerate(article.toml.reported):
            label = "/".join(url.rstrip("/").split("/")[3:]).replace("/issues/", " ").replace("/pull/", " ")
            reports += [", " if number else "", element("a", label, href=url)]
        return self.facts([*facts, (self.say("reported"), element("span", *reports))] if reports else facts)

    def facts(self, pairs: Iterable[tuple[str, Child]]) -> Element:
        """Return named facts as a definition list."""
        return element(
            "dl.clinic-facts",
            *(element(tag, child) for name, fact in pairs for tag, child in (("dt", name), ("dd", fact))),
        )

    def _last_run(self, article: Article) -> str:
        records = [record for job in self.jobs(article) if (record := self.record(job))]
        if not records:
            return self.say("never run")
        newest = max(outcome.recorded for record in records for outcome in record.outcomes)
        devices = sorted({record.seen.device for record in records})
        text = self.say("on", f"{newest:%Y-%m-%d}", ", ".join(devices))
        missing = any(job.environment.device == "cuda" and not self.record(job) for job in self.jobs(article))
        return text + (f" · {self.say('on a GPU', self.say('never run'))}" if missing else "")

    def claim_status(self, article: Article, claim: Claim) -> Element:
        """Return what stands under a claim's sentence: its status, and folded the environments in which it was decided."""
        cells = [cell for cell in self.project.cells(article) if cell.claim is claim]
        counted = tally(self.project, cells)
        text = self.say(counted.worst) if counted.total == 1 else counted.text(self.language)
        link = element("a", element("code", claim.name), href=f"{self.top}downloads/{article.slug}/{claim.module}.py")
        if len(cells) > FEW:  # a sweep: its table of versions says more than a list of its cells
            items = [element("li", *self._together(group)) for group in self._alike(cells)]
        else:
            items = [element("li", *self._in_words(cell)) for cell in cells]
        return element(
            "div",
            *self._facts_where_false(cells),
            self.chip(counted.worst, text),
            element("details", element("summary", self.say("how")), element("p", link), element("ul", *items)),
        )

    def _facts_where_false(self, cells: list[Cell]) -> list[Child]:
        """Return how often a sentence held and how often it was refuted, if it is false anywhere; "verified" hides it."""
        judged = [self.project.judge(cell) for cell in cells]
        seen = Counter(str(one.observed) for one in judged if one.status in ("verified", "failing"))
        if not seen["refuted"]:
            return []
        return [part for name in ("holds", "refuted") if seen[name] for part in (self.verdict(name), f" {seen[name]}× ")]

    def _alike(self, cells: list[Cell]) -> list[list[Cell]]:
        """Return cells grouped by what was expected, what was observed and the status."""
        groups: dict[tuple[str, ...], list[Cell]] = {}
        for cell in cells:
            judged = self.project.judge(cell)
            groups.setdefault((cell.expected, judged.observed or "not run", judged.status), []).append(cell)
        return list(groups.values())

    def _together(self, cells: list[Cell]) -> list[Child]:
        names = ", ".join(cell.environment.name for cell in cells)
        judged = self.project.judge(cells[0])
        verdict = self.verdict(judged.observed or "not run")
        return [
            self.chip(judged.status),
            " ",
            self.say("expected"),
            " ",
            self.say(cells[0].expected),
            "; ",
            verdict,
            f" {names}",
        ]

    def _in_words(self, cell: Cell) -> list[Child]:
        judged = self.project.judge(cell)
        name = element("a", cell.environment.name, href=f"{self.up}environments/#{cell.environment.name}")
        said = [self.say("expected"), " ", self.say(cell.expected), "; ", printable(judged.reason)]
        return [name, ": ", self.chip(judged.status), " ", *said]

    def _verdicts(self, cell: Cell) -> list[Child]:
        judged = self.project.judge(cell)
        shown = judged.observed or "not run"
        return [self.say(cell.expected), self.verdict(shown), self.chip(judged.status), printable(judged.reason)]

    def table(self, name: str, headings: Sequence[Child], rows: Sequence[Sequence[Child]]) -> Element:
        """Return a table in a wrapper that scrolls by itself, and can be reached by keyboard."""
        head = element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
        body = element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows))
        label = " / ".join("".join(one.itertext()) if isinstance(one, Element) else str(one) for one in headings[:2])
        return element("div.clinic-scroll", element(f"table.{name}", head, body), tabindex="0", role="group", aria_label=label)

    def output(self, article: Article, module: str, environment: str, contains: str, lines: int) -> Element:
        """Return what a run printed: a claim's part or the whole, only lines that contain a text, at most some lines."""
        module, _, function = module.partition(".")
        job = next((one for one in self.jobs(article) if (one.module, one.environment.name) == (module, environment)), None)
        if job is None or self.record(job) is None:
            return element("p.clinic-output", self.say("no output", f"{module}@{environment}"))
        text = printable(
            location(article, module, environment).with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        )
        text = re.sub(r"^--- data .*\n", "", text, flags=re.MULTILINE)  # for drawings
        if function:
            text = text.partition(f"--- {module}.{function}\n")[2].partition("\n--- ")[0]
        chosen = [line for line in text.splitlines() if contains in line and not line.startswith("--- ")]
        shown = chosen[:lines] + (["…"] if len(chosen) > lines else [])
        log = element("a", self.say("log"), href=f"{self.top}evidence/{article.slug}/{job.name}.txt")
        caption = element("figcaption", *marked(self.say("seen in", module, environment)), " · ", log)
        return element("figure.clinic-output", caption, element("pre", element("code", "\n".join(shown)), tabindex="0"))

    def drawing(self, drawing: Drawing, svg: Element) -> Element:
        """Return a picture that scrolls within its figure; what is read in its place is the element NAME-caption."""
        svg.attrib |= {"role": "img", "aria-labelledby": f"{drawing.name}-caption"}
        if float(svg.attrib["viewBox"].split()[2]) <= NARROW:
            svg.set("class", "clinic-narrow")
        return element("div.clinic-scroll", svg, tabindex="0", role="group", aria_label=self.say("drawing"))

    def drawn_from(self, jobs: Sequence[Job]) -> Element:
        """Return the line that says in which run a drawing's data was printed, or in how many it was decided."""
        job = jobs[0]
        if len(jobs) > 1:
            return element("small", *marked(self.say("drawn from all", job.module, len(jobs))))
        log = element("a", self.say("log"), href=f"{self.top}evidence/{job.article.slug}/{job.name}.txt")
        return element("small", *marked(self.say("drawn from", job.module, job.environment.name)), " · ", log)

    def verdict(self, shown: str) -> Element:
        """Return an observed verdict as a word; the stylesheet adds its symbol and colour."""
        kind = "unverified" if shown == "not run" else shown
        return element(f"span.clinic-verdict--{kind}", self.say(shown))

    def lookalikes(self, article: Article) -> Element:
        """Return the messages that resemble the signature and are something else."""
        items = []
        for one in article.toml.lookalike:
            link: list[Child] = [" (", element("a", self.say("see"), href=one.see), ")"] if one.see else []
            means = marked(getattr(one.means, self.language))
            items.append(element("li", element("code", one.shown or one.contains), ": ", *means, *link))
        return element("ul.clinic-lookalikes", *items)

    def download(self, path: str) -> Element:
        """Return the link to a snippet without its section markers."""
        name = path.rpartition("/")[2]
        return element(
            "p",
            element("a.clinic-download", self.say("download", name), href=f"{self.top}downloads/{path}", download=name),
        )

    def evidence(self, article: Article) -> Element:
        """Return each run: its claims, what it saw, how that differs from what the reports name, and how to repeat it."""
        jobs = self.jobs(article)
        counted = self.say(
            "all claims",
            len(article.claims),
            len({job.environment.name for job in jobs}),
            len(list(self.project.cells(article))),
        )
        badge = element("a", self.say("badge"), href=f"{self.top}badges/{article.slug}.svg")
        summary = element("p", counted, " · ", badge)
        return element("section.clinic-evidence", summary, *(self._run(job) for job in jobs), data_search_exclude="")

    def _run(self, job: Job) -> Element:
        record = self.record(job)
        counted = tally(self.project, job.cells)
        summary = element(
            "summary",
            self.chip(counted.worst, counted.text(self.language)),
            " ",
            element("code", job.module),
            " @ ",
            element("code", job.environment.name),
        )
        headings = [self.say(key) for key in ("claim", "expected", "observed", "status", "why")]
        rows = [[element("a", cell.claim.function, href=f"#{cell.claim.name}"), *self._verdicts(cell)] for cell in job.cells]
        parts: list[Child] = [summary, self.table("clinic-cells", headings, rows)]
        if record:
            parts += self._seen(job, record)
        note = job.environment.toml.note
        parts += [element("p", getattr(note, self.language))] if note else []
        bundle = element("a", f"{code_name(job)}.zip", href=f"{self.top}downloads/{code_name(job)}.zip", download="")
        if awaits_commit(job.environment):
            return element("details.clinic-run", *parts, element("p", self.say("awaits commit")))
        before, _, after = self.say("run hint", "{0}").partition("{0}")
        return element(
            "details.clinic-run",
            *parts,
            element("p", element("strong", self.say("run it")), ". ", before, bundle, after),
            element("pre", element("code", command(job)), tabindex="0"),
        )

    def _seen(self, job: Job, record: Record) -> list[Child]:
        seen = record.seen
        chief = job.environment.chief_packages
        packages = ", ".join(f"{name} {version}" for name, version in seen.packages.items() if name in chief)
        files = [
            element("a", self.say(key), href=f"{self.top}evidence/{job.article.slug}/{job.name}.{ending}")
            for key, ending in (("log", "txt"), ("statement", "json"))
        ]
        facts: list[tuple[str, Child]] = [
            (self.say("ran on"), f"{seen.device} {seen.driver}".strip() + f"; {seen.machine}; {seen.isolation}"),
            (self.say("packages"), ", ".join(filter(None, [f"Python {seen.python}", packages]))),
            (self.say("differs"), "; ".join(self.differences(job.article, record)) or self.say("none")),
            (self.say("files"), element("span", files[0], ", ", files[1])),
        ]
        return [self.facts(facts if job.article.toml.named else facts[:2] + facts[3:])]

    def differences(self, article: Article, record: Record) -> list[str]:
        """Return how a run differs from what the article's reports name, one text each."""
        seen: dict[str, str] = {canonicalize_name(name): version for name, version in record.seen.packages.items()}
        seen |= {"python": record.seen.python, "device": record.seen.device}
        found = {name: seen.get(canonicalize_name(name), self.say("none")) for name in article.toml.named}
        return [
            self.say("named here", name, value, found[name])
            for name, value in article.toml.named.items()
            if found[name] != value
        ]

    def index(self, descriptions: dict[str, str]) -> Element:
        """Return the table of articles by message; `descriptions` holds each page's one-sentence answer."""
        tables: list[Child] = []
        for harm in HARMS:
            rows: list[list[Child]] = []
            for article in self.project.articles:
                if article.toml.harm == harm:
                    counted = tally(self.project, self.project.cells(article))
                    link = element("a", element("code", article.toml.message), href=f"{self.up}errors/{article.slug}/")
                    answer = element("span", link, element("br"), descriptions.get(article.slug, ""))
                    rows.append([article.id, answer, self.chip(counted.worst, counted.text(self.language))])
            if rows:
                heading = element("h3", self.harm(harm), id=f"harm-{harm}")
                headings = [self.say(key) for key in ("article", "message", "status")]
                tables += [heading, self.table("clinic-index", headings, rows)]
        return element("div", *tables)

    def harm(self, harm: str) -> Element:
        """Return what happens if one goes on, as a word; the stylesheet adds its sign and colour."""
        return element(f"span.clinic-harm.clinic-harm--{harm}", self.say(f"harm {harm}"))

    def diagnose(self) -> Element:
        """Return the paste field. Its behaviour is overrides/assets/clinic/diagnose.js, which finds its words here.

        No part of the form has a name: sent without the script, it would send nothing.
        """
        words = {
            key: text for key, text in all_words(self.language).items() if key.startswith(("ask ", "harm ")) or key == "see"
        }
        file = element("input", type="file", aria_describedby="clinic-private")
        bar = element("progress", max="1", value="0", aria_label=self.say("ask progress"))
        form = element(
            "form.clinic-paste",
            element("label", self.say("ask label"), for_="clinic-text"),
            element(
                "textarea",
                id="clinic-text",
                rows="5",
                placeholder=self.say("ask placeholder"),
                aria_describedby="clinic-private",
                autocomplete="off",
                autocapitalize="off",
                spellcheck="false",
                translate="no",
            ),
            element(
                "p.clinic-actions",
                element("button.md-button.md-button--primary", self.say("ask find"), type="submit"),
                element("label.md-button.clinic-choose", self.say("ask choose"), file),
                element("span.clinic-drop", self.say("ask drop")),
            ),
            element("p.clinic-private", self.say("ask private"), id="clinic-private"),
            element(
                "p.clinic-busy",
                bar,
                element("span"),
                element("button.md-button", self.say("ask cancel"), type="button"),
                hidden="hidden",
            ),
        )
        return element(
            "section.clinic-diagnose",
            form,
            element("noscript", element("p", *marked(self.say("ask without")))),
            element("p.clinic-summary", role="status", aria_live="polite"),
            element("div.clinic-answer"),
            data_language=self.language,
            data_words=json.dumps(words, ensure_ascii=False),
        )

    def environments(self) -> Element:
        """Return the table of environments that decide a cell or carry one that does."""
        cells = list(self.project.cells())
        used = {layer.name for cell in cells for layer in cell.environment.layers}
        rows = [
            self._environment(self.project.environments[name], [cell for cell in cells if cell.environment.name == name])
            for name in sorted(used)
        ]
        headings = [self.say(key) for key in ("environment", "packages", "cells", "differs from", "locks")]
        return self.table("clinic-environments", headings, rows)

    def _environment(self, one: Environment, cells: list[Cell]) -> list[Child]:
        python = self.say("system python") if one.python == "system" else one.python
        packages = ", ".join([f"Python {python}", one.device, *one.toml.requires[:4]]) + (
            " …" if len(one.toml.requires) > 4 else ""
        )
        base = f" ({self.say('base', one.base.name)})" if one.base else ""
        counted = tally(self.project, cells)
        links: list[Child] = []
        for local in (False, True) if one.toml.local_builds else (False,):
            if one.lock(local).is_file():
                name = one.lock(local).name
                links += [element("a", name, href=f"{self.top}environments/{one.folder.name}/{name}"), " "]
        note = getattr(one.toml.note, self.language) if one.toml.note else ""
        status = self.chip(counted.worst, counted.text(self.language)) if cells else "–"
        return [element("code", one.name, id=one.name), packages + base, status, note, element("span", *links)]
