"""What transformers' Trainer calls to resume, deepspeed_load_checkpoint: saved by two ranks, resumed by one."""

import tempfile

from _engines import NEWEST, STAGES, UNIVERSAL, assert_holds, converted, equal, error_of, make, on_ranks, start, state
from transformers import Trainer, TrainingArguments
from transformers.integrations.deepspeed import deepspeed_load_checkpoint

_temporary = tempfile.TemporaryDirectory()
folders = {stage: f"{_temporary.name}/checkpoint-{stage}" for stage in STAGES}
saved = dict(zip(STAGES, on_ranks(2, *(("train", folders[stage], stage, {}) for stage in STAGES)), strict=True))


def its_optimizer_has_two_groups():
    """The Trainer's optimizer has two groups: the second, biases and norms, has a weight decay of 0.0."""
    arguments = TrainingArguments(f"{_temporary.name}/out", weight_decay=0.5, use_cpu=True, report_to=[])
    groups = Trainer(make(), arguments).create_optimizer().param_groups
    shapes = [{one.ndim for one in group["params"]} for group in groups]
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0], groups
    assert shapes == [{2}, {1}], shapes


def resuming_raises_the_message():
    """Resumed by one rank, it raises the message, in stages 1, 2 and 3."""
    for stage in STAGES:
        said = error_of(deepspeed_load_checkpoint, start(stage), folders[stage])
        assert "used a DP world size of 2 but the current world size is 1" in said, said


def converted_in_its_folder_it_is_exact():
    """Converted inside the folder checkpoint-..., with load_universal in the config, it resumes with everything, exactly."""
    converted(*folders.values())
    for stage in STAGES:
        engine = start(stage, config=UNIVERSAL)
        assert equal(state(engine)["weights"], saved[stage][NEWEST]["weights"]) == 0
        deepspeed_load_checkpoint(engine, folders[stage])
        assert_holds(state(engine), saved[stage][NEWEST], f"stage {stage}")


if __name__ == "__main__":
    its_optimizer_has_two_groups()
    resuming_raises_the_message()
    converted_in_its_folder_it_is_exact()
