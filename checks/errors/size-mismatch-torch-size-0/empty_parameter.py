"""A parameter emptied to shape [0], as DeepSpeed ZeRO-3 leaves it, and a checkpoint with its full weight."""

import os

import torch
from safetensors.torch import load, save

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
tower = torch.nn.ModuleDict({"up_proj": torch.nn.Linear(16, 3420, device=DEVICE)})
checkpoint = load(save({name: torch.rand(value.shape) for name, value in tower.state_dict().items()}))
FULL = {name: parameter.shape for name, parameter in tower.named_parameters()}


def _empty():
    for parameter in tower.parameters():
        parameter.data = torch.empty(0, device=DEVICE)


def _refill():
    for name, parameter in tower.named_parameters():
        parameter.data = torch.zeros(FULL[name], device=DEVICE)  # ZeRO-3 gathers the value of before the load


def _equal():
    return [name for name, value in tower.state_dict().items() if torch.equal(value.cpu(), checkpoint[name])]


def _message(**options):
    _empty()
    try:
        tower.load_state_dict(checkpoint, **options)
    except RuntimeError as error:
        print(error)
        return str(error)
    return ""


def an_emptied_parameter_gives_the_message():
    """A parameter emptied to shape [0] gives this message, word for word, with torch alone."""
    reported = (
        "copying a param with shape torch.Size([3420]) from checkpoint, the shape in current model is torch.Size([0])."
    )
    assert f"size mismatch for up_proj.bias: {reported}" in _message(), "another error, or none"


def strict_false_does_not_help():
    """`strict=False` raises the same error: it excuses missing and unexpected names, not shapes."""
    assert _message(strict=False) == _message() != "", "another error, or none"


def skipping_mismatched_names_loads_nothing():
    """Leaving out each name whose shape differs, as `ignore_mismatched_sizes=True` does, raises nothing and loads nothing."""
    _empty()
    fitting = {name: value for name, value in checkpoint.items() if value.shape == tower.state_dict()[name].shape}
    tower.load_state_dict(fitting, strict=False)
    _refill()
    assert _equal() == [], _equal()


def refilled_it_loads_exactly():
    """Given back its full shape before the load, the parameter loads, bit for bit."""
    _empty()
    _refill()
    tower.load_state_dict(checkpoint)
    assert set(_equal()) == set(checkpoint), _equal()


if __name__ == "__main__":
    an_emptied_parameter_gives_the_message()
    strict_false_does_not_help()
    skipping_mismatched_names_loads_nothing()
    refilled_it_loads_exactly()
