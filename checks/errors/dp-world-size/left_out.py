"""A model with a frozen layer and a buffer, saved by two ranks, converted by ds_to_universal, and loaded by one."""

import tempfile

import torch
from _engines import (
    NEWEST,
    STAGES,
    UNIVERSAL,
    ZERO3,
    assert_holds,
    converted,
    load,
    make,
    on_ranks,
)
from deepspeed.utils.zero_to_fp32 import load_state_dict_from_zero_checkpoint

from snippets.check_engine_load import compare_engine

FROZEN = {"frozen.weight", "frozen.bias", "seen"}  # the last is a buffer
_temporary = tempfile.TemporaryDirectory()
folders = {stage: f"{_temporary.name}/stage{stage}" for stage in STAGES}
_jobs = [("train", folders[stage], stage, {"more": True}) for stage in STAGES]
saved = dict(zip(STAGES, on_ranks(2, *_jobs), strict=True))
converted(*folders.values())


def _load(stage, model=None):
    options = {"config": UNIVERSAL, "model": model, "more": True}
    return load(folders[stage], stage, keep=True, tag="universal", options=options)


def _differ(ours, theirs):
    return {name for name in theirs if not torch.equal(ours[name], theirs[name])}


by_one = {stage: _load(stage) for stage in STAGES}


def frozen_weights_and_buffers_stay_as_they_were():
    """A frozen layer and a buffer keep the new model's values, in stages 1, 2 and 3; the trained weights are exact."""
    for stage, found in by_one.items():
        differ = _differ(found["after"]["weights"], saved[stage][NEWEST]["weights"])
        print(f"stage {stage}: {sorted(differ)} are not the checkpoint's")
        assert differ == FROZEN, f"no error, {len(differ)} of 7 not loaded"
        assert FROZEN.isdisjoint(_differ(found["after"]["weights"], found["before"]["weights"])), "they have changed"


def no_warning_speaks_of_it():
    """No error and no warning speaks of them: nothing under ZeRO-3, one line about "MPU" in stages 1 and 2."""
    for stage, found in by_one.items():
        print(f"stage {stage}: {found['warnings']}")
        assert all(line.startswith("MPU is not provided") for line in found["warnings"]), found["warnings"]
        assert len(found["warnings"]) == (stage < ZERO3), found["warnings"]


def loaded_into_the_model_first_they_are_there():
    """Loaded into the model before the engine is made, and the universal checkpoint after it, all is exact."""
    for stage in STAGES:
        model, folder = make(more=True), folders[stage]
        if stage == ZERO3:
            load_state_dict_from_zero_checkpoint(model, folder, tag=NEWEST)
        else:
            file = f"{folder}/{NEWEST}/mp_rank_00_model_states.pt"
            model.load_state_dict(torch.load(file, weights_only=False)["module"])
        assert_holds(_load(stage, model)["after"], saved[stage][NEWEST], f"stage {stage}")


def compare_engine_names_frozen_weights_or_says_that_it_did_not_look():
    """check_engine_load.py names the frozen weights under ZeRO-3; in stage 1 it says that it did not look at them."""
    answers = {stage: compare_engine(by_one[stage]["engine"], folders[stage]) for stage in STAGES}
    print(answers)
    assert answers[ZERO3].status == 1 and answers[ZERO3].differ == ["frozen.weight", "frozen.bias"], answers[ZERO3]
    assert answers[1].status == 2 and "2 are not in it and were not looked at: frozen.weight" in answers[1].text, answers[1]


if __name__ == "__main__":
    frozen_weights_and_buffers_stay_as_they_were()
    no_warning_speaks_of_it()
    loaded_into_the_model_first_they_are_there()
    compare_engine_names_frozen_weights_or_says_that_it_did_not_look()
