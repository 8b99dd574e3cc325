"""A Llama of transformers with a value head of one's own, as reward models have: saved, and loaded again."""

import transformers
from _classes import load, saved, wrong
from torch import nn

from snippets.verify_loaded import verify

SIZES = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


class WithValueHead(transformers.LlamaPreTrainedModel):
    """The library's model, its own _init_weights, and two lines for the head."""

    def __init__(self, config):
        super().__init__(config)
        self.model = transformers.LlamaModel(config)
        self.value = nn.Linear(config.hidden_size, 1)
        self.post_init()

    def _init_weights(self, module):
        super()._init_weights(module)
        if module is getattr(self, "value", None):
            module.weight.data.normal_(std=0.01)
            module.bias.data.zero_()


tensors = saved(WithValueHead, "value", transformers.LlamaConfig(**SIZES))
model, listed, text = load(WithValueHead, "value")


def the_trained_head_is_overwritten():
    """After from_pretrained the trained head, two tensors, is not the file's; all of the Llama is."""
    assert wrong(model, tensors) == ["value.bias", "value.weight"], "every tensor is the file's"
    assert model.value.bias.tolist() == [0.0]  # as _init_weights says


def nothing_is_said_of_it():
    """Silently: nothing is raised or printed, and no tensor is listed as missing."""
    assert len(wrong(model, tensors)) == 2, "every tensor is the file's"
    assert (listed, text) == ([], ""), (listed, text)


def verify_loaded_names_the_head():
    """verify_loaded.py names the head's two tensors."""
    found = verify(model, "value")
    print(found)
    assert sorted(one.parameter for one in found) == ["value.bias", "value.weight"], "it finds no difference"


def the_librarys_own_head_is_exact():
    """LlamaForSequenceClassification, whose head is the library's, loads exactly."""
    config = transformers.LlamaConfig(**SIZES, num_labels=1)
    known = saved(transformers.LlamaForSequenceClassification, "library", config)
    assert wrong(load(transformers.LlamaForSequenceClassification, "library")[0], known) == []


if __name__ == "__main__":
    the_trained_head_is_overwritten()
    nothing_is_said_of_it()
    verify_loaded_names_the_head()
    the_librarys_own_head_is_exact()
