"""Parameters emptied to shape [0], as DeepSpeed ZeRO-3 leaves them, and a checkpoint with their full weights."""

import os

import torch
from safetensors.torch import load, save

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
mlp = torch.nn.ModuleDict({"up_proj": torch.nn.Linear(16, 3420, device=DEVICE)})
partition = {name: parameter.data for name, parameter in mlp.named_parameters()}  # where ZeRO-3 keeps the values
checkpoint = load(save({name: torch.rand(value.shape) for name, value in partition.items()}))


def _release():
    for parameter in mlp.parameters():
        parameter.data = torch.empty(0, device=DEVICE)


def _gather():
    for name, parameter in mlp.named_parameters():
        parameter.data = partition[name]


def _error(**options):
    _release()
    try:
        mlp.load_state_dict(checkpoint, **options)
        return ""
    except RuntimeError as error:
        return str(error)


def _loaded():
    _gather()
    ours = mlp.state_dict()
    assert all(value.shape == ours[name].shape for name, value in checkpoint.items()), "not gathered"
    return {name for name, value in checkpoint.items() if torch.equal(ours[name].cpu(), value)}


def an_emptied_parameter_gives_the_message():
    """A parameter emptied to shape [0] gives the very message, with torch alone."""
    error = _error()
    print(error)
    said = "copying a param with shape torch.Size([3420]) from checkpoint, the shape in current model is torch.Size([0])."
    assert f"size mismatch for up_proj.bias: {said}" in error, error or "no error"


def strict_false_does_not_help():
    """`strict=False` raises the same error: it excuses missing and unexpected names, not shapes."""
    assert _error(strict=False) == _error() != "", _error(strict=False) or "no error"


def skipping_mismatched_names_loads_nothing():
    """With mismatched names skipped, as `ignore_mismatched_sizes=True` does, nothing is raised and nothing loaded."""
    _release()
    fitting = [name for name, parameter in mlp.named_parameters() if parameter.shape == checkpoint[name].shape]
    result = mlp.load_state_dict({name: checkpoint[name] for name in fitting}, strict=False)
    assert set(result.missing_keys) == set(checkpoint), result
    assert not _loaded(), _loaded()


def gathered_it_loads_exactly():
    """Gathered to its full shape before the load, every parameter equals the checkpoint, bit for bit."""
    _release()
    assert not any(parameter.numel() for parameter in mlp.parameters()), "not emptied"
    _gather()
    mlp.load_state_dict(checkpoint)
    assert _loaded() == set(checkpoint), _loaded()


if __name__ == "__main__":
    an_emptied_parameter_gives_the_message()
    strict_false_does_not_help()
    skipping_mismatched_names_loads_nothing()
    gathered_it_loads_exactly()
