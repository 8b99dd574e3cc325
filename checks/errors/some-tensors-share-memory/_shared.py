"""Tiny transformers models of which two names are one tensor: as the class says it, without a word, or against the config."""

import os
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE, BIN, EMBEDDING, HEAD = "model.safetensors", "pytorch_model.bin", "emb.weight", "head.weight"
SIZES = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


class TinyConfig(PretrainedConfig):
    model_type = "tiny"


class Undeclared(PreTrainedModel):
    """Ties in __init__ and declares nothing: what stops."""

    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.emb = torch.nn.Embedding(20, 8)
        self.body = torch.nn.Linear(8, 8)
        self.head = torch.nn.Linear(8, 20, bias=False)
        self.head.weight = self.emb.weight
        self.post_init()

    def forward(self, input_ids=None, **_):
        return CausalLMOutput(logits=self.head(self.body(self.emb(input_ids))))

    def _init_weights(self, module):
        """Random, so that a tensor that no file gave differs from what was saved."""
        if isinstance(module, torch.nn.Linear | torch.nn.Embedding):
            torch.nn.init.normal_(module.weight)


class Declared(Undeclared):
    """The same, declared."""

    _tied_weights_keys = {"head.weight": "emb.weight"}  # noqa: RUF012  (as the library has it)

    def get_input_embeddings(self):
        return self.emb

    def get_output_embeddings(self):
        return self.head


def filled(model, seed=0):
    """Give every tensor values that no initialising would give it again."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def undeclared():
    return filled(Undeclared(TinyConfig()))


def llama(tied):
    return filled(LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=tied)))


def values(model):
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def clones(model):
    """A state dict in which no two tensors share memory."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def refusal(save, folder):
    """The text with which a save is refused; an AssertionError if it is not, or leaves weights."""
    try:
        save()
    except RuntimeError as error:
        left = [path.name for path in Path(folder).glob("*") if path.suffix in {".safetensors", ".bin"}]
        assert left == [], left
        print(error)
        return str(error)
    raise AssertionError("no error, it is saved")


def load(kind, folder, seed=7):
    """Load a folder and return the model; the seed is for what no file gives."""
    torch.manual_seed(seed)
    return kind.from_pretrained(folder)


def wrong(model, tensors):
    """The names that do not hold what was saved, bit for bit."""
    state = model.state_dict()
    assert state.keys() == tensors.keys(), sorted(state.keys() ^ tensors.keys())
    found = sorted(name for name, tensor in state.items() if not torch.equal(tensor, tensors[name]))
    print(f"{len(state) - len(found)} of {len(state)} tensors equal what was saved{': not ' * bool(found)}{', '.join(found)}")
    return found


def one(first, second):
    """Whether two parameters are one tensor."""
    return first is second or first.data_ptr() == second.data_ptr()
