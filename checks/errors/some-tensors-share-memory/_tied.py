"""A small module whose head is its embedding: one tensor under two names. Four names in its state dict, three tensors."""

import os
import tempfile
from pathlib import Path

import torch

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE, EMBEDDING, HEAD = "model.safetensors", "emb.weight", "head.weight"


class Net(torch.nn.Module):
    """Tied, it computes its output with the embedding; not tied, with a head of its own."""

    def __init__(self, tied, seed=0):
        super().__init__()
        self.emb = torch.nn.Embedding(20, 8)
        self.body = torch.nn.Linear(8, 8)
        self.head = torch.nn.Linear(8, 20, bias=False)
        if tied:
            self.head.weight = self.emb.weight
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))


MODEL = Net(tied=True)
TENSORS = {name: tensor.clone() for name, tensor in MODEL.state_dict().items()}


def equal(model):
    """How many of the four names hold what was saved, bit for bit."""
    state = model.state_dict()
    assert state.keys() == TENSORS.keys()
    return sum(torch.equal(state[name], tensor) for name, tensor in TENSORS.items())


def tied(model):
    """Whether both names are one tensor: a change of one is a change of the other."""
    kept = model.emb.weight.detach().clone()
    before = model.head.weight.detach().clone()
    with torch.no_grad():
        model.emb.weight.add_(1)
        changed = not torch.equal(model.head.weight, before)
        model.emb.weight.copy_(kept)
    assert changed == (model.emb.weight.data_ptr() == model.head.weight.data_ptr())
    return changed


def fresh(tied):
    """A model with other values, of which none is what was saved."""
    model = Net(tied, seed=1)
    assert equal(model) == 0
    return model


def refusal(save, kind=RuntimeError, file=FILE):
    """The text with which a save is refused; an AssertionError if it is not, or leaves a file."""
    Path(file).unlink(missing_ok=True)
    try:
        save()
    except kind as error:
        assert not Path(file).exists(), "a file is left"
        print(error)
        return str(error)
    raise AssertionError("no error, it is saved")
