"""Draw: docs/drawings/NAME.py and the data that a check printed -> an SVG that a page can hold. The only user of matplotlib.

The code's `draw(data, language)` returns a matplotlib Figure. Its colours are named for what they mean here (COLOURS): they
become the page's own, so one picture serves light and dark. Texts stay text, in the page's font, so a text of several lines,
or one that is not anchored where it is put, would not stand where matplotlib thinks: write one line each.
"""

from __future__ import annotations

import io
import json
import re
import runpy
import warnings
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.problem import Invalid, Problem, relative
from .drawing import ATTRIBUTES, ELEMENTS, NAMESPACE, Drawing

COLOURS = {  # matplotlib's name: what it is on a page (overrides/assets/clinic.css)
    "black": "currentColor",
    "white": "var(--md-default-bg-color)",
    "grey": "var(--clinic-quiet)",
    "lightgrey": "var(--clinic-line)",
    "C0": "var(--clinic-drawing-0)",
    "C1": "var(--clinic-drawing-1)",
    "C2": "var(--clinic-drawing-2)",
    "C3": "var(--clinic-drawing-3)",
}
LINK = "{http://www.w3.org/1999/xlink}href"


def draw(drawing: Drawing) -> list[str]:
    """Write the drawing in both languages and return the files' names.

    Raises:
        Invalid: if its data is missing, or its code uses what a page cannot show; nothing is written then.
    """
    if missing := [problem for problem in drawing.problems() if "clinic draw" not in problem.repair]:
        raise Invalid(missing)
    pictures = {language: _picture(drawing, language) for language in LANGUAGES}
    for language, svg in pictures.items():
        drawing.svg(language).write_text(drawing.stamp(svg) + svg, encoding="utf-8")
    return [relative(drawing.svg(language), drawing.project.root) for language in LANGUAGES]


def _picture(drawing: Drawing, language: Language) -> str:
    import matplotlib as mpl

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": drawing.name,
        "axes.prop_cycle": "cycler(color=['#c00000', '#c10000', '#c20000', '#c30000'])",  # C0 to C3, to be found again
        "font.size": 10.0,
    }
    stream = io.StringIO()
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # nobody's own settings
        mpl.rcParams.update(settings)
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the page's font has it
        figure = runpy.run_path(str(drawing.code))["draw"](json.loads(drawing.data), language)
        figure.savefig(stream, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = fromstring(stream.getvalue())  # noqa: S314  written by matplotlib, just now
    try:
        _clean(svg, drawing.name, _colours())
    except LookupError as error:
        file = relative(drawing.code, drawing.project.root)
        repair = f"use only {', '.join(COLOURS)}"
        raise Invalid([Problem(file, 1, "colours that follow light and dark", str(error.args[0]), repair)]) from error
    return tostring(svg, encoding="unicode")


def _colours() -> dict[str, str]:
    from matplotlib.colors import to_hex

    cycle = {f"C{number}": f"#c{number}0000" for number in range(4)}
    return {cycle.get(name) or to_hex(name): css for name, css in COLOURS.items()} | {"none": "none"}


def _clean(svg: Element, name: str, colours: dict[str, str]) -> None:
    """Keep shapes and texts: styles become attributes, colours the page's, identifiers the drawing's own, numbers short."""
    used = set(re.findall(r"#([\w-]+)", " ".join(value for one in svg.iter() for value in one.attrib.values())))
    for parent in svg.iter():
        for child in list(parent):
            if child.tag.removeprefix(NAMESPACE) not in ELEMENTS:
                parent.remove(child)  # metadata, and a style that would reach the whole page
    for one in svg.iter():
        one.tag, one.tail = one.tag.removeprefix(NAMESPACE), "\n"
        one.text = one.text and one.text.strip()
        found = dict(one.attrib) | dict(_styles(one.attrib.get("style", "")))
        found["href"] = found.pop(LINK, "")
        if found.get("id") not in used:
            found.pop("id", None)
        one.attrib.clear()
        for key, value in found.items():
            if key in ATTRIBUTES and value and not value.startswith("rotate(-0 "):
                one.set(key, _value(key, value, name, colours))
    for key in ("width", "height"):
        svg.attrib.pop(key)  # the page gives them
    svg.set("xmlns", NAMESPACE.strip("{}"))
    svg.set("fill", "currentColor")  # matplotlib leaves black out
    svg.set("stroke-linejoin", "round")


def _styles(style: str) -> Iterator[tuple[str, str]]:
    for key, _, value in (part.strip().partition(":") for part in style.split(";") if part.strip()):
        if key == "font":  # "bold 10px 'DejaVu Sans'": the page has its own family
            yield from (("font-size", size) for size in re.findall(r"([\d.]+)px", value))
            yield from (("font-weight", weight) for weight in re.findall(r"\b(bold|[5-9]00)\b", value))
        else:
            yield key, value.strip()


def _value(key: str, value: str, name: str, colours: dict[str, str]) -> str:
    if key in ("fill", "stroke"):
        if value not in colours:
            raise LookupError(f"{key}: {value}")
        return colours[value]
    if key in ("id", "href", "clip-path"):
        return re.sub(r"^(url\(#|#|)", rf"\g<1>{name}-", value)
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), value)
