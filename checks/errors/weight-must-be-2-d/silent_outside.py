"""Uses of a parameter that need no shape: outside a gather they raise nothing, and compute with nothing."""

import torch
from _zero3 import EXPECTED, FOLDER, PLAIN, assert_exact, engine, gather, logits

from snippets.verify_loaded import verify


def _squares(model):
    return torch.stack([parameter.detach().double().pow(2).sum() for parameter in model.parameters()]).sum().item()


def a_penalty_on_the_weights_is_zero():
    """The sum of squares of all weights, as for a penalty on them, is 0; inside a gather it is the plain model's."""
    module = engine().module
    outside = _squares(module)
    with gather(module.parameters()):
        gathered = _squares(module)
    print(f"outside {outside}, gathered {gathered:.2f}, plain {_squares(PLAIN):.2f}")
    assert outside == 0, outside
    assert gathered == _squares(PLAIN) > 0, gathered


def a_search_for_nan_finds_none():
    """A search for NaN over all parameters finds none in a model that has nothing else; inside a gather it finds them."""
    module = engine().module
    with torch.no_grad(), gather(module.parameters(), modifier_rank=0):
        for parameter in module.parameters():
            parameter.fill_(float("nan"))
    finite = [bool(torch.isfinite(parameter).all()) for parameter in module.parameters()]
    with gather(module.parameters()):
        gathered = [bool(torch.isfinite(parameter).all()) for parameter in module.parameters()]
    assert all(finite) and not any(gathered), (finite, gathered)


def two_different_models_compare_as_equal():
    """Two models whose weights all differ compare as equal, parameter by parameter; inside a gather none is equal."""
    one, other = engine().module, engine().module
    _change(other)
    pairs = list(zip(one.parameters(), other.parameters(), strict=True))
    outside = sum(torch.equal(*pair) for pair in pairs)
    with gather(one.parameters()), gather(other.parameters()):
        gathered = sum(torch.equal(*pair) for pair in pairs)
    print(f"outside {outside} of {len(pairs)} equal, gathered {gathered}")
    assert (outside, gathered) == (len(pairs), 0), (outside, gathered)


def an_average_of_weights_does_not_move():
    """A moving average of weights, updated outside a gather, stays as it was; gathered for rank 0 to modify, it moves."""
    target, student = engine().module, engine().module
    _change(student)
    _average(target, student)
    assert_exact(logits(target), EXPECTED, "logits of the average, updated outside")
    with gather(student.parameters()), gather(target.parameters(), modifier_rank=0):
        _average(target, student)
    moved = verify(target, FOLDER, gather=gather)
    assert len(moved) == len(list(target.parameters())), f"{len(moved)} moved"


def initialising_anew_changes_nothing():
    """`normal_()` on every parameter changes none of them; verify_loaded.py tells: all are still the file's."""
    made = engine()
    with torch.no_grad():
        for parameter in made.module.parameters():
            parameter.normal_()
    assert_exact(logits(made), EXPECTED, "logits")
    assert verify(made.module, FOLDER, gather=gather) == []
    with torch.no_grad(), gather(made.module.parameters(), modifier_rank=0):
        for parameter in made.module.parameters():
            parameter.normal_()
    changed = verify(made.module, FOLDER, gather=gather)
    assert len(changed) == len(list(made.module.parameters())), f"{len(changed)} changed"


def their_number_is_zero():
    """`sum(p.numel() for p in model.parameters())` is 0; `p.ds_numel` has the true number."""
    parameters = list(engine().module.parameters())
    numbers = sum(one.numel() for one in parameters), sum(one.ds_numel for one in parameters)
    assert numbers == (0, sum(one.numel() for one in PLAIN.parameters())), numbers


def _change(model):
    with torch.no_grad(), gather(model.parameters(), modifier_rank=0):
        for parameter in model.parameters():
            parameter.add_(1)


def _average(target, student):
    with torch.no_grad():
        for ours, theirs in zip(target.parameters(), student.parameters(), strict=True):
            ours.lerp_(theirs, 0.5)


if __name__ == "__main__":
    a_penalty_on_the_weights_is_zero()
    a_search_for_nan_finds_none()
    two_different_models_compare_as_equal()
    an_average_of_weights_does_not_move()
    initialising_anew_changes_nothing()
    their_number_is_zero()
