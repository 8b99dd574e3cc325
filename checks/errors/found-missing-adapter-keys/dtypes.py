"""The type of an adapter's tensors on a bfloat16 model: trained and saved as float32, loaded by PEFT and by transformers."""

import torch
from _adapters import adapter_of, base, load, printed, saved


def _bfloat16():
    """Return the base model as bfloat16, which it is in the file, so that nothing of it is rounded."""
    return base().to(torch.bfloat16)


def _trained():
    """Save an adapter of which every value needs more than bfloat16 has; return its tensors."""
    tensors = adapter_of(saved("adapter"))
    assert all(tensor.dtype == torch.float32 for tensor in tensors.values())
    assert all(not torch.equal(tensor, tensor.bfloat16().float()) for tensor in tensors.values())
    return tensors


def peft_keeps_every_bit():
    """`PeftModel.from_pretrained` onto a bfloat16 model keeps every tensor of a float32 adapter, bit for bit."""
    wanted = _trained()
    model, _ = load("adapter", onto=_bfloat16())
    found = adapter_of(model)
    equal = sum(found[name].dtype == torch.float32 and torch.equal(found[name], tensor) for name, tensor in wanted.items())
    assert equal == len(wanted) == 8, f"{equal} of {len(wanted)} equal"


def transformers_rounds_it_to_the_models_type():
    """Onto a bfloat16 model, transformers' `model.load_adapter(folder)` rounds every tensor to bfloat16, and prints nothing."""
    wanted = _trained()
    found, text = _by_transformers(_bfloat16())
    kinds = {tensor.dtype for tensor in found.values()}
    rounded = sum(torch.equal(found[name], tensor.bfloat16()) for name, tensor in wanted.items())
    assert kinds == {torch.bfloat16} and rounded == len(wanted) == 8, f"{rounded} of {len(wanted)} rounded, {kinds}"
    assert text == "", text[:200]


def onto_float32_transformers_keeps_every_bit():
    """Onto a float32 model, `model.load_adapter(folder)` keeps every tensor, bit for bit."""
    wanted = _trained()
    found, _ = _by_transformers(base())
    equal = sum(torch.equal(found[name], tensor) for name, tensor in wanted.items())
    assert equal == len(wanted) == 8, f"{equal} of {len(wanted)} equal"


def _by_transformers(model):
    """Load the adapter by transformers; return its tensors as they are in the model, and what was printed."""
    with printed() as lines:
        model.load_adapter("adapter")
    state = {}
    for name, tensor in model.named_parameters():
        if ".lora_" in name:
            state[f"base_model.model.{name}".replace(".default.", ".", 1)] = tensor.detach()
    return state, lines[0]


if __name__ == "__main__":
    peft_keeps_every_bit()
    transformers_rounds_it_to_the_models_type()
    onto_float32_transformers_keeps_every_bit()
