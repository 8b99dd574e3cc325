"""Loaded as float16 by accelerate's device_map, onto the CPU."""

import torch
from _apart import apart
from _ways import Loaded, assert_exact, class_of, load, of_each, seen


def claim(published):
    """It is exact, as float16."""
    assert_exact(apart(cast, published))


def cast(published):
    loaded = Loaded(published, *load(published, class_of(published), torch_dtype=torch.float16, device_map="cpu"))
    if not any(parameter.dtype == torch.float16 for parameter in loaded.model.parameters()):
        raise RuntimeError("nothing was cast, so that nothing is said of a cast")
    return seen(loaded)


__getattr__ = of_each(claim)
