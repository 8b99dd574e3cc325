"""replace("module.", "") on classes of transformers whose own names hold the word: tiny ones, random, in DataParallel."""

import torch
import transformers
from _llama import random_everywhere
from torch.nn.parallel import DataParallel

SIZES = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
CONV = {"conv_dim": [8], "conv_stride": [2], "conv_kernel": [2], "num_feat_extract_layers": 1}
CONV |= {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
CLASSES = {
    "Wav2Vec2BertModel": {"feature_projection_input_dim": 8},
    "Wav2Vec2ConformerModel": CONV,
}


def _fresh(name):
    cls = getattr(transformers, name)
    return cls(cls.config_class(**SIZES, **CLASSES[name]))


torch.manual_seed(0)
models = {name: random_everywhere(_fresh(name)) for name in CLASSES}
WRAPPED = {name: DataParallel(model).state_dict() for name, model in models.items()}


def _load(name, state, strict=True):
    """Load into a fresh one: which tensors are those of the file then, and what the result or the error says."""
    model, saved = _fresh(name), models[name].state_dict()
    try:
        told = model.load_state_dict(state, strict=strict)
    except RuntimeError as error:
        print(f"RuntimeError: {error}"[:2000])
        told = error
    return [key for key, tensor in model.state_dict().items() if torch.equal(tensor, saved[key])], str(told)


def replaced(state):
    return {name.replace("module.", ""): tensor for name, tensor in state.items()}


def replace_breaks_real_names():
    """Wav2Vec2Bert, Wav2Vec2Conformer: after replace("module.", "") conv_module is gone from the names; a strict load stops."""
    for name, state in WRAPPED.items():
        _, told = _load(name, replaced(state))
        assert "encoder.layers.0.conv_module.layer_norm.weight" in told, told
        assert "encoder.layers.0.conv_layer_norm.weight" in told, told


def with_strict_false_they_stay_random():
    """The same with strict=False: no error; the tensors of conv_module, and no others, are not those of the file."""
    for name, state in WRAPPED.items():
        inner = [key for key in models[name].state_dict() if "conv_module." in key]
        right, told = _load(name, replaced(state), strict=False)
        print(f"{name}: {len(right)} of {len(state)} are the file's, {len(inner)} are in conv_module")
        assert inner and {*models[name].state_dict()} - {*right} == {*inner} and told.startswith("_IncompatibleKeys("), told


def removeprefix_is_exact():
    """The same files with removeprefix("module."): every tensor is exact."""
    for name, state in WRAPPED.items():
        assert _load(name, state, strict=False)[0] == []
        right, _ = _load(name, {key.removeprefix("module."): tensor for key, tensor in state.items()})
        assert len(right) == len(state), right


if __name__ == "__main__":
    replace_breaks_real_names()
    with_strict_false_they_stay_random()
    removeprefix_is_exact()
