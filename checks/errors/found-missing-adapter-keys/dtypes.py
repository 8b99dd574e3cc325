"""The type of an adapter's tensors on a bfloat16 model: trained and saved as float32, loaded by PEFT and by transformers."""

import sys

import torch
from _adapters import adapter_of, base, printed, saved
from peft import PeftModel

TENSORS = 21  # of the base model
MARK = "beginning to load\n"  # what is printed first, so that nothing else is known to be nothing


def _bfloat16():
    """Return the base model as bfloat16."""
    return base().to(torch.bfloat16)


def _trained():
    """Save an adapter of which every value needs more than bfloat16 has; return its tensors."""
    tensors = adapter_of(saved("adapter"))
    assert all(tensor.dtype == torch.float32 for tensor in tensors.values())
    assert all(not torch.equal(tensor, tensor.bfloat16().float()) for tensor in tensors.values())
    return tensors


def _same_base(model, wanted):
    """Return how many of the model's other tensors are the base model's, bit for bit."""
    names = {name: name.removeprefix("base_model.model.").replace(".base_layer", "") for name in model.state_dict()}
    held = {names[name]: tensor for name, tensor in model.state_dict().items() if ".lora_" not in name}
    return sum(torch.equal(held[name], tensor) for name, tensor in wanted.state_dict().items())


def peft_keeps_every_bit():
    """`PeftModel.from_pretrained` onto a bfloat16 model keeps every tensor of a float32 adapter, bit for bit."""
    wanted = _trained()
    model = PeftModel.from_pretrained(_bfloat16(), "adapter")
    found = adapter_of(model)
    equal = sum(found[name].dtype == torch.float32 and torch.equal(found[name], tensor) for name, tensor in wanted.items())
    assert equal == len(wanted) == 8, f"{equal} of {len(wanted)} equal"
    assert _same_base(model, _bfloat16()) == TENSORS


def transformers_rounds_it_to_the_models_type():
    """Onto a bfloat16 model, transformers' `model.load_adapter(folder)` rounds every tensor to bfloat16, and prints nothing."""
    wanted, model = _trained(), _bfloat16()
    found, text = _by_transformers(model)
    kinds = {tensor.dtype for tensor in found.values()}
    rounded = sum(torch.equal(found[name], tensor.bfloat16()) for name, tensor in wanted.items())
    assert kinds == {torch.bfloat16} and rounded == len(wanted) == 8, f"{rounded} of {len(wanted)} rounded, {kinds}"
    assert text == MARK, text[:200]
    assert _same_base(model, _bfloat16()) == TENSORS


def onto_float32_transformers_keeps_every_bit():
    """Onto a float32 model, `model.load_adapter(folder)` keeps every tensor, bit for bit."""
    wanted, model = _trained(), base()
    found, _ = _by_transformers(model)
    equal = sum(torch.equal(found[name], tensor) for name, tensor in wanted.items())
    assert equal == len(wanted) == 8, f"{equal} of {len(wanted)} equal"
    assert _same_base(model, base()) == TENSORS


def _by_transformers(model):
    """Load the adapter by transformers; return its tensors as they are in the model, and what was printed."""
    with printed() as lines:
        print(MARK, end="", file=sys.stderr)
        model.load_adapter("adapter")
    assert lines[0].startswith(MARK), "what is printed was not collected"
    state = {}
    for name, tensor in model.named_parameters():
        if ".lora_" in name:
            state[f"base_model.model.{name}".replace(".default.", ".", 1)] = tensor.detach()
    return state, lines[0]


if __name__ == "__main__":
    peft_keeps_every_bit()
    transformers_rounds_it_to_the_models_type()
    onto_float32_transformers_keeps_every_bit()
