"""What the bench says of a page: reached, short, or that the machine was too busy to tell."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .bench_pages import NPM, Measured, Run, tables

ARTICLE, EVIDENCE = "errors/x/", "errors/x/evidence/"
BEST = 2000


def run(performance: int, benchmark: float = BEST, blocking: float = 0, elements: float = 1000, practices: int = 100) -> Run:
    scores = {"performance": performance, "accessibility": 100, "best-practices": practices, "seo": 100}
    font = {"score": practices / 100, "numericValue": None}
    numbers = {"total-blocking-time": blocking, "dom-size": elements, "largest-contentful-paint": 900}
    report: dict[str, Any] = {
        "lighthouseVersion": "12.0.0",
        "environment": {"benchmarkIndex": benchmark},
        "categories": {name: {"score": score / 100, "auditRefs": []} for name, score in scores.items()},
        "audits": {name: {"score": 1, "numericValue": number} for name, number in numbers.items()} | {"font-size": font},
    }
    report["categories"]["best-practices"]["auditRefs"] = [{"id": "font-size", "weight": 1}]
    return Run(report)


@pytest.mark.parametrize(
    ("path", "runs", "said"),
    [
        (ARTICLE, [run(95), run(96), run(95)], "reached"),
        (ARTICLE, [run(96, 700)], "reached"),
        (ARTICLE, [run(94), run(94)], "short in performance"),
        (ARTICLE, [run(50, 999)], "performance: MACHINE TOO LOADED TO TELL (benchmark 999, at best 2000)"),
        (ARTICLE, [run(50, 1400), run(50)], "performance: MACHINE TOO LOADED TO TELL (benchmark 1400, at best 2000)"),
        (ARTICLE, [run(94), run(70), run(60)], "performance: MACHINE TOO LOADED TO TELL (performance 60 to 94)"),
        (ARTICLE, [run(95, elements=1501)], "short in elements"),
        (
            ARTICLE,
            [run(50, 700, practices=96)],
            "short in best-practices; performance: MACHINE TOO LOADED TO TELL (benchmark 700, ",
        ),
        (EVIDENCE, [run(50, elements=9000, blocking=300)], "reached"),
        (EVIDENCE, [run(99, blocking=301)], "short in blocking"),
        ("", [run(95, elements=9000)], "reached"),
    ],
)
def test_what_is_said_of_a_page(path: str, runs: list[Run], said: str) -> None:
    assert Measured(path, "phone", runs).verdict(BEST).startswith(said)


def test_the_audits_that_cost_points_are_named() -> None:
    assert run(95, practices=96).lost() == ["font-size"]
    assert run(95).lost() == []


def test_each_device_has_a_table_with_its_pages() -> None:
    measured = [Measured(path, device, [run(95)]) for path, device in (("", "phone"), (ARTICLE, "phone"), ("", "desktop"))]
    assert [table.row_count for table in tables(measured)] == [2, 1]


def test_the_lock_names_no_host_and_has_the_hash_of_each_package() -> None:
    text = (NPM / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}
    assert packages and all(re.match("sha512-", package["integrity"]) for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
    assert "omit-lockfile-registry-resolved=true" in (NPM / ".npmrc").read_text(encoding="utf-8")
