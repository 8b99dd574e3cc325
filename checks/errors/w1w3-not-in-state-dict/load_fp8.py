"""Load routed experts that are stored in FP8, with and without their scales, with XTuner in shard mode."""

import os
import tempfile

import torch
from _checkpoint import SMALL, save, split, tensors
from _shard_mode import error_of, load

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
plain, scaled = {}, {}
for name, tensor in tensors(SMALL).items():
    expert = ".mlp.experts." in name
    plain[name] = scaled[name] = tensor.to(torch.float8_e4m3fn) if expert else tensor
    if expert:
        scaled[f"{name}_scale_inv"] = torch.ones(1, 1)
save("plain", split(plain, (30, 30, 23)), SMALL)
save("scaled", split(scaled, (45, 45, len(scaled) - 90)), SMALL)


def without_scales_they_are_cast_silently():
    """FP8 experts without scales load without a word; verify_loaded.py reports each merged tensor as cast."""
    error = error_of(load, "plain", 4)
    assert error is None, error
    loaded = load("plain", 4)
    found = {difference.parameter: difference.how for difference in verify(loaded.model, "plain")}
    assert (loaded.errors, loaded.loud) == ([], []), loaded.loud
    assert set(found) == {n for n, _ in loaded.model.named_parameters() if ".mlp.experts." in n}
    assert all(how.startswith("cast: torch.float8_e4m3fn") for how in found.values()), found


def with_scales_they_raise():
    """FP8 experts with `weight_scale_inv` beside them raise an error: XTuner takes the scales for experts' weights."""
    error = error_of(load, "scaled", 4)
    assert isinstance(error, RuntimeError) and "stack expects each tensor to be equal size" in str(error), error


if __name__ == "__main__":
    without_scales_they_are_cast_silently()
    with_scales_they_raise()
