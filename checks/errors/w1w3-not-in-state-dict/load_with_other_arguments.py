"""Load and use a sound checkpoint in ways that XTuner's shard mode does not support."""

import os
import tempfile
import traceback
from pathlib import Path

import torch
from _checkpoint import SMALL, save, split, tensors
from _shard_mode import as_in_a_new_process, error_of, load, load_without_shard_mode

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
save("checkpoint", split(tensors(SMALL), (30, 30, 23)), SMALL)
save("single", [tensors(SMALL)], SMALL)
INPUT = torch.tensor([[1, 2, 3]])


def _is_bare(error, function):
    """Whether it is a NotImplementedError without a word, raised in that function: four causes give the same error."""
    last = traceback.extract_tb(error.__traceback__)[-1] if error else None
    return isinstance(error, NotImplementedError) and not str(error) and last.name == function


def a_number_that_does_not_divide_is_refused():
    """If expert_in_one_shard does not divide the number of experts, an AssertionError says so, with both numbers."""
    error = error_of(load, "checkpoint", 3)
    assert isinstance(error, AssertionError) and "n_routed_experts = 8 and expert_in_one_shard = 3" in str(error), error


def expert_parallelism_is_refused():
    """ep_size=2 raises a NotImplementedError without a word; with ep_size=1 the same load is exact."""
    error = error_of(load, "checkpoint", 4, ep_size=2)
    assert _is_bare(error, "__init__"), error  # of the experts' layer, before anything is read
    loaded = load("checkpoint", 4, ep_size=1)
    assert loaded.model.config.ep_size == 1
    assert verify(loaded.model, "checkpoint") == []


def other_loaders_of_transformers_are_refused():
    """device_map="cpu" and low_cpu_mem_usage=True raise the same NotImplementedError without a word."""
    for options in ({"device_map": "cpu"}, {"low_cpu_mem_usage": True}):
        error = error_of(load, "checkpoint", 4, **options)
        assert _is_bare(error, "_load_pretrained_model"), (options, error)


def a_single_file_needs_an_index():
    """model.safetensors alone raises a NotImplementedError without a word; under another name, with an index, it loads."""
    assert verify(load("single", 4).model, "single") == []
    Path("single/model-00001-of-000001.safetensors").rename("single/model.safetensors")
    Path("single/model.safetensors.index.json").unlink()
    assert not list(Path("single").glob("*.index.json")), "the index is there"
    error = error_of(load, "single", 4)
    assert isinstance(error, NotImplementedError) and not str(error), error


def after_shard_mode_other_loads_raise():
    """After a load in shard mode, one without it raises a TypeError in this process; in a new one it is exact."""
    load("checkpoint", 4)
    error = error_of(load_without_shard_mode, "checkpoint", moe_implementation="origin", torch_dtype="auto")
    assert isinstance(error, TypeError) and "unsupported operand type(s) for *: 'NoneType' and 'int'" in str(error), error
    as_in_a_new_process()
    assert verify(load_without_shard_mode("checkpoint", torch_dtype="auto"), "checkpoint") == []


def shard_mode_is_for_training_only():
    """In eval() a forward pass in shard mode raises a NotImplementedError without a word; without shard mode it works."""
    as_in_a_new_process()
    logits = load_without_shard_mode("checkpoint").eval()(INPUT).logits
    assert logits.shape == (1, 3, 16) and logits.isfinite().all(), logits
    model = load("checkpoint", 4).model
    assert error_of(model.train(), INPUT) is None
    error = error_of(model.eval(), INPUT)
    assert _is_bare(error, "forward"), error


if __name__ == "__main__":
    a_number_that_does_not_divide_is_refused()
    expert_parallelism_is_refused()
    other_loaders_of_transformers_are_refused()
    a_single_file_needs_an_index()
    after_shard_mode_other_loads_raise()
    shard_mode_is_for_training_only()
