"""What from_pretrained makes of a wrapper's names, how they come into a folder, and what takes them out of it."""

from pathlib import Path

import torch
import transformers
from _llama import CLEAN, FILE, SIZE, WRAPPED, equal, load, model, save_as
from _rename_files import rename_files
from safetensors import safe_open
from safetensors.torch import load_file


def _names(folder):
    with safe_open(f"{folder}/{FILE}", "pt") as file:
        return {*file.keys()}


def it_loads_nothing_and_returns():
    """from_pretrained of a folder with `module.`, `_orig_mod.`, both, or `_fsdp_wrapped_module.`: no error, 0 of 21 tensors."""
    for prefix, folder in WRAPPED.items():
        assert _names(folder) == {prefix + name for name in CLEAN}
        assert load(folder)[0] == 0, prefix
    assert load("clean")[0] == SIZE == 21


def a_sentence_tells_it():
    """What is printed: "Some weights of the model checkpoint ... were not used", with the names that begin with the prefix."""
    for prefix, folder in WRAPPED.items():
        _, text = load(folder)
        assert "were not used when initializing LlamaForCausalLM: " in text, "the sentence is not printed"
        assert f"'{prefix}lm_head.weight'" in text and "newly initialized: ['lm_head.weight', " in text, text


def a_table_tells_it():
    """What is printed: a LOAD REPORT, with the names that begin with the prefix as UNEXPECTED, and without it as MISSING."""
    for prefix, folder in WRAPPED.items():
        _, text = load(folder)
        assert "LOAD REPORT" in text, "the table is not printed"
        rows = {tuple(part.strip() for part in line.split("|")[:2]) for line in text.splitlines() if line.count("|") > 1}
        assert {(f"{prefix}lm_head.weight", "UNEXPECTED"), ("lm_head.weight", "MISSING")} <= rows, rows


def with_logging_off_nothing_is_printed():
    """With transformers' logging at ERROR nothing is printed, and 0 of 21 tensors are loaded all the same."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        found = [load(folder) for folder in WRAPPED.values()]
    finally:
        transformers.logging.set_verbosity(before)
    assert found == [(0, "")] * 4, found


def a_state_dict_of_the_wrapper_brings_the_names_in():
    """model.save_pretrained(folder, state_dict=compiled.state_dict()) writes `_orig_mod.` into the file: 0 of 21 load."""
    model.save_pretrained("brought", state_dict=torch.compile(model).state_dict())
    assert _names("brought") == {f"_orig_mod.{name}" for name in CLEAN}, _names("brought")
    assert load("brought")[0] == 0


def save_pretrained_of_the_compiled_model_is_clean():
    """compiled.save_pretrained(folder), without a state_dict, writes the model's own names: 21 of 21 tensors."""
    compiled = torch.compile(model)
    assert all(name.startswith("_orig_mod.") for name in compiled.state_dict())
    compiled.save_pretrained("saved")
    assert load("saved")[0] == SIZE


def renamed_in_the_file_it_is_exact():
    """rename_files: written again without the wrappers' names, each of four folders loads 21 of 21; nothing is printed."""
    for folder in WRAPPED.values():
        assert load(folder)[0] == 0
        transformers.AutoConfig.from_pretrained(folder).save_pretrained("renamed")
        rename_files(folder, "renamed")
        assert load("renamed") == (SIZE, "")


def renamed_from_shards_it_is_exact():
    """A folder of several shards, as save_pretrained writes it with max_shard_size: rename_files makes one file, 21 of 21."""
    model.save_pretrained("shards", state_dict=torch.compile(model).state_dict(), max_shard_size="10KB")
    assert len([*Path("shards").glob("*.safetensors")]) > 1 and load("shards")[0] == 0
    transformers.AutoConfig.from_pretrained("shards").save_pretrained("joined")
    rename_files("shards", "joined")
    assert load("joined") == (SIZE, "")


def two_names_that_become_one_stop_it():
    """rename_files writes nothing where two tensors would get the same name: the error names it."""
    twice = {"module.lm_head.weight": CLEAN["lm_head.weight"], "lm_head.weight": CLEAN["lm_head.weight"] * 2}
    save_as("twice", twice)
    Path("nothing").mkdir(exist_ok=True)
    try:
        rename_files("twice", "nothing")
    except ValueError as raised:
        assert str(raised) == "two tensors would be called lm_head.weight", raised
    else:
        raise AssertionError("no error")
    assert not [*Path("nothing").iterdir()]


def key_mapping_loads_it_exactly():
    """`key_mapping={r"^_orig_mod\\\\.": ""}` given to from_pretrained: 21 of 21 tensors."""
    try:
        found = load("compiled", key_mapping={r"^_orig_mod\.": ""})[0]
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{type(error).__name__}: {error}") from error
    assert found == SIZE, f"no error, {found} of {SIZE} equal"


def other_arguments_change_nothing():
    """ignore_mismatched_sizes=True, low_cpu_mem_usage=True and use_safetensors=True change nothing: 0 of 21."""
    for option in ("ignore_mismatched_sizes", "low_cpu_mem_usage", "use_safetensors"):
        assert load("compiled", **{option: True})[0] == 0, option


def strict_false_loads_nothing():
    """model.load_state_dict(load_file(...), strict=False) of such a file: nothing printed, 0 of 21."""
    fresh = transformers.LlamaForCausalLM(model.config)
    result = fresh.load_state_dict(load_file(f"compiled/{FILE}"), strict=False)
    assert len(result.missing_keys) == len(result.unexpected_keys) == SIZE and equal(fresh) == 0, result


if __name__ == "__main__":
    it_loads_nothing_and_returns()
    with_logging_off_nothing_is_printed()
    a_state_dict_of_the_wrapper_brings_the_names_in()
    save_pretrained_of_the_compiled_model_is_clean()
    renamed_in_the_file_it_is_exact()
    renamed_from_shards_it_is_exact()
    two_names_that_become_one_stop_it()
    other_arguments_change_nothing()
    strict_false_loads_nothing()
