"""Load checkpoints that hold w1w3 already: saved with a plain save_pretrained, or merged into one tensor a layer."""

import os
import tempfile
from pathlib import Path

import torch
from _checkpoint import save, split
from _shard_mode import as_in_a_new_process, error_of, load, load_without_shard_mode

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
save("checkpoint")


def _merged(experts):
    """A checkpoint of 15 files with the tensors as they are after a load in shard mode."""
    named = {name: tensor.detach() for name, tensor in load("checkpoint", experts).model.named_parameters()}
    each = -(-len(named) // 15)
    save(f"merged-{experts}", split(named, [each] * (len(named) // each) + [len(named) % each]))
    return f"merged-{experts}"


def a_merged_checkpoint_prints_one_line_per_file():
    """A checkpoint that holds w1w3 already, where nothing is merged, prints one line for each of its 15 files as well."""
    folder = _merged(64)
    loaded = load(folder, 64)
    assert not any("merged key" in record.getMessage() for record in loaded.records)
    assert len(loaded.lines) == len(list(Path(folder).glob("*.safetensors"))) == 15, loaded.lines
    assert verify(loaded.model, folder) == verify(loaded.model, "checkpoint") == []


def plain_save_pretrained_loads_without_arguments():
    """A plain save_pretrained after shard mode stores w1w3; loaded without arguments, all 715 parameters are exact."""
    load("checkpoint").model.save_pretrained("saved", max_shard_size="60KB")
    as_in_a_new_process()
    model = load_without_shard_mode("saved", torch_dtype=torch.bfloat16)
    assert len(list(model.parameters())) == 715
    assert verify(model, "saved") == verify(model, "checkpoint") == []


def in_shard_mode_it_raises():
    """Loaded in shard mode, what a plain save_pretrained stored raises an error at 27 layers: it is merged once more."""
    error = error_of(load, "saved")
    assert isinstance(error, RuntimeError) and "stack expects each tensor to be equal size" in str(error), error


if __name__ == "__main__":
    a_merged_checkpoint_prints_one_line_per_file()
    plain_save_pretrained_loads_without_arguments()
    in_shard_mode_it_raises()
