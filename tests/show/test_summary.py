"""The table of a workflow's summary."""

from __future__ import annotations

from pathlib import Path

from checks.decide.plan import load_project
from checks.show.summary import summary

from ..conftest import clinic, write_check


def text(root: Path) -> str:
    project = load_project(root)
    return summary(project, list(project.cells()))


def test_each_article_is_a_row_and_what_fails_is_told_below(decided: Path) -> None:
    assert text(decided) == (
        "| article | verified | failing | stale | unverified |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| CC001 prefix-missing | 2 | 0 | 0 | 0 |\n"
        "| CC002 wrong-expectation | 1 | 1 | 0 | 0 |\n"
        "| CC003 old-evidence | 1 | 0 | 0 | 0 |\n"
        "| CC004 needs-a-gpu | 1 | 0 | 0 | 1 |\n"
        "| all | 5 | 1 | 0 | 1 |\n"
        "\n"
        "- CC002 `answer.is_odd@bare`: `expected holds, observed refuted: 42 is even`\n"
    )


def test_what_a_run_printed_stays_code_on_one_line(decided: Path) -> None:
    job = write_check(decided, 'def differs():\n    """It differs."""\n    assert 1 == 2, "`</code>\\n| <img src=x> |"\n')
    clinic(decided, "run", job.article.slug)
    told = next(line for line in text(decided).splitlines() if "remembered.differs" in line)
    assert told.count("`") == 4
    assert told.endswith("</code> | <img src=x> |`")
