"""Tiny random models in folders as people have them: sound, under other names, with parts left out; and what a load prints."""

import os
import re
import tempfile
from contextlib import contextmanager

import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
LLAMA = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
}
BERT = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}


def save(folder, name="LlamaForCausalLM", **changes):
    """Save a model with random values everywhere, which no initialising would give it again; return its tensors."""
    cls = getattr(transformers, name)
    torch.manual_seed(0)
    model = cls(cls.config_class(**((BERT if "Bert" in name else LLAMA) | changes)))
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.normal_() if tensor.is_floating_point() else None
    model.save_pretrained(folder)
    return load_file(f"{folder}/{FILE}")


def save_as(folder, tensors, like="sound", **changes):
    """Save tensors beside the config of another folder, with changes to it; return them."""
    config = transformers.AutoConfig.from_pretrained(like)
    config.update(changes)
    config.save_pretrained(folder)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, f"{folder}/{FILE}", {"format": "pt"})
    return tensors


def prefixed(tensors, prefix="module."):
    return {prefix + name: tensor for name, tensor in tensors.items()}


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


def load(folder, name="LlamaForCausalLM", seed=1, **options):
    """Load a folder; return the model and what was printed."""
    torch.manual_seed(seed)
    with printed() as lines:
        model = getattr(transformers, name).from_pretrained(folder, **options)
    return model, lines[0]


def equal(model, tensors):
    """Return the names of the model's tensors, tied ones under each name, that equal the tensor of their name bit for bit."""
    state = model.state_dict()
    return {name for name, tensor in tensors.items() if name in state and torch.equal(state[name], tensor)}


def names(model):
    return set(model.state_dict())


SENTENCES = {"MISSING": "newly initialized: ", "UNEXPECTED": r"were not used when initializing \w+: "}


def listed(text, status):
    """Return the names that a load's message lists as MISSING or UNEXPECTED: transformers 4 in a sentence, 5 in a table."""
    found = set()
    for sentence in re.findall(SENTENCES[status] + r"[\[{]([^]}]*)", text):
        found |= set(re.findall(r"'([^']+)'", sentence))
    for row in text.splitlines():
        name, _, rest = row.partition("|")
        if rest.partition("|")[0].strip() == status:
            found |= set(_written_out(name.strip()))
    return found


def _written_out(name):
    """Yield the names for which one with {0, 1} or {0...3} stands."""
    numbers = re.search(r"\{([^}]*)\}", name)
    if not numbers:
        yield name
        return
    first, _, last = numbers[1].partition("...")
    for number in range(int(first), int(last) + 1) if last else numbers[1].split(", "):
        yield from _written_out(name.replace(numbers[0], str(number), 1))
