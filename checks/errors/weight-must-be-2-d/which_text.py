"""What torch says of an empty parameter, as ZeRO-3 leaves it: it depends on the layer that comes first."""

import torch
from torch.nn import functional

TOKENS, HIDDEN, IMAGE = torch.arange(4)[None], torch.randn(2, 4, 8), torch.randn(1, 3, 8, 8)
EMPTY = torch.empty(0)


def _error(function, *arguments):
    try:
        function(*arguments)
    except (RuntimeError, ValueError, IndexError) as error:
        print(f"{function.__name__}: {error}")
        return str(error)
    return "no error"


def _whole(function, *arguments):
    """The same call with a weight of its own shape computes."""
    return function(*arguments).numel() > 0


def an_embedding_says_weight_must_be_2d():
    """An empty weight in an embedding: `'weight' must be 2-D`."""
    assert _error(functional.embedding, TOKENS, EMPTY) == "'weight' must be 2-D"
    assert _whole(functional.embedding, TOKENS, torch.randn(4, 8))


def a_flat_weight_says_the_same():
    """A flat weight, which has values and one dimension, gives the same text: FSDP leaves such pieces."""
    assert _error(functional.embedding, TOKENS, torch.randn(32)) == "'weight' must be 2-D"


def a_linear_layer_speaks_of_a_size_mismatch_with_vec_0():
    """An empty weight in a linear layer without a bias: `size mismatch, got input (8), mat (8x8), vec (0)`."""
    assert _error(functional.linear, HIDDEN, EMPTY) == "size mismatch, got input (8), mat (8x8), vec (0)"
    assert _whole(functional.linear, HIDDEN, torch.randn(5, 8))


def a_linear_layer_with_a_bias_says_mat2_must_be_a_matrix():
    """With a bias, empty too: `mat2 must be a matrix, got 1-D tensor`."""
    assert _error(functional.linear, HIDDEN, EMPTY, EMPTY) == "mat2 must be a matrix, got 1-D tensor"
    assert _whole(functional.linear, HIDDEN, torch.randn(5, 8), torch.randn(5))


def a_convolution_wants_three_dimensions():
    """An empty weight in a convolution: `weight should have at least three dimensions`."""
    assert _error(functional.conv2d, IMAGE, EMPTY) == "weight should have at least three dimensions"
    assert _whole(functional.conv2d, IMAGE, torch.randn(5, 3, 2, 2))


def a_norm_names_the_shape_0():
    """An empty weight in a layer norm or RMS norm of torch: `but got weight of shape [0] and normalized_shape = [8]`."""
    said = "but got weight of shape [0] and normalized_shape = [8]"
    assert said in _error(functional.layer_norm, HIDDEN, [8], EMPTY, EMPTY)
    assert said in _error(functional.rms_norm, HIDDEN, [8], EMPTY)
    assert _whole(functional.rms_norm, HIDDEN, [8], torch.ones(8))


def indexed_by_hand_it_is_an_index_error():
    """`weight[ids]` of an empty weight is an IndexError: `index is out of bounds for dimension with size 0`."""
    assert _error(torch.Tensor.__getitem__, EMPTY, TOKENS) == "index is out of bounds for dimension with size 0"


if __name__ == "__main__":
    an_embedding_says_weight_must_be_2d()
    a_flat_weight_says_the_same()
    a_linear_layer_speaks_of_a_size_mismatch_with_vec_0()
    a_linear_layer_with_a_bias_says_mat2_must_be_a_matrix()
    a_convolution_wants_three_dimensions()
    a_norm_names_the_shape_0()
    indexed_by_hand_it_is_an_index_error()
