"""gpt-oss, loaded from its published MXFP4 on a CPU, which makes bfloat16 of it; saved, and loaded again."""

from pathlib import Path

import torch
from _gpt_oss import CONFIG, LAYERS, MATRICES, different, experts, held, load, publish, stored
from _moe import printed
from safetensors.torch import load_file, save_file
from transformers import Mxfp4Config

publish()
LAST = LAYERS - 1


def _saved(folder, model, **options):
    """Save a model; an exception is an answer, too."""
    try:
        model.save_pretrained(folder, **options)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} while saving: {error}") from error


def the_experts_of_all_layers_become_two_tensors():
    """Saved, all layers' experts are two tensors, `down_proj$` and `gate_up_proj$`: the last layer's; nothing is printed."""
    model = load()
    with printed() as lines:
        _saved("two", model)
    tensors, state = stored("two"), held(model)
    assert not tensors.keys() & set(experts()), "the experts have their names"
    assert tensors.keys() >= {f"{matrix}$" for matrix in MATRICES}, sorted(tensors)
    for matrix in MATRICES:
        assert torch.equal(tensors[f"{matrix}$"], state[f"model.layers.{LAST}.mlp.experts.{matrix}"])
    assert lines == [""], lines


def loaded_again_every_expert_is_random():
    """Loaded again, the matrices of all experts are random, and named as missing; all else is exact."""
    model = load()
    _saved("again", model)
    with printed() as lines:
        second, found = load("again", output_loading_info=True)
    print(lines[0])
    assert different(second, held(model)) == experts()
    assert sorted(found["missing_keys"]) == experts()


def it_stops_while_saving():
    """`save_pretrained` stops with a NotImplementedError."""
    stopped = False
    try:
        load().save_pretrained("stopped")
    except NotImplementedError as error:
        stopped = True
        print(f"{type(error).__name__}: {error}")
    assert stopped, "it was saved"


def asked_to_dequantise_it_is_the_same():
    """With `quantization_config=Mxfp4Config(dequantize=True)`, too, every expert is random in what was saved."""
    model = load(quantization_config=Mxfp4Config(dequantize=True))
    _saved("asked", model)
    assert different(load("asked"), held(model)) == experts()


def given_the_state_dict_it_is_the_same():
    """Given `state_dict=model.state_dict()`, as the Trainer gives it, every expert is random in what was saved."""
    model = load()
    _saved("given", model, state_dict=model.state_dict())
    assert different(load("given"), held(model)) == experts()


def saved_and_loaded_again_it_is_exact():
    """Saved by `save_pretrained` and loaded again, every tensor is exact."""
    model = load()
    _saved("exact", model)
    assert different(load("exact"), held(model)) == []


def as_it_is_in_memory_it_is_exact():
    """Saved with `save_original_format=False` and loaded again, every tensor is exact."""
    model = load()
    wanted = held(model)
    # --8<-- [start:as_it_is]
    model.save_pretrained("saved", save_original_format=False)
    # --8<-- [end:as_it_is]
    assert different(load("saved"), wanted) == []


def other_layers_are_not_in_the_file():
    """No tensor of the file has the values of another layer's experts than the last one's."""
    model = load()
    _saved("lost", model)
    state, tensors = held(model), stored("lost").values()
    for name in experts():
        has = any(one.shape == state[name].shape and torch.equal(one, state[name]) for one in tensors)
        assert has == name.startswith(f"model.layers.{LAST}."), name


def every_layers_experts_are_there_under_names_of_blocks():
    """Every layer's experts are in the file, in bfloat16, under names that end in `_blocks`; renamed, they are exact."""
    model = load()
    _saved("blocks", model)
    wanted, file = held(model), Path("blocks", "model.safetensors")
    assert not stored("blocks").keys() & set(experts()), "the experts have their names"
    # --8<-- [start:renamed]
    tensors = {name.removesuffix("_blocks"): tensor for name, tensor in load_file(file).items()}
    save_file(tensors, file, {"format": "pt"})
    # --8<-- [end:renamed]
    assert tensors.keys() == wanted.keys(), sorted(tensors.keys() ^ wanted.keys())
    assert different(load("blocks"), wanted) == []


def bfloat16_files_are_saved_exactly():
    """Loaded from files in bfloat16, and not from MXFP4, the same model is saved and loaded again exactly."""
    model = load()
    _saved("bfloat16", model, save_original_format=False)
    second = load("bfloat16")
    assert getattr(second.config, "quantization_config", None) is None and CONFIG["quantization_config"]
    _saved("second", second)
    assert different(load("second"), held(model)) == []
