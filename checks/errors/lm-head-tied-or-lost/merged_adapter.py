"""A LoRA with `modules_to_save` on a tied Llama: trained, merged, saved, and loaded again by the same versions."""

import torch
from _heads import EMBEDDING, FILE, HEAD, llama, load, wrong
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file

TOKENS = torch.arange(8).reshape(1, 8)


def _trained(base=None, **options):
    """A tied Llama with an adapter, every value of which is another one than before the training."""
    given = {"r": 2, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"]} | options
    model = get_peft_model(base or llama(tied=True), LoraConfig(task_type="CAUSAL_LM", **given)).eval()
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def _merged(**options):
    """Merge it; return the model and its tensors."""
    merged = _trained(**options).merge_and_unload()
    return merged, {name: tensor.clone() for name, tensor in merged.state_dict().items()}


def the_merged_model_is_right_in_memory():
    """In memory the merged model computes what the trained one computes, and its head is the trained one."""
    model = _trained()
    with torch.no_grad():
        before = model(TOKENS).logits
        head = model.base_model.model.lm_head.modules_to_save["default"].weight.clone()
        merged = model.merge_and_unload()
        torch.testing.assert_close(merged(TOKENS).logits, before)
    assert torch.equal(merged.lm_head.weight, head)
    assert not torch.equal(merged.lm_head.weight, merged.model.embed_tokens.weight)


def saved_and_loaded_again_every_tensor_is_exact():
    """Saved with save_pretrained and loaded again, every tensor is exact."""
    merged, tensors = _merged()
    merged.save_pretrained("merged")
    again, text = load("merged")
    lost = wrong(again, tensors)
    about = "nothing is printed" if not text else "a line is printed"
    assert lost == [], f"{len(tensors) - len(lost)} of {len(tensors)} equal, {about}"


def the_trained_head_is_in_the_files_all_the_same():
    """The files that were saved hold the trained head, bit for bit, and with `tie_word_embeddings=False` it loads exactly."""
    merged, tensors = _merged()
    merged.save_pretrained("merged")
    stored = load_file(f"merged/{FILE}")
    assert torch.equal(stored[HEAD], tensors[HEAD]) and torch.equal(stored[EMBEDDING], tensors[EMBEDDING])
    again, _ = load("merged", tie_word_embeddings=False)
    assert wrong(again, tensors) == [], "the head is lost"


def untied_before_it_is_saved_it_is_exact():
    """With `merged.config.tie_word_embeddings = False` before save_pretrained, it is exact after a plain load."""
    merged, tensors = _merged()
    merged.config.tie_word_embeddings = False  # what the merge made of it: two different tensors
    merged.save_pretrained("untied")
    again, _ = load("untied")
    assert wrong(again, tensors) == [], "the head is lost"


def the_adapter_holds_the_head():
    """The adapter that was saved before the merge holds the trained head, bit for bit."""
    model = _trained()
    model.save_pretrained("adapter")
    stored = load_file("adapter/adapter_model.safetensors")
    head = model.base_model.model.lm_head.modules_to_save["default"].weight
    heads = [tensor for name, tensor in stored.items() if name.endswith(HEAD)]
    assert len(heads) == 1 and torch.equal(heads[0], head), sorted(stored)


def trained_tied_it_stays_tied_and_exact():
    """With `ensure_weight_tying=True` and both in modules_to_save they stay one tensor, which is exact after a load."""
    merged, tensors = _merged(modules_to_save=["embed_tokens", "lm_head"], ensure_weight_tying=True)
    assert torch.equal(tensors[HEAD], tensors[EMBEDDING]), "they were trained apart"
    merged.save_pretrained("tied")
    again, _ = load("tied")
    assert wrong(again, tensors) == [], "the head is lost"
    assert again.lm_head.weight is again.model.embed_tokens.weight, "they are two tensors now"


def an_adapter_on_a_tied_head_changes_both_ends():
    """A LoRA on lm_head itself, merged, changes the embedding, too, and the logits are others than before the merge."""
    base = llama(tied=True)
    embedding = base.model.embed_tokens.weight.detach().clone()
    model = _trained(base, target_modules=["lm_head"], modules_to_save=None)
    with torch.no_grad():
        before = model(TOKENS).logits
        merged = model.merge_and_unload()
        apart = (merged(TOKENS).logits - before).abs().max().item()
    print(f"the logits differ by up to {apart:.3g}")
    assert not torch.equal(merged.model.embed_tokens.weight, embedding), "the embedding is what it was"
    assert apart > 0.01, apart


def untied_before_training_it_merges_exactly():
    """Given a copy for the head and `tie_word_embeddings` false before get_peft_model, a LoRA on lm_head stays exact."""
    base = llama(tied=True)
    assert base.lm_head.weight is base.model.embed_tokens.weight, "it is not tied"
    embedding = base.model.embed_tokens.weight.detach().clone()
    base.lm_head.weight = torch.nn.Parameter(embedding.clone())
    base.config.tie_word_embeddings = False
    model = _trained(base, target_modules=["lm_head"], modules_to_save=None)
    with torch.no_grad():
        before = model(TOKENS).logits
        merged = model.merge_and_unload()
        torch.testing.assert_close(merged(TOKENS).logits, before)
    assert torch.equal(merged.model.embed_tokens.weight, embedding), "the embedding has changed"
    merged.save_pretrained("untied_first")
    again, _ = load("untied_first")
    assert wrong(again, merged.state_dict()) == [], "the head is lost"


if __name__ == "__main__":
    the_merged_model_is_right_in_memory()
    saved_and_loaded_again_every_tensor_is_exact()
    the_trained_head_is_in_the_files_all_the_same()
    untied_before_it_is_saved_it_is_exact()
    the_adapter_holds_the_head()
    trained_tied_it_stays_tied_and_exact()
    an_adapter_on_a_tied_head_changes_both_ends()
    untied_before_training_it_merges_exactly()
