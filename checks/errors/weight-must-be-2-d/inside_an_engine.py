"""A model that is an engine: what may be called, what stops, and what a gather does to the gradients."""

import copy

import torch
from _zero3 import EXPECTED, PLAIN, TOKENS, assert_exact, engine, error_of, gather, logits
from deepspeed.utils import safe_get_full_grad
from torch.nn import functional


def the_engine_is_exact():
    """`engine(ids)` is exact."""
    assert_exact(logits(engine()), EXPECTED, "logits")


def the_module_inside_is_exact():
    """`engine.module(ids)` is exact as well: the gathering hangs on each layer, not on the engine alone."""
    assert_exact(logits(engine().module), EXPECTED, "logits")


def a_layer_of_it_is_exact():
    """A layer called as a module, `engine.module.get_input_embeddings()(ids)`, is exact."""
    with torch.no_grad():
        found = engine().module.get_input_embeddings()(TOKENS)
        assert_exact(found, PLAIN.get_input_embeddings()(TOKENS), "embeddings")


def its_generate_is_exact():
    """`engine.module.generate(ids)` gives the plain model's tokens."""
    wanted = {"max_new_tokens": 5, "do_sample": False}
    assert_exact(engine().module.generate(TOKENS, **wanted), PLAIN.generate(TOKENS, **wanted), "tokens")


def its_weight_taken_out_of_the_layer_raises():
    """A weight that is taken out of its layer stops: `functional.embedding(ids, weight)`, `hidden @ lm_head.weight.T`."""
    module = engine().module
    assert (
        error_of(lambda: functional.embedding(TOKENS, module.get_input_embeddings().weight))
        == "RuntimeError: 'weight' must be 2-D"
    )
    error = error_of(lambda: functional.linear(torch.randn(1, 12, 16), module.lm_head.weight))
    assert error == "RuntimeError: size mismatch, got input (12), mat (12x16), vec (0)", error or "no error"


def gathered_the_weight_is_exact():
    """Inside `GatheredParameters([weight])` both are exact."""
    module = engine().module
    weight, head, hidden = module.get_input_embeddings().weight, module.lm_head.weight, torch.randn(1, 12, 16)
    with torch.no_grad(), gather([weight, head]):
        embedded, projected = functional.embedding(TOKENS, weight), functional.linear(hidden, head)
    assert_exact(embedded, PLAIN.get_input_embeddings()(TOKENS), "embeddings")
    assert_exact(projected, functional.linear(hidden, PLAIN.lm_head.weight), "projected")


def a_deepcopy_of_it_does_not_run():
    """A `copy.deepcopy(engine.module)`, as a frozen reference, does not run."""
    made = engine()
    assert_exact(logits(made), EXPECTED, "logits of the engine")
    copied = copy.deepcopy(made.module)
    error = error_of(lambda: logits(copied))
    assert "'Parameter' object has no attribute 'ds_" in error, error or "no error"


def _loss(made, weight):
    return functional.linear(made.module.model(TOKENS).last_hidden_state, weight).pow(2).mean()


def _gradients(made):
    return {name: safe_get_full_grad(parameter).clone() for name, parameter in made.module.named_parameters()}


def held_over_the_backward_the_gradients_are_exact():
    """Training with a weight by hand: gathered until after `engine.backward`, each of 21 gradients is that of `engine(ids)`."""
    usual, made = engine(trained=True), engine(trained=True)
    usual.backward(usual(TOKENS).logits.pow(2).mean())
    head = made.module.lm_head.weight
    with gather([head]):
        made.backward(_loss(made, head))
    wanted, found = _gradients(usual), _gradients(made)
    same = sum(torch.equal(found[name], wanted[name]) for name in wanted)
    print(f"{same} of {len(wanted)} gradients equal")
    assert all(gradient.any() for gradient in wanted.values()), "a gradient is zero: nothing could be told from it"
    assert same == len(wanted) == 21, f"no error, {same} of {len(wanted)} equal"


def released_before_the_backward_it_stops():
    """Gathered for the forward pass alone, it stops in the backward pass; so does a clone made inside the gather."""
    for cloned in (False, True):
        made = engine(trained=True)
        head = made.module.lm_head.weight
        with gather([head]):
            copied = head.clone()
            value = _loss(made, head)
        if cloned:
            value = _loss(made, copied)
        assert torch.isfinite(value) and value > 0, value
        error = error_of(lambda made=made, value=value: made.backward(value))
        assert "size mismatch, got" in error or "The size of tensor a (0) must match" in error, error or "no error"


if __name__ == "__main__":
    the_engine_is_exact()
    the_module_inside_is_exact()
    a_layer_of_it_is_exact()
    its_generate_is_exact()
    its_weight_taken_out_of_the_layer_raises()
    gathered_the_weight_is_exact()
    a_deepcopy_of_it_does_not_run()
    held_over_the_backward_the_gradients_are_exact()
    released_before_the_backward_it_stops()
