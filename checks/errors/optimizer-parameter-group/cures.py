"""What is done about it: by_name of compare_optimizer_state.py, an optimizer afresh, and the file's groups replaced."""

import torch
from _small import (
    DECAY,
    LR,
    OTHER_LR,
    SIZE,
    STEPS,
    Saved,
    adamw,
    assert_continues,
    assert_none_own,
    assert_own,
    different,
    error_of,
    moments,
    quietly,
    train,
    values,
)

from snippets.compare_optimizer_state import by_name, names_of

saved = Saved()


def _by_name(model, optimizer, state=None, names=None):
    optimizer.load_state_dict(by_name(optimizer, state or saved.copy(), model, names or saved.names))
    return optimizer


def by_name_is_exact_in_another_order():
    """Another order, by_name: all 12 moments are right, and the next step is the uninterrupted run's, bit for bit."""
    model = saved.again("bca")
    optimizer = _by_name(model, adamw(model, OTHER_LR))
    assert_own(optimizer, model, saved)
    assert_continues(model, optimizer, saved)


def by_name_adds_a_layer():
    """A layer more, by_name: it loads, all 12 moments are their parameter's, and the new layer has none, as at a start."""
    model = saved.again("dabc")
    assert error_of(adamw(model).load_state_dict, saved.copy()) == f"ValueError: {SIZE}"
    optimizer = _by_name(model, adamw(model))
    assert_own(optimizer, model, saved)
    train(model, optimizer)
    assert len(moments(optimizer, model)) == len(saved.moments) + 4, "the new layer is not trained"


def by_name_leaves_a_frozen_layer_out():
    """A layer frozen, by_name: all eight moments of the others are their parameter's."""
    model = saved.again(frozen="a")
    assert_own(_by_name(model, adamw(model)), model, saved, 8)


def by_name_fits_other_groups():
    """One group made two, by_name: all 12 moments are their parameter's, and both groups have the file's lr."""
    model = saved.again()
    optimizer = _by_name(model, _divided(model, OTHER_LR))
    assert_own(optimizer, model, saved)
    assert [group["lr"] for group in optimizer.param_groups] == [LR, LR], optimizer.param_groups


def by_name_fits_one_group_to_two():
    """Two groups made one, by_name: all 12 are theirs; betas are the file's, weight decay, which differs there, stays yours."""
    divided = Saved(_divided)
    model = divided.again()
    optimizer = torch.optim.AdamW(model.parameters(), OTHER_LR, betas=(0.5, 0.9), weight_decay=0.3)
    optimizer = _by_name(model, optimizer, divided.copy(), divided.names)
    assert_own(optimizer, model, divided)
    group = optimizer.param_groups[0]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (LR, (0.9, 0.999), 0.3), group


def by_name_leaves_another_shape_out():
    """A layer of another shape, by_name: all eight moments of the others are theirs, it has none, and `step()` runs."""
    model = saved.again(sizes={"c": (7, 4)})
    optimizer = _by_name(model, adamw(model))
    assert_own(optimizer, model, saved, 8)
    before = values(model)
    train(model, optimizer)
    assert different(values(model), before) == len(saved.later), "the step has not moved every weight"


def by_name_as_a_hook_is_exact():
    """As a `register_load_state_dict_pre_hook`, by_name acts on a plain load_state_dict: all 12 moments are right."""
    model = saved.again("bca")
    optimizer = adamw(model)
    optimizer.register_load_state_dict_pre_hook(lambda optimizer, state: by_name(optimizer, state, model, saved.names))
    optimizer.load_state_dict(saved.copy())
    assert_own(optimizer, model, saved)


def without_names_it_refuses():
    """Where the file has no names and none are given, by_name raises a ValueError that says so, and nothing is loaded."""
    model = saved.again("bca")
    optimizer = adamw(model)
    found = error_of(lambda: optimizer.load_state_dict(by_name(optimizer, saved.copy(), model)))
    assert found.startswith("ValueError: the file has no names"), found or "no error"
    assert not optimizer.state and len(optimizer.param_groups) == 1


def names_of_an_optimizer_made_again_are_those_of_then():
    """`names_of` of an optimizer made as it was then, and never trained, is the list of names that the file lacks."""
    model = saved.again()
    assert names_of(adamw(model), model) == saved.names, names_of(adamw(model), model)
    assert names_of(adamw(saved.again("bca")), saved.again("bca")) == ["?"] * 6


def an_optimizer_that_starts_afresh_has_no_moments():
    """Without the file there is no moment, and the next step is another: none of six weights is the uninterrupted run's."""
    model = saved.again()
    optimizer = adamw(model)
    assert moments(optimizer, model) == {}
    train(model, optimizer, 1, STEPS)
    found = different(values(model), saved.weights), different(values(model), saved.later)
    assert found == (len(saved.later), len(saved.later)), f"moved, and not as the uninterrupted run: {found}"


def its_first_step_moves_every_weight_by_lr():
    """AdamW without weight decay: its first step moves every weight by lr, to 1 in 1,000; the continued run's does not."""
    run = Saved(lambda model: torch.optim.AdamW(model.parameters(), LR, weight_decay=0.0))
    model = run.again()
    train(model, torch.optim.AdamW(model.parameters(), LR, weight_decay=0.0), 1, STEPS)
    afresh, continued = (_moves(run.weights, later) for later in (values(model), run.later))
    for name, moved in (("afresh", afresh), ("continued", continued)):
        print(f"{name}: each weight moved by {moved.min():.4f} to {moved.max():.4f} times lr")
    assert (afresh - 1).abs().max() < 1e-3, afresh
    assert continued.min() < 0.5, continued


def the_files_groups_replaced_load_others_moments():
    """The file's `param_groups` replaced by the optimizer's own, the first layer frozen: silent, none of 8 moments is right."""
    model = saved.again(frozen="a")
    optimizer = adamw(model)
    state = {"state": saved.copy()["state"], "param_groups": optimizer.state_dict()["param_groups"]}
    quietly(optimizer.load_state_dict, state)
    assert_none_own(optimizer, model, saved, 8)


def with_the_last_layer_frozen_they_are_right():
    """With the last layer frozen in place of the first, the same replacing is right: all 8 moments are their parameter's."""
    model = saved.again(frozen="c")
    optimizer = adamw(model)
    optimizer.load_state_dict({"state": saved.copy()["state"], "param_groups": optimizer.state_dict()["param_groups"]})
    assert_own(optimizer, model, saved, 8)


def _divided(model, lr=LR):
    named = list(model.named_parameters())
    decayed, others = ([one for name, one in named if ("bias" in name) == kind] for kind in (False, True))
    return torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}], lr)


def _moves(before, after):
    return torch.cat([(after[name] - before[name]).abs().flatten() for name in before]) / LR


if __name__ == "__main__":
    by_name_is_exact_in_another_order()
    by_name_adds_a_layer()
    by_name_leaves_a_frozen_layer_out()
    by_name_fits_other_groups()
    by_name_fits_one_group_to_two()
    by_name_leaves_another_shape_out()
    by_name_as_a_hook_is_exact()
    without_names_it_refuses()
    names_of_an_optimizer_made_again_are_those_of_then()
    an_optimizer_that_starts_afresh_has_no_moments()
    its_first_step_moves_every_weight_by_lr()
    the_files_groups_replaced_load_others_moments()
    with_the_last_layer_frozen_they_are_right()
