"""Evidence -> HTML elements. Every text becomes an element's text, so nothing that was captured is ever markup."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from xml.etree.ElementTree import Element, tostring

from packaging.utils import canonicalize_name

from checkpoint_clinic.words import Language

from ..content.article import WEB, Article, Claim
from ..content.environment import Environment, awaits_commit
from ..content.words import all_words, say
from ..decide.evidence import Record, location
from ..decide.plan import Cell, Job, Project
from .badges import article_badge, tally, valid_until
from .drawing import Drawing
from .facts import Fact, fact_in, fact_of
from .kills import mutants_told
from .once import once
from .reasons import why

Child = Element | str | None
HARMS = ("silent", "error", "none")  # the worst first
FEW = 6  # cells that are listed one by one under a claim
NARROW = 360  # a drawing of at most this width fits a phone, and need not scroll
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """Return `<tag>` with children in order; `div.a.b` gives classes; a trailing underscore in a name is dropped."""
    name, _, classes = tag.partition(".")
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()} if attributes else {}
    made = Element(name, named)
    if classes:
        made.set("class", classes.replace(".", " "))
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


def link_to(text: str, address: str) -> Element:
    """Return a link to another site; only the text, where the address is none of the web: it could run."""
    return element("a", text, href=address) if WEB.fullmatch(address) else element("span", text)


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


def fits(environment: Environment, patterns: str) -> bool:
    """Whether a name fits one of the patterns, as file names are matched, separated by commas, and none that `!` begins."""
    chosen = [pattern.strip() for pattern in patterns.split(",")]
    wanted = [pattern for pattern in chosen if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in chosen if pattern.startswith("!")]
    name = environment.name
    return any(fnmatch(name, one) for one in wanted) and not any(fnmatch(name, one) for one in unwanted)


def around(text: str, inner: Element) -> list[Child]:
    """Return a text's parts, its `{0}` replaced by an element."""
    before, _, after = text.partition("{0}")
    return [before, inner, after]


def marked(text: str) -> list[Child]:
    """Return a sentence's parts, those between backticks as code."""
    return [element("code", part) if index % 2 else part for index, part in enumerate(text.split("`"))]


def code_name(job: Job) -> str:
    """Return the name of a job's bundle of files: no character that a shell or a URL would need quoted."""
    return f"{job.article.id.lower()}-{job.module}-{job.environment.name}"


def command(job: Job) -> str:
    """Return the command that decides a job's claims from its bundle, in the locked environment, without this engine."""
    name = code_name(job)
    return " &&\n".join([f"python3 -m zipfile -e {name}.zip {name}", f"cd {name}", *_steps(job, f"{job.module}.py")])


def atlas_script(job: Job) -> str:
    """Return run.sh of the bundle that an environment of the atlas has for all its ways: `sh run.sh WAY ARCHITECTURE`."""
    *made, run = _steps(job, '"$1.py" --claim "$2"')
    return "\n".join(["test -f .venv/made || (", " &&\n".join([*made, "touch .venv/made"]), ") &&", run])


