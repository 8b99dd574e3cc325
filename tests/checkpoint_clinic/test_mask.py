"""Tokens, user names and hosts are masked; what an answer needs stays. The same vectors go through mask.js in tests/site."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from checkpoint_clinic.mask import mask

VECTORS: list[tuple[str, str]] = json.loads(((Path(__file__).parents[1] / "vectors") / "mask.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("text", "masked"), VECTORS)
def test_vector(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(("text", "masked"), VECTORS)
def test_masking_twice_changes_nothing(text: str, masked: str) -> None:
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "piece", ["a", "1.", "a.", "a@", "ab:", "/home/", "://", "wandb ", "token=", "C:\\Users\\", "eyJ", "[a.", "f:", "- "]
)
def test_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        start = time.process_time()
        mask(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(200_000) < 40 * max(seconds(20_000), 0.005)
