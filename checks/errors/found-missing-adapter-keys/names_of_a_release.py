"""Names in the file that some releases of PEFT read and others do not: the adapter's name, "lora", a trained head."""

import re
from pathlib import Path

import torch
from _adapters import FILE, adapter_of, applied, base, load, logits, rename, saved, trained, warned
from safetensors.torch import load_file, save_file

HEAD = "base_model.model.lm_head.weight"
model = saved("sound")
WANTED, TRAINED, BASE = adapter_of(model), logits(model), logits(base())
rename("sound", lambda name: re.sub(r"(lora_[AB])\.", r"\1.default.", name), "default")
rename("sound", lambda name: re.sub(r"\.lora_([AB])\.", r"_\1.", name), "damaged")
with_head = saved("head", modules_to_save=["lm_head"])
rename("head", lambda name: name.replace("model.lm_head", "model.0.lm_head"), "moved")


def _outcome(loaded, text):
    """Say what a load has made of an adapter, which has to be all or nothing."""
    count = applied(loaded, WANTED)
    assert torch.equal(logits(loaded), TRAINED if count == 8 else BASE) and count in (0, 8)
    return f"{count} of 8 equal, {'a warning' if warned(text) else text or 'nothing is printed'}"


def with_the_adapters_name_left_in_it_is_applied():
    """With the adapter's name left in (`lora_A.default.weight`, a state_dict saved by hand) every tensor is applied."""
    found = _outcome(*load("default"))
    assert found == "8 of 8 equal, nothing is printed", found


def with_the_adapters_name_taken_out_it_is_applied():
    """With `name.replace(".default.", ".")` on every name in the file, every tensor is applied."""
    assert rename("default", lambda name: name.replace(".default.", "."), "fixed") == 8
    found = _outcome(*load("fixed"))
    assert found == "8 of 8 equal, nothing is printed", found


def an_adapter_called_lora_is_applied():
    """Saved and loaded by the same release, an adapter with `adapter_name="lora"` is applied, by that name and without."""
    trained("lora").save_pretrained("called")
    folder = "called/lora"
    assert Path(folder, FILE).is_file()
    by_name, text = load(folder, adapter_name="lora")
    count, found = applied(by_name, WANTED, "lora"), _outcome(*load(folder))
    about = "a warning" if warned(text) else "nothing is printed"
    assert (count, found) == (8, "8 of 8 equal, nothing is printed"), f"{count} of 8 equal, {about}"


def it_is_written_with_damaged_names():
    """An adapter with `adapter_name="lora"` is saved as q_proj_A.weight, without lora_ in the name."""
    trained("lora").save_pretrained("written")
    found = min(load_file(f"written/lora/{FILE}"))
    assert found == "base_model.model.model.layers.0.self_attn.q_proj_A.weight", f"the name is {found}"


def damaged_names_are_not_applied():
    """A file with names such as q_proj_A.weight is not applied: 0 of 8, and the logits are the base model's."""
    assert _outcome(*load("damaged")).startswith("0 of 8")


def damaged_names_repaired_are_applied():
    """With `_A.` replaced by `.lora_A.` and `_B.` by `.lora_B.` in the file, every tensor is applied."""
    assert rename("damaged", lambda name: re.sub(r"_([AB])\.weight$", r".lora_\1.weight", name), "fixed") == 8
    found = _outcome(*load("fixed"))
    assert found == "8 of 8 equal, nothing is printed", found


def a_head_that_is_not_in_the_file_stops_the_load():
    """`modules_to_save=["lm_head"]`, and the file has no such name (none, or a moved one): the load raises KeyError."""
    rename("head", lambda name: name, "without")
    save_file({name: one for name, one in load_file(f"head/{FILE}").items() if name != HEAD}, f"without/{FILE}")
    for folder in ("without", "moved"):
        try:
            loaded, text = load(folder)
        except KeyError as error:
            assert str(error) == f"'{HEAD}'", error
            continue
        head = loaded.base_model.model.lm_head.modules_to_save["default"].weight
        assert torch.equal(head, base().lm_head.weight) and applied(loaded, adapter_of(with_head)) == 8
        about = "a line" if text else "nothing is printed"
        raise AssertionError(f"no error, {about}, the head is the base model's")


def a_head_renamed_in_the_file_is_applied():
    """With the moved name put right in the file (`model.0.lm_head` to `model.lm_head`), all 9 tensors are applied."""
    assert rename("moved", lambda name: name.replace("model.0.lm_head", "model.lm_head"), "fixed") == 1
    loaded, _ = load("fixed")
    assert applied(loaded, adapter_of(with_head)) == 9 and torch.equal(logits(loaded), logits(with_head))


if __name__ == "__main__":
    with_the_adapters_name_left_in_it_is_applied()
    with_the_adapters_name_taken_out_it_is_applied()
    an_adapter_called_lora_is_applied()
    it_is_written_with_damaged_names()
    damaged_names_are_not_applied()
    damaged_names_repaired_are_applied()
    a_head_that_is_not_in_the_file_stops_the_load()
    a_head_renamed_in_the_file_is_applied()
