"""The public reports that are answered, and those that are not: counted from the texts, each with its source."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from checkpoint_clinic.words import Language
from checks.content.vectors import UNANSWERED, called, load_vectors
from checks.decide.plan import load_project
from checks.show.render import Pages
from checks.show.scoreboard import scoreboard

from ..conftest import ERRORS

REPORT = "https://example.org/team/library/issues/{0}"


def shown(root: Path, language: Language = "en") -> Element:
    return scoreboard(Pages(load_project(root), language, "../"))


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_it_counts_only_what_has_a_source_and_names_each_once(example: Path) -> None:
    assert words(shown(example)).startswith("0 of 0 public reports are answered")
    path = example / f"{ERRORS}/needs-a-gpu/vectors.toml"
    text = path.read_text(encoding="utf-8")
    article = next(one for one in load_project(example).articles if one.slug == "needs-a-gpu")
    texts = len(load_vectors(article, example).match)
    for number, name in ((7, "as printed"), (7, "second name"), (8, "of a rank")):
        text = text.replace(f'name = "{name}"', f'name = "{name}"\nsource = "{REPORT.format(number)}"')
    path.write_text(text, encoding="utf-8")
    report = f"[[report]]\nsource = '{REPORT.format(9)}'\ntext = '''\n\n<b>not known</b> {'x' * 200}'''\n"
    (example / UNANSWERED).write_text(report, encoding="utf-8")
    page = shown(example)
    assert texts > 3 and words(page).startswith("3 of 4 public reports are answered: 3 as the message of an article, 0 as one")
    assert [words(cell) for cell in page.iter("td")] == ["CC004: needs-a-gpu", "3 library #7 library #8", "–"]
    assert [link.get("href") for link in page.iter("a")][-1] == REPORT.format(9)
    code = next(page.iter("code"))
    assert (code.text or "").startswith("<b>not known</b> xxx") and (code.text or "").endswith(" ...")
    assert "4 份公开报告" in words(shown(example, "zh"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://github.com/a/transformers/issues/45127", "transformers #45127"),
        ("https://github.com/a/mlx-lm/pull/1298", "mlx-lm #1298"),
        ("https://discuss.example.org/t/x/1", "discuss.example.org/t/x/1"),
    ],
)
def test_a_report_has_a_short_name(source: str, name: str) -> None:
    assert called(source) == name
