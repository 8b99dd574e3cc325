"""What torch says when a tensor on the meta device is asked for its values: it depends on the call."""

import torch
from _net import ADVICE, META, Net, error_of, on_meta
from torch import nn

vector, scalar = torch.empty(3, device="meta"), torch.empty((), device="meta")


def moving_a_module_prints_the_long_text():
    """`.to("cpu")` of a module on meta: `NotImplementedError: Cannot copy out of meta tensor; no data!`, and the advice."""
    assert error_of(lambda: on_meta().to("cpu")) == f"NotImplementedError: {ADVICE}"
    assert error_of(lambda: Net().to("cpu")) == "no error"


def a_tensor_prints_the_short_one():
    """`.to("cpu")`, `.cpu()`, `.tolist()` of a tensor, `copy_` from it, a module's `.cpu()`: the same without the advice."""
    for call in (
        lambda: vector.to("cpu"),
        vector.cpu,
        vector.tolist,
        lambda: torch.zeros(3).copy_(vector),
        lambda: on_meta().cpu(),
    ):
        assert error_of(call) == f"NotImplementedError: {META}"


def item_has_a_text_of_its_own():
    """`.item()`, `float(...)` and `if tensor:` say `RuntimeError: Tensor.item() cannot be called on meta tensors`."""
    for call in (scalar.item, lambda: float(scalar), lambda: bool(scalar)):
        text = error_of(call)
        assert text == "RuntimeError: Tensor.item() cannot be called on meta tensors", text.partition(" with Meta")[0]


def numpy_has_another():
    """`.numpy()`: `TypeError: can't convert meta device type tensor to numpy`."""
    assert error_of(vector.numpy).startswith("TypeError: can't convert meta device type tensor to numpy")


def a_state_dict_on_meta_says_it_for_each_tensor():
    """A state dict on meta, loaded into a real model: `While copying the parameter named ...`, and the short text inside it."""
    layer = nn.Linear(8, 8)
    text = error_of(lambda: layer.load_state_dict(on_meta().first.state_dict()))
    assert text.startswith("RuntimeError: Error(s) in loading state_dict for Linear:"), text
    assert text.count(f"an exception occurred : ('{META}',)") == 2, text


def another_type_raises_nothing_and_fills_nothing():
    """`.half()`, `.to(torch.bfloat16)` and `.clone()` raise nothing; all stays on meta."""
    half, cast = on_meta().half(), on_meta().to(torch.bfloat16)
    assert (half.first.weight.dtype, cast.first.weight.dtype) == (torch.float16, torch.bfloat16)
    tensors = [*half.parameters(), *cast.parameters(), vector.clone()]
    assert all(one.is_meta for one in tensors), [one.device for one in tensors]


if __name__ == "__main__":
    moving_a_module_prints_the_long_text()
    a_tensor_prints_the_short_one()
    item_has_a_text_of_its_own()
    numpy_has_another()
    a_state_dict_on_meta_says_it_for_each_tensor()
    another_type_raises_nothing_and_fills_nothing()
