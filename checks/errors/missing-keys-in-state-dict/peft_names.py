"""The state_dict() of a model that PEFT holds, given to the model that it holds: a tiny random Llama with a trained LoRA."""

import peft
import torch
import transformers
from _net import error

SIZES = {"vocab_size": 32, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}


def _llama(seed):
    torch.manual_seed(seed)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=2, tie_word_embeddings=False, **SIZES))


def _held(seed):
    """A model in PEFT whose LoRA is not zero, as after training."""
    config = peft.LoraConfig(target_modules=["q_proj", "v_proj"], r=2, task_type="CAUSAL_LM")
    model = peft.get_peft_model(_llama(seed), config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_()
    assert all(parameter.any() for name, parameter in model.named_parameters() if "lora_" in name), "the LoRA does nothing"
    return model.eval()


trained = _held(1)
STATE = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
WORDS = torch.tensor([[3, 5, 7]])
ANSWER = trained(input_ids=WORDS).logits.detach()
SIZE = len(_llama(0).state_dict())


def _equal(model):
    """How many tensors of a model have the value that the merged model has."""
    merged = _held(1).merge_and_unload().state_dict()
    return sum(torch.equal(tensor, merged[name]) for name, tensor in model.state_dict().items())


def its_names_are_refused():
    """A strict load of it into the model inside stops: all 21 names are missing; each unexpected one has the prefix."""
    missing, _, unexpected = error(_llama(2), STATE).partition("Unexpected key(s) in state_dict: ")
    assert SIZE == 21 and all(f'"{name}"' in missing for name in _llama(0).state_dict()), missing[:300]
    assert unexpected.count('"base_model.model.') == len(STATE) == unexpected.count('"') / 2, unexpected[:300]


def without_the_prefix_it_stops_as_well():
    """With the prefix taken off it stops as well: where a LoRA is, the weight is called `q_proj.base_layer.weight`."""
    text = error(_llama(2), {name.removeprefix("base_model.model."): tensor for name, tensor in STATE.items()})
    assert '"model.layers.0.self_attn.q_proj.base_layer.weight"' in text.partition("Unexpected key(s)")[2], text[:300]
    assert '"model.layers.0.self_attn.q_proj.weight"' in text.partition("Unexpected key(s)")[0], text[:300]


def without_the_prefix_strict_false_leaves_them_random():
    """With the prefix taken off, and strict=False, the 4 weights that the LoRA is for stay as they were: 4 missing, no word."""
    model = _llama(2)
    before = model.model.layers[0].self_attn.q_proj.weight.clone()
    state = {name.removeprefix("base_model.model."): tensor for name, tensor in STATE.items()}
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert len(missing) == 4 and all(name.endswith(("q_proj.weight", "v_proj.weight")) for name in missing), missing
    assert torch.equal(model.model.layers[0].self_attn.q_proj.weight, before)


def into_the_same_peft_model_it_is_exact():
    """Loaded strictly into the same model in PEFT, and merged there, it gives 21 of 21 tensors of the merged model."""
    model = _held(2)
    assert not torch.equal(model(input_ids=WORDS).logits, ANSWER)
    model.load_state_dict(STATE)
    assert torch.equal(model(input_ids=WORDS).logits, ANSWER)
    assert _equal(model.merge_and_unload()) == SIZE == 21


def merged_before_it_loads():
    """The state_dict() of merge_and_unload() loads strictly into the model without PEFT: 21 of 21 tensors."""
    model = _llama(2)
    assert 0 < _equal(model) < SIZE
    model.load_state_dict(_held(1).merge_and_unload().state_dict())
    assert _equal(model) == SIZE == 21, _equal(model)


if __name__ == "__main__":
    its_names_are_refused()
    without_the_prefix_it_stops_as_well()
    without_the_prefix_strict_false_leaves_them_random()
    into_the_same_peft_model_it_is_exact()
    merged_before_it_loads()
