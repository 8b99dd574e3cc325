"""What a universal checkpoint leaves out: saved by two ranks with a frozen layer, a buffer, two groups; loaded by one."""

import json
import tempfile

import torch
from _engines import (
    NEWEST,
    STAGES,
    UNIVERSAL,
    ZERO3,
    advance,
    assert_holds,
    converted,
    equal,
    load,
    make,
    on_ranks,
    start,
    state,
)
from deepspeed.utils.zero_to_fp32 import load_state_dict_from_zero_checkpoint

from snippets.check_engine_load import compare_engine

FROZEN = {"frozen.weight", "frozen.bias", "seen"}  # the last is a buffer
NOT_DECAYED = {"first.bias", "second.bias"}
_temporary = tempfile.TemporaryDirectory()
with_frozen, with_groups = ({s: f"{_temporary.name}/{kind}{s}" for s in STAGES} for kind in ("frozen", "groups"))
_found = on_ranks(
    2,
    *(("train", with_frozen[stage], stage, {"more": True}) for stage in STAGES),
    *(("train", with_groups[stage], stage, {"groups": True}) for stage in STAGES),
)
frozen, groups = (dict(zip(STAGES, part, strict=True)) for part in (_found[:3], _found[3:]))
converted(*with_frozen.values(), *with_groups.values())


def _load(folder, stage, model=None, **options):
    return load(folder, stage, keep=True, tag="universal", options={"config": UNIVERSAL, "model": model, **options})


def _differ(ours, theirs):
    return {name for name in theirs if not torch.equal(ours[name], theirs[name])}


def _put_back(engine, noted):
    for group, decay in zip(engine.optimizer.param_groups, noted, strict=True):
        group["weight_decay"] = decay


def _count_apart(engine):
    for one in engine.optimizer.optimizer.state.values():
        one["step"] = one["step"].clone()


def _holds(kind, found, expected):
    return [equal(found["after"][kind], expected[NEWEST][kind]), len(expected[NEWEST][kind])]


by_one = {stage: _load(with_frozen[stage], stage, more=True) for stage in STAGES}
_groups = {stage: _load(with_groups[stage], stage, groups=True)["after"]["decays"] for stage in STAGES}
_data = {
    "trained": [_holds("masters", by_one[stage], frozen[stage]) for stage in STAGES],
    "moments": [_holds("moments", by_one[stage], frozen[stage]) for stage in STAGES],
    "all": [_holds("weights", by_one[stage], frozen[stage]) for stage in STAGES],
    "decays": [[_groups[stage][1], groups[stage][NEWEST]["decays"][1]] for stage in STAGES],
}
print(f"--- data what-universal-leaves-out {json.dumps(_data)}")


def frozen_weights_and_buffers_stay_as_they_were():
    """A frozen layer and a buffer keep the new model's values, in stages 1, 2 and 3; the trained weights are exact."""
    for stage, found in by_one.items():
        differ = _differ(found["after"]["weights"], frozen[stage][NEWEST]["weights"])
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
        model, folder = make(more=True), with_frozen[stage]
        if stage == ZERO3:
            load_state_dict_from_zero_checkpoint(model, folder, tag=NEWEST)
        else:
            file = f"{folder}/{NEWEST}/mp_rank_00_model_states.pt"
            model.load_state_dict(torch.load(file, weights_only=False)["module"])
        assert_holds(_load(folder, stage, model)["after"], frozen[stage][NEWEST], f"stage {stage}")


def compare_engine_names_frozen_weights_or_says_that_it_did_not_look():
    """check_engine_load.py names the frozen weights under ZeRO-3; in stage 1 it says that it did not look at them."""
    answers = {stage: compare_engine(by_one[stage]["engine"], with_frozen[stage]) for stage in STAGES}
    print(answers)
    assert answers[ZERO3].status == 1 and answers[ZERO3].differ == ["frozen.weight", "frozen.bias"], answers[ZERO3]
    assert answers[1].status == 2 and "2 are not in it and were not looked at: frozen.weight" in answers[1].text, answers[1]


