"""JUnit XML: its structure, which status is which element, and output that XML cannot hold."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from checks.decide.plan import load_project
from checks.show.junit import junit

from ..conftest import ERRORS, add_byte, clinic, write_check

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped"},
    "failure": set(),
    "error": set(),
    "skipped": set(),
}


def document(root: Path) -> Element:
    project = load_project(root)
    text = junit(project, list(project.cells()))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    return fromstring(text.encode())  # noqa: S314  our own document


def told(root: Path) -> dict[str, tuple[str, str | None]]:
    """Return test case -> (element that says what became of it, or nothing; its message)."""
    found = {}
    for case in document(root).iter("testcase"):
        (said,) = list(case) or [Element("")]
        found[f"{case.get('classname')}.{case.get('name')}"] = (said.tag, said.get("message"))
    return found


def test_each_element_has_the_attributes_and_children_that_readers_of_junit_know(decided: Path) -> None:
    add_byte(decided / ERRORS / "old-evidence/remembered.py")
    root = document(decided)
    assert root.tag == "testsuites"
    assert {element.tag for element in root.iter()} == ATTRIBUTES.keys()
    for element in root.iter():
        assert set(element.keys()) == ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN[element.tag]
        assert element.tag != "testcase" or len(element) <= 1
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        counted = {"tests": len(cases)}
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            counted[name] = len([case for case in cases if case.find(kind) is not None])
        assert counted == {name: int(element.get(name, "-1")) for name in counted}


def test_each_status_is_the_element_that_says_it(decided: Path) -> None:
    add_byte(decided / ERRORS / "old-evidence/remembered.py")
    found = told(decided)
    assert found["CC001.load_renamed.plain_look_up_fails@bare"] == ("", None)
    assert found["CC002.answer.is_odd@bare"] == ("failure", "expected holds, observed refuted: 42 is even")
    assert found["CC003.remembered.value_is_kept@bare"] == (
        "error",
        f"changed since the run: {ERRORS}/old-evidence/remembered.py",
    )
    assert found["CC004.on_gpu.sum_is_exact@bare-cuda"] == ("skipped", "not run yet on a machine with a CUDA device")


def test_undecided_is_an_error_and_what_it_printed_is_text(decided: Path) -> None:
    job = write_check(decided, 'def breaks():\n    """It breaks."""\n    raise OSError("a \\x1b[31m<b> & \\x00 end")\n')
    shutil.rmtree(job.article.folder / "evidence")
    clinic(decided, "run", job.article.slug)
    kind, message = told(decided)["CC003.remembered.breaks@bare"]
    assert kind == "error"
    assert message is not None
    assert message.startswith("undecided: OSError: a \ufffd[31m<b> & \ufffd ")
    assert message.endswith(" end")


def test_a_cpu_cell_that_nobody_ran_is_an_error(example: Path) -> None:
    assert told(example)["CC001.load_renamed.plain_look_up_fails@bare"] == ("error", "not run yet")
