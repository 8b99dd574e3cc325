"""A checkpoint saved by DeepSpeed on two ranks, loaded on two and on one."""

import subprocess
import sys
import tempfile

from _engine import ZERO3, assert_holds, assert_tag, equal, load, on_ranks
from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

_temporary = tempfile.TemporaryDirectory()
STAGES = (1, ZERO3)
folders = {stage: f"{_temporary.name}/stage{stage}" for stage in STAGES}
_saved = {stage: on_ranks(2, "train", folders[stage], stage)["step2"] for stage in STAGES}
saved = {stage: of[0] for stage, of in _saved.items()}
MESSAGE = (
    "The checkpoint being loaded used a DP world size of 2 but the current world size is 1. Automatic adjustment of ZeRO's"
)


def _unchanged(loaded):
    print(f"{equal(loaded.after, saved[ZERO3])} of {len(saved[ZERO3])} parameters equal the checkpoint")
    assert_tag(loaded, "step2")
    assert equal(loaded.before, saved[ZERO3]) == 0
    assert equal(loaded.after, loaded.before) == len(saved[ZERO3]), "they have changed"


def on_two_ranks_load_module_only_loads_nothing():
    """Saved on two ranks and loaded on two with `load_module_only=True`: the path is returned, and no parameter has changed."""
    _unchanged(on_ranks(2, "load", folders[ZERO3], ZERO3, load_module_only=True))


def on_one_rank_load_module_only_loads_nothing():
    """Saved on two ranks and loaded on one with `load_module_only=True`: no error, and no parameter has changed."""
    _unchanged(load(folders[ZERO3], ZERO3, load_module_only=True))


def a_full_load_on_two_ranks_is_exact():
    """Saved on two ranks and loaded on two, without these arguments, every parameter is the checkpoint's, bit for bit."""
    assert_holds(on_ranks(2, "load", folders[ZERO3], ZERO3).after, saved[ZERO3], "the checkpoint")


def a_full_load_on_one_rank_raises():
    """Saved on two ranks, a full load on one raises "used a DP world size of 2 but ...", in stages 1 and 3."""
    for stage in STAGES:
        try:
            load(folders[stage], stage)
            raise AssertionError("no error")
        except Exception as error:
            print(f"stage {stage}: {type(error).__module__}.{type(error).__name__}: {error}")
            assert MESSAGE in str(error), error


def without_the_optimizers_states_every_weight_is_there():
    """With `load_optimizer_states=False` and the newest tag every weight is there on one rank, bit for bit in bfloat16."""
    for stage in STAGES:
        loaded = load(folders[stage], stage, load_optimizer_states=False)
        assert equal(loaded.before, saved[stage]) == 0
        assert_holds(loaded.after, saved[stage], f"the checkpoint, stage {stage}")


def zero_to_fp32_has_every_weight():
    """`get_fp32_state_dict_from_zero_checkpoint` has every weight, cast to bfloat16 bit for bit, in stages 1 and 3."""
    for stage in STAGES:
        found = get_fp32_state_dict_from_zero_checkpoint(folders[stage])
        assert_holds(
            {name: tensor.bfloat16() for name, tensor in found.items()}, saved[stage], f"the checkpoint, stage {stage}"
        )


def a_universal_checkpoint_has_weights_and_moments():
    """Converted by ds_to_universal, a load on one rank has every weight and every moment of the optimizer, bit for bit."""
    for stage in STAGES:
        tool = [sys.executable, "-m", "deepspeed.checkpoint.ds_to_universal", "--inject_missing_state"]
        places = ["--input_folder", f"{folders[stage]}/step2", "--output_folder", f"{folders[stage]}/step2_universal"]
        workers = ["--num_extract_workers", "1", "--num_merge_workers", "1"]
        done = subprocess.run([*tool, *places, *workers], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout[-500:])
        universal = {"checkpoint": {"load_universal": True}}
        loaded = load(folders[stage], stage, more=universal, moments_too=True, tag="step2_universal")
        assert_holds(loaded.after, saved[stage], f"the checkpoint, stage {stage}")
        moments = _saved[stage][1]
        count = equal(loaded.moments, moments)
        print(f"{count} of {len(moments)} moments equal those of the checkpoint, stage {stage}")
        assert all(bool(one.any()) for one in moments.values()), "a moment is zero, and says nothing"
        assert count == len(moments), f"{count} of {len(moments)} moments equal"


if __name__ == "__main__":
    on_two_ranks_load_module_only_loads_nothing()
    on_one_rank_load_module_only_loads_nothing()
    a_full_load_on_two_ranks_is_exact()
    a_full_load_on_one_rank_raises()
    without_the_optimizers_states_every_weight_is_there()
    zero_to_fp32_has_every_weight()
    a_universal_checkpoint_has_weights_and_moments()
