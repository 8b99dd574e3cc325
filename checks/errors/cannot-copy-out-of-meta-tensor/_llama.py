"""A tiny Llama with random values, saved into a folder, and what another is compared with it by: tensors and logits."""

import os
import tempfile
from pathlib import Path

import torch
import transformers
from accelerate import init_empty_weights
from safetensors.torch import load_file, save_file

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOLDER, LACKING, FILE = "model", "lacking", "model.safetensors"
META = "Cannot copy out of meta tensor; no data!"
ADVICE = f"{META} Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to()"
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
PLAIN = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)).eval()
_generator = torch.Generator().manual_seed(0)
with torch.no_grad():
    for _parameter in PLAIN.parameters():
        _parameter.copy_(0.3 * torch.randn(_parameter.shape, generator=_generator))
PLAIN.save_pretrained(FOLDER)
tensors = load_file(f"{FOLDER}/{FILE}")
LEFT_OUT = [name for name in tensors if name.startswith("model.layers.1.mlp.")]  # three linear layers without a bias
Path(LACKING).mkdir()
PLAIN.config.save_pretrained(LACKING)
save_file({name: one for name, one in tensors.items() if name not in LEFT_OUT}, f"{LACKING}/{FILE}", {"format": "pt"})


def made(buffers_too=True):
    """Make the model without memory: all of it on meta; or its parameters alone, by accelerate's init_empty_weights."""
    with torch.device("meta") if buffers_too else init_empty_weights():
        return transformers.LlamaForCausalLM(PLAIN.config).eval()


def use_memory():
    """Write 3.0 into memory and give it back, as a program does that has run for a while: what is left there is no result."""
    used = [torch.full((size,), 3.0) for size in (16, 24 * 39, 24 * 64, 64, 39 * 64, 64 * 64) for _ in range(100)]
    del used


def emptied():
    model = made()
    use_memory()
    return model.to_empty(device="cpu")


def logits(model):
    with torch.no_grad():
        return model(TOKENS).logits


RIGHT = logits(PLAIN)


def error_of(function):
    """What it raised, in words; "no error" if it returned."""
    try:
        function()
    except (RuntimeError, NotImplementedError) as error:
        text = f"{type(error).__name__}: {error}"
    else:
        text = "no error"
    print(text)
    return text


def count_equal(state, file=tensors):
    """How many tensors of the file the state has, bit for bit; what is on meta has no bits."""
    count = sum(not state[name].is_meta and torch.equal(state[name], file[name]) for name in file)
    print(f"{count} of {len(file)} tensors equal the file's")
    return count


def is_right(model):
    """Whether the logits are the saved model's, bit for bit."""
    found = logits(model)
    others = int((found.argmax(-1) != RIGHT.argmax(-1)).sum())
    print(
        f"logits: {'equal' if torch.equal(found, RIGHT) else 'others'}; another likeliest token at {others} of {RIGHT.shape[1]}"
    )
    return torch.equal(found, RIGHT)


def rebuilt(model):
    """Give it a new rotary embedding, made on the CPU: inv_freq is in no file."""
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    model.model.rotary_emb = LlamaRotaryEmbedding(config=model.config)
    return model
