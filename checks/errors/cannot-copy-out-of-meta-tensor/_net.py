"""A small network of torch alone: four tensors in its state dict, and a table beside them that no file holds."""

import torch
from torch import nn

META = "Cannot copy out of meta tensor; no data!"
ADVICE = (
    f"{META} Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() "
    "when moving module from meta to a different device."
)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 4)
        self.register_buffer("table", torch.arange(1.0, 9.0), persistent=False)

    def forward(self, x):
        return self.second(self.first(x) * self.table)


def on_meta():
    with torch.device("meta"):
        return Net()


def use_memory(*sizes):
    """Write 3.0 into memory and give it back, as a program does that has run for a while: what is left there is no result."""
    used = [torch.full((size,), 3.0) for size in sizes for _ in range(200)]
    del used


def error_of(function):
    """What it raised, in words; "no error" if it returned."""
    try:
        function()
    except (RuntimeError, NotImplementedError, TypeError) as error:
        text = f"{type(error).__name__}: {error}"
    else:
        text = "no error"
    print(text)
    return text


def count_equal(state, file):
    """How many entries of the file the state has, bit for bit; what is on meta has no bits."""
    count = sum(not state[name].is_meta and torch.equal(state[name], file[name]) for name in file)
    print(f"{count} of {len(file)} tensors equal the file's")
    return count
