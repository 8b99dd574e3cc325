"""Load a full checkpoint into a model whose parameters DeepSpeed ZeRO-3 has partitioned.

Under ZeRO-3 a parameter has shape [0] until it is gathered, so `model.load_state_dict(weights)` raises a size mismatch.
Call `gather_load(model, weights)` instead, on every rank, before `deepspeed.initialize`. Only rank 0 reads `weights`;
the others may pass {}. If names or shapes do not fit, every rank raises and nothing is changed. One parameter at a time
is gathered: this bounds the memory, and DeepSpeed waits for it. Tied weights need one of their names. Load hooks of
modules are not called.
"""

from __future__ import annotations

from collections.abc import Mapping

import deepspeed
import torch
from deepspeed.accelerator import get_accelerator


# --8<-- [start:gather]
@torch.no_grad()
def gather_load(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Copy `weights` into all parameters and persistent buffers of `model`, on every rank."""
    first = torch.distributed.get_rank() == 0
    targets = _targets(model)
    problems = [_problems(targets, weights) if first else None]
    torch.distributed.broadcast_object_list(problems, src=0)
    if problems[0]:
        raise ValueError("the weights do not fit, nothing was loaded:\n" + "\n".join(problems[0]))
    for tensor, names in targets:
        with deepspeed.zero.GatheredParameters(tensor, modifier_rank=0):
            if first:
                tensor.copy_(next(weights[name] for name in names if name in weights))
        if not hasattr(tensor, "ds_id"):  # a buffer, or a parameter that ZeRO-3 does not hold
            whole = tensor.to(get_accelerator().current_device_name()).contiguous()
            torch.distributed.broadcast(whole, src=0)
            tensor.copy_(whole)
    # --8<-- [end:gather]


def _targets(model: torch.nn.Module) -> list[tuple[torch.Tensor, list[str]]]:
    """Each tensor that a checkpoint holds, once, with its names."""
    tensors = dict(model.named_parameters(remove_duplicate=False)) | dict(model.named_buffers(remove_duplicate=False))
    targets: dict[int, tuple[torch.Tensor, list[str]]] = {}
    for name in model.state_dict():
        if name in tensors:
            targets.setdefault(id(tensors[name]), (tensors[name], []))[1].append(name)
    return list(targets.values())


def _problems(targets: list[tuple[torch.Tensor, list[str]]], weights: Mapping[str, torch.Tensor]) -> list[str]:
    """What is missing, has another shape, or belongs nowhere."""
    known = {name for _, names in targets for name in names}
    problems = [f"unexpected: {name}" for name in weights if name not in known]
    for tensor, names in targets:
        ours = tuple(getattr(tensor, "ds_shape", tensor.shape))
        found = [(name, tuple(weights[name].shape)) for name in names if name in weights]
        problems += [f"shape: {name} is {theirs}, in the model {ours}" for name, theirs in found if theirs != ours]
        problems += [] if found else [f"missing: {names[0]}"]
    return problems