def under_zero3_each_group_gets_the_settings_of_the_first():
    """Under ZeRO-3 the second group gets the weight decay of the first: 0.0 becomes 0.5; the next step moves its weights."""
    found = _load(with_groups[ZERO3], ZERO3, groups=True)
    assert_holds(found["after"], groups[ZERO3][NEWEST], "loaded")
    assert groups[ZERO3][NEWEST]["decays"] == [0.5, 0.0]
    assert found["after"]["decays"] == [0.5, 0.5], f"no error, {found['after']['decays']}"
    assert found["warnings"] == [], found["warnings"]
    _count_apart(found["engine"])
    advance(found["engine"], 2)
    differ = _differ(state(found["engine"])["weights"], groups[ZERO3]["next"]["weights"])
    assert differ == NOT_DECAYED, f"no error, {sorted(differ)} differ a step later"


def under_zero3_the_groups_share_a_counter():
    """Under ZeRO-3 the groups share one counter of steps, with torch's AdamW: after two groups' third step it stands at 4."""
    found = _load(with_groups[ZERO3], ZERO3, groups=True)
    _put_back(found["engine"], [0.5, 0.0])
    counters = [one["step"] for one in found["engine"].optimizer.optimizer.state.values()]
    assert [float(one) for one in counters] == [2, 2], counters
    advance(found["engine"], 2)
    counters = [one["step"] for one in found["engine"].optimizer.optimizer.state.values()]
    print(counters)
    assert [float(one) for one in counters] == [4, 4], f"no error, {counters}"
    differ = _differ(state(found["engine"])["masters"], groups[ZERO3]["next"]["masters"])
    assert differ == NOT_DECAYED, f"no error, {sorted(differ)} differ a step later"


def in_stages_1_and_2_the_groups_keep_theirs():
    """In stages 1 and 2 each group has its own weight decay afterwards, and the next step's weights are exact."""
    for stage in (1, 2):
        found = _load(with_groups[stage], stage, groups=True)
        assert_holds(found["after"], groups[stage][NEWEST], f"stage {stage}, loaded")
        assert found["after"]["decays"] == groups[stage][NEWEST]["decays"] == [0.5, 0.0]
        advance(found["engine"], 2)
        assert_holds(state(found["engine"]), groups[stage]["next"], f"stage {stage}, a step later", ("weights",))


def put_back_the_next_step_is_exact():
    """With the weight decays put back and a counter for each group, the next step's weights are exact under ZeRO-3."""
    engine = start(ZERO3, groups=True, config=UNIVERSAL)
    assert equal(state(engine)["weights"], groups[ZERO3][NEWEST]["weights"]) == 0
    noted = [group["weight_decay"] for group in engine.optimizer.param_groups]
    engine.load_checkpoint(with_groups[ZERO3], tag="universal")
    _put_back(engine, noted)
    _count_apart(engine)
    assert_holds(state(engine), groups[ZERO3][NEWEST], "loaded")
    advance(engine, 2)
    assert_holds(state(engine), groups[ZERO3]["next"], "a step later", ("weights",))


def compare_engine_does_not_see_the_groups():
    """check_engine_load.py says "equal" there: it compares weights, not settings."""
    answer = compare_engine(_load(with_groups[ZERO3], ZERO3, groups=True)["engine"], with_groups[ZERO3])
    print(answer.text)
    assert answer.status == 0 and answer.text.startswith("equal: all 4 parameters"), answer


if __name__ == "__main__":
    frozen_weights_and_buffers_stay_as_they_were()
    no_warning_speaks_of_it()
    loaded_into_the_model_first_they_are_there()
    compare_engine_names_frozen_weights_or_says_that_it_did_not_look()
    under_zero3_each_group_gets_the_settings_of_the_first()
    under_zero3_the_groups_share_a_counter()
    in_stages_1_and_2_the_groups_keep_theirs()
    put_back_the_next_step_is_exact()
    compare_engine_does_not_see_the_groups()
