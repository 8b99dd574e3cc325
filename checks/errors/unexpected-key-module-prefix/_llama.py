"""A tiny random Llama, saved under the names that wrappers gave it, and a load that counts what is equal."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn.parallel import DataParallel

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
SIZES = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"num_key_value_heads": 2, "tie_word_embeddings": False}


def random_everywhere(model):
    """The same model with every value drawn, as no initialising would give it again."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.normal_() if tensor.is_floating_point() else tensor.fill_(7)
    return model


torch.manual_seed(0)
model = random_everywhere(transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)))
model.save_pretrained("clean")
CLEAN = load_file(f"clean/{FILE}")
SIZE = len(CLEAN)


def save_as(folder, tensors):
    """Save tensors beside config.json."""
    Path(folder).mkdir(exist_ok=True)
    shutil.copy("clean/config.json", folder)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, f"{folder}/{FILE}", {"format": "pt"})
    return folder


WRAPPED = {  # what stands before every name: a folder in which it does
    "module.": save_as("parallel", DataParallel(model).state_dict()),
    "_orig_mod.": save_as("compiled", torch.compile(model).state_dict()),
    "_orig_mod.module.": save_as("both", torch.compile(DataParallel(model)).state_dict()),
    "_fsdp_wrapped_module.": save_as("fsdp", {f"_fsdp_wrapped_module.{name}": tensor for name, tensor in CLEAN.items()}),
}


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
    """Load a folder; return how many of its tensors are those that were saved, and what was printed."""
    with printed() as lines:
        loaded = transformers.AutoModelForCausalLM.from_pretrained(folder, **options)
    return equal(loaded), lines[0]


def equal(loaded, tensors=CLEAN):
    """How many of the tensors that were saved the model holds, bit for bit."""
    state = loaded.state_dict()
    assert state.keys() == tensors.keys(), state.keys() ^ tensors.keys()
    return sum(torch.equal(state[name], tensor) for name, tensor in tensors.items())
