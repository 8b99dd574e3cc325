"""An optimizer made of named_parameters(): its state has `param_names`. What a load does with them."""

import torch
from _small import DECAY, LR, Saved, assert_none_own, assert_own, error_of, quietly

NAMES = ["a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias"]


def _named(model):
    return torch.optim.AdamW(model.named_parameters(), LR, weight_decay=DECAY)


def the_state_has_names():
    """Made of `model.named_parameters()`, an optimizer's state has the names: `param_names` in each group."""
    found = []
    assert error_of(lambda: found.append(Saved(_named))) == "", "it cannot be made of named_parameters()"
    assert found[0].state["param_groups"][0]["param_names"] == NAMES


def a_load_does_not_compare_them():
    """Names on both sides, layers in another order: it loads in silence, and none of 12 moments is its parameter's."""
    saved = Saved(_named)
    model = saved.again("bca")
    optimizer = _named(model)
    quietly(optimizer.load_state_dict, saved.copy())
    assert_none_own(optimizer, model, saved)


def after_it_the_names_are_the_files():
    """After that load the optimizer calls its parameters by the file's names: they are then each the name of another."""
    saved = Saved(_named)
    optimizer = _named(saved.again("bca"))
    before = optimizer.param_groups[0]["param_names"]
    optimizer.load_state_dict(saved.copy())
    assert before == [*NAMES[2:], *NAMES[:2]], before
    assert optimizer.param_groups[0]["param_names"] == NAMES, optimizer.param_groups[0]["param_names"]


def a_file_without_names_leaves_yours():
    """A file without names leaves the optimizer's as they were."""
    saved = Saved()
    model = saved.again("bca")
    optimizer = _named(model)
    optimizer.load_state_dict(saved.copy())
    assert optimizer.param_groups[0]["param_names"] == [*NAMES[2:], *NAMES[:2]]
    assert_none_own(optimizer, model, saved)


def with_the_same_order_it_is_exact():
    """In the same order, with names on both sides, all 12 moments are their parameter's."""
    saved = Saved(_named)
    model = saved.again()
    optimizer = _named(model)
    optimizer.load_state_dict(saved.copy())
    assert_own(optimizer, model, saved)


if __name__ == "__main__":
    the_state_has_names()
    a_load_does_not_compare_them()
    after_it_the_names_are_the_files()
    a_file_without_names_leaves_yours()
    with_the_same_order_it_is_exact()
