"""A forward pass on the CPU in which one weight is still on the meta device: which layers stop, and which compute."""

import torch
from _net import error_of, use_memory
from torch import nn
from torch.nn import functional

x, image = torch.randn(1, 39, 64), torch.randn(1, 3, 8, 8)
weight, bias, kernel = torch.randn(24, 64), torch.randn(24), torch.randn(5, 3, 2, 2)
STOPS = "RuntimeError: Tensor on device meta is not on the expected device cpu!"


def _compute(function, *arguments):
    """The result of a call in memory that was used before, on the CPU."""
    use_memory(5 * 7 * 7, 39 * 24)
    with torch.no_grad():
        found = function(*arguments)
    assert not found.is_meta, "the result is on meta"
    return found


def _assert_another(function, given, real, *more):
    """With the weight on meta it computes a result of the right shape and no right values; with the real one it is right."""
    right = function(given, real, *more)
    found = _compute(function, given, real.to("meta"), *more)
    print(
        f"{function.__name__}: {tuple(found.shape)} on {found.device}, {int((found == right).sum())} of {right.numel()} right"
    )
    assert found.shape == right.shape
    assert not torch.equal(found, right), "the result is right"
    assert torch.equal(_compute(function, given, real, *more), right)


def a_linear_layer_without_a_bias_computes():
    """A linear layer without a bias, its weight on meta, raises nothing: its result has the right shape and other values."""
    _assert_another(functional.linear, x, weight)
    layer = nn.Linear(64, 24, bias=False, device="meta")
    found = _compute(layer, x)
    assert found.device.type == "cpu" and not torch.equal(found, functional.linear(x, weight))


def a_linear_layer_with_a_real_bias_computes():
    """With a bias that is real, and the weight on meta, the same."""
    _assert_another(functional.linear, x, weight, bias)


def a_convolution_computes():
    """A convolution whose weight is on meta, the same."""
    _assert_another(functional.conv2d, image, kernel)


def with_the_bias_on_meta_it_stops():
    """With weight and bias on meta a linear layer stops: `Tensor on device meta is not on the expected device cpu!`."""
    assert error_of(lambda: functional.linear(x, weight.to("meta"), bias.to("meta"))) == STOPS


def a_norm_stops():
    """A layer norm on meta stops, and so does a product with a tensor on meta."""
    on_meta = torch.empty(64, device="meta")
    assert error_of(lambda: functional.layer_norm(x, [64], on_meta, on_meta)) == STOPS
    assert error_of(lambda: x * on_meta) == STOPS


def an_embedding_returns_a_tensor_on_meta():
    """An embedding on meta raises nothing; what it returns is on meta, and the layer after it may stop."""
    found = functional.embedding(torch.arange(3), torch.empty(24, 64, device="meta"))
    assert found.is_meta and found.shape == (3, 64), found.device
    assert not functional.embedding(torch.arange(3), weight).is_meta


def the_backward_pass_stops():
    """The backward pass of such a linear layer stops: `Function MmBackward0 returned an invalid gradient`."""
    layer = nn.Linear(64, 24, bias=False, device="meta")
    text = error_of(lambda: layer(x.clone().requires_grad_()).sum().backward())
    assert text.startswith("RuntimeError: Function MmBackward0 returned an invalid gradient"), text
    assert error_of(lambda: nn.Linear(64, 24, bias=False)(x.clone().requires_grad_()).sum().backward()) == "no error"


if __name__ == "__main__":
    a_linear_layer_without_a_bias_computes()
    a_linear_layer_with_a_real_bias_computes()
    a_convolution_computes()
    with_the_bias_on_meta_it_stops()
    a_norm_stops()
    an_embedding_returns_a_tensor_on_meta()
    the_backward_pass_stops()
