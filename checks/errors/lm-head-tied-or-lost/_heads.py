"""Tiny random Llamas in folders whose output layer is tied to the embedding, is not, or differs from it; and their loads."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
FILE = "model.safetensors"
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def fill(model, seed=0):
    """Give every tensor values that no initialising would give it again."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def llama(tied):
    return fill(transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES, tie_word_embeddings=tied)))


def saved(folder, tied, tied_in_config=None):
    """Save a model's tensors, each that differs from the others once; return them."""
    model = llama(tied)
    model.save_pretrained(folder)
    if tied_in_config is not None:
        configure(folder, tie_word_embeddings=tied_in_config)
    return load_file(f"{folder}/{FILE}")


def saved_apart(folder):
    """What a merge leaves behind: a head that was trained apart from the embedding, in a folder that says tied."""
    tensors = saved(folder, tied=False, tied_in_config=True)
    assert not torch.equal(tensors[HEAD], tensors[EMBEDDING])
    return tensors


def saved_equal(folder):
    """Both in the files, and equal, in a folder that says tied: as an export writes it that stores a tied head, too."""
    tensors = saved(folder, tied=False, tied_in_config=True)
    tensors[HEAD] = tensors[EMBEDDING].clone()
    save_without(folder, tensors)
    return tensors


def save_without(folder, tensors, *names):
    save_file({name: one for name, one in tensors.items() if name not in names}, f"{folder}/{FILE}", {"format": "pt"})


def configure(folder, **changes):
    path = Path(folder, "config.json")
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


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


def load(folder, seed=1, **options):
    """Load a folder; return the model and what was printed."""
    torch.manual_seed(seed)
    with printed() as lines:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, **options)
    return model, lines[0]


def wrong(model, tensors):
    """Return the names of the model, tied ones under each, whose tensor is not the one of that name, bit for bit."""
    state = model.state_dict()
    found = sorted(name for name, tensor in state.items() if name not in tensors or not torch.equal(tensor, tensors[name]))
    print(f"{len(state) - len(found)} of {len(state)} tensors equal what was saved{': not ' * bool(found)}{', '.join(found)}")
    return found
