"""Cells counted by status and device, as badges show them: each part in the colour of what it says, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from checkpoint_clinic.words import Language

from ..content.article import Article
from ..content.words import say
from ..decide.plan import Cell, Project
from .facts import ANSWERED
from .once import once

COLOURS = {"verified": "#1a7f37", "failing": "#b62324", "stale": "#8a5a00", "unverified": "#57606a"}
DEVICES = {"cpu": "CPU", "cuda": "GPU"}


@dataclass(frozen=True)
class Tally:
    """Cells counted by status."""

    counts: Counter[str]

    @property
    def total(self) -> int:
        """All cells."""
        return sum(self.counts.values())

    @property
    def worst(self) -> str:
        """The status that one colour for all stands for: green only if every cell is verified, and there is one."""
        if not self.total:
            return "unverified"
        return next((name for name in ("failing", "stale", "unverified") if self.counts[name]), "verified")

    def text(self, language: Language) -> str:
        """`verified 34/36`."""
        return f"{say(language, 'verified')} {self.counts['verified']}/{self.total}"


@dataclass(frozen=True)
class Part:
    """One part of a badge: a device where one begins, what is said of it, and the status that its colour stands for."""

    device: str
    text: str
    status: str

    def __str__(self) -> str:
        """`CPU 34/36`."""
        return f"{self.device} {self.text}".strip()


def tally(project: Project, cells: Iterable[Cell]) -> Tally:
    """Count cells by status."""
    return Tally(Counter([project.judge(cell).status for cell in cells]))


def badge_parts(project: Project, cells: Iterable[Cell], language: Language) -> list[Part]:
    """Return what a badge says: `CPU 34/36` in green for what was verified, then in its own colour what was not."""
    by_device: dict[str, list[Cell]] = {device: [] for device in DEVICES}
    for cell in cells:
        by_device[cell.environment.device].append(cell)
    return [
        part
        for device, of_device in by_device.items()
        if of_device
        for part in _parts(DEVICES[device], tally(project, of_device), language)
    ]


def article_badge(project: Project, article: Article, language: Language) -> tuple[list[Part], tuple[date, date] | None]:
    """Return the parts of an article's badge, and the days between which its answers were recorded."""

    def make() -> tuple[list[Part], tuple[date, date] | None]:
        cells = list(project.cells(article))
        return badge_parts(project, cells, language), days(project, cells)

    return once(project, make, "badge", article.id, language)


def _parts(device: str, counted: Tally, language: Language) -> Iterator[Part]:
    for status in ("verified", "failing", "stale", "unverified"):
        number = counted.counts[status]
        if status == "verified" and number:
            yield Part(device, f"{number}/{counted.total}", status)
        elif number:
            every = "all " if number == counted.total else ""
            yield Part(device, say(language, f"badge {every}{status}", number), status)
        if number:
            device = ""


def days(project: Project, cells: Iterable[Cell]) -> tuple[date, date] | None:
    """Return the days of the oldest and of the newest answer that counts; None if there is none."""
    judged = (project.judge(cell) for cell in cells)
    found = [one.outcome.recorded.date() for one in judged if one.outcome and one.status in ANSWERED]
    return (min(found), max(found)) if found else None


def valid_until(project: Project, article: Article) -> date | None:
    """Return the last day on which every answer of an article that counts today is young enough; None if there is none."""
    found = article_badge(project, article, "en")[1]
    return found[0] + timedelta(days=article.toml.expires_days) if found else None


def write_badges(project: Project, folder: Path, links: dict[str, str]) -> None:
    """Write each article's badge and that of the site: the picture, and the endpoints of which a badge service draws its own.

    `links` leads from an article's slug to the address of its evidence; a picture without one links nowhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for article in project.articles:
        cells = list(project.cells(article))
        _write(project, folder, article.slug, article.id, cells, links.get(article.slug, ""))
    _write(project, folder, "site", "checkpoint clinic", list(project.cells()), "")


def _write(project: Project, folder: Path, name: str, label: str, cells: Sequence[Cell], link: str) -> None:
    parts = badge_parts(project, cells, "en")
    run = days(project, cells)
    aged = [Part("", say("en", "days", *run) if run[0] != run[1] else str(run[0]), "unverified")] if run else []
    (folder / f"{name}.svg").write_text(_picture(label, [*parts, *aged], link), encoding="utf-8")
    _endpoint(folder / f"{name}.json", label, parts, tally(project, cells), run)
    for device, word in DEVICES.items():
        of_device = [cell for cell in cells if cell.environment.device == device]
        if of_device:
            told = badge_parts(project, of_device, "en")
            plain = [Part("", part.text, part.status) for part in told]
            counted = tally(project, of_device)
            _endpoint(folder / f"{name}.{word.lower()}.json", f"{label} {word}", plain, counted, days(project, of_device))


def _endpoint(path: Path, label: str, parts: Sequence[Part], counted: Tally, run: tuple[date, date] | None) -> None:
    """Write what a badge service reads (schema version 1): one colour, so green only if all cells are verified."""
    message = ", ".join(str(part) for part in parts) + (f"; since {run[0]}" if run else "")
    colour = COLOURS[counted.worst].removeprefix("#")
    endpoint = {"schemaVersion": 1, "label": label, "message": message or "no cells", "color": colour}
    if counted.worst == "failing":
        endpoint["isError"] = True
    path.write_text(json.dumps(endpoint) + "\n", encoding="utf-8")


def _picture(label: str, parts: Sequence[Part], link: str) -> str:
    """Return one picture made of a badge for each part: the library draws a badge of two halves only."""
    from genbadge import Badge

    drawn, left = [], 0
    for number, part in enumerate(parts):
        words = " ".join(filter(None, [label if number == 0 else "", part.device]))
        svg = str(Badge(left_txt=words, right_txt=part.text, color=COLOURS[part.status]).as_svg(use_shields=False))
        width = int(re.findall(r'width="(\d+)"', svg)[0])
        svg = re.sub(r'(id="|url\(#)([a-z])\b', rf"\g<1>\g<2>{number}", svg)  # each id once in the whole picture
        drawn.append(svg.replace("<svg ", f'<svg x="{left}" ', 1).replace(' role="img"', "", 1))
        left += width
    title = re.sub(r"[<>&\"]", "", f"{label}: {', '.join(str(part) for part in parts)}")
    inner = "\n".join(drawn)
    inner = f'<a href="{link}">\n{inner}\n</a>' if link else inner
    root = f'<svg xmlns="http://www.w3.org/2000/svg" width="{left}" height="20" role="img" aria-label="{title}">'
    return f"{root}\n<title>{title}</title>\n{inner}\n</svg>\n"
