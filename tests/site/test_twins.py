"""One meaning, two engines: the browser's modules and Python's answer every vector alike, character by character."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from checkpoint_clinic.answer import Answer
from checkpoint_clinic.words import LANGUAGES
from checks.content.vectors import load_vectors
from checks.decide.plan import load_project
from checks.tend.vectors import diagnoser_of

from .conftest import ROOT

DIAGNOSE = """async ([root, texts]) => {
  const code = ["match", "nearest", "answer", "diagnosis"].map((name) => import(`${root}assets/clinic/${name}.js`));
  const data = ["signatures", "words"].map(async (name) => (await fetch(`${root}${name}.json`)).json());
  const [{ Matcher }, { Ranking }, { Answer }, { complete }, signatures, words] = await Promise.all([...code, ...data]);
  const [matcher, ranking] = [new Matcher(signatures), new Ranking(words)];
  return texts.map((text) => {
    const stream = matcher.stream();
    for (let start = 0; start < text.length; start += 5000) stream.feed(text.slice(start, start + 5000));
    const found = stream.finish();
    const diagnosis = complete(found, ranking, signatures.articles);
    const said = ["en", "zh"].map((language) => {
      const answer = new Answer(diagnosis, signatures, language, text);
      return answer.findings.map((one) => ({ ...answer.words(one), captured: answer.captured(one) }));
    });
    return [diagnosis, said, new Answer(diagnosis, signatures, "en", text).report()];
  });
}"""


def texts() -> list[str]:
    """Every vector, and as many texts made of two of them, cut and joined at random."""
    found = []
    for article in load_project(ROOT).articles:
        vectors = load_vectors(article, ROOT)
        found += [one.text for kind in (vectors.match, vectors.lookalike, vectors.other) for one in kind]
        found += [query.text for query in vectors.query]
    for name in (
        "CC001",
        " cc002. ",
        "`CC002`",
        "size-mismatch-torch-size-0",
        "https://a.example/zh/errors/w1w3-not-in-state-dict/#a.b",
    ):
        found += [name, f"see {name}"]
    generator = random.Random(7)  # noqa: S311  no secret
    for _ in range(len(found)):
        one, other = generator.choice(found), generator.choice(found)
        middle = generator.choice(["\n", "\r", "", "  ", "\r\n", "\u2028", "\x1b[31m"])
        found.append(one[: generator.randrange(len(one) + 1)] + middle + other[generator.randrange(len(other) + 1) :])
    return found


@pytest.fixture
def page(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.goto(address)
    return page


def test_the_browser_answers_as_python_does(page: Page, address: str) -> None:
    pasted = texts()
    diagnoser = diagnoser_of(load_project(ROOT))
    answered: list[list[Any]] = page.evaluate(DIAGNOSE, [address, pasted])
    assert len(answered) == len(pasted) >= 600
    for text, found in zip(pasted, answered, strict=True):
        diagnosis = diagnoser.diagnose(text)
        assert found[0] == diagnosis, text[:500]
        answers = [Answer(diagnosis, diagnoser.dictionary, language, text) for language in LANGUAGES]
        said = [[{**one.words(finding), "captured": one.captured(finding)} for finding in one.findings] for one in answers]
        assert found[1:] == [said, answers[0].report()], text[:500]


def test_the_published_dictionaries_are_those_of_python(page: Page, address: str) -> None:
    diagnoser = diagnoser_of(load_project(ROOT))
    assert json.loads(page.request.get(f"{address}signatures.json").text()) == json.loads(json.dumps(diagnoser.dictionary))
    assert json.loads(page.request.get(f"{address}words.json").text()) == diagnoser.words
