"""Cells with their statuses as JUnit XML, which the pages of a continuous integration show: an article is a suite.

verified passes, failing is a failure, what has no current answer is an error; what needs a device that nobody has run it on is
skipped, with that reason. A test case's time is the claim's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..decide.evidence import Judgement
from ..decide.plan import Cell, Project

_NO_XML = re.compile(
    r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # what a run may print and XML 1.0 has no way to say
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def junit(project: Project, cells: Sequence[Cell]) -> str:
    """Return the document, with the XML declaration that readers expect."""
    suites = Element("testsuites", name="checkpoint-clinic")
    for article in project.decided:
        if own := [cell for cell in cells if cell.article is article]:
            suite = SubElement(suites, "testsuite", name=f"{article.id} {article.slug}")
            for cell in own:
                _add_case(suite, cell, project.judge(cell))
            _count(suite, suite)
    _count(suites, suites)
    indent(suites, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _add_case(suite: Element, cell: Cell, judged: Judgement) -> None:
    module, _, function = cell.claim.name.partition(".")
    seconds = judged.outcome.seconds if judged.outcome else 0.0
    case = SubElement(
        suite,
        "testcase",
        classname=f"{cell.article.id}.{module}",
        name=f"{function}@{cell.environment.name}",
        time=f"{seconds:.3f}",
    )
    if kind := _kind(cell, judged):
        said = _NO_XML.sub("\ufffd", judged.reason)
        told = SubElement(case, kind, message=said)
        if kind != "skipped":
            told.set("type", judged.observed or judged.status)
            told.text = f"{_NO_XML.sub(chr(0xFFFD), cell.claim.sentence)}\n{said}"


def _kind(cell: Cell, judged: Judgement) -> str:
    """Return the element that says what became of a cell; nothing of one that is as expected."""
    if judged.status == "verified":
        return ""
    if judged.status == "failing":
        return "failure"
    return "skipped" if judged.outcome is None and cell.environment.device != "cpu" else "error"


def _count(element: Element, within: Element) -> None:
    cases = list(within.iter("testcase"))
    kinds = Counter(told.tag for case in cases for told in case)
    element.set("tests", str(len(cases)))
    for kind, name in _COUNTED.items():
        element.set(name, str(kinds[kind]))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
