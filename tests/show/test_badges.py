"""Badges: each part in the colour of what it says, and green nowhere without an answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checks.decide.plan import load_project
from checks.show.badges import COLOURS, Tally, badge_parts, days, valid_until, write_badges

from ..conftest import edit


@pytest.mark.parametrize(
    ("counts", "worst", "text"),
    [
        ({"verified": 3}, "verified", "verified 3/3"),
        ({"verified": 3, "unverified": 1}, "unverified", "verified 3/4"),
        ({"verified": 3, "stale": 1, "unverified": 1}, "stale", "verified 3/5"),
        ({"verified": 3, "failing": 1, "stale": 1}, "failing", "verified 3/5"),
        ({}, "unverified", "verified 0/0"),
    ],
)
def test_one_colour_is_green_only_if_every_cell_is_verified(counts: dict[str, int], worst: str, text: str) -> None:
    tally = Tally(Counter(counts))
    assert (tally.worst, tally.text("en")) == (worst, text)


def test_a_badge_has_a_part_for_each_device_and_what_was_not_verified(decided: Path) -> None:
    project = load_project(decided)
    said = {
        article.slug: [(str(part), part.status) for part in badge_parts(project, project.cells(article), "en")]
        for article in project.articles
    }
    assert said == {
        "prefix-missing": [("CPU 2/2", "verified")],
        "wrong-expectation": [("CPU 1/2", "verified"), ("1 failing", "failing")],
        "old-evidence": [("CPU 1/1", "verified")],
        "needs-a-gpu": [("CPU 1/1", "verified"), ("GPU not run", "unverified")],
    }


def test_what_is_stale_is_no_part_of_the_green(decided: Path) -> None:
    edit(decided, "checks/errors/old-evidence/remembered.py", "def ", "def  ")
    project = load_project(decided)
    cells = list(project.cells(project.article("old-evidence")))
    assert [(str(part), part.status) for part in badge_parts(project, cells, "en")] == [("CPU stale", "stale")]
    assert days(project, cells) is None


def test_pictures_and_endpoints_say_the_parts_and_the_age(decided: Path, tmp_path: Path) -> None:
    project = load_project(decided)
    write_badges(project, tmp_path, {"needs-a-gpu": "https://clinic.example/errors/needs-a-gpu/evidence/"})
    svg = (tmp_path / "needs-a-gpu.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)  # noqa: S314  made above
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text") if not text.get("aria-hidden")]
    run = days(project, project.cells(project.article("needs-a-gpu")))
    assert (run and texts == ["CC004 CPU", "1/1", "GPU", "not run", "", str(run[0])]) or texts[-1] == str(run[0])
    assert COLOURS["verified"] in svg and COLOURS["unverified"] in svg
    assert [link.get("href") for link in root.iter("{http://www.w3.org/2000/svg}a")] == [
        "https://clinic.example/errors/needs-a-gpu/evidence/"
    ]
    identifiers = re.findall(r'id="(\w+)"', svg)
    assert len(identifiers) == len(set(identifiers)) and set(re.findall(r"url\(#(\w+)\)", svg)) <= set(identifiers)
    whole, cpu, gpu = (
        json.loads((tmp_path / f"needs-a-gpu{name}.json").read_text(encoding="utf-8")) for name in ("", ".cpu", ".gpu")
    )
    assert whole["message"] == f"CPU 1/1, GPU not run; since {run[0]}" and whole["color"] == COLOURS["unverified"][1:]
    assert (cpu["label"], cpu["message"], cpu["color"]) == ("CC004 CPU", f"1/1; since {run[0]}", COLOURS["verified"][1:])
    assert (gpu["label"], gpu["message"], gpu["color"]) == ("CC004 GPU", "not run", COLOURS["unverified"][1:])
    failing = json.loads((tmp_path / "wrong-expectation.json").read_text(encoding="utf-8"))
    assert failing["isError"] and failing["color"] == COLOURS["failing"][1:]


def test_a_badge_is_valid_from_its_oldest_answer_for_as_long_as_the_article_says(decided: Path) -> None:
    project = load_project(decided)
    article = project.article("old-evidence")
    run = days(project, project.cells(article))
    assert article and run and valid_until(project, article) == run[0] + timedelta(days=90)
    toml = "checks/errors/old-evidence/article.toml"
    edit(decided, toml, 'harm = "none"', 'harm = "none"\nexpires_days = 7\nexpires_because = { en = "a", zh = "b" }')
    project = load_project(decided)
    article = project.article("old-evidence")
    assert article and valid_until(project, article) == run[0] + timedelta(days=7)
    edit(decided, "checks/errors/old-evidence/remembered.py", "def ", "def  ")
    project = load_project(decided)
    article = project.article("old-evidence")
    assert article and valid_until(project, article) is None
