"""A small network with random values everywhere, so that nothing is equal by chance; its file, and files that fit it badly."""

import contextlib
import io
import warnings

import torch
from torch import nn


class Net(nn.Module):
    """11 tensors: a backbone of nine with a buffer among them, and a head of two."""

    def __init__(self, classes=5):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.GroupNorm(2, 4))
        self.backbone.register_buffer("mean", torch.empty(4))
        self.head = nn.Linear(4, classes)
        with torch.no_grad():
            for tensor in self.state_dict().values():
                tensor.normal_()

    def forward(self, value):
        return self.head(self.backbone(value))


torch.manual_seed(0)
FILE = {name: tensor.clone() for name, tensor in Net().state_dict().items()}
SIZE = len(FILE)
HEAD = {"head.weight", "head.bias"}
OTHER_HEAD = {
    name.replace("head.", "classifier."): tensor for name, tensor in FILE.items()
}  # a file whose head has another name
FROM_A_HOLDER = {f"model.{name}": tensor for name, tensor in FILE.items()}  # as a module saves it that has it as self.model
CHECKPOINT = {"epoch": 3, "state_dict": FILE, "optimizer": {"state": {}, "param_groups": []}}


def equal(net, state=FILE):
    """How many tensors of a network are the file's, bit for bit."""
    return sum(torch.equal(tensor, state[name]) for name, tensor in net.state_dict().items() if name in state)


def error(net, state, **options):
    """What a load raises."""
    try:
        net.load_state_dict(state, **options)
    except RuntimeError as raised:
        print(raised)
        return str(raised)
    raise AssertionError("no error")


def said(action):
    """What a call returns, and all that it printed or warned of."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        returned = action()
    return returned, out.getvalue() + "".join(str(one.message) for one in caught)
