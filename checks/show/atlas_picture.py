"""One way of the load atlas as a picture: the same cells, in the colours of the reader's scheme, with what was silent in words.

It stands by itself, in a README or a slide: no script, no font and no file of the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.words import say
from ..decide.plan import Project
from .addresses import FOLDERS, site_words
from .atlas import KINDS, Outcome, Row, Table, tables
from .atlas_page import told
from .render import element

LEFT, TOP, COLUMN, ROW, EDGE = 150, 92, 24, 22, 12  # px
SIGNS = {"exact": "✓", "silent": "⚠\ufe0e", "error": "✗", "unknown": "–"}
WORDED = 4  # columns with room for a word
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.head { font-size: 15px; font-weight: 700; }
.paper { fill: #fff; }
.exact { fill: #e9f6ec; } .exact + text { fill: #1a7f37; }
.silent { fill: #b42318; } .silent + text { fill: #fff; font-weight: 700; }
.error { fill: #fff5d6; } .error + text { fill: #7d4e00; }
.unknown { fill: #f2f4f6; } .unknown + text { fill: #57606a; }
.none { fill: none; stroke: #d0d7de; stroke-dasharray: 2 2; }
@media (prefers-color-scheme: dark) {
text { fill: #e2e4e9; }
.paper { fill: #1e2129; }
.exact { fill: #17331f; } .exact + text { fill: #5fd38a; }
.silent { fill: #ff9a8f; } .silent + text { fill: #2b0d0a; }
.error { fill: #3a2d0c; } .error + text { fill: #f2c75c; }
.unknown { fill: #2b2f38; } .unknown + text { fill: #b3bcc6; }
.none { stroke: #454b57; }
}
"""


def atlas_picture(project: Project, table: Table, language: Language) -> str:
    """Return a way's table as SVG."""
    width, height = LEFT + COLUMN * len(table.environments) + EDGE, TOP + ROW * len(table.rows) + 2 * EDGE
    of = "" if table.is_first else f" · {table.columns}"
    title = f"{say(language, 'atlas title')} · {getattr(table.way.words, language)}{of}"
    shown = [
        element("title", title, id="title"),
        element("desc", _words(table, language), id="desc"),
        element("style", STYLE),
        element("rect.paper", width=str(width), height=str(height)),
        _text(title, EDGE, 24, class_="head"),
        *(_column(label, number) for number, label in enumerate(table.labels)),
        *(part for number, row in enumerate(table.rows) for part in _row(row, TOP + ROW * number, language)),
        _text(site_words(project.root, language)["site_name"], EDGE, height - EDGE / 2),
    ]
    root = element("svg", *shown, role="img", aria_labelledby="title desc", viewBox=f"0 0 {width} {height}", width=str(width))
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return tostring(root, encoding="unicode") + "\n"


def write_pictures(project: Project, site: Path) -> None:
    """Write the picture of each way into a built site, in each language beside its page."""
    for language in LANGUAGES:
        folder = site / FOLDERS[language] / "atlas"
        for table in tables(project):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{table.place}.svg").write_text(atlas_picture(project, table, language), encoding="utf-8")


def _words(table: Table, language: Language) -> str:
    """Return what is read in the picture's place: how many cells have each outcome, and each that was silent."""
    comma = say(language, "fact comma")
    counted = comma.join(f"{say(language, f'atlas {kind}')} {table.counts[kind]}" for kind in KINDS if table.counts[kind])
    found = [
        f"{row.architecture.title} {label}{say(language, 'colon')}{told(language, outcome)}"
        for row in table.rows
        for label, outcome in zip(table.labels, row.outcomes, strict=True)
        if outcome and outcome.kind == "silent"
    ]
    return say(language, "fact stop").join([counted, *found])


def _column(label: str, number: int) -> Element:
    x, y = LEFT + COLUMN * number + COLUMN / 2 + 4, TOP - 6
    return _text(label, x, y, transform=f"rotate(-90 {x:g} {y:g})")


def _row(row: Row, y: int, language: Language) -> Iterator[Element]:
    yield _text(row.architecture.title, EDGE, y + 15)
    x = LEFT
    for run in row.runs:
        width = COLUMN * len(run.environments)
        yield _box(run.outcome.kind if run.outcome else "none", x, y, width)
        if run.outcome:
            yield _text(_sign(run.outcome, len(run.environments), language), x + width / 2, y + 15, text_anchor="middle")
        x += width


def _sign(outcome: Outcome, columns: int, language: Language) -> str:
    return f"{SIGNS[outcome.kind]} {told(language, outcome)}" if columns >= WORDED else SIGNS[outcome.kind]


def _box(kind: str, x: float, y: float, width: float) -> Element:
    return element(f"rect.{kind}", x=f"{x:g}", y=f"{y:g}", width=f"{width - 1:g}", height=f"{ROW - 2}")


def _text(text: str, x: float, y: float, **attributes: str) -> Element:
    return element("text", text, x=f"{x:g}", y=f"{y:g}", **attributes)
