"""Load weights that are stored in another type than the model's bfloat16, with XTuner in shard mode."""

import os
import tempfile

import torch
from _checkpoint import SMALL, save, split, tensors
from _shard_mode import load

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
STORED = tensors(SMALL)
SCALE = 1 / 50


def _cast(loaded, folder):
    """The parameters that verify_loaded.py reports as cast; all that it reports must be."""
    found = verify(loaded.model, folder)
    assert all(difference.how.startswith("cast:") for difference in found), found
    return {difference.parameter for difference in found}


def float32_is_cast_silently():
    """float32 becomes bfloat16 without a word; verify_loaded.py reports the cast, with torch_dtype="auto" there is none."""
    longer = {name: tensor.float() + 2**-20 for name, tensor in STORED.items()}  # more digits than bfloat16 has
    save("float32", split(longer, (30, 30, 23)), SMALL | {"torch_dtype": "float32"})
    loaded = load("float32", 4)
    assert (loaded.errors, loaded.loud) == ([], []), loaded.loud
    assert _cast(loaded, "float32") == {name for name, _ in loaded.model.named_parameters()}
    assert verify(load("float32", 4, torch_dtype="auto").model, "float32") == []


def int8_is_loaded_without_its_scale():
    """int8 experts load without a word, as integers without their scale; verify_loaded.py reports each of them as cast."""
    integers = {name: (t / SCALE).round().to(torch.int8) for name, t in STORED.items() if ".mlp.experts." in name}
    save("int8", split(STORED | integers, (30, 30, 23)), SMALL)
    loaded = load("int8", 4)
    experts = {name: t for name, t in loaded.model.named_parameters() if ".mlp.experts." in name}
    largest = max(tensor.max().item() for tensor in experts.values())
    print(f"largest weight of an expert: {largest}; with its scale it would be {largest * SCALE}")
    assert (loaded.errors, loaded.loud) == ([], []), loaded.loud
    assert _cast(loaded, "int8") == set(experts)
    assert min(tensor.min() for tensor in experts.values()) >= 50 and largest <= 100


if __name__ == "__main__":
    float32_is_cast_silently()
    int8_is_loaded_without_its_scale()
