"""A folder that brings its own class, loaded with trust_remote_code=True."""

import json
import os
import tempfile

os.environ["HF_HOME"] = tempfile.mkdtemp()

import inspect

import transformers
from _classes import FILE, WRITTEN, InPlace, load, saved, write, wrong
from safetensors.torch import save_file

HEAD = """import transformers
from torch import nn


class OwnConfig(transformers.PretrainedConfig):
    model_type = "remote"


class Own(transformers.PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(8, 4)
        self.layer = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.post_init()

"""
tensors = saved(InPlace, "remote")
del tensors["scale"]
save_file(tensors, f"remote/{FILE}", {"format": "pt"})
write("remote/own.py", HEAD + inspect.getsource(InPlace._init_weights))
config = {"model_type": "remote", "architectures": ["Own"], "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModel": "own.Own"}}
write("remote/config.json", json.dumps(config))


def what_it_writes_is_overwritten():
    """With trust_remote_code=True all that the folder's class writes in `_init_weights` is overwritten, without a word."""
    model, listed, text = load(transformers.AutoModel, "remote", trust_remote_code=True)
    assert type(model).__name__ == "Own", type(model)
    assert wrong(model, tensors) == WRITTEN, "every tensor is the file's"
    assert model.norm.bias.tolist() == [0.0] * 4  # as it says
    assert (listed, text) == ([], ""), (listed, text)


if __name__ == "__main__":
    what_it_writes_is_overwritten()
