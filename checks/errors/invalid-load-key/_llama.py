"""A tiny random Llama as a pytorch_model.bin, and a load that counts what is equal and keeps what is printed."""

import io
import json
import os
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE, INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"
SIZES = {"vocab_size": 256, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"num_key_value_heads": 2, "tie_word_embeddings": False}
_generator = torch.Generator().manual_seed(0)
_model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES))
with torch.no_grad():
    for _parameter in _model.parameters():
        _parameter.copy_(torch.randn(_parameter.shape, generator=_generator))
_model.save_pretrained("whole")
TENSORS = {name: tensor.clone() for name, tensor in _model.state_dict().items()}


def saved(tensors):
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return buffer.getvalue()


WHOLE = saved(TENSORS)
with zipfile.ZipFile(io.BytesIO(WHOLE)) as _packed:
    _entry = next(entry for entry in _packed.infolist() if entry.filename.endswith("data/5"))
    BEGIN, INSIDE = _entry.header_offset, WHOLE.index(_packed.read(_entry))
BIT = WHOLE[: INSIDE + 10] + bytes([WHOLE[INSIDE + 10] ^ 1]) + WHOLE[INSIDE + 11 :]
ZEROS = WHOLE[:BEGIN] + bytes(INSIDE + 512 - BEGIN) + WHOLE[INSIDE + 512 :]  # over an entry, from its header on


def folder(content, name=FILE):
    """A folder with config.json and this file alone."""
    shutil.rmtree("model", ignore_errors=True)
    Path("model").mkdir()
    shutil.copy("whole/config.json", "model")
    Path("model", name).write_bytes(content)
    return "model"


def parts():
    """A folder with three parts and their index; the parts' paths."""
    path, names = Path(folder(b"")), list(TENSORS)
    (path / FILE).unlink()
    weight_map = {}
    for number, held in enumerate((names[:7], names[7:14], names[14:]), 1):
        file = f"pytorch_model-{number:05}-of-00003.bin"
        (path / file).write_bytes(saved({name: TENSORS[name] for name in held}))
        weight_map |= dict.fromkeys(held, file)
    (path / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), "utf-8")
    return sorted(path.glob("*.bin"))


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


def load(path="model", **options):
    """Load it; return how many of its tensors are what was saved, and what was printed."""
    with printed() as lines:
        model = transformers.AutoModelForCausalLM.from_pretrained(path, **options)
    state = model.state_dict()
    assert state.keys() == TENSORS.keys()
    return sum(torch.equal(state[name], tensor) for name, tensor in TENSORS.items()), lines[0]


def error(path="model", **options):
    """The error that a load raises; an AssertionError if it raises none."""
    try:
        equal, _ = load(path, **options)
    except AssertionError:
        raise
    except Exception as raised:  # whatever the library raises is what is asked for
        return raised
    raise AssertionError(f"no error, {equal} of {len(TENSORS)} equal")


def words(raised):
    """Class and text of an error, on one line."""
    return " ".join(f"{type(raised).__name__}: {raised}".split())
