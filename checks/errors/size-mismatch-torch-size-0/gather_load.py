"""Load a full checkpoint into parameters that DeepSpeed ZeRO-3 has partitioned, without transformers."""

import deepspeed
import torch
from _one_rank import ZERO3, gather

from snippets.gather_load import gather_load


def _model():
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.BatchNorm1d(16), torch.nn.Linear(16, 4))


checkpoint = {name: torch.rand(value.shape).to(value.dtype) for name, value in _model().state_dict().items()}
with deepspeed.zero.Init(config_dict_or_path=ZERO3):
    model = _model()


def plain_load_fails():
    """`load_state_dict` fails under ZeRO-3, which has left every parameter with shape [0]."""
    try:
        model.load_state_dict(checkpoint)
        raise AssertionError("the plain load succeeded")
    except RuntimeError as error:
        print(error)
        assert "the shape in current model is torch.Size([0])" in str(error), error


def gathered_load_is_exact():
    """Loaded with `gather_load`, every parameter and buffer equals the checkpoint, bit for bit."""
    gather_load(model, checkpoint)
    with gather(list(model.parameters())):
        loaded = {name: value.clone() for name, value in model.state_dict().items()}
    assert loaded.keys() == checkpoint.keys(), loaded.keys()
    for name, value in loaded.items():
        assert torch.equal(value, checkpoint[name]), name


if __name__ == "__main__":
    plain_load_fails()
    gathered_load_is_exact()
