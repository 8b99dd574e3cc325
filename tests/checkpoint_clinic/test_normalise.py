"""What terminals, loggers, launchers and mail programs add is taken away, and nothing else."""

from __future__ import annotations

import pytest

from checkpoint_clinic.normalise import begins_record, body, clean, prefix_of, rank_of, telling


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m \x1b[38;5;208morange\x1b[m", "red orange"),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
        ("^[[33mMISMATCH^[[0m and [33mMISMATCH[0m", "MISMATCH and MISMATCH"),
        (r"\033[1;31mred\033[0m, \x1b[32mgreen\u001b[0m, \e[34mblue", "red, green, blue"),
        ("\u0130n \u017ftate_dict \u212a", "In state_dict K"),
        ("a\u00a0b\u3000c\td", "a b c d"),
        ("a\u200bb\ufeffc\x00d\x08e", "abcde"),
        ("‘weight’ “quoted”", "'weight' \"quoted\""),
        (r"not in state\_dict, torch.Size(\[0\])", "not in state_dict, torch.Size([0])"),
        ("`w1w3` **not** in", "w1w3 not in"),
        (
            "&#39;weight&#39; &lt;x&gt; torch.Size(&#91;0&#x5d;) state&lowbar;dict&nbsp;a &unknown;",
            "'weight' <x> torch.Size([0]) state_dict a &unknown;",
        ),
        ('<span class="k">torch</span>.Size(<b>[0]</b>)<br>next', "torch.Size([0])\rnext"),
        ("torch.Size（［０］），", "torch.Size([0]),"),
        (r"C:\new\tuned\model.safetensors", r"C:\new\tuned\model.safetensors"),
        ("one\r\ntwo\x0bthree\u2028four", "one\ntwo\nthree\nfour"),
        ("step\rstep", "step\rstep"),
        ("[10] [3420, 1280] x[0]", "[10] [3420, 1280] x[0]"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(text + " 中") == cleaned + " 中"


@pytest.mark.parametrize(
    "line",
    [
        "message",
        "    message",
        "> > message",
        "E       message",
        "[rank1]: message",
        "[rank12]:     message  ",
        "[default0]:[rank3]: message",
        "worker-2: [rank9]: message",
        "3: message",
        "[1,0]<stderr>: message",
        "(RayTrainWorker pid=1234, ip=10.0.0.5) message",
        "trainer-1  | message",
        "2026-11-21T10:00:00.123456Z message",
        "[11/21/26 10:00:00] WARNING  message",
        "11/21 10:00:00 - mmengine - INFO - message",
        "2026-11-21 10:00:00.123 | ERROR    | __main__:main:12 - message",
        "[pod/vlm-0/pytorch] 2026-11-21T10:00:00Z message",
        "[1,mpirank:0,algo-1]<stderr>:message",
        "[default1]:message",
        "2026-11-21T10:00:00.123456789Z stderr F message",
        "Nov 21 10:00:00 gpu-07 python[20331]: message",
        "<13>Nov  3 10:00:00 gpu-07 train[20331]: message",
        "   813  message",
        "wandb: message",
        "worker-1: message",
        "10.0.0.5: [rank9]: message",
        "(head, rank=0, pid=1234) message",
        "train.log:813:message",
        "813:message",
        "message \\",
        "message=",
        "                                             message",
        "│ message                     │",
        "message             modeling_utils.py:137",
    ],
)
def test_body(line: str) -> None:
    assert body(line, prefix_of(line)) == "message"


@pytest.mark.parametrize("line", ["Error: message", "E message", "a > b", "model.layers.3: [1]", "KeyError: message"])
def test_body_keeps_what_belongs_to_a_message(line: str) -> None:
    assert body(line, prefix_of(line)) == line


@pytest.mark.parametrize(
    ("prefix", "begins"),
    [
        ("2026-11-21 10:00:00,123 - mmengine - INFO - ", True),
        ("[rank1]: [10:00:00] ", True),
        ("10:00:00 ", True),
        ("11/21/26 10:00:00 ", True),
        ("2026-11-21T10:00:00.123Z stderr F ", False),
        ("Nov 21 10:00:00 gpu-07 python[20331]: ", False),
        ("[rank1]: ", False),
    ],
)
def test_a_logger_begins_a_record_and_what_carries_lines_does_not(prefix: str, begins: bool) -> None:
    assert begins_record(prefix) is begins


def test_rank() -> None:
    assert (rank_of("[default1]:[rank3]: "), rank_of("Rank 12: "), rank_of("[default1]: ")) == ("3", "12", None)


def test_telling_lines() -> None:
    assert list(telling("epoch 1\n  RuntimeError: no\nepoch 2\r Warning: x")) == ["RuntimeError: no", "Warning: x"]
