"""A LoRA whose names in the file have drifted from those of the model: what a load, a merge and what is tried make of it."""

import warnings

import torch
from _adapters import DRIFTS, FILE, TOKENS, adapter_of, applied, base, load, logits, printed, rename, saved, trained, warned
from peft import get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file

model = saved("sound")
WANTED, TRAINED, BASE = adapter_of(model), logits(model), logits(base())
assert len(WANTED) == 8 and not torch.equal(TRAINED, BASE)
for number, drift in enumerate(DRIFTS.values()):
    assert rename("sound", drift, f"drift{number}") == 8
FOLDERS = [f"drift{number}" for number in range(len(DRIFTS))]


def _only_layer_1(name):
    return name.replace("base_model.model.", "", 1) if ".layers.1." in name else name


rename("sound", _only_layer_1, "part")


def as_saved_every_tensor_is_applied():
    """As it was saved, every tensor is applied, the logits are those of the trained model, and nothing is printed."""
    loaded, text = load("sound")
    assert applied(loaded, WANTED) == 8
    assert torch.equal(logits(loaded), TRAINED) and text == "", text


def drifted_nothing_is_applied():
    """After each of five drifts 0 of 8 tensors are applied, no error is raised, and the logits are the base model's."""
    for folder in FOLDERS:
        loaded, _ = load(folder)
        assert applied(loaded, WANTED) == 0, folder
        assert torch.equal(logits(loaded), BASE), folder


def a_warning_names_what_is_missing():
    """One warning, "Found missing adapter keys while loading the checkpoint", names every tensor of the adapter."""
    for folder in FOLDERS:
        _, text = load(folder)
        assert text, "nothing is printed"
        assert warned(text) and all(name[: -len(".weight")] in text for name in WANTED), text


def merged_it_is_the_base_model():
    """Merged after such a load, the model is the base model, all 21 tensors bit for bit; of a sound load 4 differ."""
    expected = base().state_dict()
    for folder, differ in (("sound", 4), *((folder, 0) for folder in FOLDERS)):
        merged = load(folder)[0].merge_and_unload().state_dict()
        assert merged.keys() == expected.keys() and len(merged) == 21
        found = sum(not torch.equal(merged[name], tensor) for name, tensor in expected.items())
        print(f"{folder}: {found} of {len(merged)} tensors of the merged model differ from the base model")
        assert found == differ, (folder, found)


def one_layer_drifted_is_applied_in_part():
    """Of names that drifted in one layer of two, 4 of 8 tensors are applied: neither the trained model nor the base."""
    loaded, _ = load("part")
    assert applied(loaded, WANTED) == 4
    assert not torch.equal(logits(loaded), TRAINED) and not torch.equal(logits(loaded), BASE)


def renamed_in_the_file_every_tensor_is_applied():
    """Renamed in the file, as by `name.removeprefix("module.")`, every tensor is applied, and nothing is printed."""
    fixes = (
        lambda name: "base_model.model." + name,
        lambda name: name.removeprefix("module."),
        lambda name: name.removeprefix("base_model.model."),
        lambda name: name.replace(".language_model.", "."),
        lambda name: name.replace("base_model.model.", "base_model.model.model.", 1),
    )
    for folder, fix in zip(FOLDERS, fixes, strict=True):
        assert rename(folder, fix, "fixed") == 8
        loaded, text = load("fixed")
        assert applied(loaded, WANTED) == 8 and torch.equal(logits(loaded), TRAINED), folder
        assert text == "", text


def load_adapter_prints_nothing_of_it():
    """`PeftModel.load_adapter` applies 0 of 8, prints nothing, and only what it returns names the missing tensors."""
    for folder in FOLDERS:
        loaded, _ = load("sound")
        with printed() as lines:
            result = loaded.load_adapter(folder, "second")
        missing = [name for name in result.missing_keys if ".second." in name]
        assert lines[0] == "" and len(missing) == len(result.unexpected_keys) == 8, (folder, lines, result.unexpected_keys)
        assert applied(loaded, WANTED, "second") == 0 and applied(loaded, WANTED) == 8


def set_peft_model_state_dict_prints_nothing_of_it():
    """`set_peft_model_state_dict` applies 0 of 8 and prints nothing; it returns 8 names with lora_ as missing, else none."""
    for folder, count in (("sound", 0), *((folder, 8) for folder in FOLDERS)):
        loaded = get_peft_model(base(), model.peft_config["default"])
        with printed() as lines:
            result = set_peft_model_state_dict(loaded, load_file(f"{folder}/{FILE}"))
        missing = [name for name in result.missing_keys if "lora_" in name]
        assert lines[0] == "" and len(missing) == len(result.unexpected_keys) == count, (folder, lines, missing)
        assert applied(loaded, WANTED) == 8 - count


def with_warnings_filtered_nothing_is_printed():
    """With `warnings.filterwarnings("ignore")` nothing is printed, and 0 of 8 are applied as before."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore")
        for folder in FOLDERS:
            loaded, text = load(folder)
            assert text == "" and applied(loaded, WANTED) == 0, folder


def transformers_applies_it_without_the_prefix():
    """transformers' own `model.load_adapter` applies every tensor where base_model.model. is missing, and prints nothing."""
    loaded = base()
    with printed() as lines:
        loaded.load_adapter("drift0")
    assert applied(loaded, WANTED) == 8 and torch.equal(logits(loaded), TRAINED)
    assert lines[0] == "", lines[0]


def transformers_applies_a_doubled_prefix():
    """transformers' own `model.load_adapter` applies every tensor where base_model.model. stands twice."""
    loaded = base()
    loaded.load_adapter("drift2")
    assert applied(loaded, WANTED) == 8, "0 of 8 equal"


def transformers_applies_names_of_another_class():
    """transformers' own `model.load_adapter` applies every tensor where a `model.` is missing, as another class has it."""
    loaded = base()
    loaded.load_adapter("drift4")
    assert applied(loaded, WANTED) == 8, "0 of 8 equal"


def transformers_leaves_the_other_drifts_out_and_says_so():
    """transformers' own `model.load_adapter` applies 0 of 8 after the other two drifts, and prints the names."""
    for folder in ("drift1", "drift3"):
        loaded = base()
        with printed() as lines:
            loaded.load_adapter(folder)
        assert applied(loaded, WANTED) == 0 and torch.equal(logits(loaded), BASE), folder
        assert "lora_A" in lines[0], (folder, lines)


def the_logits_tell_by_disable_adapter():
    """With `disable_adapter()` a sound load gives other logits, a drifted one the same, and so does an untrained LoRA."""
    fresh = get_peft_model(base(), trained().peft_config["default"]).eval()
    for loaded, same in ((load("sound")[0], False), (load(FOLDERS[1])[0], True), (fresh, True)):
        with torch.no_grad(), loaded.disable_adapter():
            without = loaded(TOKENS).logits
        assert torch.equal(without, BASE) and torch.equal(without, logits(loaded)) == same


if __name__ == "__main__":
    as_saved_every_tensor_is_applied()
    drifted_nothing_is_applied()
    a_warning_names_what_is_missing()
    merged_it_is_the_base_model()
    one_layer_drifted_is_applied_in_part()
    renamed_in_the_file_every_tensor_is_applied()
    load_adapter_prints_nothing_of_it()
    set_peft_model_state_dict_prints_nothing_of_it()
    with_warnings_filtered_nothing_is_printed()
    transformers_applies_it_without_the_prefix()
    transformers_applies_a_doubled_prefix()
    transformers_applies_names_of_another_class()
    transformers_leaves_the_other_drifts_out_and_says_so()
    the_logits_tell_by_disable_adapter()
