"""Which parameters the Trainer gives weight decay: releases of transformers divide them differently."""

import torch
import transformers
from _trainer import SIZES

from snippets.compare_optimizer_state import by_name

SIZE = "ValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
KINDS = {"Mistral": {}, "Qwen2": {}, "Gemma2": {"head_dim": 4}, "Phi3": {}}


def _model(kind, **more):
    torch.manual_seed(0)
    return getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(**SIZES, **more))


def _decayed(model):
    """The names that this release's Trainer gives weight decay."""
    known = [name for name, _ in model.named_parameters()]
    return [name for name in transformers.Trainer.get_decay_parameter_names(None, model) if name in known]


def _optimizer(model, decayed, steps=1):
    """An optimizer with two groups, as the Trainer makes it: those with weight decay first."""
    named = list(model.named_parameters())
    groups = [[one for name, one in named if (name in decayed) == kind] for kind in (True, False)]
    made = torch.optim.AdamW([{"params": groups[0], "weight_decay": 0.1}, {"params": groups[1], "weight_decay": 0.0}], 0.01)
    for _ in range(steps):
        model(input_ids=torch.arange(8)[None], labels=torch.arange(8)[None]).loss.backward()
        made.step()
    names = [name for kind in (True, False) for name, _ in named if (name in decayed) == kind]
    return made, names


def _norms(model):
    return [name for name, _ in model.named_parameters() if "norm" in name]


def llamas_norms_have_none():
    """Llama: none of its five norms has weight decay."""
    model = _model("Llama")
    found = [name for name in _norms(model) if name in _decayed(model)]
    print(f"{len(found)} of {len(_norms(model))} norms have weight decay")
    assert len(_norms(model)) == 5 and not found, found


def no_norm_of_four_others_has_weight_decay():
    """Mistral, Qwen2, Gemma2 and Phi3: none of their norms has weight decay."""
    found = []
    for kind, more in KINDS.items():
        model = _model(kind, **more)
        decayed = [name for name in _norms(model) if name in _decayed(model)]
        found.append(f"{kind} {len(decayed)} of {len(_norms(model))}")
    print(f"norms with weight decay: {', '.join(found)}")
    assert all(" 0 of " in one for one in found), f"norms with weight decay: {', '.join(found)}"


def a_state_whose_norms_have_it_raises():
    """The state of a Qwen2 whose norms all have weight decay, loaded into the groups of this release: raises the message."""
    found = _error(_old(), _optimizer(_model("Qwen2"), _decayed(_model("Qwen2")), 0)[0])
    assert found == SIZE, found


def a_state_whose_last_norm_has_it_raises():
    """The state of a Qwen2 of whose norms `model.norm` alone has weight decay: raises the message here."""
    model = _model("Qwen2")
    state = _optimizer(model, [name for name in _all_but_biases(model) if name not in _norms(model)[:-1]])[0].state_dict()
    found = _error(state, _optimizer(_model("Qwen2"), _decayed(_model("Qwen2")), 0)[0])
    assert found == SIZE, found


def by_name_it_is_exact():
    """By name, all 54 moments of the state whose norms have weight decay are right, and each group keeps its own."""
    model = _model("Qwen2")
    old, names = _optimizer(model, _all_but_biases(model))
    expected = {name: old.state[one] for name, one in model.named_parameters()}
    other = _model("Qwen2")
    optimizer, _ = _optimizer(other, [name for name in _all_but_biases(other) if name not in _norms(other)], 0)
    optimizer.load_state_dict(by_name(optimizer, old.state_dict(), other, names))
    count = sum(
        torch.equal(optimizer.state[one][kind], expected[name][kind])
        for name, one in other.named_parameters()
        for kind in ("exp_avg", "exp_avg_sq")
    )
    print(f"{count} of {2 * len(names)} moments are the parameter's own")
    assert count == 2 * len(names) == 54, f"no error, {count} of {2 * len(names)} moments right"
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]


def _all_but_biases(model):
    return [name for name, _ in model.named_parameters() if "bias" not in name]


def _old():
    model = _model("Qwen2")
    return _optimizer(model, _all_but_biases(model))[0].state_dict()


def _error(state, optimizer):
    try:
        optimizer.load_state_dict(state)
    except ValueError as error:
        print(f"ValueError: {error}")
        return f"ValueError: {error}"
    return "no error"


if __name__ == "__main__":
    llamas_norms_have_none()
    no_norm_of_four_others_has_weight_decay()
    a_state_whose_norms_have_it_raises()
    a_state_whose_last_norm_has_it_raises()
    by_name_it_is_exact()
