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

REPOSITORY = Path(__file__).parents[1]
CC002 = (
    "[rank1]: size mismatch for visual.blocks.3.mlp.up_proj.bias: copying a param with shape torch.Size([3420]) "
    "from checkpoint, the shape in current model is torch.Size([0])."
)
CC001 = "model.layers.7.mlp.experts.3.w1w3 not in state_dict, loading V2-Lite/model-00002-of-000004.safetensors"
LOOKALIKE = "KeyError: 'model.layers.1.mlp.experts.w2_weight'"
COMMAND = [sys.executable, "-c", "import sys; from checks.command import main; sys.exit(main())", "diagnose"]


def diagnose(text: str | bytes, *arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    data = text.encode() if isinstance(text, str) else text
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([*COMMAND, *arguments], input=data, cwd=cwd, env=environment, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (CC002, 0, ["CC002", "parameter: visual.blocks.3.mlp.up_proj.bias", "in the model: [0]", "rank: 1", "docs/en/errors/"]),
        (f"{CC001}\n{LOOKALIKE}", 0, ["CC001", "Such lines: 1; files that they name: 1", "Looks like CC001, but is not"]),
        (LOOKALIKE, 1, ["Looks like CC001, but is not", "vLLM stops with a KeyError", "https://"]),
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
    assert "模型中: [0]" in done.stdout and "docs/zh/errors/size-mismatch-torch-size-0.md" in done.stdout
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
