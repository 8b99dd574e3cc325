"""Saved by two ranks, converted by ds_to_universal, and loaded by one, two and three: what each has of it."""

import tempfile
from pathlib import Path

import torch
from _engines import (
    NEWEST,
    STAGES,
    UNIVERSAL,
    ZERO3,
    assert_holds,
    convert,
    converted,
    equal,
    error_of,
    load,
    on_ranks,
    start,
    train,
)
from deepspeed.utils import safe_get_full_fp32_param, safe_get_full_optimizer_state

ASKED = {"options": {"config": UNIVERSAL}}
_temporary = tempfile.TemporaryDirectory()
folders = {stage: f"{_temporary.name}/stage{stage}" for stage in STAGES}
saved = dict(zip(STAGES, on_ranks(2, *(("train", folders[stage], stage, {}) for stage in STAGES)), strict=True))
_unaided = {stage: convert(folders[stage], to="unaided") for stage in STAGES}
converted(*folders.values())
loaded = {stage: load(folders[stage], stage, then=2, keep=True, tag="universal", **ASKED) for stage in STAGES}


# --8<-- [start:compare]
def compare_with_universal(engine, folder):
    """Name what differs from a converted checkpoint: copies in float32, moments."""
    differ = []
    for name, parameter in engine.module.named_parameters():
        for kind in ("fp32", "exp_avg", "exp_avg_sq") if parameter.requires_grad else ():
            copy = kind == "fp32"
            ours = safe_get_full_fp32_param(parameter) if copy else safe_get_full_optimizer_state(parameter, kind)
            theirs = torch.load(f"{folder}/zero/{name}/{kind}.pt", weights_only=False)
            theirs = theirs["param"] if isinstance(theirs, dict) else theirs  # stages 1 and 2, or ZeRO-3
            if not torch.equal(ours.flatten().cpu(), theirs.flatten()):
                differ.append(f"{name} {kind}")
    return differ
    # --8<-- [end:compare]


def one_rank_has_all_of_it():
    """Loaded by one rank, weights, float32 copies and moments are those of the two, bit for bit, in stages 1, 2 and 3."""
    for stage in STAGES:
        assert equal(loaded[stage]["before"]["weights"], saved[stage][NEWEST]["weights"]) == 0
        assert_holds(loaded[stage]["after"], saved[stage][NEWEST], f"stage {stage}")


def its_next_step_is_that_of_two():
    """The step after it, on the same batch, gives the weights that the two ranks' next step gave, bit for bit in bfloat16."""
    for stage in STAGES:
        assert_holds(loaded[stage]["next"], saved[stage]["next"], f"stage {stage}, a step later", ("weights",))


def other_numbers_of_ranks_are_exact_too():
    """Saved by two and loaded by three, which divide the numbers unevenly, or saved by one and loaded by two: exact as well."""
    by_one = {stage: f"{_temporary.name}/one{stage}" for stage in STAGES}
    expected = {stage: train(by_one[stage], stage) for stage in STAGES}
    converted(*by_one.values())
    for ranks, places, sources in ((3, folders, saved), (2, by_one, expected)):
        jobs = [("load", places[stage], stage, {"tag": "universal", **ASKED}) for stage in STAGES]
        for stage, found in zip(STAGES, on_ranks(ranks, *jobs), strict=True):
            assert_holds(found["after"], sources[stage][NEWEST], f"{ranks} ranks, stage {stage}")


def without_the_flag_stages_1_and_2_are_not_converted():
    """Without --inject_missing_state it stops in stages 1 and 2: "Required universal_checkpoint_info state is missing"."""
    for stage in (1, 2):
        status, said = _unaided[stage]
        print(said[-200:])
        assert status == 1, f"stage {stage}: exit status {status}"
        assert "AssertionError: Required universal_checkpoint_info state is missing in checkpoint" in said, said[-500:]


def without_the_flag_zero3_is_exact():
    """Under ZeRO-3 it needs no flag: converted without it, everything is exact."""
    assert _unaided[ZERO3][0] == 0, _unaided[ZERO3][1][-500:]
    found = load(folders[ZERO3], ZERO3, tag="unaided", **ASKED)
    assert_holds(found["after"], saved[ZERO3][NEWEST], "without the flag")


def without_the_setting_the_message_comes_again():
    """Converted, and loaded without load_universal in the config: the message comes again."""
    for stage in STAGES:
        said = error_of(load, folders[stage], stage, tag="universal")
        assert "used a DP world size of 2 but the current world size is 1" in said, said


def with_the_setting_alone_it_stops():
    """load_universal in the config, and the tag that was not converted: it stops, "optimizer global state is missing"."""
    for stage in STAGES:
        said = error_of(load, folders[stage], stage, tag=NEWEST, **ASKED)
        assert f"{NEWEST}/zero/optimizer_state.pt containing optimizer global state is missing" in said, said


def no_tag_is_needed():
    """The tool writes a file latest_universal: without a tag, what was converted last is loaded, exactly."""
    converted(*folders.values())  # again: each folder has two
    for stage in STAGES:
        assert Path(folders[stage], "latest_universal").read_text() == "universal"
        assert_holds(load(folders[stage], stage, **ASKED)["after"], saved[stage][NEWEST], f"stage {stage}, no tag")


def compared_with_its_files_it_is_equal():
    """The lines that compare copies and moments with the converted files name none of them; with one bit changed, that one."""
    for stage in STAGES:
        place = f"{folders[stage]}/universal"
        engine = start(stage, config=UNIVERSAL)
        engine.load_checkpoint(folders[stage], tag="universal")
        differ = compare_with_universal(engine, place)
        assert not differ, f"{len(differ)} of 12 named, wrongly"
        file = Path(place, "zero/second.bias/exp_avg.pt")
        kept, content = file.read_bytes(), torch.load(file, weights_only=False)
        moment = content["param"] if isinstance(content, dict) else content
        moment.flatten()[3:].view(torch.int32)[0] ^= 1
        torch.save(content, file)
        found = compare_with_universal(engine, place)
        file.write_bytes(kept)
        assert found == ["second.bias exp_avg"], found


if __name__ == "__main__":
    one_rank_has_all_of_it()
    its_next_step_is_that_of_two()
    other_numbers_of_ranks_are_exact_too()
    without_the_flag_stages_1_and_2_are_not_converted()
    without_the_flag_zero3_is_exact()
    without_the_setting_the_message_comes_again()
    with_the_setting_alone_it_stops()
    no_tag_is_needed()
    compared_with_its_files_it_is_equal()
