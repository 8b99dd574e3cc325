"""Load a weight that was saved transposed. (Set the situation up here; each claim below is one function.)"""

import torch

saved = {"weight": torch.randn(2, 3)}
layer = torch.nn.Linear(2, 3, bias=False)


def transposed_weight_is_refused():
    """A weight that was saved transposed is refused: both shapes stand in the message."""
    try:
        layer.load_state_dict(saved)
        raise AssertionError("the transposed weight loaded")
    except RuntimeError as error:
        print(error)
        assert "torch.Size([2, 3]) from checkpoint, the shape in current model is torch.Size([3, 2])" in str(error)


def right_shape_loads_exactly():
    """Transposed back, it loads, and the layer's weight equals the checkpoint, bit for bit."""
    layer.load_state_dict({"weight": saved["weight"].T})
    assert torch.equal(layer.weight, saved["weight"].T)


if __name__ == "__main__":
    transposed_weight_is_refused()
    right_shape_loads_exactly()
