"""Saved by two ranks and loaded by one without the optimizer: what each argument and tool gives, weight by weight."""

import subprocess
import sys
import tempfile

import torch
from _engines import NEWEST, OLDER, STAGES, ZERO3, assert_holds, equal, error_of, load, make, on_ranks
from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint, load_state_dict_from_zero_checkpoint

from snippets.check_engine_load import compare_engine

_temporary = tempfile.TemporaryDirectory()
folders, with_frozen = ({s: f"{_temporary.name}/{kind}{s}" for s in STAGES} for kind in ("plain", "frozen"))
_found = on_ranks(
    2,
    *(("train", folders[stage], stage, {}) for stage in STAGES),
    *(("train", with_frozen[stage], stage, {"more": True}) for stage in STAGES),
)
saved, frozen = (dict(zip(STAGES, part, strict=True)) for part in (_found[:3], _found[3:]))


def _without(stage, **options):
    return load(folders[stage], stage, load_optimizer_states=False, **options)


def every_weight_is_there():
    """With `load_optimizer_states=False` every weight is the newest checkpoint's, bit for bit in bfloat16, in stages 1 to 3."""
    for stage in STAGES:
        found = _without(stage)
        assert equal(found["before"]["weights"], saved[stage][NEWEST]["weights"]) == 0
        assert_holds(found["after"], saved[stage][NEWEST], f"stage {stage}", ("weights",))


def no_moment_is_there():
    """None of the optimizer's moments is there: the optimizer begins anew."""
    for stage in STAGES:
        moments = _without(stage)["after"]["moments"]
        there = [name for name, moment in moments.items() if moment.any()]
        print(f"stage {stage}: {len(there)} of {len(moments)} moments are not zero")
        assert len(moments) == 8 and not there, f"no error, {len(there)} of 8 moments"


def the_copies_in_float32_are_rounded():
    """The float32 copies, which the optimizer steps on, are the bfloat16 weights: none is the checkpoint's."""
    for stage in STAGES:
        after = _without(stage)["after"]
        assert_holds({"masters": after["masters"]}, {"masters": _widened(after["weights"])}, f"stage {stage}", ("masters",))
        count = equal(after["masters"], saved[stage][NEWEST]["masters"])
        assert count == 0, f"{count} of 4 copies equal"


def under_zero3_an_older_tag_loads_the_newest():
    """Under ZeRO-3 an older tag then returns its own path, and the newest weights; in stages 1 and 2 the tag is kept."""
    for stage in STAGES:
        found = _without(stage, tag=OLDER)
        assert f"/{OLDER}/" in found["path"], found["path"]
        assert_holds(found["after"], saved[stage][NEWEST if stage == ZERO3 else OLDER], f"stage {stage}", ("weights",))


def load_module_only_loads_nothing_under_zero3():
    """`load_module_only=True` raises nothing; under ZeRO-3 no weight has changed, in stages 1 and 2 all are there."""
    for stage in STAGES:
        found = load(folders[stage], stage, load_module_only=True)
        assert f"/{NEWEST}/" in found["path"], found["path"]
        expected = found["before"] if stage == ZERO3 else saved[stage][NEWEST]
        assert_holds(found["after"], expected, f"stage {stage}", ("weights",))


def both_arguments_load_the_weights():
    """Both arguments together load every weight of the newest checkpoint, in stages 1 to 3."""
    for stage in STAGES:
        assert_holds(_without(stage, load_module_only=True)["after"], saved[stage][NEWEST], f"stage {stage}", ("weights",))


def zero_to_fp32_has_every_trained_weight_in_float32():
    """`get_fp32_state_dict_from_zero_checkpoint(folder, tag=...)` has each trained weight in float32, bit for bit."""
    for stage in STAGES:
        for tag in (OLDER, NEWEST):
            found = get_fp32_state_dict_from_zero_checkpoint(folders[stage], tag=tag)
            assert_holds({"masters": found}, saved[stage][tag], f"stage {stage}, {tag}", ("masters",))


def the_program_writes_the_same():
    """`python zero_to_fp32.py . out -t TAG`, run in the folder, writes the same numbers to out/pytorch_model.bin."""
    for stage in STAGES:
        out = f"{_temporary.name}/out{stage}"
        subprocess.run([sys.executable, "zero_to_fp32.py", ".", out, "-t", OLDER], cwd=folders[stage], check=True)
        found = torch.load(f"{out}/pytorch_model.bin")
        assert_holds({"masters": found}, saved[stage][OLDER], f"stage {stage}", ("masters",))


def in_stage_1_it_leaves_frozen_weights_out():
    """In stage 1 it has no frozen weight, load_state_dict_from_zero_checkpoint raises nothing; in stages 2 and 3 it has all."""
    for stage in STAGES:
        new = {name: one.clone() for name, one in make(more=True).state_dict().items() if name.startswith("frozen")}
        model = load_state_dict_from_zero_checkpoint(make(more=True), with_frozen[stage], tag=NEWEST)
        ours = {name: one.bfloat16() for name, one in model.state_dict().items() if name in new}
        theirs = {name: frozen[stage][NEWEST]["weights"][name] for name in new}
        kept = {name: one.bfloat16() for name, one in new.items()}
        assert_holds({"weights": ours}, {"weights": kept if stage == 1 else theirs}, f"stage {stage}", ("weights",))
        assert equal(kept, theirs) == 0


def frozen_weights_under_zero3_stop_it():
    """With a frozen layer under ZeRO-3 `load_optimizer_states=False` stops: "The size of tensor a (64) must match ... (32)"."""
    said = error_of(load, with_frozen[ZERO3], ZERO3, load_optimizer_states=False, options={"more": True})
    assert "RuntimeError: The size of tensor a (64) must match the size of tensor b (32)" in said, said


def compare_engine_tells_nothing_and_another_tag_apart():
    """check_engine_load.py: all differ after load_module_only=True, the newest tag is named for an older one, else "equal"."""
    nothing = load(folders[ZERO3], ZERO3, keep=True, load_module_only=True)["engine"]
    another, right = (_without(ZERO3, keep=True, tag=tag)["engine"] for tag in (OLDER, NEWEST))
    answers = [compare_engine(nothing, folders[ZERO3]), compare_engine(another, folders[ZERO3], OLDER)]
    answers.append(compare_engine(right, folders[ZERO3]))
    print(*(answer.text for answer in answers), sep="\n")
    assert [answer.status for answer in answers] == [1, 1, 0], answers
    assert "4 of 4 parameters differ" in answers[0].text and f"all 4 equal those of {NEWEST}" in answers[1].text, answers


def _widened(weights):
    return {name: weight.float() for name, weight in weights.items()}


if __name__ == "__main__":
    every_weight_is_there()
    no_moment_is_there()
    the_copies_in_float32_are_rounded()
    under_zero3_an_older_tag_loads_the_newest()
    load_module_only_loads_nothing_under_zero3()
    both_arguments_load_the_weights()
    zero_to_fp32_has_every_trained_weight_in_float32()
    the_program_writes_the_same()
    in_stage_1_it_leaves_frozen_weights_out()
    frozen_weights_under_zero3_stop_it()
    compare_engine_tells_nothing_and_another_tag_apart()
