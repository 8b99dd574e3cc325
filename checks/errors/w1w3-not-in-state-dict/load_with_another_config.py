"""Load a checkpoint under a config.json that asks for other sizes, with XTuner in shard mode."""

import os
import re
import tempfile

from _checkpoint import CONFIG, save, shapes, write_config
from _shard_mode import load, load_without_shard_mode

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOLDER = "deepseek-ai/DeepSeek-V2-Lite"
save(FOLDER)
write_config(FOLDER, moe_intermediate_size=6, num_hidden_layers=3)  # three layers, because 27 take half a minute


def _parameter(name):
    """The parameter that holds this tensor of the checkpoint when 8 experts are merged into one."""
    expert = re.fullmatch(r"(.*\.experts)\.(\d+)\.(\w+)\.weight", name)
    return f"{expert[1]}.{int(expert[2]) // 8}.{'w2' if expert[3] == 'down_proj' else 'w1w3'}" if expert else name


try:
    load_without_shard_mode(FOLDER)  # has to come first: the class stays patched after shard mode
    error_without_shard_mode = ""
except RuntimeError as error:
    error_without_shard_mode = str(error)

write_config(FOLDER)
matching = load(FOLDER)
wrong, unfitting, CHANGES = [], [], ({"moe_intermediate_size": 6}, {"vocab_size": 20}, {"kv_lora_rank": 6})
for changed in CHANGES:
    write_config(FOLDER, **changed)
    try:
        wrong.append(load(FOLDER))
    except RuntimeError as error:
        wrong.append(error)
    differ = dict(shapes(CONFIG | changed).items() - shapes().items())
    unfitting.append({_parameter(name) for name in differ})


def raises_nothing_and_prints_the_same_lines():
    """If moe_intermediate_size, vocab_size or kv_lora_rank differ, nothing is raised and the same four lines appear."""
    assert all(unfitting) and not any(isinstance(loaded, RuntimeError) for loaded in wrong), wrong
    for loaded, changed in zip(wrong, CHANGES, strict=True):
        assert changed.items() <= loaded.model.config.to_dict().items(), f"loaded without {changed}"
    assert len(matching.lines) == 4
    assert [loaded.lines for loaded in wrong] == [matching.lines] * 3
    assert [loaded.loud for loaded in wrong] == [[]] * 3, [loaded.loud for loaded in wrong]


def experts_stay_random():
    """If moe_intermediate_size differs, no routed expert is loaded: they keep the random values they started with."""
    experts = [tensor for name, tensor in wrong[0].model.named_parameters() if ".experts." in name]
    smallest = min(tensor.min() for tensor in matching.model.parameters())
    assert len(experts) == 416
    assert max(tensor.abs().max() for tensor in experts) < 1 <= smallest
    assert all(tensor.unique().numel() > 1 and tensor.std() > 0 for tensor in experts), "zeros or constants"


def verify_names_exactly_these_parameters():
    """verify_loaded.py names exactly the parameters that were not loaded, 494, 2 or 81 of 715; else none."""
    assert verify(matching.model, FOLDER) == []
    found = [{difference.parameter for difference in verify(loaded.model, FOLDER)} for loaded in wrong]
    assert (found, [len(names) for names in found]) == (unfitting, [494, 2, 81]), found


def loading_info_names_them_too():
    """With output_loading_info=True, error_msgs names the same parameters, and is empty after a good load."""
    assert all(unfitting) and matching.errors == []
    found = [set(re.findall(r"size mismatch for (\S+):", "\n".join(loaded.errors))) for loaded in wrong]
    assert found == unfitting, found


def raises_without_shard_mode():
    """Without shard mode another moe_intermediate_size raises a size mismatch, from the first expert on."""
    assert "size mismatch for model.layers.1.mlp.experts.0.gate_proj.weight" in error_without_shard_mode


if __name__ == "__main__":
    raises_nothing_and_prints_the_same_lines()
    experts_stay_random()
    verify_names_exactly_these_parameters()
    loading_info_names_them_too()
    raises_without_shard_mode()
