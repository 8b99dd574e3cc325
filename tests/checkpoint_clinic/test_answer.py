"""`clinic diagnose`: words, JSON and exit status, for logs from files and pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checkpoint_clinic.answer import Answer
from checkpoint_clinic.console import plain
from checkpoint_clinic.log import HEAD, TAIL, Ends
from checkpoint_clinic.words import Language
from checks.decide.plan import load_project
from checks.tend.vectors import diagnoser_of

REPOSITORY = Path(__file__).parents[2]
CC002 = (
    "[rank1]: size mismatch for visual.blocks.3.mlp.up_proj.bias: copying a param with shape torch.Size([3420]) "
    "from checkpoint, the shape in current model is torch.Size([0])."
)
CC001 = "model.layers.7.mlp.experts.3.w1w3 not in state_dict, loading V2-Lite/model-00002-of-000004.safetensors"
LOOKALIKE = "KeyError: 'model.layers.1.mlp.experts.w2_weight'"
DIAGNOSER = diagnoser_of(load_project(REPOSITORY))
COMMAND = [sys.executable, "-c", "import sys; from checks.commands.main import main; sys.exit(main())", "diagnose"]


def diagnose(text: str | bytes, *arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    data = text.encode() if isinstance(text, str) else text
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([*COMMAND, *arguments], input=data, cwd=cwd, env=environment, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (
            CC002,
            0,
            ["CC002", "parameter: visual.blocks.3.mlp.up_proj.bias", "in the model: [0]", "rank: 1", "clinic explain CC002"],
        ),
        (f"{CC001}\n{LOOKALIKE}", 0, ["CC001", "Such lines: 1; files that they name: 1", "Looks like CC001, but is not"]),
        (LOOKALIKE, 1, ["Looks like CC001, but is not", "From vLLM, which stops with a KeyError", "https://"]),
        ("RuntimeError: out of cheese at /home/alice/x.py", 3, ["Not known here", "/home/<user>/x.py"]),
        ("", 2, ["the input is empty"]),
        (bytes(range(256)) * 400, 2, ["binary data"]),
    ],
)
def test_answer_and_exit_status(text: str | bytes, status: int, said: list[str]) -> None:
    done = diagnose(text)
    assert done.returncode == status, done.stderr
    for part in said:
        assert part in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_chinese() -> None:
    done = diagnose(CC002, "--language", "zh")
    assert "模型中：[0]" in done.stdout and "详见：clinic explain CC002" in done.stdout
    assert "没有收录" in diagnose("未知错误", "--language", "zh").stdout


def test_json_has_the_findings_in_order() -> None:
    done = diagnose(f"{CC001}\n{LOOKALIKE}\n{CC002}\n", "--json")
    printed = json.loads(done.stdout)
    assert [(one["article"], one["kind"], one["line_number"]) for one in printed["findings"]] == [
        ("CC002", "match", 3),
        ("CC001", "match", 1),
        ("CC001", "lookalike", 2),
    ]
    first = printed["findings"][0]
    assert first["captured"] == {
        "parameter": "visual.blocks.3.mlp.up_proj.bias",
        "checkpoint": "[3420]",
        "model": "[0]",
        "rank": "1",
    }
    assert first["line"] == CC002
    assert printed["lines"] == 3
    assert {one["article"] for one in printed["nearest"]} == {"CC001", "CC002"}


def test_file_from_a_folder_without_a_clinic(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(CC002, encoding="utf-16")
    assert diagnose("", "run.log", cwd=tmp_path).returncode == 0
    done = diagnose("", "absent.log", cwd=tmp_path)
    assert done.returncode == 2
    assert "absent.log" in done.stderr and "Traceback" not in done.stderr
    assert diagnose("", str(tmp_path), cwd=tmp_path).returncode == 2


def test_markup_and_escapes_in_a_log_are_text() -> None:
    done = diagnose("[bold]RuntimeError: [link=x]no[/link][/bold] \x1b[2J\x1b]0;title\x07 odd\n")
    assert "[bold]RuntimeError: [link=x]no[/link][/bold]  odd" in done.stdout
    assert "\x1b" not in done.stdout


def test_interrupted_pipe_is_answered_with_what_was_read() -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
    process = subprocess.Popen(
        COMMAND, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    process.stdin.write((CC002 + "\n").encode() * 20000)  # more than a pipe holds: it returns when most of it was read
    process.stdin.flush()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"CC002" in output


# ---- what is said, without a process ----

WARNING = """Some weights of X were not initialized from the model checkpoint at /x and are newly initialized because the shapes did not match:
- visual.proj.weight: found shape torch.Size([1280, 3]) in the checkpoint and torch.Size([0]) in the model instantiated
You should probably TRAIN this model on a down-stream task to be able to use it for predictions and inference."""  # noqa: E501  as printed
TABLE = """XForY LOAD REPORT from: /models/x
Key               | Status   | Details
------------------+----------+--------
classifier.weight | MISMATCH | Reinit due to size mismatch - ckpt: torch.Size([1000, 768]) vs model:torch.Size({})
"""


def answer(text: str, language: Language = "en") -> Answer:
    return Answer(DIAGNOSER.diagnose(text), DIAGNOSER.dictionary, language, text)


def shown(text: str, language: Language = "en") -> list[str]:
    return [plain(line) for line in answer(text, language).lines()]


@pytest.mark.parametrize(
    ("language", "first", "absent"), [("en", "Do not continue training", "stops"), ("zh", "不要接着训练", "停下")]
)
def test_a_run_that_went_on_is_told_the_consequence_first(language: Language, first: str, absent: str) -> None:
    for text in (WARNING, f"{CC002}\n{WARNING}"):
        said = shown(text, language)
        assert said[0].startswith("CC002") and said[1].startswith(f"  {first}")
        assert absent not in "\n".join(said) and "报错终止" not in said[0]
    assert answer(WARNING).as_json()["findings"][0]["harm"] == "silent"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_of_transformers_5_names_no_release_of_4_and_is_no_other_message(language: Language) -> None:
    said = "\n".join(shown(TABLE.format("[0]"), language))
    assert said.startswith("CC002") and "CC001" not in said
    assert "4.50" not in said and "check_zero3_load.py" in said


def test_of_two_look_alikes_the_one_that_knows_the_table_is_shown() -> None:
    other = answer(TABLE.format("[10, 768]"))
    assert [(one["kind"], one["article"]) for one in other.findings] == [("match", "CC003")]
    without_its_title = answer(TABLE.format("[10, 768]").partition("\n")[2])
    assert [(one["kind"], one["article"]) for one in without_its_title.findings] == [("lookalike", "CC002")]


@pytest.mark.parametrize(
    ("names", "first", "harm"),
    [
        (("score.weight",), "Yes, if you asked for this head", "none"),
        (("bert.pooler.dense.bias", "classifier.weight"), "Yes, if you asked for this head", "none"),
        (("lm_head.bias",), "Not before the check", "silent"),
        (("score.weight", "model.layers.0.mlp.up_proj.weight"), "No: these are layers", "silent"),
        (("model.layers.0.self_attn.rotary_emb.inv_freq",), "Not before the check", "silent"),
        (("something.else",), "Not before the check", "silent"),
    ],
)
def test_the_names_of_a_list_decide_how_it_is_answered(names: tuple[str, ...], first: str, harm: str) -> None:
    text = f"Some weights of X were not initialized from the model checkpoint at /x and are newly initialized: {list(names)}"
    rows = "X LOAD REPORT from: /x\n" + "".join(f"{name} | MISSING |\n" for name in names)
    for printed in (text, rows):
        (found,) = answer(printed).findings
        words = answer(printed).words(found)
        assert (found["article"], words["harm"]) == ("CC003", harm)
        assert words["answer"].startswith(first) or "inv_freq" in printed


@pytest.mark.parametrize(
    ("printed", "articles"),
    [
        ("X were newly initialized: ['lm_head.weight']", ["CC004"]),
        ("X were newly initialized: ['lm_head.weight', 'model.norm.weight']", ["CC003"]),
        ("lm_head.weight | MISSING |", ["CC003"]),  # which may be one row of many
    ],
)
def test_the_article_that_knows_more_of_a_text_speaks_alone(printed: str, articles: list[str]) -> None:
    assert [one["article"] for one in answer(printed).findings] == articles


def test_an_empty_parameter_is_explained_to_those_without_zero_3_too() -> None:
    said = "\n".join(shown(CC002))
    for part in (
        "a parameter of the model is empty",
        "ZeRO-3 or FSDP has partitioned it",
        "gather_load.py",
        "FSDP, without DeepSpeed",
    ):
        assert part in said


def test_a_distorted_message_is_not_said_to_be_another() -> None:
    said = shown(CC002.replace("shape", "shpe"))
    assert said[0].startswith("Not recognised here") and said[1].startswith("  CC002")
    assert not any("none of them" in line for line in said)


@pytest.mark.parametrize(("language", "first"), [("en", "Closest to your question"), ("zh", "与你的问题最接近")])
def test_a_question_gets_the_closest_article_and_no_form(language: Language, first: str) -> None:
    said = shown("can I ignore the xtuner warning about experts?", language)
    assert said[0].startswith(first) and said[1].startswith("  CC001")
    assert said[1].endswith(
        {"en": "can go wrong silently", "zh": "可能静默出错"}[language]
    )  # of what it is, beside an error that stops
    assert "issue" not in "\n".join(said) and "收录" not in "\n".join(said)


def test_what_shares_nothing_with_an_article_is_offered_none() -> None:
    for text in ("how to cook rice", "RuntimeError: CUDA out of memory. Tried to allocate 20 MiB. GPU 0 has 79 GiB in total"):
        assert answer(text).nearest == []
        assert shown(text)[0].startswith("Not known here")


def test_numbers_names_and_ranks_are_shown_as_they_are_read() -> None:
    assert "  files of the checkpoint: 4" in shown(CC001)
    said = shown("\n".join(CC002.replace("rank1", f"rank{rank}") for rank in range(4)))
    assert "  rank: 0 (3 more)" in said
    assert "  rank：0（另有 3 个）" in shown("\n".join(CC002.replace("rank1", f"rank{rank}") for rank in range(4)), "zh")


def test_titles_and_look_alikes_are_written_in_one_style() -> None:
    for article in DIAGNOSER.dictionary["articles"]:
        assert "，" not in article["title"]["zh"]
        for one in article["lookalikes"]:
            assert one["means"]["en"][0].isupper() and one["means"]["en"].endswith(".")
    assert shown(LOOKALIKE)[0] == "Looks like CC001, but is not"  # a line of its own
    assert shown(LOOKALIKE, "zh")[0] == "像 CC001，但不是"


def test_a_report_holds_the_lines_that_tell_as_they_were_printed() -> None:
    start = [f"INFO step {number}" for number in range(60)]
    end = [
        "ValueError: `x` must be 3, /home/alice/a.py",
        "=======",
        "Failures:",
        "[0]:",
        "error_file: <N/A>",
        "exit with **1**",
    ]
    lines = answer("\n".join([*start[:5], "UserWarning: odd", *start, *end])).report()
    assert lines[0] == "UserWarning: odd"
    assert lines[-2:] == ["ValueError: `x` must be 3, /home/<user>/a.py", "exit with **1**"]
    assert len(lines) <= 12 and not {"=======", "Failures:", "[0]:", "error_file: <N/A>"} & set(lines)
    many = answer("\n".join(f"RuntimeError: {number}" for number in range(30))).report()
    assert many == [f"RuntimeError: {number}" for number in range(18, 30)]
    assert "    ValueError: `x` must be 3, /home/<user>/a.py" in shown("\n".join([*start, *end]))


def test_the_ends_of_a_text_are_kept_whatever_its_length() -> None:
    ends = Ends()
    for _ in range(30):
        ends.add("x" * 999 + "\n")
    ends.add("last")
    assert len(ends.text) == HEAD + 1 + TAIL and ends.text.endswith("\nlast")
    short = Ends()
    short.add("a\n" * HEAD)
    short.add("b")
    assert short.text == "a\n" * HEAD + "b"
