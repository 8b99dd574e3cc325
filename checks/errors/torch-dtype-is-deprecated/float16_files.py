"""The same steps on a model whose files and config.json say float16."""

import torch
from _dtypes import dtypes, load, save, train

FOLDER = save("half", torch.float16)


def _lost(model):
    """Train; return how many values are finite no longer, of how many."""
    train(model)
    lost = sum(int((~torch.isfinite(parameter)).sum()) for parameter in model.parameters())
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{lost} of {count} values are not finite")
    return lost, count


def without_a_dtype_every_value_is_finite():
    """Loaded without a word on the type, every value is finite after 20 steps of AdamW at 1e-5."""
    lost, count = _lost(load(FOLDER)[0])
    assert lost == 0 and count > 20_000, f"{lost} of {count} values are not finite"


def in_float16_every_value_is_lost():
    """Loaded in float16, no value is a number after 20 steps of AdamW at 1e-5: its small constant, 1e-8, is zero there."""
    assert torch.tensor(1e-8, dtype=torch.float16) == 0
    model, _ = load(FOLDER, torch_dtype=torch.float16)
    assert dtypes(model) == "float16"
    lost, count = _lost(model)
    assert lost == count > 20_000, f"{lost} of {count} values are not finite"


def in_float32_every_value_is_finite():
    """Loaded with `torch_dtype=torch.float32`, every value is finite after the same steps."""
    model, _ = load(FOLDER, torch_dtype=torch.float32)
    assert dtypes(model) == "float32"
    lost, count = _lost(model)
    assert (lost, count > 20_000) == (0, True), f"{lost} of {count} values are not finite"


if __name__ == "__main__":
    without_a_dtype_every_value_is_finite()
    in_float16_every_value_is_lost()
    in_float32_every_value_is_finite()
