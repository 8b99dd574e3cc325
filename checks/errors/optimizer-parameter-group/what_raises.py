"""An optimizer's state loaded where groups have another number of parameters, or are another number: what is said."""

import copy

import torch
from _small import DECAY, LR, NUMBER, OTHER_LR, SIZE, Model, Saved, adamw, assert_continues, assert_own, error_of

saved = Saved()


def _raises(optimizer, text, state=None):
    found = error_of(optimizer.load_state_dict, state or saved.copy())
    assert found == f"ValueError: {text}", found or "no error"


def the_same_order_is_exact():
    """The same model loads: all 12 moments are their parameter's, and the next step is the uninterrupted run's, bit for bit."""
    model = saved.again()
    optimizer = adamw(model)
    optimizer.load_state_dict(saved.copy())
    assert_own(optimizer, model, saved)
    assert_continues(model, optimizer, saved)


def a_layer_more_raises():
    """With a layer more in the model: `loaded state dict contains a parameter group that doesn't match the size ...`."""
    _raises(adamw(saved.again("abcd")), SIZE)


def a_frozen_layer_that_is_left_out_raises():
    """With a layer frozen and its parameters not given to the optimizer: the same text."""
    _raises(adamw(saved.again(frozen="c")), SIZE)


def a_frozen_layer_that_is_still_given_loads():
    """With a layer frozen and its parameters given all the same, it loads: all 12 moments are their parameter's."""
    model = saved.again(frozen="c")
    optimizer = torch.optim.AdamW(model.parameters(), LR)
    optimizer.load_state_dict(saved.copy())
    assert_own(optimizer, model, saved)


def tied_weights_count_once():
    """Two layers with one weight count it once: without the tie, the same text."""
    tied = Model()
    tied.c.weight = tied.a.weight
    optimizer = adamw(tied)
    assert len(optimizer.param_groups[0]["params"]) == len(saved.state["param_groups"][0]["params"]) - 1
    assert error_of(adamw(saved.again()).load_state_dict, optimizer.state_dict()) == f"ValueError: {SIZE}", "no error"


def two_groups_for_one_raise_the_other_text():
    """The same six parameters in two groups: `loaded state dict has a different number of parameter groups`."""
    optimizer = _divided(saved.again(), "bias")
    assert [len(group["params"]) for group in optimizer.param_groups] == [3, 3]
    assert error_of(optimizer.load_state_dict, saved.copy()) == f"ValueError: {NUMBER}", "no error"


def another_division_raises():
    """Two groups for two, of four and two parameters in place of three and three: the text of another number of parameters."""
    state = _divided(saved.again(), "bias").state_dict()
    assert error_of(_divided(saved.again(), "bias").load_state_dict, copy.deepcopy(state)) == ""
    other = _divided(saved.again(), "b.")
    assert [len(group["params"]) for group in other.param_groups] == [4, 2]
    assert error_of(other.load_state_dict, state) == f"ValueError: {SIZE}", "no error"


def it_changes_nothing():
    """After either error the optimizer is as it was: no moments, its own lr, the weights untouched."""
    for layers, make, text in (("abcd", _with_other_lr, SIZE), ("abc", _by_bias, NUMBER)):
        model = saved.again(layers)
        optimizer = make(model)
        before, weights = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(model.state_dict())
        assert error_of(optimizer.load_state_dict, saved.copy()) == f"ValueError: {text}", "no error"
        assert optimizer.state_dict() == before and not optimizer.state, "the optimizer is another"
        assert {group["lr"] for group in optimizer.param_groups} == {OTHER_LR}, optimizer.param_groups
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items()), "the weights are others"


def there_is_no_strict():
    """`optimizer.load_state_dict(state, strict=False)` is a TypeError: there is no such argument."""
    optimizer = adamw(saved.again("abcd"))
    assert error_of(optimizer.load_state_dict, saved.copy()) == f"ValueError: {SIZE}"
    found = error_of(lambda: optimizer.load_state_dict(saved.copy(), strict=False))
    assert found.startswith("TypeError: ") and "strict" in found, found or "no error"


def _with_other_lr(model):
    return adamw(model, OTHER_LR)


def _by_bias(model):
    return _divided(model, "bias")


def _divided(model, part):
    """An optimizer with two groups: the parameters whose name has this part have no weight decay."""
    named = list(model.named_parameters())
    decayed, others = ([one for name, one in named if (part in name) == kind] for kind in (False, True))
    return torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}], OTHER_LR)


if __name__ == "__main__":
    the_same_order_is_exact()
    a_layer_more_raises()
    a_frozen_layer_that_is_left_out_raises()
    a_frozen_layer_that_is_still_given_loads()
    tied_weights_count_once()
    two_groups_for_one_raise_the_other_text()
    another_division_raises()
    it_changes_nothing()
    there_is_no_strict()
