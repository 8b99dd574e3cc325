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
BLOCKING = 300  # ms: an evidence page is as large as it must be, and blocks no longer than this
ELEMENTS = 1500  # of an article
RUNS = 3
# A machine that is busy: below the first, Lighthouse itself calls a processor slow. The others are relative, so that they hold
# on any machine: its benchmark against the best of this bench, and how far the scores of one page lie apart.
SLOW, SHARE, SPREAD = 1000, 0.75, 8
DEVICES = {"phone": (), "desktop": ("--preset=desktop",)}
console = Console(width=170)


def installed() -> Path:
    """Return the program, installed from the lock if it is not yet, or not this one."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise RuntimeError("Lighthouse needs Node.js 18.16 or newer, with npm: install them with your system's packages")
    stamp, lock = NPM / "node_modules" / ".installed", (NPM / "package-lock.json").read_bytes()
    if not stamp.is_file() or stamp.read_bytes() != lock:
        with console.status("installing Lighthouse"):
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=NPM, capture_output=True, text=True, check=True)
        stamp.write_bytes(lock)
    return LIGHTHOUSE


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

    def lacking(self) -> list[str]:
        """Return the audits for which points were lost, performance left aside: its metrics stand in the table."""
        asked = [one for name in list(CATEGORIES)[1:] for one in self.report["categories"][name]["auditRefs"] if one["weight"]]
        return [one["id"] for one in asked if (self.report["audits"][one["id"]]["score"] or 1) < 1 or self.failed(one["id"])]

    def failed(self, audit: str) -> bool:
        return self.report["audits"][audit]["score"] == 0


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
        short = self.falls_short()
        of_time = [name for name in short if name in ("performance", "blocking")]
        counts = [name for name in short if name not in of_time]
        busy = self.busy(best)
        if not short:
            return "reached"
        said = [f"short in {', '.join(counts)}"] if counts else []
        if of_time:
            what = " and ".join(of_time)
            said.append(f"{what}: machine too loaded to tell ({busy})" if busy else f"short in {what}")
        return "; ".join(said)


def pages(site: Path) -> list[str]:
    """Return what is measured: of each language home, diagnose, the articles and their evidence."""
    slugs = [article.slug for article in load_project(ROOT).articles]
    places = ["", "diagnose/", *(f"errors/{slug}/{part}" for slug in slugs for part in ("", "evidence/"))]
    return [f"{tongue}{place}" for tongue in ("", "zh/") for place in places if (site / tongue / place / "index.html").is_file()]


def measure(url: str, device: str) -> Run:
    flags = " ".join(["--headless=new", *chromium.ARGUMENTS])
    only = f"--only-categories={','.join(CATEGORIES)}"
    command = [str(installed()), url, *DEVICES[device], only, "--output=json", "--quiet", f"--chrome-flags={flags}"]
    variables = {**os.environ, "CHROME_PATH": chromium.ensure()}
    command.append("--no-enable-error-reporting")
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    if error := report.get("runtimeError"):
        raise RuntimeError(f"{url}: {error['code']}: {error['message']}")
    return Run(report)


def table(device: str, measured: list[Measured], best: float) -> Table:
    one = measured[0].middle.report
    title = f"Lighthouse {one['lighthouseVersion']}, {device}; wanted {', '.join(f'{k} {v}' for k, v in CATEGORIES.items())}"
    heads = ["page", "performance", "accessibility", "best practices", "SEO", "blocking", "largest paint", "elements"]
    made = Table(*heads, "benchmark", "", title=title)
    for page in measured:
        points = [run.scores["performance"] for run in page.runs]
        scores = page.middle.scores
        lost = page.middle.lacking()
        verdict = page.verdict(best) + (f" (lost: {', '.join(lost)})" if lost else "")
        made.add_row(
            page.path or "/",
            f"{scores['performance']} ({min(points)}-{max(points)})",
            *(str(scores[name]) for name in list(CATEGORIES)[1:]),
            f"{page.median('total-blocking-time') / 1000:.2f} s",
            f"{page.median('largest-contentful-paint') / 1000:.1f} s",
            f"{page.median('dom-size'):.0f}",
            f"{statistics.median(run.benchmark for run in page.runs):.0f}",
            verdict,
        )
    return made


def bench(chosen: tuple[str, ...] = (), runs: int = RUNS) -> Iterator[Table]:
    """Yield a table for each device, and at last a line on the machine."""
    installed()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder, "project", "site")) as address:
        with console.status("building the site"):  # for this address: as on a host, each page names its own
            site = build(
                copy_project(Path(folder, "project")), CLINIC_SITE_URL=address, CLINIC_SITE_URL_ZH=f"{address}zh/", CLINIC_ISSUES=""
            )
        wanted = [path for path in pages(site) if path in chosen or not chosen]
        found: dict[str, list[Measured]] = {}
        for device in DEVICES:
            for number, path in enumerate(wanted):
                with console.status(f"Lighthouse, {device}: {path or '/'} ({number + 1} of {len(wanted)})"):
                    measured = Measured(path, device, [measure(address + path, device) for _ in range(runs)])
                found.setdefault(device, []).append(measured)
            best = max(run.benchmark for all_of in found.values() for page in all_of for run in page.runs)
            yield table(device, found[device], best)


@click.command()
@click.option("--page", "chosen", multiple=True, help="A page's path, such as zh/diagnose/; '' is home. Several times.")
@click.option("--runs", default=RUNS, show_default=True, help="How often each is measured.")
def main(chosen: tuple[str, ...], runs: int) -> None:
    """Measure the pages."""
    for one in bench(chosen, runs):
        console.print(one)


if __name__ == "__main__":
    main()
