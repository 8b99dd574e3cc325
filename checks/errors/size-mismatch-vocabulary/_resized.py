"""A tiny random Llama whose vocabulary was grown from 100 to 104 rows, beside a config.json that still says 100."""

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
OLD, ROWS = 100, 104  # rows of the base model; rows in the file, four tokens more
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"num_key_value_heads": 2, "tie_word_embeddings": False}


def fresh(rows, **changed):
    """A new model with so many rows, and values that no initialising would give it."""
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=rows, **SIZES | changed)).eval()
    generator = torch.Generator().manual_seed(rows)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


fresh(ROWS).save_pretrained("right")
TENSORS = load_file(f"right/{FILE}")


def folder(name, tensors=None, **changed):
    """A copy of the sound folder, with these settings of config.json changed; with these tensors instead of its own."""
    shutil.rmtree(name, ignore_errors=True)
    shutil.copytree("right", name)
    config = json.loads(Path(name, "config.json").read_text("utf-8"))
    Path(name, "config.json").write_text(json.dumps(config | changed), "utf-8")
    if tensors is not None:
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, f"{name}/{FILE}", {"format": "pt"})
    return name


folder("stale", vocab_size=OLD)


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
    """Load it; return the model, and what was printed."""
    with printed() as lines:
        model = transformers.AutoModelForCausalLM.from_pretrained(path, **options)
    return model, lines[0]


def equal(model):
    """How many of the 21 tensors of the file the model has, bit for bit."""
    state = model.state_dict()
    assert state.keys() == TENSORS.keys() and len(TENSORS) == 21, sorted(state)
    return sum(torch.equal(state[name], tensor) for name, tensor in TENSORS.items())


def rows(model, name, count=OLD):
    """How many of the first rows of a matrix are those of the file, bit for bit."""
    ours, theirs = model.state_dict()[name][:count], TENSORS[name][:count]
    return sum(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def error(action):
    """The error that an action raises, and what was printed; an AssertionError if it raises none."""
    with printed() as lines:
        try:
            action()
        except AssertionError:
            raise
        except Exception as raised:  # whatever the library raises is what is asked for
            print(f"{type(raised).__name__}: {raised}", flush=True)
            found = raised
        else:
            found = None
    if found is None:
        raise AssertionError("no error")
    return str(found), lines[0]


def refused(path, **options):
    """The mismatch at which from_pretrained stops, and what was printed."""
    text, lines = error(lambda: transformers.AutoModelForCausalLM.from_pretrained(path, **options))
    assert "mismatch" in text, text
    return text, lines
