"""Uses of a parameter that need no shape: outside a gather they raise nothing, and compute with nothing."""

import json
from functools import cache

import torch
from _zero3 import FOLDER, PLAIN, engine, gather

from snippets.verify_loaded import verify


@cache
def _seen():
    """Do each of five things with every parameter, first outside a gather, then inside one; return both results."""
    seen = {"squares": [_squares(engine().module, inside) for inside in (False, True)]}
    seen["finite"] = [_finite(inside) for inside in (False, True)]
    seen["equal"] = [_equal(inside) for inside in (False, True)]
    seen["averaged"] = [_averaged(inside) for inside in (False, True)]
    seen["initialised"] = [_initialised(inside) for inside in (False, True)]
    print("--- data outside-a-gather", json.dumps(seen))
    return seen


def a_penalty_on_the_weights_is_zero():
    """The sum of squares of all weights, as for a penalty on them, is 0; inside a gather it is the plain model's."""
    outside, gathered = _seen()["squares"]
    assert outside == 0, outside
    assert gathered == _squares(PLAIN, None) > 0, gathered


def a_search_for_nan_finds_none():
    """A search for NaN finds none in a model that has nothing else: 21 of 21 parameters pass; inside a gather none does."""
    assert _seen()["finite"] == [_number(), 0], _seen()["finite"]


def two_different_models_compare_as_equal():
    """Two models whose weights all differ compare as equal, parameter by parameter; inside a gather none is equal."""
    assert _seen()["equal"] == [_number(), 0], _seen()["equal"]


def an_average_of_weights_does_not_move():
    """A moving average of weights does not move; gathered for rank 0 to modify, every weight of it moves."""
    assert _seen()["averaged"] == [0, _number()], _seen()["averaged"]


def initialising_anew_changes_nothing():
    """`normal_()` on every parameter changes none of them; gathered for rank 0 to modify, it changes all."""
    assert _seen()["initialised"] == [0, _number()], _seen()["initialised"]


def verify_loaded_tells_that_nothing_changed():
    """verify_loaded.py, which gathers, tells: after `normal_()` outside a gather it names no weight, after one inside all."""
    module = engine().module
    for inside, wanted in ((False, 0), (True, _number())):
        _initialise(module, inside)
        found = len(verify(module, FOLDER, gather=gather))
        assert found == wanted, f"{found} of {_number()} named"


def their_number_is_zero():
    """`sum(p.numel() for p in model.parameters())` is 0; `p.ds_numel` has the true number."""
    parameters = list(engine().module.parameters())
    numbers = sum(one.numel() for one in parameters), sum(one.ds_numel for one in parameters)
    assert numbers == (0, sum(one.numel() for one in PLAIN.parameters())), numbers


def _number():
    return len(list(PLAIN.parameters()))


def _with(inside, module, **options):
    """The gather, or nothing in its place."""
    return gather(module.parameters() if inside else [], **options)


def _squares(module, inside):
    with _with(inside, module):
        return torch.stack([parameter.detach().double().pow(2).sum() for parameter in module.parameters()]).sum().item()


def _finite(inside):
    module = engine().module
    with torch.no_grad(), gather(module.parameters(), modifier_rank=0):
        for parameter in module.parameters():
            parameter.fill_(float("nan"))
    with _with(inside, module):
        return sum(bool(torch.isfinite(parameter).all()) for parameter in module.parameters())


def _equal(inside):
    one, other = engine().module, _another()
    with _with(inside, one), _with(inside, other):
        return sum(torch.equal(*pair) for pair in zip(one.parameters(), other.parameters(), strict=True))


def _averaged(inside):
    """How many weights of the average are no longer the file's."""
    target, student = engine().module, _another()
    with torch.no_grad(), _with(inside, student), _with(inside, target, modifier_rank=0):
        for ours, theirs in zip(target.parameters(), student.parameters(), strict=True):
            ours.lerp_(theirs, 0.5)
    return _moved(target)


def _initialised(inside):
    module = engine().module
    _initialise(module, inside)
    return _moved(module)


def _initialise(module, inside):
    with torch.no_grad(), _with(inside, module, modifier_rank=0):
        for parameter in module.parameters():
            parameter.normal_()


def _moved(module):
    """How many parameters differ from the plain model's."""
    plain = dict(PLAIN.named_parameters())
    with gather(module.parameters()):
        return sum(not torch.equal(value, plain[name]) for name, value in module.named_parameters())


def _another():
    """An engine's module whose weights all differ from the file's."""
    module = engine().module
    with torch.no_grad(), gather(module.parameters(), modifier_rank=0):
        for parameter in module.parameters():
            parameter.add_(1)
    return module


if __name__ == "__main__":
    a_penalty_on_the_weights_is_zero()
    a_search_for_nan_finds_none()
    two_different_models_compare_as_equal()
    an_average_of_weights_does_not_move()
    initialising_anew_changes_nothing()
    verify_loaded_tells_that_nothing_changed()
    their_number_is_zero()
