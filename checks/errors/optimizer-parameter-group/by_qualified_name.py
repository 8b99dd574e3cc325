"""torch.distributed.checkpoint.state_dict, in one process without a process group: an optimizer's state by qualified names."""

import copy

import torch
from _small import (
    DECAY,
    LR,
    OTHER_LR,
    STEPS,
    Saved,
    adamw,
    assert_continues,
    assert_none_own,
    assert_own,
    equal,
    error_of,
    train,
    values,
)
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict, set_optimizer_state_dict


def _saved(make=adamw, layers="abc"):
    """A run, and its optimizer's state by names: taken by a second optimizer that the first one's state was loaded into."""
    saved = Saved(make, layers)
    model = saved.again(layers)
    optimizer = make(model)
    optimizer.load_state_dict(saved.copy())
    return saved, get_optimizer_state_dict(model, optimizer)


saved, named = _saved()


def _set(model, optimizer, state=None, **options):
    # --8<-- [start:set]
    set_optimizer_state_dict(model, optimizer, optim_state_dict=copy.deepcopy(state or named), **options)
    # --8<-- [end:set]
    return optimizer


def the_names_are_the_keys():
    """What get_optimizer_state_dict returns has the parameters' names as its keys, in `state` and in `param_groups`."""
    assert list(named["state"]) == named["param_groups"][0]["params"] == saved.names, list(named["state"])


def another_order_is_exact():
    """Another order of layers: all 12 moments are their parameter's."""
    model = saved.again("bca")
    assert_own(_set(model, adamw(model, OTHER_LR)), model, saved)


def the_weights_stay():
    """set_optimizer_state_dict leaves the weights as they were."""
    model = saved.again()
    optimizer = adamw(model, OTHER_LR)
    optimizer = _set(model, optimizer)
    assert_own(optimizer, model, saved)
    count = equal(values(model), saved.weights)
    assert count == len(saved.weights), f"no error, {count} of {len(saved.weights)} weights as before"


def taking_it_leaves_the_weights():
    """get_optimizer_state_dict of an optimizer that has not stepped leaves the weights as they were."""
    model = saved.again()
    taken = get_optimizer_state_dict(model, adamw(model, OTHER_LR))
    assert taken["param_groups"][0]["params"] == saved.names, taken["param_groups"]
    count = equal(values(model), saved.weights)
    assert count == len(saved.weights), f"no error, {count} of {len(saved.weights)} weights as before"


def with_the_weights_loaded_after_it_it_is_exact():
    """The weights loaded after it: the next step is the uninterrupted run's, bit for bit."""
    model = saved.again("bca")
    optimizer = _set(model, adamw(model, OTHER_LR))
    model.load_state_dict(saved.weights)
    assert_own(optimizer, model, saved)
    assert_continues(model, optimizer, saved)


def a_frozen_layer_is_exact():
    """A layer frozen and left out: all eight moments of the others are their parameter's."""
    model = saved.again(frozen="a")
    assert_own(_set(model, adamw(model)), model, saved, 8)


def a_layer_more_stops():
    """A layer more: it stops and names the parameter, `d.weight`."""
    model = saved.again("dabc")
    found = error_of(_set, model, adamw(model))
    assert "'d.weight'" in found, found or "no error"


def with_strict_false_the_rest_is_exact():
    """With `StateDictOptions(strict=False)` a layer more loads: all 12 moments of the others are their parameter's."""
    model = saved.again("dabc")
    optimizer = adamw(model)
    found = error_of(lambda: _set(model, optimizer, options=StateDictOptions(strict=False)))
    assert found == "", found
    assert_own(optimizer, model, saved)


def swapped_groups_are_exact():
    """Two groups in the other order: all 16 moments are their parameter's, and each has its own weight decay."""
    four, state = _saved(_without_and_with, "abcd")
    model = four.again("abcd")
    optimizer = _groups(model, ("cd", "ab"))
    optimizer = _set(model, optimizer, state)
    assert_own(optimizer, model, four)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            expected = 0.0 if any(parameter is one for layer in (model.a, model.b) for one in layer.parameters()) else DECAY
            assert group["weight_decay"] == expected, group["weight_decay"]


def a_group_made_two_is_left_without_lr():
    """One group made two: no error, all 12 moments are right, one group has no lr any more, and `step()` raises a KeyError."""
    model = saved.again()
    halves = [[*model.a.parameters(), *model.b.parameters()], [*model.c.parameters()]]
    optimizer = torch.optim.AdamW([{"params": half} for half in halves], LR)
    optimizer = _set(model, optimizer)
    assert_own(optimizer, model, saved)
    assert ["lr" in group for group in optimizer.param_groups].count(False) == 1, optimizer.param_groups
    found = error_of(train, model, optimizer, 1, STEPS)
    assert found.startswith("KeyError: "), found or "no error"


def a_plain_state_still_goes_by_place():
    """A state of `optimizer.state_dict()`, such as an optimizer.pt, in another order: no error, none of 12 moments is right."""
    model = saved.again("bca")
    optimizer = adamw(model)
    found = error_of(_set, model, optimizer, saved.copy())
    assert found == "", found
    assert_none_own(optimizer, model, saved)


def lr_is_the_files():
    """lr is the file's here, too."""
    model = saved.again()
    found = _set(model, adamw(model, OTHER_LR)).param_groups[0]["lr"]
    assert found == LR, found


def _groups(model, order):
    named, decays = list(model.named_parameters()), {"ab": 0.0, "cd": DECAY}
    return torch.optim.AdamW(
        [{"params": [one for name, one in named if name[0] in part], "weight_decay": decays[part]} for part in order], LR
    )


def _without_and_with(model):
    return _groups(model, ("ab", "cd"))


if __name__ == "__main__":
    the_names_are_the_keys()
    another_order_is_exact()
    the_weights_stay()
    taking_it_leaves_the_weights()
    with_the_weights_loaded_after_it_it_is_exact()
    a_frozen_layer_is_exact()
    a_layer_more_stops()
    with_strict_false_the_rest_is_exact()
    swapped_groups_are_exact()
    a_group_made_two_is_left_without_lr()
    a_plain_state_still_goes_by_place()
    lr_is_the_files()
