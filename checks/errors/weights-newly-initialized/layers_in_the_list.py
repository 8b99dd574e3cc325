"""Loads after which layers or experts are random, or left out: files and config.json do not belong together."""

import torch
from _tiny import equal, listed, load, names, save, save_as

sound = save("sound")
LAYER = {name for name in sound if name.startswith("model.layers.1.")}
MIXTRAL = {"num_local_experts": 4, "num_experts_per_tok": 2}


def a_layer_in_no_file_is_random_and_all_else_exact():
    """A layer that is in no file: its 9 tensors are named and random, the other 12 equal the files, and nothing is raised."""
    save_as("lost", {name: tensor for name, tensor in sound.items() if name not in LAYER})
    model, text = load("lost")
    assert names(model) - equal(model, sound) == listed(text, "MISSING") == LAYER, listed(text, "MISSING")


def one_layer_more_in_the_config_is_random():
    """One layer more in config.json than in the files: its 9 tensors are named and random, the 21 others exact."""
    save_as("more", sound, num_hidden_layers=3)
    model, text = load("more")
    wrong = names(model) - equal(model, sound)
    assert wrong == listed(text, "MISSING") and len(wrong) == 9, wrong
    assert all(name.startswith("model.layers.2.") for name in wrong), wrong


def one_layer_less_in_the_config_is_left_out():
    """One layer less in config.json: what is loaded is exact, and the layer is left out; only the file's names are listed."""
    save_as("less", sound, num_hidden_layers=1)
    model, text = load("less")
    assert equal(model, sound) == names(model) == {*sound} - LAYER, names(model) - equal(model, sound)
    assert (listed(text, "UNEXPECTED"), listed(text, "MISSING")) == (LAYER, set()), text


def _mixtral():
    """Return the tensors of a small Mixtral as they are published, and those of its experts."""
    tensors = save("mixtral", "MixtralForCausalLM", **MIXTRAL)
    return tensors, {name: tensor for name, tensor in tensors.items() if ".experts." in name}


def _wrong(model, tensors):
    """Return the names of what does not equal the file, named as transformers 4 or 5 names it in the model."""
    both = tensors | {name.replace(".block_sparse_moe.", ".mlp."): tensor for name, tensor in tensors.items()}
    return names(model) - equal(model, both)


def experts_in_no_file_are_random_and_all_else_exact():
    """Mixtral from files without its experts: all experts are named and random, attention, router and the rest exact."""
    tensors, experts = _mixtral()
    save_as("no_experts", {name: tensor for name, tensor in tensors.items() if name not in experts}, like="mixtral")
    model, text = load("no_experts", "MixtralForCausalLM")
    wrong = _wrong(model, tensors)
    assert wrong == listed(text, "MISSING"), (wrong, listed(text, "MISSING"))
    assert wrong == {name for name in names(model) if ".experts." in name} and wrong, wrong


def fused_experts_in_the_file_are_exact():
    """Mixtral from files that hold its experts as one tensor, as transformers 5 has them in memory: every tensor is exact."""
    tensors, experts = _mixtral()
    fused = {name: tensor for name, tensor in tensors.items() if name not in experts}
    for layer in (0, 1):
        one = [[experts[f"model.layers.{layer}.block_sparse_moe.experts.{i}.w{w}.weight"] for i in range(4)] for w in (1, 3, 2)]
        fused[f"model.layers.{layer}.mlp.experts.gate_up_proj"] = torch.cat([torch.stack(one[0]), torch.stack(one[1])], 1)
        fused[f"model.layers.{layer}.mlp.experts.down_proj"] = torch.stack(one[2])
    save_as("fused", fused, like="mixtral")
    model, _ = load("fused", "MixtralForCausalLM")
    wrong = _wrong(model, fused)
    assert not wrong, f"no error, {len(names(model)) - len(wrong)} of {len(names(model))} equal"


def an_adapter_that_was_not_merged_leaves_its_layers_random():
    """Saved with the adapter beside it (q_proj.base_layer, lora_A, lora_B), both q_proj are random and all else is exact."""
    query = [f"model.layers.{layer}.self_attn.q_proj" for layer in (0, 1)]
    beside = {f"{name}.base_layer.weight": sound[f"{name}.weight"] for name in query}
    beside |= {f"{name}.lora_{part}.weight": torch.rand(4, 16) for name in query for part in "AB"}
    save_as("adapter", {name: t for name, t in sound.items() if ".q_proj." not in name} | beside)
    model, text = load("adapter")
    assert names(model) - equal(model, sound) == listed(text, "MISSING") == {f"{name}.weight" for name in query}
    assert listed(text, "UNEXPECTED") == {*beside}, listed(text, "UNEXPECTED")


def a_question_head_for_llama_loses_the_whole_model():
    """LlamaForQuestionAnswering from the files of a Llama: not the head alone is random, but all 22 tensors; all are named."""
    model, text = load("sound", "LlamaForQuestionAnswering")
    assert len(listed(text, "MISSING")) == len(names(model)) == 22, listed(text, "MISSING")
    inner = {name.replace("model.", "transformer.", 1): tensor for name, tensor in sound.items()}
    assert not equal(model, inner), equal(model, inner)
    assert len(names(model) & {*inner}) == 20, "other names"


def renamed_for_the_question_head_it_is_exact():
    """Written again as transformer. in place of model., every tensor but the new head is exact."""
    inner = {name.replace("model.", "transformer.", 1): tensor for name, tensor in sound.items() if name != "lm_head.weight"}
    save_as("renamed", inner)
    model, text = load("renamed", "LlamaForQuestionAnswering")
    assert names(model) - equal(model, inner) == {"qa_outputs.weight", "qa_outputs.bias"} == listed(text, "MISSING"), text


if __name__ == "__main__":
    a_layer_in_no_file_is_random_and_all_else_exact()
    one_layer_more_in_the_config_is_random()
    one_layer_less_in_the_config_is_left_out()
    experts_in_no_file_are_random_and_all_else_exact()
    an_adapter_that_was_not_merged_leaves_its_layers_random()
