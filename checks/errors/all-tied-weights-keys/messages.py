"""What stops a class written for transformers 4, and what the cures that are offered leave of a model with a tied head."""

import torch
from _classes import FILE, Base, Config, error_of, filled, load, wrong
from _tied import EmptyByHand, ListAndByHand, OfAList, OfNothing, Plain, Tied, WithoutPostInit
from safetensors.torch import load_file


def _saved():
    """What a model with a tied head leaves: its folder holds the embedding alone; return both tensors."""
    model = filled(Tied(Config(tie_word_embeddings=True)))
    model.save_pretrained("tied")
    assert [*load_file(f"tied/{FILE}")] == ["embed.weight"], "it was not tied"
    return {name: model.embed.weight.detach().clone() for name in ("embed.weight", "lm_head.weight")}


tensors = _saved()


def _is_exact_and_tied(model):
    return wrong(model, tensors) == [] and model.lm_head.weight.data_ptr() == model.embed.weight.data_ptr()


def without_post_init_it_stops():
    """A class whose `__init__` does not call `post_init()`: no attribute 'all_tied_weights_keys', with the class's name."""
    said = "AttributeError: 'WithoutPostInit' object has no attribute 'all_tied_weights_keys'"
    assert error_of(lambda: load(WithoutPostInit, "tied")) == said, "no error"


def a_list_of_tied_names_stops():
    """`_tied_weights_keys` as a list, as transformers 4 has it: 'list' object has no attribute 'keys'."""
    assert error_of(lambda: load(OfAList, "tied")) == "AttributeError: 'list' object has no attribute 'keys'", "no error"


def as_they_are_both_load_exactly():
    """Both classes load exactly, and tied, as they are."""
    for cls in (WithoutPostInit, OfAList):
        assert error_of(lambda cls=cls: load(cls, "tied")) == "no error", "one of them stops"
        assert _is_exact_and_tied(load(cls, "tied")[0]), cls.__name__


def a_dict_and_post_init_load_exactly():
    """With `{"lm_head.weight": "embed.weight"}` and `post_init()` the head is tied again, and exact."""
    assert _is_exact_and_tied(load(Tied, "tied")[0])


def an_empty_dict_by_hand_leaves_the_head_random():
    """With `self.all_tied_weights_keys = {}` in place of post_init the load goes on; the head is random, and listed."""
    model, listed, _ = load(EmptyByHand, "tied")
    assert wrong(model, tensors) == ["lm_head.weight"], "it is tied"
    assert listed == ["lm_head.weight"], listed
    other, _, _ = load(EmptyByHand, "tied", seed=2)
    assert wrong(other, tensors) == ["lm_head.weight"] and not torch.equal(model.lm_head.weight, other.lm_head.weight)


def none_leaves_the_head_random():
    """With `_tied_weights_keys = None` the load goes on, too, and the head is random."""
    model, listed, _ = load(OfNothing, "tied")
    assert (wrong(model, tensors), listed) == (["lm_head.weight"], ["lm_head.weight"]), "it is tied"


def set_by_hand_beside_a_list_it_loads_and_does_not_save():
    """The right dict set by hand beside the old list: it loads exactly, and save_pretrained stops at the list."""
    model, _, _ = load(ListAndByHand, "tied")
    assert _is_exact_and_tied(model)
    assert error_of(lambda: model.save_pretrained("again")) == "AttributeError: 'list' object has no attribute 'keys'", (
        "it saves"
    )


def no_tied_head_and_no_post_init_stops_as_well():
    """A class without a tied head stops as well, if it does not call `post_init()`."""
    filled(Base(Config())).save_pretrained("plain")
    said = "AttributeError: 'Plain' object has no attribute 'all_tied_weights_keys'"
    assert error_of(lambda: load(Plain, "plain")) == said, "no error"


if __name__ == "__main__":
    without_post_init_it_stops()
    a_list_of_tied_names_stops()
    as_they_are_both_load_exactly()
    a_dict_and_post_init_load_exactly()
    an_empty_dict_by_hand_leaves_the_head_random()
    none_leaves_the_head_random()
    set_by_hand_beside_a_list_it_loads_and_does_not_save()
    no_tied_head_and_no_post_init_stops_as_well()
