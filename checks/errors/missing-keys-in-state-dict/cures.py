"""What makes the load right, or stops it: a network of 11 tensors."""

import json

import torch
from _net import CHECKPOINT, FILE, FROM_A_HOLDER, HEAD, OTHER_HEAD, SIZE, Net, equal, error


# --8<-- [start:except]
def load_except(model, state, missing=(), unexpected=()):
    """Load; but first stop at every name that does not fit and begins with no prefix that is allowed."""
    own = model.state_dict()
    lacking = [name for name in own if name not in state and not name.startswith(tuple(missing))]
    strange = [name for name in state if name not in own and not name.startswith(tuple(unexpected))]
    if lacking or strange:
        raise ValueError(f"nothing was loaded. Missing: {lacking}. Unexpected: {strange}")
    return model.load_state_dict(state, strict=False)


# --8<-- [end:except]


def _renamed(state):
    """What each of the three files needs: the weights inside, no `model.`, the head under the model's name."""
    inside = state.get("state_dict", state)
    short = {name.removeprefix("model."): tensor for name, tensor in inside.items()}
    return {
        "head." + name.removeprefix("classifier.") if name.startswith("classifier.") else name: short[name] for name in short
    }


def _updated(net, state):
    own = net.state_dict()
    own.update({name: tensor for name, tensor in state.items() if name in own})
    return net.load_state_dict(own)


WAYS = {
    "strict": lambda net, state: net.load_state_dict(state),
    "strict=False": lambda net, state: net.load_state_dict(state, strict=False),
    "update": _updated,
    "load_except": load_except,
    "cured": lambda net, state: net.load_state_dict(_renamed(state)),
}
FITTING_BADLY = {"head": OTHER_HEAD, "prefix": FROM_A_HOLDER, "checkpoint": CHECKPOINT}


def _loaded(way, state):
    net = Net()
    try:
        WAYS[way](net, state)
    except (RuntimeError, ValueError):
        return "stops"
    return equal(net)


DATA = {way: {file: _loaded(way, state) for file, state in FITTING_BADLY.items()} for way in WAYS}
print("--- data what-each-load-leaves", json.dumps({"of": SIZE, "loaded": DATA}))


def _stops(net, state, **allowed):
    """What load_except raises; the network is as it was."""
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    try:
        load_except(net, state, **allowed)
    except ValueError as raised:
        assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items()), "something was loaded"
        return str(raised)
    raise AssertionError("no error")


def the_weights_inside_are_exact():
    """load_state_dict(checkpoint["state_dict"]), strict: 11 of 11 tensors."""
    net = Net()
    assert "Missing key(s)" in error(net, CHECKPOINT)
    net.load_state_dict(CHECKPOINT["state_dict"])
    assert equal(net) == SIZE == 11, equal(net)


def without_the_prefix_it_is_exact():
    """Every name without `model.`, strict: 11 of 11 tensors."""
    net = Net()
    assert "Missing key(s)" in error(net, FROM_A_HOLDER)
    net.load_state_dict(_renamed(FROM_A_HOLDER))
    assert equal(net) == SIZE, equal(net)


def renamed_it_is_exact():
    """A part under another name (`classifier.` for `head.`), renamed where the name begins, strict: 11 of 11 tensors."""
    net = Net()
    assert "Missing key(s)" in error(net, OTHER_HEAD)
    net.load_state_dict(_renamed(OTHER_HEAD))
    assert equal(net) == SIZE, equal(net)


def a_head_of_ones_own_is_allowed_by_name():
    """load_except with missing=["head."], unexpected=["classifier."]: 9 of 11 are the file's, the head is as it was."""
    net = Net()
    head = net.head.weight.clone()
    load_except(net, OTHER_HEAD, missing=["head."], unexpected=["classifier."])
    assert equal(net) == SIZE - len(HEAD) == 9 and torch.equal(net.head.weight, head), equal(net)


def another_name_that_is_missing_stops_it():
    """The same with one layer more missing, or one name more in the file: it stops, names it, and nothing is loaded."""
    allowed = {"missing": ["head."], "unexpected": ["classifier."]}
    assert load_except(Net(), OTHER_HEAD, **allowed).missing_keys
    less = {name: tensor for name, tensor in OTHER_HEAD.items() if name != "backbone.1.weight"}
    assert "Missing: ['backbone.1.weight']. Unexpected: []" in _stops(Net(), less, **allowed)
    more = {**OTHER_HEAD, "backbone.9.weight": torch.zeros(1)}
    assert "Missing: []. Unexpected: ['backbone.9.weight']" in _stops(Net(), more, **allowed)


def with_nothing_allowed_it_stops_at_each_of_the_files():
    """With nothing allowed it stops at each file that does not fit, before anything is loaded; the right one is exact."""
    for state in FITTING_BADLY.values():
        assert _stops(Net(), state).startswith("nothing was loaded. Missing: ['"), state.keys()
    net = Net()
    load_except(net, FILE)
    assert equal(net) == SIZE, equal(net)


def filtering_by_name_hides_what_is_missing():
    """Only the file's names that the model has, with strict=False, as it circulates: returns, and the head is random."""
    net = Net()
    own = net.state_dict()
    net.load_state_dict({name: tensor for name, tensor in OTHER_HEAD.items() if name in own}, strict=False)
    assert equal(net) == SIZE - len(HEAD) == 9, equal(net)


def updating_ones_own_dictionary_hides_it_too():
    """own = model.state_dict(); own.update(what fits); a strict load of own: returns where nothing fits, 0 of 11."""
    net = Net()
    returned = _updated(net, FROM_A_HOLDER)
    assert str(returned) == "<All keys matched successfully>" and equal(net) == 0, (returned, equal(net))


if __name__ == "__main__":
    the_weights_inside_are_exact()
    without_the_prefix_it_is_exact()
    renamed_it_is_exact()
    a_head_of_ones_own_is_allowed_by_name()
    another_name_that_is_missing_stops_it()
    with_nothing_allowed_it_stops_at_each_of_the_files()
    filtering_by_name_hides_what_is_missing()
    updating_ones_own_dictionary_hides_it_too()
