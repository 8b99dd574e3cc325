"""A checkpoint saved by DeepSpeed on one rank, loaded into a new engine with load_module_only=True."""

import tempfile
from pathlib import Path

import torch
from _engine import ZERO3, assert_holds, assert_tag, equal, load, train

_temporary = tempfile.TemporaryDirectory()
folder = _temporary.name
saved, _ = train(folder, ZERO3)["step2"]
loaded = load(folder, ZERO3, load_module_only=True)


def it_returns_the_path_and_loads_nothing():
    """Under ZeRO-3 `load_checkpoint(folder, load_module_only=True)` returns the path, and no parameter has changed."""
    assert_tag(loaded, "step2")
    print(f"{equal(loaded.after, saved)} of {len(saved)} parameters equal the checkpoint")
    assert equal(loaded.before, saved) == 0, "the new engine had the checkpoint's values before the load"
    assert equal(loaded.after, loaded.before) == len(saved), "they have changed"


def it_logs_no_warning():
    """Nothing is logged during that load that is a warning or worse."""
    assert_tag(loaded, "step2")
    assert loaded.warnings == [], loaded.warnings


def without_the_optimizers_states_it_loads():
    """With `load_optimizer_states=False` beside it, every parameter is the newest checkpoint's, bit for bit in bfloat16."""
    assert_holds(load(folder, ZERO3, load_module_only=True, load_optimizer_states=False).after, saved, "the checkpoint")


def a_full_load_is_exact():
    """Without these arguments every parameter is the checkpoint's, bit for bit, under ZeRO-3."""
    assert_holds(load(folder, ZERO3).after, saved, "the checkpoint")


def the_model_file_has_no_weights():
    """The cause: under ZeRO-3 each tensor in the file of model states has shape [0]; the weights lie in another file."""
    (file,) = Path(folder, "step2").glob("*_model_states.pt")
    module = torch.load(file, weights_only=False)["module"]
    print({name: tuple(tensor.shape) for name, tensor in module.items()})
    assert module.keys() == saved.keys()
    assert not any(tensor.numel() for tensor in module.values()), "it has weights"


def under_stages_1_and_2_it_loads():
    """Under stages 1 and 2 the same call loads every parameter, bit for bit."""
    for stage in (1, 2):
        with tempfile.TemporaryDirectory() as other:
            expected, _ = train(other, stage)["step2"]
            assert_holds(load(other, stage, load_module_only=True).after, expected, f"the checkpoint, stage {stage}")


if __name__ == "__main__":
    it_returns_the_path_and_loads_nothing()
    it_logs_no_warning()
    without_the_optimizers_states_it_loads()
    a_full_load_is_exact()
    the_model_file_has_no_weights()
    under_stages_1_and_2_it_loads()
