"""Where the numbers agree nothing is raised: an optimizer's state for parameters in another order, or of another shape."""

import json

import torch
from _small import (
    DECAY,
    LR,
    STEPS,
    Saved,
    adamw,
    assert_none_own,
    assert_own,
    equal,
    error_of,
    moments,
    quietly,
    train,
    values,
)

from snippets.compare_optimizer_state import by_name

saved = Saved()


def _groups(model, order):
    """Two groups of two layers each, in this order: a and b have no weight decay."""
    named, decays = list(model.named_parameters()), {"ab": 0.0, "cd": DECAY}
    return torch.optim.AdamW(
        [{"params": [one for name, one in named if name[0] in part], "weight_decay": decays[part]} for part in order], LR
    )


def _loaded(model, optimizer=None, state=None):
    optimizer = optimizer or adamw(model)
    quietly(optimizer.load_state_dict, state or saved.copy())
    return optimizer


def another_order_is_silent():
    """The same layers registered in another order load in silence: none of 12 moments is its parameter's."""
    model = saved.again("bca")
    assert_none_own(_loaded(model), model, saved)


def each_gets_anothers():
    """Each gets what was saved in its place, bit for bit: with b, c, a in place of a, b, c, layer b gets the moments of a."""
    model = saved.again("bca")
    found = moments(_loaded(model), model)
    assert len(found) == len(saved.moments), f"{len(found)} moments"
    for ours, theirs in ("ba", "cb", "ac"):
        for name in [one for one in found if one[0] == ours]:
            assert torch.equal(found[name], saved.moments[theirs + name[1:]]), f"{name} is not that of {theirs}"


def the_next_step_is_another():
    """The next step makes none of the six weights of the run that was not interrupted, where the same order makes all six."""
    for layers, expected in (("abc", len(saved.later)), ("bca", 0)):
        model = saved.again(layers)
        train(model, _loaded(model), 1, STEPS)
        count = equal(values(model), saved.later)
        assert count == expected, f"{layers}: {count} of {len(saved.later)} weights equal"


def another_frozen_layer_is_silent():
    """Layers a and b were trained, now b and c are, as many parameters: loads in silence, b gets a's moments and c gets b's."""
    two = Saved(model=saved.again(frozen="c"))
    model = two.again(frozen="a")
    found = moments(_loaded(model, state=two.copy()), model)
    assert len(found) == len(two.moments) and equal(found, two.moments) == 0, (
        f"{equal(found, two.moments)} of {len(found)} right"
    )
    assert all(torch.equal(found[f"b{name[1:]}"], two.moments[name]) for name in two.moments if name[0] == "a")


def swapped_groups_move_the_weight_decay():
    """Two groups of two layers each, in the other order: silent. Weight decay changes sides, none of 16 moments is right."""
    four = Saved(_without_and_with, "abcd")
    model = four.again("abcd")
    optimizer = _groups(model, ("cd", "ab"))
    asked = {name: _decay(optimizer, one) for name, one in model.named_parameters()}
    optimizer = _loaded(model, optimizer, four.copy())
    assert_none_own(optimizer, model, four)
    found = {name: _decay(optimizer, one) for name, one in model.named_parameters()}
    assert all(asked[name] == (0.0 if name[0] in "ab" else DECAY) for name in asked), asked
    assert all(found[name] == (DECAY if name[0] in "ab" else 0.0) for name in found), found


def another_shape_loads_and_stops_at_the_step():
    """Layers of other sizes, as many: it loads in silence, and `step()` raises a RuntimeError about the size of a tensor."""
    model = saved.again(sizes={"b": (7, 4), "c": (4, 7)})
    optimizer = _loaded(model)
    found = error_of(train, model, optimizer)
    assert found.startswith("RuntimeError: The size of tensor a (") and "must match the size of tensor b (" in found, found


def parameters_without_a_state_are_silent():
    """A parameter that had no gradient yet has no entry in the file: it loads in silence, and that one starts afresh."""
    two = Saved(lambda model: torch.optim.AdamW(model.parameters(), LR), model=saved.again(frozen="c"))
    model = two.again()
    optimizer = _loaded(model, torch.optim.AdamW(model.parameters(), LR), two.copy())
    assert_own(optimizer, model, two)
    assert {name[0] for name in moments(optimizer, model)} == {"a", "b"}


def _without_and_with(model):
    return _groups(model, ("ab", "cd"))


def _decay(optimizer, parameter):
    return next(group["weight_decay"] for group in optimizer.param_groups if any(parameter is one for one in group["params"]))


def _right(model, optimizer, source, state):
    """How many moments are the parameter's own, of how many; nothing where it does not load."""
    if error_of(optimizer.load_state_dict, state):
        return None
    found = moments(optimizer, model)
    return [equal(found, source.moments), len(found)]


def _data():
    two, four = Saved(model=saved.again(frozen="c")), Saved(_without_and_with, "abcd")
    data = {}
    for name, source, model, make in (
        ("the same", saved, saved.again(), adamw),
        ("another order", saved, saved.again("bca"), adamw),
        ("another layer frozen", two, two.again(frozen="a"), adamw),
        ("groups swapped", four, four.again("abcd"), lambda model: _groups(model, ("cd", "ab"))),
        ("a layer more", saved, saved.again("abcd"), adamw),
    ):
        optimizer = make(model)
        plain = _right(model, optimizer, source, source.copy())
        named = _right(model, optimizer, source, by_name(optimizer, source.copy(), model, source.names))
        data[name] = {"plain": plain, "by name": named}
    print("--- data whose-moments", json.dumps(data))
    return data


DATA = _data()


if __name__ == "__main__":
    another_order_is_silent()
    each_gets_anothers()
    the_next_step_is_another()
    another_frozen_layer_is_silent()
    swapped_groups_move_the_weight_decay()
    another_shape_loads_and_stops_at_the_step()
    parameters_without_a_state_are_silent()
