"""A Llama loaded with a device_map that leaves one of its layers on disk, as "auto" does where memory is too small."""

import torch
import transformers
from _llama import ADVICE, FILE, FOLDER, META, PLAIN, count_equal, error_of, is_right, tensors, use_memory
from accelerate.utils.modeling import align_module_device
from safetensors.torch import load_file

from snippets.verify_loaded import verify

DEVICES = {
    "model.embed_tokens": "cpu",
    "model.rotary_emb": "cpu",
    "model.layers.0": "cpu",
    "model.layers.1": "disk",
    "model.norm": "cpu",
    "lm_head": "cpu",
}


def _offloaded():
    """Nine parameters are on meta, or this is no offloading."""
    model = transformers.LlamaForCausalLM.from_pretrained(FOLDER, device_map=DEVICES, offload_folder="offload").eval()
    assert sum(one.is_meta for one in model.parameters()) == 9
    return model


def called_it_is_right():
    """Called as it is, the logits are right, bit for bit: hooks fetch the layer for the time of its call."""
    assert is_right(_offloaded()), "the logits are others"


def moving_the_model_has_a_text_of_its_own():
    """`model.to("cpu")`: `RuntimeError: You can't move a model that has some modules offloaded to cpu or disk.`"""
    model = _offloaded()
    text = "RuntimeError: You can't move a model that has some modules offloaded to cpu or disk."
    assert error_of(lambda: model.to("cpu")) == text
    assert error_of(lambda: PLAIN.to("cpu")) == "no error"


def moving_the_layer_raises_the_message():
    """`.to()` of the layer on disk raises the message; of a weight in it, the short text; of the other layer, nothing."""
    layers = _offloaded().model.layers
    assert error_of(lambda: layers[1].to("cpu")).startswith(f"NotImplementedError: {ADVICE}")
    assert error_of(lambda: layers[1].mlp.up_proj.weight.to("cpu")) == f"NotImplementedError: {META}"
    assert error_of(lambda: layers[0].to("cpu")) == "no error"


def to_empty_loses_the_layer():
    """`to_empty()` of it raises nothing and fills nothing: no tensor is the file's any more, and the logits are others."""
    model = _offloaded()
    use_memory()
    model.to_empty(device="cpu")
    assert error_of(lambda: is_right(model)) == "no error"
    assert not is_right(model), "the logits are right"
    assert count_equal(model.state_dict()) == 0, "tensors are the file's"


def torch_save_loses_the_layer():
    """`torch.save(model.state_dict())` of it raises nothing: in the file 9 of 21 tensors have no values."""
    torch.save(_offloaded().state_dict(), "state.pt")
    loaded = torch.load("state.pt")
    assert sum(one.is_meta for one in loaded.values()) == 9, "values were written"
    assert count_equal(loaded) == len(tensors) - 9


def save_pretrained_writes_all():
    """`save_pretrained` of it writes 21 of 21 tensors, bit for bit."""
    _offloaded().save_pretrained("again")
    assert count_equal(load_file(f"again/{FILE}")) == len(tensors), "tensors differ"


def aligned_the_weight_is_there():
    """Inside accelerate's `align_module_device(layer)` the weight has its values, bit for bit; after it, none."""
    layer = _offloaded().model.layers[1].mlp.up_proj
    with align_module_device(layer):
        found = layer.weight.clone()
    assert torch.equal(found, tensors["model.layers.1.mlp.up_proj.weight"]), "other values"
    assert layer.weight.is_meta


def without_a_layer_on_disk_it_moves():
    """Loaded with all of it on one device, `device_map={"": "cpu"}`, it moves, and is right, bit for bit."""
    model = transformers.LlamaForCausalLM.from_pretrained(FOLDER, device_map={"": "cpu"}).eval()
    assert error_of(lambda: model.to("cpu")) == "no error"
    assert not any(one.is_meta for one in model.parameters())
    assert is_right(model), "the logits are others"


def verify_loaded_cannot_look_at_it():
    """verify_loaded.py says of the 9 that they are still on the meta device: it does not fetch what is offloaded."""
    found = verify(_offloaded(), FOLDER)
    assert len(found) == 9, found
    assert all(one.parameter.startswith("model.layers.1.") and "still on the meta device" in one.how for one in found), found


if __name__ == "__main__":
    called_it_is_right()
    moving_the_model_has_a_text_of_its_own()
    moving_the_layer_raises_the_message()
    to_empty_loses_the_layer()
    torch_save_loses_the_layer()
    save_pretrained_writes_all()
    aligned_the_weight_is_there()
    without_a_layer_on_disk_it_moves()
    verify_loaded_cannot_look_at_it()
