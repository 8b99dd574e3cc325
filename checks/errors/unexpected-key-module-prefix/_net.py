"""A small network with random values everywhere, so that nothing is equal by chance, and the state dicts that wrappers make."""

import os
from copy import deepcopy

import torch
from torch import distributed, nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.parallel import DataParallel, DistributedDataParallel

os.environ.update(RANK="0", WORLD_SIZE="1", MASTER_ADDR="localhost", MASTER_PORT="29517")
distributed.init_process_group("gloo")


class Net(nn.Module):
    """Some names end in "module", as those of real models do: motion_module, conv_module."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(2, 3, 1)
        self.motion_module = nn.Linear(3, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.norm = nn.GroupNorm(2, 4)
        self.register_buffer("mean", torch.empty(4))
        with torch.no_grad():
            for tensor in self.state_dict().values():
                tensor.normal_()


torch.manual_seed(0)
trained = Net()
CLEAN = trained.state_dict()
SIZE = len(CLEAN)


def a_net(values=CLEAN):
    """A network of its own that holds what was trained; its state dict shares no memory with it."""
    net = Net()
    net.load_state_dict(values)
    return net


def with_a_compiled_block():
    net = a_net()
    net.blocks[0] = torch.compile(net.blocks[0])
    return net


def with_a_checkpointed_block():
    net = a_net()
    net.blocks[0] = checkpoint_wrapper(net.blocks[0])
    return net


def in_fsdp():
    return FullyShardedDataParallel(a_net(), device_id=torch.device("cpu"), use_orig_params=True)


WRAPPED = {  # what stands before every name: the model that saves it so
    "module.": DataParallel(a_net()),
    "_orig_mod.": torch.compile(a_net()),
    "module._orig_mod.": DistributedDataParallel(torch.compile(a_net())),
    "_orig_mod.module.": torch.compile(DataParallel(a_net())),
}
FILES = {prefix: deepcopy(model.state_dict()) for prefix, model in WRAPPED.items()}
INSIDE = with_a_compiled_block().state_dict()


def equal(net, tensors=CLEAN):
    """How many of the trained tensors the network holds, bit for bit, under their own names."""
    state = net.state_dict()
    return sum(name in state and torch.equal(state[name], tensor) for name, tensor in tensors.items())


def load(state, strict=True):
    """Load into a fresh network: how many are equal then; or the text of the error."""
    net = Net()
    try:
        net.load_state_dict(state, strict=strict)
    except RuntimeError as error:
        return str(error)
    return equal(net)


def error(net, state):
    """The text of the error with which a strict load stops; an AssertionError if it does not."""
    try:
        net.load_state_dict(state)
    except RuntimeError as raised:
        print(f"RuntimeError: {raised}")
        return str(raised)
    raise AssertionError("no error")
