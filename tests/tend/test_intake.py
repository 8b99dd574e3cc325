"""A real log becomes a vector: nobody's name in it, the lines that decide its answer and no others, and it stays right."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomllib

from checks.content.article import Article
from checks.content.problem import Invalid
from checks.content.vectors import UNANSWERED, load_unanswered, load_vectors
from checks.decide.plan import Project, load_project
from checks.tend.intake import Intake, Kind, add, take
from checks.tend.lint import lint_project

from ..conftest import ERRORS, clinic

SOURCE = "https://example.org/team/library/issues/7"
MESSAGE = 'KeyError: "needs-a-gpu.weight"'
LOG = [f"step {number} of /home/alice/run" for number in range(40)]
LOG[20:20] = ["Traceback (most recent call last):", '  File "/home/alice/x.py", line 3, in <module>', f"[rank2]: {MESSAGE}"]
VECTORS = f"{ERRORS}/needs-a-gpu/vectors.toml"


@pytest.fixture
def project(example: Path) -> Project:
    return load_project(example)


def article_of(project: Project) -> Article:
    return next(one for one in project.articles if one.slug == "needs-a-gpu")


def taken(
    project: Project, log: list[str], kind: Kind = "match", keep: range | None = None, name: str = "library #7"
) -> Intake:
    return take(project, article_of(project), "\n".join(log), kind, SOURCE, name, keep)


def problem(error: pytest.ExceptionInfo[Invalid]) -> str:
    return str(error.value.problems[0])


def test_what_decides_the_answer_is_kept_and_named_with_its_source(project: Project) -> None:
    made = taken(project, LOG)
    assert (made.text.text, made.kept, made.lines, made.wrong) == (f"[rank2]: {MESSAGE}", 1, 43, "")
    assert made.text.captured == {"key": "needs-a-gpu.weight", "rank": "2"} and made.text.source == SOURCE


def test_it_is_written_so_that_it_reads_the_same_and_lint_tries_it(project: Project) -> None:
    strange = ["it's '''quoted''' \\ here", f'"{MESSAGE}\tand a tab', "最后一行'"]
    path = add(project, article_of(project), "match", taken(project, strange, keep=range(1, 4)).text)
    assert load_vectors(article_of(project), project.root).match[-1].text == "\n".join(strange)
    assert [one.name for one in path.parent.iterdir() if "new" in one.name] == []
    with pytest.raises(Invalid) as error:
        add(project, article_of(project), "match", taken(project, strange, keep=range(1, 4), name="another").text)
    assert "expected a new vector; found library #7" in problem(error)


def test_nobody_is_named_in_it(project: Project) -> None:
    made = taken(project, LOG, keep=range(21, 24))
    assert "alice" not in made.text.text and '"/home/<user>/x.py"' in made.text.text and made.kept == 3


def test_what_is_answered_otherwise_is_refused_until_its_lines_are_chosen(project: Project) -> None:
    with pytest.raises(Invalid) as error:
        taken(project, ["KeyErr: needs a gpu weight"])
    assert "expected match of CC004; found nothing" in problem(error) and "--lines" in problem(error)
    made = taken(project, ["before", "KeyErr: needs a gpu weight"], keep=range(2, 3))
    assert (made.text.text, made.wrong) == ("KeyErr: needs a gpu weight", "nothing")


def test_a_text_of_many_lines_that_all_count_is_not_cut(project: Project) -> None:
    apart = [MESSAGE, *LOG[:19], "KeyError: 0"]
    assert taken(project, apart).text.text.split("\n") == [MESSAGE, "KeyError: 0"]
    with pytest.raises(Invalid, match="1 to 8,000 characters"):
        taken(project, ["x" * 9000], keep=range(1, 2))


def test_the_command_writes_says_what_it_kept_and_that_lint_will_fail(example: Path) -> None:
    (example / "run.log").write_text("\n".join([*LOG, "KeyErr: needs a gpu weight", ""]), encoding="utf-8")
    add_it = ("vector", "add", "run.log", "--expect", "needs-a-gpu", "--source", SOURCE)
    done = clinic(example, *add_it)
    assert done.returncode == 0 and done.stdout.startswith(f"[rank2]: {MESSAGE}\n") and "1 of 44 lines" in done.stdout
    assert lint_project(example) == []
    failing = clinic(example, *add_it, "--lines", "44", "--name", "another")
    assert failing.returncode == 1 and "Answered today: nothing" in failing.stdout
    assert [one.found for one in lint_project(example)] == ["nothing"]
    last = tomllib.loads((example / VECTORS).read_text(encoding="utf-8"))["match"][-1]
    assert last == {"name": "another", "source": SOURCE, "text": "KeyErr: needs a gpu weight"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing.log", "--expect", "CC004"), "found nothing.log"),
        (("article", "--expect", "CC999"), "expected one of CC001, CC002, CC003, CC004; found CC999"),
        (("article", "--expect", "CC004", "--lines", "a-b"), "expected lines such as 10-24; found a-b"),
    ],
)
def test_bad_input_is_told_in_one_message_and_nothing_is_written(example: Path, arguments: tuple[str, ...], words: str) -> None:
    (example / "article").write_text(MESSAGE, encoding="utf-8")
    before = (example / VECTORS).read_bytes()
    done = clinic(example, "vector", "add", *arguments, "--source", SOURCE)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
    assert (example / VECTORS).read_bytes() == before


def test_a_report_that_nothing_answers_is_kept_until_something_does(example: Path) -> None:
    (example / "run.log").write_text("KeyErr: /home/alice/needs a gpu weight\nsecond\n", encoding="utf-8")
    add_it = ("vector", "add", "run.log", "--expect", "none", "--source", SOURCE)
    assert clinic(example, *add_it, "--lines", "1").returncode == 0
    (report,) = load_unanswered(example)
    assert (report.text.strip("\n"), report.source) == ("KeyErr: /home/<user>/needs a gpu weight", SOURCE)
    assert lint_project(example) == []
    again = clinic(example, *add_it, "--lines", "1")
    assert again.returncode == 2 and "found it is there already" in again.stderr
    (example / "run.log").write_text(MESSAGE, encoding="utf-8")
    answered = clinic(example, *add_it)
    assert answered.returncode == 2 and "--expect CC004" in answered.stderr
    path = example / UNANSWERED
    added = f"\n[[report]]\nsource = '{SOURCE}'\ntext = '{MESSAGE}'\n"
    path.write_text(path.read_text(encoding="utf-8") + added, encoding="utf-8")
    repair = f"move it there: clinic vector add LOG --expect CC004 --source {SOURCE}"
    assert [one.repair for one in lint_project(example)] == [repair]
