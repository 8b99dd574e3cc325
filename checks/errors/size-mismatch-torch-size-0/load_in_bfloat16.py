"""Load a bfloat16 checkpoint into parameters of a real ZeRO-3 on one device: a GPU with NCCL, or a CPU with gloo."""

import os

import deepspeed
import torch
from _one_rank import ZERO3, gather
from safetensors.torch import load, save

from snippets.gather_load import gather_load

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
FFN, HIDDEN = 3420, 1280


def _model():
    return torch.nn.ModuleDict({"up_proj": torch.nn.Linear(HIDDEN, FFN), "down_proj": torch.nn.Linear(FFN, HIDDEN)})


values = {name: torch.randn(value.shape, dtype=torch.bfloat16) for name, value in _model().state_dict().items()}
checkpoint = load(save(values))
with deepspeed.zero.Init(config_dict_or_path=ZERO3 | {"bf16": {"enabled": True}}):
    mlp = _model()
print(f"{torch.distributed.get_backend()}, {next(mlp.parameters()).ds_tensor.device.type}, {next(mlp.parameters()).dtype}")
assert next(mlp.parameters()).ds_tensor.device.type == DEVICE, "the slices lie on another device"


def plain_load_gives_the_message():
    """On one device, in bfloat16, a load without a gather gives the message for each parameter of a real ZeRO-3."""
    error = ""
    try:
        mlp.load_state_dict(checkpoint)
    except RuntimeError as raised:
        error = str(raised)
    print(error)
    for name, value in checkpoint.items():
        said = f"size mismatch for {name}: copying a param with shape {value.shape} from checkpoint"
        assert f"{said}, the shape in current model is torch.Size([0])." in error, error or "no error"


def gather_load_is_exact_in_bfloat16():
    """Loaded with `gather_load` in bfloat16, every parameter equals the checkpoint, bit for bit."""
    gather_load(mlp, checkpoint)
    for name, parameter in mlp.named_parameters():
        with gather([parameter]):
            assert parameter.dtype == torch.bfloat16, parameter.dtype
            assert torch.equal(parameter.detach().cpu(), checkpoint[name]), name


if __name__ == "__main__":
    plain_load_gives_the_message()
    gather_load_is_exact_in_bfloat16()
