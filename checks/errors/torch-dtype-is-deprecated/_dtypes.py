"""A tiny Llama saved in bfloat16 and in float32, what a load makes of it, and how far a few steps of AdamW move its values."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

os.environ["HF_HUB_OFFLINE"] = "1"
transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
SIZES = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
RATE, STEPS = 1e-5, 20  # a usual rate of fine-tuning


def save(folder, dtype, said=None):
    """Save a Llama in a type; with `said`, its config.json names another one."""
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)).to(dtype).save_pretrained(folder)
    assert {tensor.dtype for tensor in load_file(f"{folder}/{FILE}").values()} == {dtype}
    if said:
        path = Path(folder, "config.json")
        config = json.loads(path.read_text("utf-8"))
        key = "dtype" if "dtype" in config else "torch_dtype"
        assert config[key] == str(dtype).removeprefix("torch."), config
        path.write_text(json.dumps(config | {key: said}), "utf-8")
    return folder


@contextmanager
def printed():
    """Collect what the process prints, on either stream, into the list that is given; then print it."""
    found = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        try:
            yield found
        finally:
            for stream, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            found.append(file.read().decode())
    print(found[0], end="", flush=True)


def load(folder, **options):
    """Load a folder; return the model, and what was printed."""
    with printed() as lines:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, **options)
    return model, lines[0]


def dtypes(model):
    """Return the type of the model's parameters, or the types."""
    return " and ".join(sorted({str(parameter.dtype).removeprefix("torch.") for parameter in model.parameters()}))


def values(model):
    """Return a copy of every parameter."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def moved(model, before):
    """Return the share of values that are other ones than before, in percent."""
    count = sum(int((parameter.detach() != before[name]).sum()) for name, parameter in model.named_parameters())
    share = 100 * count / sum(parameter.numel() for parameter in model.parameters())
    print(f"{dtypes(model)}: {share:.1f} % of the values moved")
    return share


def batches():
    """Return the same few tokens each time."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(0, SIZES["vocab_size"], (4, 16), generator=generator) for _ in range(STEPS)]


def train(model, autocast=False):
    """Take the steps with AdamW, without weight decay; return the share of values that moved, in percent."""
    before = values(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    for tokens in batches():
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return moved(model, before)
