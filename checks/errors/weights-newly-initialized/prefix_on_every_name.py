"""Load files in which every name begins with what a wrapper put there."""

import torch
import transformers
from _tiny import FILE, LLAMA, equal, listed, load, names, prefixed, printed, save, save_as
from safetensors.torch import load_file, save_file

sound = save("sound")
PREFIXES = ("module.", "_orig_mod.", "base_model.model.", "language_model.")
folders = {prefix: prefix.replace(".", "_") for prefix in PREFIXES}
for prefix, folder in folders.items():
    save_as(folder, prefixed(sound, prefix))


def leaves_every_tensor_random():
    """With each of four prefixes the load raises nothing, names all 21 tensors, and none of them equals the file."""
    for folder in folders.values():
        model, text = load(folder)
        assert not equal(model, sound), f"{folder}: {equal(model, sound)}"
        assert len(listed(text, "MISSING")) == len(names(model)) == 21, listed(text, "MISSING")


def the_values_are_drawn_anew():
    """Two such loads give two models: none of the 16 matrices is the same in both."""
    one, other = (load("module_", seed=seed)[0].state_dict() for seed in (1, 2))
    matrices = {name for name, tensor in one.items() if tensor.dim() == 2}
    assert len(matrices) == 16 and not any(torch.equal(one[name], other[name]) for name in matrices), matrices


def the_files_names_are_named_too():
    """The names in the file stand in the same message, as not used or UNEXPECTED: the same 21 behind the prefix."""
    for prefix, folder in folders.items():
        _, text = load(folder)
        other = sorted(listed(text, "UNEXPECTED") ^ {prefix + name for name in sound})
        assert not other, f"under names that no file has: {other[-1]}"


# --8<-- [start:rename]
def rename(file, prefix, renamed):
    """Write another file, without the prefix before its names."""
    tensors = load_file(file)
    save_file({name.removeprefix(prefix): tensor for name, tensor in tensors.items()}, renamed, {"format": "pt"})
    # --8<-- [end:rename]


def renamed_in_the_file_every_tensor_is_exact():
    """Written anew without the prefix, each of the four files loads exactly: 21 of 21 tensors, and nothing is printed."""
    for prefix in PREFIXES:
        save_as("renamed", prefixed(sound, prefix))
        rename(f"{folders[prefix]}/{FILE}", prefix, f"renamed/{FILE}")
        model, text = load("renamed")
        assert equal(model, sound) == names(model) and text == "", (text, names(model) - equal(model, sound))


def key_mapping_loads_it_exactly():
    """`key_mapping={"^module\\\\.": ""}` given to from_pretrained loads it exactly, 21 of 21 tensors."""
    try:
        model, _ = load("module_", key_mapping={r"^module\.": ""})
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{type(error).__name__}: {error}") from error
    assert equal(model, sound) == names(model), names(model) - equal(model, sound)


def other_arguments_change_nothing():
    """`ignore_mismatched_sizes=True` and `low_cpu_mem_usage=True` change nothing: none of 21 tensors equals the file."""
    for option in ("ignore_mismatched_sizes", "low_cpu_mem_usage"):
        model, text = load("module_", **{option: True})
        assert not equal(model, sound) and len(listed(text, "MISSING")) == 21, option


def strict_false_loads_nothing_and_prints_nothing():
    """`load_state_dict(..., strict=False)` loads none of 21 prefixed tensors and prints nothing; unprefixed, all 21."""
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA))
    with printed() as text:
        result = model.load_state_dict(prefixed(sound), strict=False)
    assert not equal(model, sound) and text == [""], text
    assert {*result.missing_keys} == {*sound} and len(result.unexpected_keys) == 21, result
    model.load_state_dict(sound, strict=False)
    assert equal(model, sound) == names(model), names(model) - equal(model, sound)


if __name__ == "__main__":
    leaves_every_tensor_random()
    the_values_are_drawn_anew()
    the_files_names_are_named_too()
    renamed_in_the_file_every_tensor_is_exact()
    other_arguments_change_nothing()
    strict_false_loads_nothing_and_prints_nothing()
