"""A LoRA on gpt-oss that was loaded from its published MXFP4; merged, saved, and loaded again."""

import torch
from _gpt_oss import different, experts, held, load, publish
from peft import LoraConfig, get_peft_model

publish()


def _merged():
    """A model into which a LoRA on the attention has been merged."""
    model = get_peft_model(load(), LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj", "v_proj"]))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    model = model.merge_and_unload()
    trained = sorted(name for name in held(model) if name.endswith(("q_proj.weight", "v_proj.weight")))
    if different(model, held(load())) != trained:
        raise RuntimeError("the LoRA is not in the merged weights, so that nothing is said of them")
    return model


def merged_and_saved_every_expert_is_random():
    """Merged and saved, the matrices of all experts are random when it is loaded again; what was trained is there."""
    model = _merged()
    model.save_pretrained("merged")
    wrong = different(load("merged"), held(model))
    assert wrong == experts(), wrong


def merged_and_saved_as_it_is_in_memory_it_is_exact():
    """Merged and saved with `save_original_format=False`, every tensor is exact when it is loaded again."""
    model = _merged()
    model.save_pretrained("merged-exact", save_original_format=False)
    assert different(load("merged-exact"), held(model)) == []
