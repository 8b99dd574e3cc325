"""The miniature articles, one for each status, as a site: what a reader is told when all is not well."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ..built import build, dress
from .test_pages import Reader, read


@pytest.fixture
def example_site(decided: Path) -> Path:
    """The decided examples with the real site's configuration; one check is changed after its run."""
    dress(decided)
    check = decided / "checks/errors/old-evidence/remembered.py"
    check.write_text(check.read_text(encoding="utf-8") + "# changed after the run\n", encoding="utf-8")
    return build(decided)


def statuses(site: Path, page: str) -> set[str]:
    html = (site / page / "index.html").read_text(encoding="utf-8")
    return set(re.findall(r"clinic-status--(\w+)", html))


@pytest.mark.parametrize("language", ["", "zh/"])
def test_each_status_is_shown_as_what_it_is(example_site: Path, language: str) -> None:
    shown = {slug: statuses(example_site, f"{language}errors/{slug}/evidence") for slug in ("prefix-missing", "old-evidence")}
    assert shown == {"prefix-missing": {"verified"}, "old-evidence": {"stale"}}
    assert "failing" in statuses(example_site, f"{language}errors/wrong-expectation/evidence")
    assert statuses(example_site, f"{language}errors/needs-a-gpu/evidence") == {"verified", "unverified"}


@pytest.mark.parametrize("language", ["", "zh/"])
def test_the_card_shows_each_part_in_its_own_colour(example_site: Path, language: str) -> None:
    assert statuses(example_site, f"{language}errors/needs-a-gpu") == {"verified", "unverified"}
    assert statuses(example_site, f"{language}errors/wrong-expectation") == {"verified", "failing"}
    assert statuses(example_site, f"{language}errors/old-evidence") == {"stale"}


def test_only_the_article_whose_cells_are_all_verified_has_a_green_badge(example_site: Path) -> None:
    badges = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (example_site / "badges").glob("*.json")}
    whole = {name: badge for name, badge in badges.items() if "." not in name}
    assert [name for name, badge in whole.items() if badge["color"] == "1a7f37"] == ["prefix-missing"]
    assert {name: badge["message"].partition(";")[0] for name, badge in whole.items()} == {
        "prefix-missing": "CPU 2/2",
        "wrong-expectation": "CPU 1/2, 1 failing",
        "old-evidence": "CPU stale",
        "needs-a-gpu": "CPU 1/1, GPU not run",
        "site": "CPU 4/6, 1 failing, 1 stale, GPU not run",
    }
    assert {name for name, badge in whole.items() if badge.get("isError")} == {"wrong-expectation", "site"}


def test_the_page_says_why(example_site: Path) -> None:
    assert "42 is even" in read(example_site / "errors/wrong-expectation/evidence/index.html").text
    assert "remembered.py" in read(example_site / "errors/old-evidence/evidence/index.html").text
    assert "not run yet on a machine with a CUDA device" in read(example_site / "errors/needs-a-gpu/evidence/index.html").text


def test_what_a_check_printed_is_text_on_the_page(example_site: Path) -> None:
    html = (example_site / "errors/prefix-missing/evidence/index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    reader = Reader()
    reader.feed(html)
    assert "<script>alert(1)</script> ```" in reader.text


def test_how_a_run_differs_from_the_report_stands_beside_it(example_site: Path) -> None:
    text = read(example_site / "errors/prefix-missing/evidence/index.html").text
    assert re.search(r"python 3\.\d+\.\d+ \(reported: 3\.10\.16\)", text)
    assert "torch none (reported: 2.6.0)" in text


def test_the_command_of_the_page_decides_the_claims_without_the_engine(example_site: Path, tmp_path: Path) -> None:
    html = read(example_site / "errors/wrong-expectation/evidence/index.html").text
    command = (example_site / "downloads/cc002-answer-bare.zip", tmp_path / "cc002-answer-bare.zip")
    shutil.copyfile(*command)
    with zipfile.ZipFile(command[1]) as bundle:
        shown = bundle.read("run.sh").decode()
    assert shown.strip() in html
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", shown], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("--- answer.")[1:] == ["is_even\n--- holds\n", "is_odd\n--- refuted: 42 is even\n"]
