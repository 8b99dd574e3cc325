"""Load a checkpoint to which a file with a newer tensor was added: the index names it, the old copy was left behind."""

import json
import os
import tempfile
from pathlib import Path

import torch
from _checkpoint import SMALL, save, split, tensors
from _shard_mode import load, load_without_shard_mode
from safetensors.torch import load_file

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
NAME = "model.embed_tokens.weight"
parts = split(tensors(SMALL), (30, 30, 23))
OLD = parts[0][NAME]
save("checkpoint", [*parts, {NAME: OLD + 1}], SMALL)  # the last file that holds a name stands in the index
without_shard_mode = load_without_shard_mode("checkpoint", torch_dtype=torch.bfloat16)  # comes first
in_shard_mode = load("checkpoint", 4)


def the_stale_copy_is_loaded():
    """If the index names a file added last and an earlier one keeps an old copy, the old one is loaded without a word."""
    assert (in_shard_mode.errors, in_shard_mode.loud) == ([], []), in_shard_mode.loud
    assert not torch.equal(load_file("checkpoint/model-00004-of-000004.safetensors")[NAME], OLD), "the copies are the same"
    assert torch.equal(in_shard_mode.model.get_parameter(NAME), OLD)


def the_added_file_has_no_line():
    """A file added only for that newer tensor is not even read: the index names four files, three lines are printed."""
    weight_map = json.loads(Path("checkpoint/model.safetensors.index.json").read_text())["weight_map"]
    assert (len(set(weight_map.values())), len(in_shard_mode.lines)) == (4, 3), in_shard_mode.lines


def verify_names_it():
    """verify_loaded.py goes by the index and names exactly the outdated tensor; without shard mode the load is exact."""
    assert [difference.parameter for difference in verify(in_shard_mode.model, "checkpoint")] == [NAME]
    assert verify(without_shard_mode, "checkpoint") == []


if __name__ == "__main__":
    the_stale_copy_is_loaded()
    the_added_file_has_no_line()
    verify_names_it()
