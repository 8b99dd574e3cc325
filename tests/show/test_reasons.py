"""Why a cell has its status, in both languages: the engine's words all of them, a check's where a note has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.content.article import Note
from checks.decide.evidence import Judgement
from checks.decide.plan import load_project
from checks.show.reasons import note, why

PROJECT = load_project(Path(__file__).resolve().parents[2])
ARTICLE = PROJECT.article("size-mismatch-torch-size-0")
assert ARTICLE is not None

SAID = {
    "observed holds on 2026-11-25": ("observed true on 2026-11-25", "2026-11-25 实测成立"),
    "observed refuted on 2026-11-25: no error, 0 of 80 equal": (
        "observed false on 2026-11-25: no error, 0 of 80 equal",
        "2026-11-25 实测不成立：没有报错，80 个张量中 0 个相同",
    ),
    "expected holds, observed refuted: KeyError: 'a'\nb": (
        "expected true, observed false: KeyError: 'a'\nb",
        "预期成立，实测不成立：KeyError: 'a'\nb",
    ),
    "undecided: out of memory": ("not answered: out of memory", "没有结果：out of memory"),
    "not run yet": ("not run yet", "尚未运行"),
    "changed since the run: a.py, b.py": ("changed since the run: a.py, b.py", "运行之后改动过：a.py, b.py"),
    "older than 400 days (2025-01-02)": ("older than 400 days (2025-01-02)", "距今超过 400 天（2025-01-02）"),
    "needs an attestation by a trusted key or the workflow gpu": (
        "needs an attestation by a trusted key or the workflow gpu",
        "还需要可信密钥或工作流 gpu 的签名",
    ),
    "what nobody foresaw": ("what nobody foresaw", "what nobody foresaw"),
}


@pytest.mark.parametrize("reason", SAID)
def test_a_reason_is_said_in_the_language_of_the_page(reason: str) -> None:
    judged = Judgement("verified", reason)
    assert ARTICLE
    assert (why(ARTICLE, judged, "en"), why(ARTICLE, judged, "zh")) == SAID[reason]


@pytest.mark.parametrize("article", PROJECT.articles, ids=lambda one: one.id)
def test_no_word_of_the_engine_is_left_in_english(article) -> None:  # type: ignore[no-untyped-def]
    for cell in PROJECT.cells(article):
        judged = PROJECT.judge(cell)
        own = (judged.outcome.reason if judged.outcome else "").partition("\n")[0]
        told = why(article, judged, "zh").partition("\n")[0].replace(note(article, own, "zh"), "")
        assert not re.search(r"[A-Za-z]{2,}", told.replace("CUDA", "")) or judged.status == "stale", told


def test_a_note_fits_from_end_to_end_or_not_at_all() -> None:
    one = Note(pattern=r"no error; (\d+) differ", zh="没有报错，{0} 个张量不同")
    assert one.match("no error; 3 differ\nand a second line")
    assert not one.match("there was no error; 3 differ")
    assert not one.match("no error; 3 differ, at least")
