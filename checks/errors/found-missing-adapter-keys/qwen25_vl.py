"""A LoRA on Qwen2.5-VL with the names of before transformers 4.52, loaded onto the published model by another release."""

import json
from pathlib import Path

import torch
import transformers
from _adapters import FILE, adapter_of, applied, fill, load, printed, warned
from _qwen25_vl import CLASS, publish, published
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

LAYERS = "base_model.model.model.layers.0.self_attn"
WHERE = r"(?:.*\.)?layers\.\d+\.self_attn\.(?:q_proj|v_proj)"
SHAPES = {"q_proj.lora_A": (2, 32), "q_proj.lora_B": (32, 2), "v_proj.lora_A": (2, 32), "v_proj.lora_B": (16, 2)}
tensors = publish("published")
OLD = {f"{LAYERS}.{name}.weight": torch.empty(shape) for name, shape in SHAPES.items()}
fill(OLD.values(), seed=1)


def _inside(name):
    return name.replace("model.model.layers", "model.model.language_model.layers")


def _write(folder, named):
    Path(folder).mkdir(exist_ok=True)
    config = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=WHERE, base_model_name_or_path="published")
    config.inference_mode = True
    config.save_pretrained(folder)
    save_file(named, f"{folder}/{FILE}", {"format": "pt"})


def _base():
    """The base model, which each release loads exactly."""
    model = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained("published").eval()
    state = {published(name): tensor for name, tensor in model.state_dict().items()}
    assert all(torch.equal(state[name], tensor) for name, tensor in tensors.items()), "the base model is not exact"
    return model


def _wanted(model):
    """What was trained, under the names that this release's model has."""
    names = {name.replace(".language_model.", "."): name for name in adapter_of(model)}
    return {names[name]: tensor for name, tensor in OLD.items()}


_write("old", OLD)
_write("new", {_inside(name): tensor for name, tensor in OLD.items()})


def saved_here_the_names_are_the_old_ones():
    """Trained and saved by this release, the names are `base_model.model.model.layers`, without language_model."""
    model = get_peft_model(_base(), LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=WHERE))
    model.save_pretrained("saved")
    found = load_file(f"saved/{FILE}")
    assert len(found) == 4 and json.loads(Path("saved/adapter_config.json").read_text("utf-8"))["r"] == 2
    assert found.keys() == OLD.keys(), f"the names are {min(found)}"


def the_old_names_are_applied():
    """PEFT applies an adapter with the old names, 4 of 4 tensors bit for bit, and prints nothing."""
    model, text = load("old", onto=_base())
    count = applied(model, _wanted(model))
    assert count == 4, f"{count} of 4 equal, {'a warning' if warned(text) else 'nothing is printed'}"
    assert not warned(text), text


def left_out_the_merged_model_is_the_base():
    """Merged, the model is the base model, bit for bit."""
    model, _ = load("old", onto=_base())
    merged, expected = model.merge_and_unload().state_dict(), _base().state_dict()
    found = sum(not torch.equal(merged[name], tensor) for name, tensor in expected.items())
    assert found == 0, f"{found} tensors are merged"


def with_language_model_in_the_names_it_is_applied():
    """With language_model put into the names in the file, PEFT applies 4 of 4 tensors, and prints nothing."""
    model, text = load("new", onto=_base())
    count = applied(model, _wanted(model))
    assert count == 4, f"{count} of 4 equal, {'a warning' if warned(text) else 'nothing is printed'}"
    assert not warned(text), text


def transformers_own_load_adapter_applies_the_old_names():
    """transformers' own `model.load_adapter(folder)` applies an adapter with the old names, 4 of 4 tensors bit for bit."""
    model = _base()
    with printed() as lines:
        model.load_adapter("old")
    count = applied(model, _wanted(model))
    assert count == 4, f"{count} of 4 equal, {'names are printed' if 'lora_A' in lines[0] else 'nothing is printed'}"


def asked_by_the_class_peft_applies_the_old_names():
    """PEFT asks transformers for renamings of "qwen2_5_vl", and gets none; given those of the class, it applies 4 of 4."""
    from peft.utils import transformers_weight_conversion as conversion

    find, answers = conversion.get_checkpoint_conversion_mapping, {}

    def by_class(name):
        answers[name] = find(name)
        return answers[name] or find(CLASS)

    conversion.get_checkpoint_conversion_mapping = by_class
    try:
        model, text = load("old", onto=_base())
    finally:
        conversion.get_checkpoint_conversion_mapping = find
    assert list(answers) == ["qwen2_5_vl"], answers
    assert answers["qwen2_5_vl"] is None, "it gets them"
    assert applied(model, _wanted(model)) == 4 and not warned(text), text


if __name__ == "__main__":
    saved_here_the_names_are_the_old_ones()
    the_old_names_are_applied()
    left_out_the_merged_model_is_the_base()
    with_language_model_in_the_names_it_is_applied()
    transformers_own_load_adapter_applies_the_old_names()
    asked_by_the_class_peft_applies_the_old_names()
