"""Measure the pages with Lighthouse: articles, their evidence, home, diagnose; both languages, phone and desktop.

make bench ONLY=lighthouse, or: python tests/bench_pages.py --page CC002 --page zh/ --runs 1

Lighthouse's numbers are those of the machine, too. So each page is measured several times, each run with Lighthouse's own
benchmark of the processor beside it, and what a busy machine decided is called that and not a result.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from checks.decide.plan import load_project  # noqa: E402  the project, of which this is a script
from tests import browser as chromium  # noqa: E402
from tests.built import build, copy_project, served  # noqa: E402

NPM = ROOT / "tests" / "npm"
LIGHTHOUSE = NPM / "node_modules" / ".bin" / "lighthouse"
CATEGORIES = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}  # and what is wanted
COUNTED = tuple(CATEGORIES)[1:]
BLOCKING = 300  # ms: an evidence page is as large as it must be, and blocks no longer than this
ELEMENTS = 1500  # of an article
RUNS = 3
# Signs of a busy machine. Below the first, Lighthouse itself calls a processor slow; the others hold on any machine: its
# benchmark as a share of the best one of this bench, and how far the scores of a page lie apart.
SLOW, SHARE, SPREAD = 1000, 0.75, 8
DEVICES = {"phone": (), "desktop": ("--preset=desktop",)}
console = Console(width=170)


def install() -> None:
    """Install Lighthouse from the lock, if it is not there yet, or another one is.

    Raises:
        RuntimeError: without Node.js.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise RuntimeError("Lighthouse needs Node.js 18.16 or newer, with npm: install them with your system's packages")
    stamp, lock = NPM / "node_modules" / ".installed-from", (NPM / "package-lock.json").read_bytes()
    if not stamp.is_file() or stamp.read_bytes() != lock:
        with console.status("installing Lighthouse"):
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=NPM, capture_output=True, text=True, check=True)
        stamp.write_bytes(lock)


@dataclass(frozen=True)
class Run:
    """One report of Lighthouse."""

    report: dict[str, Any]

    @property
    def scores(self) -> dict[str, int]:
        return {name: round(100 * (self.report["categories"][name]["score"] or 0)) for name in CATEGORIES}

    @property
    def benchmark(self) -> float:
        return float(self.report["environment"]["benchmarkIndex"])

    def number(self, audit: str) -> float:
        return float(self.report["audits"][audit].get("numericValue") or 0)

    def lost(self) -> list[str]:
        """Return the audits that cost points, performance left aside: what it is made of stands in the table."""
        names = [one["id"] for name in COUNTED for one in self.report["categories"][name]["auditRefs"] if one["weight"]]
        scores = {name: self.report["audits"][name]["score"] for name in names}
        return [name for name, score in scores.items() if score is not None and score < 1]


