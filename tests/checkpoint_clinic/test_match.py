"""The matcher on every vector, and on logs that arrive in pieces, without an end, or from an enemy."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from checkpoint_clinic.found import FEW, PIECE, SHOWN
from checkpoint_clinic.match import BLOCK, Matcher
from checkpoint_clinic.normalise import SHARED
from checks.content.vectors import Text, load_vectors
from checks.decide.plan import load_project
from checks.tend.vectors import diagnoser_of, wrong

REPOSITORY = Path(__file__).parents[2]
PROJECT = load_project(REPOSITORY)
DIAGNOSER = diagnoser_of(PROJECT)
CASES = [
    (article, kind, vector)
    for article in PROJECT.articles
    for kind in ("match", "lookalike", "other")
    for vector in getattr(load_vectors(article, REPOSITORY), kind)
]
MESSAGE = (
    "size mismatch for visual.blocks.{}.mlp.up_proj.bias: copying a param with shape torch.Size([3420]) from checkpoint, "
    "the shape in current model is torch.Size([0])."
)
LINE = "model.layers.7.mlp.experts.3.w1w3 not in state_dict, loading ./DeepSeek-V2-Lite/model-00002-of-000004.safetensors"


def fed(text: str, size: int) -> dict[str, Any]:
    stream = DIAGNOSER.matcher.stream()
    for start in range(0, len(text), size):
        stream.feed(text[start : start + size])
    return stream.finish()


@pytest.mark.parametrize(("article", "kind", "vector"), CASES, ids=lambda one: getattr(one, "name", getattr(one, "id", one)))
def test_vector(article: Any, kind: str, vector: Text) -> None:
    assert wrong(article, kind, vector, DIAGNOSER.diagnose(vector.text)) == ""


@pytest.mark.parametrize("kind", ["match", "lookalike", "other"])
def test_the_answer_does_not_depend_on_how_the_text_arrives(kind: str) -> None:
    noise = "".join(f"Epoch [{number}]  lr: 1.0e-05  loss: {number / 7:.4f}\n" for number in range(4000))
    assert len(noise) > BLOCK
    for article, of_kind, vector in CASES[::7]:
        if of_kind == kind:
            text = noise + vector.text + "\n" + noise
            whole = DIAGNOSER.matcher.diagnose(text)
            assert fed(text, 1000) == fed(text, BLOCK) == whole
            alone = DIAGNOSER.matcher.diagnose(vector.text)["findings"]
            assert [one["article"] for one in whole["findings"]] == [one["article"] for one in alone], (article.id, vector.name)


@pytest.mark.parametrize("width", range(30, 130, 3))
def test_a_message_is_found_wherever_a_terminal_wraps_it(width: int) -> None:
    for message, article in ((MESSAGE.format(3), "CC002"), (LINE, "CC001")):
        wrapped = "\n".join(message[start : start + width] for start in range(0, len(message), width))
        (finding,) = DIAGNOSER.matcher.diagnose(f"before\n{wrapped}\nafter\n")["findings"]
        assert (finding["article"], finding["kind"], finding["count"]) == (article, "match", 1)


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_name_that_a_terminal_cut_is_put_together(cut: int) -> None:
    line = "node7 loader says: ".rjust(80 - cut, "x") + LINE
    wrapped = "\n".join(line[start : start + 80] for start in range(0, len(line), 80))
    (finding,) = DIAGNOSER.matcher.diagnose(f"some words before it, as long as the terminal is wide\n{wrapped}\nafter\n")[
        "findings"
    ]
    assert finding["captured"]["parameter"] == "model.layers.7.mlp.experts.3.w1w3"
    assert finding["line_number"] == 2


def test_findings_stand_in_the_order_of_their_cause() -> None:
    shapes = "torch.Size([2]) from checkpoint, the shape in current model is torch.Size([3])."
    text = f"{LINE}\nsize mismatch for a: copying a param with shape {shapes}\n{MESSAGE.format(1)}\n"
    findings = DIAGNOSER.matcher.diagnose(text)["findings"]
    assert [(one["article"], one["kind"], one["line_number"]) for one in findings] == [
        ("CC002", "match", 3),  # its priority is higher
        ("CC001", "match", 1),
        ("CC002", "lookalike", 2),
    ]


def test_every_occurrence_is_counted_those_looked_at_closely_and_the_others() -> None:
    number = 3 * FEW
    (finding,) = DIAGNOSER.matcher.diagnose("\n".join(MESSAGE.format(index) for index in range(number)))["findings"]
    assert finding["count"] == number
    assert finding["captured"]["parameter"] == "visual.blocks.0.mlp.up_proj.bias"
    assert finding["distinct"] == {}  # not known: those that are only counted are not read
    (finding,) = DIAGNOSER.matcher.diagnose("\n".join(MESSAGE.format(index) for index in range(FEW // 2)))["findings"]
    assert (finding["count"], finding["distinct"]["parameter"]) == (FEW // 2, FEW // 2)


def test_less_telling_forms_and_look_alikes_of_a_message_are_not_counted_beside_it() -> None:
    both = f"{MESSAGE.format(1)}\n... the shape in current model is torch.Size([0]).\n"
    (finding,) = DIAGNOSER.matcher.diagnose(both)["findings"]
    assert (finding["count"], finding["signature"], finding["captured"]["checkpoint"]) == (2, 1, "[3420]")


def test_a_log_without_a_line_end_is_read_in_pieces() -> None:
    text = "x" * (3 * PIECE - 60) + " " + MESSAGE.format(5) + " " + "y" * BLOCK * 2
    (finding,) = fed(text, 5000)["findings"]
    assert finding["captured"]["parameter"] == "visual.blocks.5.mlp.up_proj.bias"
    assert len(finding["line"]) <= SHOWN + 2


def test_a_stream_holds_no_more_than_a_block() -> None:
    stream = DIAGNOSER.matcher.stream()
    for _ in range(50):
        stream.feed((MESSAGE.format(1) + "\n") * 1000)
        assert sum(map(len, stream.lines)) + len(stream.rest) + len(stream.head) + len(stream.latest) < 4 * BLOCK
        assert all(len(found.spans) <= FEW for found in stream.found.values())


def test_lines_are_counted_as_an_editor_does() -> None:
    counted = [DIAGNOSER.matcher.diagnose(text)["lines"] for text in ("", "a", "a\n", "a\nb", "a\r\nb\r\n", "a\rb")]
    assert counted == [0, 1, 1, 2, 2, 1]


def test_random_characters_are_not_known_and_do_no_harm() -> None:
    generator = random.Random(1)  # noqa: S311  no secret
    for _ in range(200):
        text = "".join(chr(generator.choice([generator.randrange(128), generator.randrange(0x3000)])) for _ in range(300))
        assert DIAGNOSER.matcher.diagnose(text)["findings"] == []


def test_one_among_thousands_of_signatures_is_found() -> None:
    def article(number: int) -> dict[str, Any]:
        signature = {
            "contains": f"layer w{number} is not a tensor",
            "pattern": rf"layer w{number} is not a tensor of (?P<key>\w{{1,9}})",
        }
        return {"id": f"CC{number:04}", "signatures": [signature], "lookalikes": [{"contains": f"layer w{number} is not here"}]}

    matcher = Matcher({"shared": SHARED, "articles": [article(number) for number in range(2000)]})
    found = matcher.diagnose("layer w7 is not a ten\nsor of bias\nlayer w1999 is not here\n")["findings"]
    assert [(one["article"], one["kind"], one["captured"]) for one in found] == [
        ("CC0007", "match", {"key": "bias"}),
        ("CC1999", "lookalike", {}),
    ]
