"""Saved by two ranks of DeepSpeed in stages 1, 2 and 3, loaded by another number, and four ways around the message."""

import shutil
import tempfile
from pathlib import Path

import deepspeed
import torch
from _engines import NEWEST, STAGES, ZERO3, advance, assert_holds, equal, error_of, load, on_ranks, start, state, train

from snippets.check_engine_load import compare_engine

TEXT = (
    "deepspeed.runtime.zero.utils.ZeRORuntimeException: The checkpoint being loaded used a DP world size of {} but the current "
    "world size is {}. Automatic adjustment of ZeRO's optimizer state partitioning with a new world size is not currently "
    "supported."
)
_temporary = tempfile.TemporaryDirectory()
folders = {stage: f"{_temporary.name}/stage{stage}" for stage in STAGES}
by_one = f"{_temporary.name}/one"
train(by_one, ZERO3)
_found = on_ranks(
    2,
    *(("train", folders[stage], stage, {}) for stage in STAGES),
    *(("load", folders[stage], stage, {"then": 2}) for stage in STAGES),
    ("error", by_one, ZERO3, {}),
)
saved, again = (dict(zip(STAGES, part, strict=True)) for part in (_found[:3], _found[3:6]))


def one_rank_raises_the_message():
    """Saved by two ranks and loaded by one, stages 1, 2 and 3 raise it, in the same words."""
    for stage in STAGES:
        assert error_of(load, folders[stage], stage) == TEXT.format(2, 1)


def more_ranks_raise_it_too():
    """Saved by two and loaded by three, or saved by one and loaded by two: the same words with these numbers."""
    assert on_ranks(3, ("error", folders[1], 1, {}), ("error", folders[ZERO3], ZERO3, {})) == [TEXT.format(2, 3)] * 2
    assert _found[6] == TEXT.format(1, 2)


def the_same_number_is_exact():
    """Loaded by two ranks again, weights, float32 copies, moments and the next step are the same, bit for bit."""
    for stage in STAGES:
        assert equal(again[stage]["before"]["weights"], saved[stage][NEWEST]["weights"]) == 0
        assert_holds(again[stage]["after"], saved[stage][NEWEST], f"stage {stage}, loaded")
        assert_holds(again[stage]["next"], saved[stage]["next"], f"stage {stage}, a step later")


def caught_in_stages_1_and_2_the_weights_are_lost_with_the_next_step():
    """Caught by try/except in stages 1 and 2: the weights are there, and the next step replaces them by the new engine's."""
    for stage in (1, 2):
        engine, before, after = _caught(stage)
        assert_holds(after, saved[stage][NEWEST], f"stage {stage}", ("weights",))
        assert_holds(after, before, f"stage {stage}, the new engine's", ("masters",))
        advance(engine, 2)
        moved = [(state(engine)["masters"][name] - one).abs() for name, one in before["masters"].items()]
        assert all(bool((one < 0.11).all()) for one in moved), "no error, more than a step from the new engine's values"


def caught_under_zero3_nothing_is_loaded():
    """Caught under ZeRO-3, no weight has changed."""
    _, before, after = _caught(ZERO3)
    assert equal(after["weights"], saved[ZERO3][NEWEST]["weights"]) == 0
    assert_holds(after, before, "the new engine's", ("weights", "masters"))


def compare_engine_sees_the_weights_alone():
    """check_engine_load.py compares weights: of a caught load it says "equal" in stages 1 and 2; under ZeRO-3 all differ."""
    for stage, status in ((1, 0), (2, 0), (ZERO3, 1)):
        answer = compare_engine(_caught(stage)[0], folders[stage])
        print(answer.text)
        assert answer.status == status, answer
        assert answer.text.startswith("4 of 4 parameters differ" if status else "equal: all 4 parameters"), answer.text


def elastic_checkpoint_raises_it_too():
    """With `"elastic_checkpoint": true` in the config of the load, all stages raise it, in the same words."""
    for stage in STAGES:
        assert error_of(load, folders[stage], stage, options={"zero": {"elastic_checkpoint": True}}) == TEXT.format(2, 1)


def an_edited_number_stops_later():
    """With dp_world_size edited in the files, ZeRO-3 stops; stages 1 and 2 load half of the copies, and the next step stops."""
    for stage in STAGES:
        edited = f"{_temporary.name}/edited{stage}"
        shutil.copytree(folders[stage], edited)
        for file in Path(edited, NEWEST).glob("*_model_states.pt"):
            torch.save(torch.load(file, weights_only=False) | {"dp_world_size": 1}, file)
        engine = start(stage)
        said = error_of(engine.load_checkpoint, edited)
        if stage == ZERO3:
            assert "The size of tensor a (280) must match the size of tensor b (140)" in said, said
            continue
        assert said == "no error", said
        copies = [deepspeed.utils.safe_get_full_fp32_param(one).flatten() for one in engine.module.parameters()]
        copies, whole = torch.cat(copies), torch.cat([one.flatten() for one in saved[stage][NEWEST]["masters"].values()])
        assert torch.equal(copies[:140], whole[:140]) and not copies[140:].any() and whole[140:].any()
        said = error_of(advance, engine, 2)
        assert "The size of tensor a (140) must match the size of tensor b (280)" in said, said


def _caught(stage):
    engine = start(stage)
    before = state(engine)
    assert error_of(engine.load_checkpoint, folders[stage]) == TEXT.format(2, 1)
    return engine, before, state(engine)


if __name__ == "__main__":
    one_rank_raises_the_message()
    more_ranks_raise_it_too()
    the_same_number_is_exact()
    caught_in_stages_1_and_2_the_weights_are_lost_with_the_next_step()
    caught_under_zero3_nothing_is_loaded()
    compare_engine_sees_the_weights_alone()
    elastic_checkpoint_raises_it_too()
    an_edited_number_stops_later()
