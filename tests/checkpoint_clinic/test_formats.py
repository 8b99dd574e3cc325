"""The forms of an answer: each says the same facts, and nothing that a log holds gets out of its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from checkpoint_clinic.answer import Answer
from checkpoint_clinic.command import FORMS, main
from checkpoint_clinic.commands.diagnose import facts_of, next_of
from checkpoint_clinic.commands.list import SCHEMA
from checkpoint_clinic.console import line
from checkpoint_clinic.formats import MOST, Answered, Fact, brief, sarif, workflow_commands
from checks.content.vectors import load_vectors
from checks.show.package import library

from .test_nearest import PROJECT, REPOSITORY

LIBRARY = library(PROJECT)
MESSAGE = "X were newly initialized: ['lm_head.weight']"
HOSTILE = [
    "size mismatch for a.weight: copying a param with shape torch.Size([4, 4]) from checkpoint, the shape in current model is "
    "torch.Size([0]).\n::error file=x::owned",
    "\x1b]0;owned\x07 so we will NOT tie them %0A::set-output name=x::y",
]


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AI_AGENT", "AGENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "a log, 100 %.txt"
    file.write_text(f"first line\n{MESSAGE}\n", encoding="utf-8")
    return file


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(arguments, LIBRARY)
    return status, capsys.readouterr().out


def test_each_form_has_the_same_status_article_and_line(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = {form: asked(capsys, "diagnose", str(log), "--format", form) for form in FORMS}
    assert {status for status, _ in printed.values()} == {0}
    found = json.loads(printed["json"][1])["findings"][0]
    for form in ("human", "agent"):
        assert found["title"] in printed[form][1] and found["answer"] in printed[form][1]
    (annotation,) = printed["github"][1].splitlines()
    assert annotation.startswith(f"::error file={str(log).replace(',', '%2C').replace(' %', ' %25')},line=2,title=CC004%3A ")
    assert found["answer"].partition(".")[0] in annotation
    (result,) = json.loads(printed["sarif"][1])["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("CC004", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] == 2 and place["artifactLocation"]["uri"].endswith("/a%20log%2C%20100%20%25.txt")


@pytest.mark.parametrize("name", ["AI_AGENT", "AGENT"])
def test_an_agent_gets_its_form_unasked_where_there_is_one(
    name: str, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "somebody")
    said = asked(capsys, "diagnose", str(log))[1].splitlines()
    assert said[0] == "clinic diagnose: known (exit status 0)"
    assert said[-2:] == ["next:", "  clinic explain CC004"]
    assert asked(capsys, "diagnose", str(log), "--json")[1].startswith("{")
    assert asked(capsys, "explain", "CC004")[1].startswith("#")  # no form for agents: the article itself


@pytest.mark.parametrize("form", ["github", "sarif", "agent"])
def test_a_form_that_a_command_does_not_have_is_refused(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "CC004", "--format", form], LIBRARY) == 2
    assert f"invalid choice: '{form}' (choose from 'human', 'json')" in capsys.readouterr().err


def test_what_is_not_known_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "log"
    file.write_text("FrobError: frobnicator(7) stopped\n", encoding="utf-8")
    status, said = asked(capsys, "diagnose", str(file), "--format", "agent")
    assert (status, said.splitlines()[0]) == (3, "clinic diagnose: not known here (exit status 3)")
    assert "frobnicator" in said and said.splitlines()[-1] == "  clinic list"
    assert asked(capsys, "diagnose", str(file), "--format", "github") == (3, "")


def test_an_audit_names_each_problem_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    status, said = asked(capsys, "audit", str(tmp_path), "--format", "github")
    first = said.splitlines()[0]
    assert status == 1 and first.startswith("::error file=") and "model.safetensors" in first and "git lfs pull" in first
    assert asked(capsys, "audit", str(tmp_path), "--format", "agent")[1].startswith("clinic audit: problems (exit status 1)\n")
    (tmp_path / "model.safetensors").unlink()
    assert "::error" in asked(capsys, "audit", str(tmp_path), "--format", "github")[1]


def test_what_was_measured_wrong_is_an_error_and_what_was_not_measured_none(capsys: pytest.CaptureFixture[str]) -> None:
    installed = "transformers 5.0.0, deepspeed 0.19.8"
    status, said = asked(capsys, "here", "qwen3_moe", "--way", "zero3", "--installed", installed, "--format", "github")
    assert status == 1 and said.startswith("::error title=load-atlas%3A Qwen3-MoE") and "silent: 21 of 25 tensors" in said
    installed = "transformers 3.0.0, deepspeed 0.1.0"
    status, said = asked(capsys, "here", "qwen3_moe", "--way", "zero3", "--installed", installed, "--format", "github")
    assert status == 3 and said.startswith("::notice ")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_log_begins_no_command_of_github_and_steers_no_terminal(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log\n::error::x"
    file.write_text(text, encoding="utf-8")
    for form in ("github", "agent"):
        lines = asked(capsys, "diagnose", str(file), "--format", form)[1].splitlines()
        assert not any("\x1b" in one or "\x07" in one for one in lines)
        starts = [one for one in lines if one.lstrip().startswith("::")]
        assert all("owned" not in one.partition("::")[2].partition("::")[0] for one in starts)
        assert len(starts) == (len(lines) if form == "github" else 0)


def test_percent_line_ends_and_separators_are_escaped() -> None:
    fact = Fact("A", "note", "b: c, d", "100 %\r\n::error::x", 3, "", "e,f:g")
    assert list(workflow_commands([fact])) == ["::notice file=e%2Cf%3Ag,line=3,title=A%3A b%3A c%2C d::100 %25%0D%0A::error::x"]


def test_of_a_long_answer_an_agent_gets_the_beginning_and_what_to_do() -> None:
    answered = Answered(1, "problems", None, [line(f"{n} {'x' * 2000}") for n in range(100)], next=["clinic list"])
    said = brief("audit", answered)
    assert len(said) == MOST and max(map(len, said)) < 1100
    assert said[-3:] == ["... 64 lines more: --format human", "next:", "  clinic list"]


def vectors() -> Iterator[tuple[str, str]]:
    for article in PROJECT.articles:
        for vector in load_vectors(article, REPOSITORY).match:
            yield article.id, vector.text


def test_json_agent_and_sarif_name_the_same_articles_on_every_vector() -> None:
    validator = Draft202012Validator(_schema())
    diagnoser = LIBRARY.diagnoser
    for article, text in vectors():
        told = Answer(diagnoser.diagnose(text), diagnoser.dictionary, "en")
        value, facts = told.as_json(), list(facts_of(told, "x.log"))
        assert value["findings"][0]["article"] == article, text
        printed = sarif(facts)
        validator.validate(printed)
        named = [one["article"] for one in value["findings"]]
        assert [one["ruleId"] for one in printed["runs"][0]["results"]] == named
        assert next_of(told) == [f"clinic explain {one}" for one in dict.fromkeys(named)]


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return {"$ref": "#/$defs/sarif", "$defs": schema["$defs"]}
