"""Classes of one's own, as packages and remote code have them; and what a load leaves of what they saved."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from torch import nn

os.environ["HF_HUB_OFFLINE"] = "1"
transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
WRITTEN = ["embed.weight", "layer.bias", "layer.weight", "norm.bias", "norm.weight"]  # by in_place


class Config(transformers.PretrainedConfig):
    model_type = "of-ones-own"


class Base(transformers.PreTrainedModel):
    """A layer of each usual kind, and a parameter of the model itself."""

    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(8, 4)
        self.layer = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.scale = nn.Parameter(torch.ones(4))
        self.post_init()


class InPlace(Base):
    # --8<-- [start:in_place]
    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            module.weight.data.normal_(mean=0.0, std=0.02)
            if getattr(module, "bias", None) is not None:
                module.bias.data.zero_()
        elif isinstance(module, nn.LayerNorm):
            module.bias.data.zero_()
            module.weight.data.fill_(1.0)
            # --8<-- [end:in_place]


class Guarded(Base):
    # --8<-- [start:guarded]
    def _init_weights(self, module):
        for name, parameter in module.named_parameters(recurse=False):
            if not getattr(parameter, "_is_hf_initialized", False):  # it was not loaded
                self._fill(module, name, parameter.data)  # in place, as before
                # --8<-- [end:guarded]

    def _fill(self, module, name, data):
        if name == "bias":
            data.zero_()
        elif isinstance(module, (nn.Linear, nn.Embedding)):
            data.normal_(mean=0.0, std=0.02)
        else:
            data.fill_(1.0)


class ByTorch(Base):
    # --8<-- [start:by_torch]
    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            nn.init.zeros_(module.bias)
            nn.init.ones_(module.weight)
            # --8<-- [end:by_torch]


def filled(model):
    """Give every tensor values that no initialising would give it again."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def saved(cls, folder, config=None):
    """Save a model of the class; return its tensors."""
    model = filled(cls(config or Config()))
    model.save_pretrained(folder)
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


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


def load(cls, folder, seed=1, **options):
    """Load a folder; return the model, the names that the library lists as not loaded, and what was printed."""
    torch.manual_seed(seed)
    with printed() as lines:
        model, report = cls.from_pretrained(folder, output_loading_info=True, **options)
    told = {kind: report[kind] if isinstance(report, dict) else getattr(report, kind) for kind in KINDS}
    return model, sorted(str(name) for names in told.values() for name in names), lines[0]


KINDS = ("missing_keys", "unexpected_keys", "mismatched_keys")


def wrong(model, tensors):
    """Return the names of the model whose tensor is not the one that was saved, bit for bit."""
    if not tensors:
        raise ValueError("nothing to compare with")
    state = model.state_dict()
    found = sorted(name for name, tensor in tensors.items() if not torch.equal(state[name], tensor))
    print(
        f"{len(tensors) - len(found)} of {len(tensors)} tensors equal what was saved{': not ' * bool(found)}{', '.join(found)}"
    )
    return found


def error_of(work):
    """Return what a call raises, as a traceback ends."""
    try:
        work()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
        return f"{type(error).__name__}: {error}"
    return "no error"


def write(file, text):
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(text, encoding="utf-8")
