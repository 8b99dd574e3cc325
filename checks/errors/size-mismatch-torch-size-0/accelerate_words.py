"""accelerate fills a parameter that ZeRO-3 has emptied: the same fault in other words."""

import torch
from _one_rank import ZERO3
from accelerate.utils import set_module_tensor_to_device
from deepspeed import zero

VALUE = torch.rand(16, 8)


def _error(module):
    """Return what accelerate says when it is to put the value into the module's weight."""
    try:
        set_module_tensor_to_device(module, "weight", "cpu", value=VALUE)
    except ValueError as error:
        print(error)
        return str(error)
    return ""


def an_empty_parameter_is_said_in_other_words():
    """Under ZeRO-3 accelerate's `set_module_tensor_to_device` says "Trying to set a tensor of shape ... [0]", and stops."""
    with zero.Init(config_dict_or_path=ZERO3):
        module = torch.nn.Linear(8, 16)
    assert list(module.weight.ds_shape) == [16, 8], "not partitioned"
    said = 'Trying to set a tensor of shape torch.Size([16, 8]) in "weight" (which has shape torch.Size([0])), this look'
    assert _error(module).startswith(said), _error(module)


def a_whole_parameter_is_filled():
    """Built without ZeRO-3, the same parameter takes the value, bit for bit."""
    module = torch.nn.Linear(8, 16)
    assert _error(module) == "", "an error"
    assert torch.equal(module.weight, VALUE)


if __name__ == "__main__":
    an_empty_parameter_is_said_in_other_words()
    a_whole_parameter_is_filled()