@dataclass(frozen=True)
class Measured:
    """A page on a device, measured several times."""

    path: str
    device: str
    runs: list[Run]

    @cached_property
    def middle(self) -> Run:
        return sorted(self.runs, key=lambda run: run.scores["performance"])[len(self.runs) // 2]

    def median(self, audit: str) -> float:
        return statistics.median(run.number(audit) for run in self.runs)

    def falls_short(self) -> list[str]:
        """Return what is not reached."""
        wanted = {name: self.middle.scores[name] < least for name, least in CATEGORIES.items()}
        if self.path.endswith("evidence/"):
            wanted["performance"] = False
            wanted["blocking"] = self.median("total-blocking-time") > BLOCKING
        elif "errors/" in self.path:
            wanted["elements"] = self.median("dom-size") > ELEMENTS
        return [name for name, short in wanted.items() if short]

    def busy(self, best: float) -> str:
        """Return why this is no result, if the machine was busy."""
        lowest = min(run.benchmark for run in self.runs)
        points = [run.scores["performance"] for run in self.runs]
        if lowest < max(SLOW, SHARE * best):
            return f"benchmark {lowest:.0f}, at best {best:.0f}"
        if max(points) - min(points) > SPREAD:
            return f"performance {min(points)} to {max(points)}"
        return ""

    def verdict(self, best: float) -> str:
        """Return whether all is reached; a time that is not, on a busy machine, is no result."""
        short = self.falls_short()
        times = [name for name in short if name in ("performance", "blocking")]
        counts = [name for name in short if name not in times]
        said = [f"short in {', '.join(counts)}"] if counts else []
        if times and (busy := self.busy(best)):
            said.append(f"{' and '.join(times)}: MACHINE TOO LOADED TO TELL ({busy})")
        elif times:
            said.append(f"short in {' and '.join(times)}")
        return "; ".join(said) or "reached"


def pages(site: Path) -> list[str]:
    """Return what is measured: of each language home, diagnose, the articles and their evidence."""
    slugs = [article.slug for article in load_project(ROOT).articles]
    places = ["", "diagnose/", *(f"errors/{slug}/{part}" for slug in slugs for part in ("", "evidence/"))]
    return [
        f"{tongue}{place}" for tongue in ("", "zh/") for place in places if (site / tongue / place / "index.html").is_file()
    ]


def measure(url: str, device: str) -> Run:
    """Run Lighthouse; once more, if it gave up, as it does where a machine is too busy for its patience."""
    try:
        return report_on(url, device)
    except (RuntimeError, subprocess.CalledProcessError):
        return report_on(url, device)


def report_on(url: str, device: str) -> Run:
    """Run Lighthouse once.

    Raises:
        RuntimeError: if it could not read the page.
    """
    flags = " ".join(["--headless=new", *chromium.ARGUMENTS])
    only = f"--only-categories={','.join(CATEGORIES)}"
    output = ["--output=json", "--quiet", "--no-enable-error-reporting", f"--chrome-flags={flags}"]
    command = [str(LIGHTHOUSE), url, *DEVICES[device], only, *output]
    variables = {**os.environ, "CHROME_PATH": chromium.ensure()}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    if error := report.get("runtimeError"):
        raise RuntimeError(f"{url}: {error['code']}: {error['message']}")
    return Run(report)


def row(page: Measured, best: float) -> list[str]:
    points = [run.scores["performance"] for run in page.runs]
    scores, lost = page.middle.scores, page.middle.lost()
    return [
        page.path or "/",
        f"{scores['performance']} ({min(points)}-{max(points)})",
        *(str(scores[name]) for name in COUNTED),
        f"{page.median('total-blocking-time') / 1000:.2f} s",
        f"{page.median('largest-contentful-paint') / 1000:.1f} s",
        f"{page.median('dom-size'):.0f}",
        f"{statistics.median(run.benchmark for run in page.runs):.0f}",
        page.verdict(best) + (f" (lost: {', '.join(lost)})" if lost else ""),
    ]


def tables(measured: list[Measured]) -> Iterator[Table]:
    """Yield a table for each device."""
    best = max(run.benchmark for page in measured for run in page.runs)
    version = measured[0].middle.report["lighthouseVersion"]
    wanted = ", ".join(f"{name} {least}" for name, least in CATEGORIES.items())
    for device in DEVICES:
        title = f"Lighthouse {version}, {device}; wanted at least {wanted}; an article of {ELEMENTS} elements at most"
        heads = ["page", "performance", "access", "practices", "SEO", "blocking", "paint", "elements", "benchmark", ""]
        made = Table(*heads, title=title)
        for page in measured:
            if page.device == device:
                made.add_row(*row(page, best))
        yield made


def bench(chosen: tuple[str, ...] = (), runs: int = RUNS) -> Iterator[Table]:
    """Build and serve the site, measure its pages, and yield the tables."""
    install()
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder, served(Path(folder, "project", "site")) as address:
        with console.status("building the site"):  # for this address: as on a host, each page names its own
            project = copy_project(Path(folder, "project"))
            site = build(project, CLINIC_SITE_URL=address, CLINIC_SITE_URL_ZH=f"{address}zh/")
        known = pages(site)
        if unknown := set(chosen) - set(known):
            raise click.BadParameter(f"{', '.join(sorted(unknown))}: not among {known}", param_hint="--page")
        wanted = [(path, device) for device in DEVICES for path in known if path in chosen or not chosen]
        for number, (path, device) in enumerate(wanted, start=1):
            with console.status(f"Lighthouse, {device}: {path or '/'} ({number} of {len(wanted)})"):
                measured.append(Measured(path, device, [measure(address + path, device) for _ in range(runs)]))
            told = [f"{run.scores['performance']} (benchmark {run.benchmark:.0f})" for run in measured[-1].runs]
            console.print(f"{device}, {path or '/'}: performance {', '.join(told)}")  # the tables come at the end
    yield from tables(measured)


@click.command()
@click.option("--page", "chosen", multiple=True, help="A path, such as zh/diagnose/; '' is home. Several times.")
@click.option("--runs", default=RUNS, show_default=True, help="How often each is measured.")
def main(chosen: tuple[str, ...], runs: int) -> None:
    """Measure the pages."""
    for one in bench(chosen, runs):
        console.print(one)


if __name__ == "__main__":
    main()
