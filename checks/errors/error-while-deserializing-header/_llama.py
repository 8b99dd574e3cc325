"""A tiny random Llama as transformers saves it, and a load that counts what is equal and keeps what is printed."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE, BIN, INDEX = "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"
SIZES = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"num_key_value_heads": 2, "tie_word_embeddings": False}
_generator = torch.Generator().manual_seed(0)
_model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES))
with torch.no_grad():
    for _parameter in _model.parameters():
        _parameter.copy_(torch.randn(_parameter.shape, generator=_generator))
_model.save_pretrained("whole")
_model.save_pretrained("shards", max_shard_size="10KB")
TENSORS, WHOLE = load_file(f"whole/{FILE}"), Path("whole", FILE).read_bytes()


def folder(content, name=FILE):
    """A folder with config.json and this file alone."""
    shutil.rmtree("model", ignore_errors=True)
    Path("model").mkdir()
    shutil.copy("whole/config.json", "model")
    Path("model", name).write_bytes(content)
    return "model"


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


def load(path, **options):
    """Load it; return how many of its tensors are what was saved, and what was printed."""
    with printed() as lines:
        model = transformers.AutoModelForCausalLM.from_pretrained(path, **options)
    state = model.state_dict()
    assert state.keys() == TENSORS.keys()
    return sum(torch.equal(state[name], tensor) for name, tensor in TENSORS.items()), lines[0]


def error(path, **options):
    """The error that a load raises; an AssertionError if it raises none."""
    try:
        equal, _ = load(path, **options)
    except AssertionError:
        raise
    except Exception as raised:  # whatever the library raises is what is asked for
        return raised
    raise AssertionError(f"no error, {equal} of {len(TENSORS)} equal")
