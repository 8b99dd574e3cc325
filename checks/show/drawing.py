"""What a drawing is: docs/drawings/NAME.py draws what a check printed; NAME.<language>.svg is committed beside it.

A check prints its data as one line, `--- data NAME {json}`; the log is evidence. The drawing's code says in which: a constant
`EVIDENCE = "slug/module@environment"`. With `"slug/module"` the data are that module's current verdicts everywhere:
{environment: {"packages": {name: version}, "verdicts": {claim: [verdict, reason]}}}.
The first line of each SVG holds the digest of the data, the code and the SVG itself, so a drawing that no longer fits is
noticed without drawing it again: nothing here imports matplotlib.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.problem import Problem, relative
from ..decide.evidence import location
from ..decide.plan import Job, Project

FOLDER = "docs/drawings"
STAMP = re.compile(r"<!-- drawn by `clinic draw` from data and code; sha256 (?P<digest>[0-9a-f]{64}) -->\n")
NAMESPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "g", "defs", "clipPath", "path", "rect", "circle", "line", "use", "text", "tspan"}
ATTRIBUTES = {
    *(
        "viewBox",
        "width",
        "height",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "d",
        "transform",
        "id",
        "href",
        "clip-path",
    ),
    *("fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-dashoffset"),
    *(
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "opacity",
        "font-size",
        "font-weight",
        "font-style",
        "text-anchor",
    ),
}
OUTSIDE = re.compile(r"url\((?!#)|:", re.IGNORECASE)  # in an attribute's value: whatever is not in the file itself


@dataclass(frozen=True)
class Drawing:
    """One drawing of a project, in both languages."""

    project: Project
    name: str

    @property
    def code(self) -> Path:
        """The file that draws it."""
        return self.project.root / FOLDER / f"{self.name}.py"

    def svg(self, language: Language) -> Path:
        """Return the committed picture's path."""
        return self.code.with_name(f"{self.name}.{language}.svg")

    @cached_property
    def evidence(self) -> str:
        """What the code's constant EVIDENCE says, or nothing."""
        for node in ast.parse(self.code.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "EVIDENCE"
                and isinstance(node.value, ast.Constant)
            ):
                return str(node.value.value)
        return ""

    @cached_property
    def jobs(self) -> list[Job]:
        """The job in whose log the data stands, or all jobs of the module whose verdicts are the data."""
        slug, _, name = self.evidence.partition("/")
        return [job for job in self.project.jobs if job.article.slug == slug and name in (job.name, job.module)]

    @cached_property
    def data(self) -> str:
        """The data as JSON, or nothing if no evidence that can be read holds it."""
        if "@" not in self.evidence:
            seen = {job.environment.name: verdicts for job in self.jobs if (verdicts := self._verdicts(job))}
            return json.dumps(seen, ensure_ascii=False, sort_keys=True) if seen else ""
        if not self.jobs or self.project.record(self.jobs[0]) is None:
            return ""
        job = self.jobs[0]
        log = location(job.article, job.module, job.environment.name).with_suffix(".log")
        found = re.search(rf"^--- data {re.escape(self.name)} (.+)$", log.read_text(encoding="utf-8"), re.MULTILINE)
        return found[1] if found else ""

    def _verdicts(self, job: Job) -> dict[str, dict[str, Any]]:
        """Return what one job saw and decided; no dates, so that the same answer again is the same data."""
        record = self.project.record(job)
        judged = {cell.claim.function: self.project.judge(cell) for cell in job.cells}
        verdicts = {
            name: [str(one.observed), one.outcome.reason.partition("\n")[0]]
            for name, one in judged.items()
            if one.outcome and one.status in ("verified", "failing")
        }
        if record is None or not verdicts:
            return {}
        packages = {name: record.seen.packages[name] for name in job.environment.chief_packages & record.seen.packages.keys()}
        return {"packages": packages, "verdicts": verdicts}

    @property
    def awaits(self) -> Job | None:
        """The job on a device of its own that nobody has run yet, so that there is nothing to draw: no fault of the drawing."""
        one = self.jobs[0] if len(self.jobs) == 1 and "@" in self.evidence else None
        is_elsewhere = one and one.environment.device != "cpu" and self.project.record(one) is None
        return one if is_elsewhere and not any(self.svg(language).exists() for language in LANGUAGES) else None

    def stamp(self, svg: str) -> str:
        """Return the first line of a picture: what it was drawn from, and that nobody changed it since."""
        digest = hashlib.sha256("\0".join([self.data, self.code.read_text(encoding="utf-8"), svg]).encode()).hexdigest()
        return f"<!-- drawn by `clinic draw` from data and code; sha256 {digest} -->\n"

    def problems(self) -> Iterator[Problem]:
        """Yield what keeps the drawing from being shown, or why what is shown no longer fits."""
        file, root = relative(self.code, self.project.root), self.project.root
        if not self.jobs:
            known = [f"{job.article.slug}/{job.name}" for job in self.project.jobs]
            near = get_close_matches(self.evidence, known, n=5, cutoff=0)
            repair = f"name a module of checks/errors, for example one of: {', '.join(near)}"
            yield Problem(file, 1, 'EVIDENCE = "slug/module@environment"', self.evidence or "none", repair)
            return
        if self.awaits:
            return
        job = self.jobs[0]
        run = f"run: clinic run {job.article.id}"
        if not self.data and "@" in self.evidence:
            expected = f"a line `--- data {self.name} ...` in the log of {job.name}"
            yield Problem(file, 1, expected, "none", f"{run} --environment {job.environment.name}")
            return
        if not self.data:
            yield Problem(file, 1, f"a current verdict of {self.evidence}", "none", run)
            return
        stale = sum(self.project.judge(cell).status == "stale" for job in self.jobs for cell in job.cells)
        before = f"{run} ({stale} of its cells are stale), then: " if stale and "@" not in self.evidence else "run: "
        for language in LANGUAGES:
            path = self.svg(language)
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            stamped = STAMP.match(text)
            if not stamped or stamped[0] != self.stamp(text[stamped.end() :]):
                found = "another one, or an altered one" if text else "no such file"
                yield Problem(
                    relative(path, root), 1, "the drawing of its data and code", found, f"{before}clinic draw {self.name}"
                )


def drawings(project: Project) -> list[Drawing]:
    """Return all drawings of a project."""
    return [Drawing(project, path.stem) for path in sorted((project.root / FOLDER).glob("*.py"))]


def read_svg(path: Path) -> Element:
    """Return a committed picture as an element for a page.

    Raises:
        ValueError: if it holds anything but shapes and text: a script, a style, a reference to something outside.
    """
    try:
        svg = fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  our own file; expat fetches nothing
    except ParseError as error:
        raise ValueError(f"not XML: {error}") from error
    for one in svg.iter():
        one.tag = one.tag.removeprefix(NAMESPACE)
        if one.tag not in ELEMENTS:
            raise ValueError(f"an element that a drawing may not have: {one.tag}")
        for name, value in one.attrib.items():
            if name not in ATTRIBUTES or OUTSIDE.search(value) or (name == "href" and not value.startswith("#")):
                raise ValueError(f'an attribute that a drawing may not have: {name}="{value}"')
    return svg
