"""A tiny random LLaVA whose text_config says 100 rows, where its file has 104: which argument reaches that number."""

import json
import shutil
from pathlib import Path

import torch
import transformers
from _resized import FILE, OLD, ROWS, SIZES, equal, error, load, printed

CLASS = transformers.LlavaForConditionalGeneration
_vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
_vision |= {"image_size": 8, "patch_size": 4, "projection_dim": 16}
_config = transformers.LlavaConfig(
    text_config=transformers.LlamaConfig(vocab_size=ROWS, **SIZES),
    vision_config=transformers.CLIPVisionConfig(**_vision),
    image_token_index=OLD - 1,
    tie_word_embeddings=False,
)
_model = CLASS(_config)
_model.save_pretrained("seeing")
STATE = {name: tensor.clone() for name, tensor in _model.state_dict().items()}
Path("seeing-stale").mkdir()
shutil.copy(f"seeing/{FILE}", "seeing-stale")
_said = json.loads(Path("seeing/config.json").read_text("utf-8"))
_said["text_config"]["vocab_size"] = OLD
Path("seeing-stale/config.json").write_text(json.dumps(_said), "utf-8")


def _different(**options):
    """The names of the tensors that are not what the file holds."""
    with printed():
        model = CLASS.from_pretrained("seeing-stale", **options)
    state = model.state_dict()
    assert state.keys() == STATE.keys() and len(STATE) == 48, len(STATE)
    return [name for name, tensor in STATE.items() if not torch.equal(state[name], tensor)]


def _corrected(path):
    config = transformers.AutoConfig.from_pretrained(path)
    assert config.get_text_config().vocab_size == OLD
    config.get_text_config().vocab_size = ROWS
    return config


def it_is_the_same_mismatch():
    """A LLaVA whose text_config says 100 stops in the same way; ignore_mismatched_sizes=True leaves 2 tensors wrong."""
    text, _ = error(_different)
    assert "mismatch" in text, text
    wrong = _different(ignore_mismatched_sizes=True)
    assert sorted(name.split(".")[-2] for name in wrong) == ["embed_tokens", "lm_head"], wrong


def the_argument_vocab_size_is_refused():
    """There the argument vocab_size=104 is a TypeError: the number stands in text_config."""
    text, _ = error(lambda: _different(vocab_size=ROWS))
    assert "unexpected keyword argument 'vocab_size'" in text, text


def set_in_the_text_config_it_is_exact():
    """Set by config.get_text_config().vocab_size = 104 and given as config=, it is exact; a plain Llama as well."""
    assert _different(config=_corrected("seeing-stale")) == []
    assert equal(load("stale", config=_corrected("stale"))[0]) == 21


if __name__ == "__main__":
    it_is_the_same_mismatch()
    the_argument_vocab_size_is_refused()
    set_in_the_text_config_it_is_exact()
