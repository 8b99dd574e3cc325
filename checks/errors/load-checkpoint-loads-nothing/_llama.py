"""A tiny Llama with random weights, and how it is compared with the files: the tensors, and what it computes."""

import json
import os
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
SIZES = {
    "vocab_size": 64,
    "hidden_size": 64,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
TOKENS = torch.arange(1, 40)[None]


def fill(model):
    """Give every parameter values that no initialising would give it again."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def llama(**options):
    return fill(transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES, **options)))


def logits(model):
    with torch.no_grad():
        return model.eval()(TOKENS).logits


def assert_tensors(model, folder):
    """Every tensor of the state dict is the file's, bit for bit."""
    tensors, state = load_file(f"{folder}/{FILE}"), model.state_dict()
    assert state.keys() == tensors.keys(), sorted(state.keys() ^ tensors.keys())
    count = sum(torch.equal(state[name], tensors[name]) for name in tensors)
    print(f"{count} of {len(tensors)} tensors equal the file's")
    assert count == len(tensors), f"no error, {count} of {len(tensors)} equal"


def to_empty(model):
    """Give a model on the meta device memory. What was in it before is left there; here that is no value of any model."""
    before = [torch.full((size,), 3.0) for size in (16, 32, 64) for _ in range(200)]
    del before
    return model.to_empty(device="cpu")


def configure(folder, **changes):
    path = Path(folder, "config.json")
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