def _steps(job: Job, module: str) -> list[str]:
    """Return how to make the locked environment in the bundle's folder, and to decide a check module in it."""
    version = "" if job.environment.python == "system" else f" --python {job.environment.python}"
    system = " --system-site-packages" if any(layer.toml.system for layer in job.environment.layers) else ""
    steps = [f"uv venv{version}{system} .venv"]
    for number, layer in enumerate(job.environment.layers, start=1):
        if layer.is_locked and layer.toml.requires:
            variables = "".join(f"{key}={value} " for key, value in layer.toml.build_variables.items())
            isolation = "" if layer.toml.build_isolation else " --no-build-isolation"
            steps.append(f"{variables}uv pip install --no-deps --require-hashes{isolation} -r {number}-{layer.name}.txt")
            steps += [f'{variables}uv pip install --no-deps{isolation} "{commit}"' for commit in layer.from_git]
    variables = "".join(f"{key}={value} " for key, value in job.environment.variables.items())
    device = f"CLINIC_DEVICE={job.environment.device} " if job.environment.device != "cpu" else ""
    preludes = "".join(f" --before {prelude.name}" for prelude in job.environment.preludes)
    return [*steps, f"{variables}{device}.venv/bin/python probe.py {module}{preludes}"]


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

    def jobs(self, article: Article) -> Sequence[Job]:
        """Return an article's jobs, ordered by environment."""
        return self.project.jobs_of(article)

    def chip(self, status: str, text: str = "") -> Element:
        """Return a status as a word; the stylesheet adds its symbol and colour, so neither stands alone."""
        return element(f"span.clinic-status.clinic-status--{status}", text or self.say(status))

    def header(self, article: Article) -> Element:
        """Return the upper part of an article's card: what happens if one goes on, what was verified, the message as seen."""
        state = element("p.clinic-state", self.harm(article.toml.harm), " ", self.badge(article, "evidence/"))
        return element("div", state, element("pre.clinic-message", element("code", article.toml.message)))

    def badge(self, article: Article, link: str) -> Element:
        """Return an article's badge: a part for each device and status, when it was run, linked to the evidence.

        It knows how long it is valid: overrides/assets/clinic/age.js asks the reader's clock, so that it does not stay
        green on a site that nobody builds any more.
        """
        parts, _ = article_badge(self.project, article, self.language)
        told = [child for part in parts for child in (self.chip(part.status, str(part)), " ")]
        until = valid_until(self.project, article)
        aged = {} if until is None else {"data_valid_until": str(until), "data_too_old": self._too_old(article)}
        return element("a.clinic-badge", *told, self.days(article), href=link, **aged)

    def _too_old(self, article: Article) -> str:
        return self.say("too old", article.toml.expires_days)

    def valid_until(self, article: Article) -> str:
        """Return until when the answers count, how many days they do, and why where that is not the usual number."""
        until, because = valid_until(self.project, article), article.toml.expires_because
        if until is None:
            return ""
        told = self.say("valid until", until, article.toml.expires_days)
        return told + (self.say("fact stop") + getattr(because, self.language) if because else "")

    def days(self, article: Article) -> str:
        """Return the days between the oldest and the newest answer."""
        _, run = article_badge(self.project, article, self.language)
        if run is None:
            return self.say("never run")
        return self.say("days run", str(run[0]) if run[0] == run[1] else self.say("days", *run))

    def about(self, article: Article) -> Element:
        """Return what stands at an article's end: where it was reported, on what it was run, the same for machines."""
        reports: list[Child] = []
        for number, url in enumerate(article.toml.reported):
            label = "/".join(url.rstrip("/").split("/")[3:]).replace("/issues/", " #").replace("/pull/", " #")
            reports += [self.say("fact comma") if number else "", link_to(label, url)]
        devices = once(self.project, lambda: self._devices(article), "devices", article.id)
        counted = once(self.project, lambda: self._counted(article), "counted", article.id, self.language)
        facts: list[tuple[str, Child]] = [
            (self.say("evidence"), element("span", element("a", counted, href="evidence/"))),
            (self.say("last run"), self.days(article) + (self.say("on", devices) if devices else "")),
            (self.say("valid"), self.valid_until(article) or None),
            (self.say("reported"), element("span", *reports) if reports else None),
        ]
        return self.facts([(name, fact) for name, fact in facts if fact is not None])

    def _devices(self, article: Article) -> str:
        records = [record for job in self.jobs(article) if (record := self.record(job))]
        return ", ".join(sorted({record.seen.device for record in records}))

    def _counted(self, article: Article) -> str:
        cells = list(self.project.cells(article))
        return self.say("all claims", len(article.claims), len({cell.environment.name for cell in cells}), len(cells))

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
        """Return what stands under a claim's sentence: the fact, and folded how each environment decided it."""
        cells = self.project.cells_of(article, claim)
        link = element("a", element("code", claim.name), href=f"{self.top}downloads/{article.slug}/{claim.module}.py")
        if len(cells) > FEW:  # a sweep: its table of versions says more than a list of its cells
            items = [element("li", *self._together(group)) for group in self._alike(cells)]
        else:
            items = [element("li", *self._in_words(cell)) for cell in cells]
        anchor = element("a.headerlink", "¶", href=f"#{claim.name}", title=self.say("claim link"))
        return element(
            "div",
            self.fact(fact_of(self.project, article, claim)),
            anchor,
            element(
                "details",
                element("summary", self.say("how")),
                element("p", link),
                element("ul", *items),
                *self.mutants(article, claim.name),
            ),
        )

    def fact(self, fact: Fact) -> Element:
        """Return what was observed, in words; the stylesheet adds its sign and colour."""
        kind = "unverified" if fact.kind == "not run" else fact.kind
        return element(f"span.clinic-fact.clinic-verdict--{kind}", fact.words(self.language))

    def mark(self, article: Article, claim: Claim, number: int, sentence: str) -> Element:
        """Return the mark at the end of a sentence that a claim carries: a button that opens the fact, without a script."""
        fact = fact_of(self.project, article, claim)
        kind = "unverified" if fact.kind == "not run" else fact.kind
        told = fact.words(self.language)
        logs: list[Child] = []
        for cell in (*fact.holds, *fact.refuted)[:FEW]:
            log = f"{self.top}evidence/{article.slug}/{claim.module}@{cell.environment.name}.txt"
            before = self.say("fact comma") if logs else self.say("log") + self.say("colon")
            logs += [before, element("a", cell.environment.name, href=log)]
        button = element(
            f"button.clinic-verdict--{kind}",
            fact.count,
            type="button",
            popovertarget=f"fact-{number}",
            aria_label=self.say("mark", fact.count, told),
        )
        opened = element(
            "span.clinic-opened",
            element("span", *marked(sentence)),
            element("span", self.fact(fact)),
            element("span", *logs) if logs else None,
            element("a", self.say("how"), href=f"{self.up}errors/{article.slug}/evidence/#{claim.name}"),
            id=f"fact-{number}",
            popover="",
            data_search_exclude="",
        )
        return element("span.clinic-mark", button, opened)

    def measured(self, article: Article, claim: Claim, package: str, patterns: str) -> Element:
        """Return what was observed of a claim in the environments that fit, by the versions of a package."""

        def make() -> Fact:
            cells = [cell for cell in self.project.cells_of(article, claim) if fits(cell.environment, patterns)]
            return fact_in(self.project, cells, package)

        return self.fact(once(self.project, make, "measured", article.id, claim.name, package, patterns))

    def _alike(self, cells: Sequence[Cell]) -> list[list[Cell]]:
        """Return cells grouped by what was expected, what was observed and the status."""
        groups: dict[tuple[str, ...], list[Cell]] = {}
        for cell in cells:
            judged = self.project.judge(cell)
            groups.setdefault((cell.expected, judged.observed or "not run", judged.status), []).append(cell)
        return list(groups.values())

    def _together(self, cells: list[Cell]) -> list[Child]:
        names = self.say("fact comma").join(cell.environment.name for cell in cells)
        judged = self.project.judge(cells[0])
        verdict = self.verdict(judged.observed or "not run")
        return [
            self.chip(judged.status),
            " ",
            self.say("why expects", self.say(cells[0].expected)),
            self.say("fact stop"),
            verdict,
            self.say("colon"),
            names,
        ]

    def _in_words(self, cell: Cell) -> list[Child]:
        judged = self.project.judge(cell)
        name = element("a", cell.environment.name, href=f"{self.up}environments/#{cell.environment.name}")
        said = [self.say("why expects", self.say(cell.expected)), self.say("fact stop"), self._why(cell)]
        return [name, self.say("colon"), self.chip(judged.status), " ", *said]

    def _why(self, cell: Cell) -> str:
        return printable(why(cell.article, self.project.judge(cell), self.language))

    def _verdicts(self, cell: Cell) -> list[Child]:
        judged = self.project.judge(cell)
        shown = judged.observed or "not run"
        return [self.say(cell.expected), self.verdict(shown), self.chip(judged.status), self._why(cell)]

    def table(self, name: str, headings: Sequence[Child], rows: Sequence[Sequence[Child]]) -> Element:
        """Return a table in a wrapper that scrolls by itself, and can be reached by keyboard; on a phone each row is a card."""
        words = ["".join(one.itertext()) if isinstance(one, Element) else str(one) for one in headings]
        head = element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
        filled = (zip(row, words, strict=True) for row in rows)
        body = element(
            "tbody", *(element("tr", *(element("td", cell, data_head=word) for cell, word in row)) for row in filled)
        )
        label = " / ".join(words[:2])
        return element("div.clinic-scroll", element(f"table.{name}", head, body), tabindex="0", role="group", aria_label=label)

    def output(
        self, article: Article, module: str, environment: str = "", contains: str = "", begins: str = "", lines: int = 12
    ) -> Element:
        """Return what a run printed: a claim's part or the whole, of it at most some lines.

        Only those that contain one text, or those from the first that contains another one on.
        """
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
        while chosen and begins not in chosen[0]:
            chosen.pop(0)
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

    def fetched(self, file: str, site: str) -> Element:
        """Return the small line under the command that fetches a snippet: how else it can be had."""
        link = element("a", file, href=f"{self.top}downloads/snippets/{file}", download=file)
        address = f"{site.rstrip('/')}/downloads/snippets/{file}"
        curl: list[Child] = [" · ", element("code", f"curl -fLO {address}")] if site else []
        return element("p.clinic-fetched", *around(self.say("fetched", "{0}"), link), *curl)

    def evidence(self, article: Article) -> Element:
        """Return the top of an evidence page: the way back to the article, its badge and the count of its claims."""
        picture = f"{self.top}badges/{article.slug}.svg"
        back = element("a", self.say("back to article", article.id), href="../")
        counted = element("p", self.badge(article, picture), " · ", self._counted(article))
        return element("div", element("p", back), counted, *self.mutants(article))

    def mutants(self, article: Article, claim: str | None = None) -> list[Element]:
        """Return how many mutants an article's claims noticed, or one of them, and the survivors by name."""
        told = mutants_told(self.project, article, claim, self.language)
        if not told:
            return []
        line, survivors = told
        if not survivors:
            return [element("p.clinic-mutants", line)]
        items = [
            element("li", element("code", name), *([self.say("colon"), *marked(why)] if why else [])) for name, why in survivors
        ]
        if claim:
            return [element("p.clinic-mutants", line), element("ul", *items)]
        folded = element("details", element("summary", self.say("mutants survived")), element("ul", *items))
        return [element("p.clinic-mutants", line), folded]

    def lookalikes(self, article: Article) -> Element:
        """Return the messages that resemble the signature and are something else."""
        items = []
        for one in article.toml.lookalike:
            link = around(self.say("in brackets", "{0}"), link_to(self.say("see"), one.see)) if one.see else []
            means = marked(getattr(one.means, self.language))
            items.append(element("li", element("code", one.shown or one.contains), self.say("colon"), *means, *link))
        return element("ul.clinic-lookalikes", *items)

    def download(self, path: str) -> Element:
        """Return the link to a snippet without its section markers."""
        name = path.rpartition("/")[2]
        return element(
            "p",
            element("a.clinic-download", self.say("download", name), href=f"{self.top}downloads/{path}", download=name),
        )

    def runs(self, article: Article) -> Element:
        """Return each run: its files; its claims, what it saw, how that differs from what is reported, and how to repeat it.

        All but the files is no part of the page until frame.js puts it there, when the fold opens: hundreds of tables that
        nobody has asked for keep a phone busy for seconds.
        """
        jobs = self.jobs(article)
        return element("section.clinic-evidence", *(self._run(job) for job in jobs), data_search_exclude="")

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
        awaits = awaits_commit(job.environment)
        links = self._files(job, record is not None, not awaits)
        files = element("p", self.say("files"), self.say("colon"), *links) if links else None
        note = job.environment.toml.note
        parts: list[Child] = [
            self._decided(job),
            *(self._seen(job, record) if record else []),
            element("p", getattr(note, self.language)) if note else None,
            *([element("p", self.say("awaits commit"))] if awaits else self._how_to_run(job)),
        ]
        return element("details.clinic-run", summary, files, element("template", *parts))

    def _files(self, job: Job, ran: bool, can_run: bool) -> list[Child]:
        """Return links to a run's files: what is there of it where no script unfolds the rest."""
        place = f"{self.top}evidence/{job.article.slug}/{job.name}"
        links = [
            element("a", self.say(key), href=f"{place}.{end}") for key, end in (("log", "txt"), ("statement", "json")) if ran
        ]
        links += [self._bundle(job)] if can_run else []
        return [part for number, link in enumerate(links) for part in ([self.say("fact comma")] if number else []) + [link]]

    def _bundle(self, job: Job) -> Element:
        return element("a", f"{code_name(job)}.zip", href=f"{self.top}downloads/{code_name(job)}.zip", download="")

    def _decided(self, job: Job) -> Element:
        headings = [self.say(key) for key in ("claim", "expected", "observed", "status", "why")]
        rows = [[element("a", cell.claim.function, href=f"#{cell.claim.name}"), *self._verdicts(cell)] for cell in job.cells]
        return self.table("clinic-cells", headings, rows)

    def _how_to_run(self, job: Job) -> list[Element]:
        """Return what to download and the command, with a button: the theme makes its own before the fold opens."""
        hint = around(self.say("run hint", "{0}"), self._bundle(job))
        place = f"run-{code_name(job)}"
        copying = {"title": self.say("copy command"), "data_clipboard_target": f'[id="{place}"] > code', "data_md_type": "copy"}
        button = element("div.md-code__nav", element("button.md-code__button", **copying))
        return [
            element("p", element("strong", self.say("run it")), self.say("colon"), *hint),
            element("pre", button, element("code", command(job)), id=place, tabindex="0"),
        ]

    def _seen(self, job: Job, record: Record) -> list[Child]:
        seen = record.seen
        chief = job.environment.chief_packages
        packages = ", ".join(f"{name} {version}" for name, version in seen.packages.items() if name in chief)
        facts: list[tuple[str, Child]] = [
            (
                self.say("ran on"),
                self.say("fact stop").join([f"{seen.device} {seen.driver}".strip(), seen.machine, seen.isolation]),
            ),
            (self.say("packages"), ", ".join(filter(None, [f"Python {seen.python}", packages]))),
            (self.say("differs"), self.say("fact stop").join(self.differences(job.article, record)) or self.say("none")),
            (self.say("vouched"), self.vouched(job)),
        ]
        return [self.facts(facts if job.article.toml.named else facts[:2] + facts[3:])]

    def vouched(self, job: Job) -> str:
        """Return whose word a run's evidence is: stated, a file whose commit is its author's; attested, by whom."""
        vouchers = self.project.standing(job.article, job.module, job.environment).vouchers
        names = [self.say(f"voucher {kind}", name) for kind, _, name in (one.partition(":") for one in sorted(vouchers))]
        return self.say("attested by", self.say("fact comma").join(names)) if names else self.say("stated")

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

    def index(self, fronts: dict[str, tuple[str, str]]) -> Element:
        """Return the articles by message; `fronts` holds each page's title and one-sentence answer."""
        tables: list[Child] = []
        for harm in HARMS:
            rows: list[list[Child]] = []
            for article in self.project.articles:
                if article.toml.harm == harm:
                    title, answer = fronts.get(article.slug, (article.slug, ""))
                    link = element("a", title, href=f"{self.up}errors/{article.slug}/")
                    message = element("code", article.toml.message)
                    told = element("span", link, element("br"), message, element("br"), answer)
                    rows.append([told, self.badge(article, f"{self.up}errors/{article.slug}/evidence/")])
            if rows:
                heading = element("h3", self.harm(harm), id=f"harm-{harm}")
                headings = [self.say(key) for key in ("article", "status")]
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
