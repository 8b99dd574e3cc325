"""Three layers of one shape, an optimizer that has taken three steps, its state as a file holds it, and the step after it.

A layer's values go by its name and the model calls its layers by name, so the order in which they are registered changes
nothing but the places of their parameters in an optimizer.
"""

import contextlib
import copy
import io
import warnings

import torch

SIZE = "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
NUMBER = "loaded state dict has a different number of parameter groups"
STEPS, LR, DECAY, OTHER_LR = 3, 0.01, 0.1, 0.5
KINDS = ("exp_avg", "exp_avg_sq")


class Model(torch.nn.Module):
    def __init__(self, layers="abc", sizes=None):
        super().__init__()
        self.order = sorted(layers)
        for name in layers:
            torch.manual_seed(ord(name))
            rows, columns = (sizes or {}).get(name, (4, 4))
            self.add_module(name, torch.nn.Linear(columns, rows))

    def forward(self, x):
        for name in self.order:
            x = getattr(self, name)(x).tanh()
        return x


def adamw(model, lr=LR, **more):
    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr, weight_decay=DECAY, **more)


def train(model, optimizer, steps=1, first=0):
    """Take steps on batches that go by their number."""
    for number in range(first, first + steps):
        batch = torch.randn(5, 4, generator=torch.Generator().manual_seed(number))
        optimizer.zero_grad()
        model(batch).pow(2).sum().backward()
        optimizer.step()


def moments(optimizer, model):
    """Both moments of each parameter that the optimizer steps and that has them, by name."""
    found, stepped = {}, {id(one) for group in optimizer.param_groups for one in group["params"]}
    for name, parameter in model.named_parameters():
        for kind in KINDS:
            if id(parameter) in stepped and kind in optimizer.state.get(parameter, {}):
                found[f"{name} {kind}"] = optimizer.state[parameter][kind].detach().clone()
    return found


def values(model):
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


class Saved:
    """A run of three steps: its weights, the optimizer's state, its moments by name, and the weights of the step after it."""

    def __init__(self, make=adamw, layers="abc", model=None):
        model = model or Model(layers)
        optimizer = make(model)
        train(model, optimizer, STEPS)
        self.weights = values(model)
        self.names = [name for group in optimizer.param_groups for one in group["params"] for name in _name(model, one)]
        self.state = copy.deepcopy(optimizer.state_dict())
        self.moments = moments(optimizer, model)
        train(model, optimizer, 1, STEPS)
        self.later = values(model)

    def again(self, layers="abc", frozen="", sizes=None):
        """Return another model with these weights, as far as it has such layers."""
        model = Model(layers, sizes)
        known = {name: value for name, value in self.weights.items() if name[0] in layers and name[0] not in (sizes or {})}
        model.load_state_dict(known, strict=False)
        for name in frozen:
            getattr(model, name).requires_grad_(False)
        return model

    def copy(self):
        return copy.deepcopy(self.state)


def _name(model, parameter):
    return [name for name, one in model.named_parameters() if one is parameter]


def error_of(function, *arguments):
    """What it raised, in words; nothing if it returned."""
    try:
        function(*arguments)
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
        return f"{type(error).__name__}: {error}"
    return ""


def quietly(function, *arguments):
    """Call it: it raises nothing, warns of nothing and prints nothing."""
    said = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        warnings.simplefilter("always")
        function(*arguments)
    assert not warned and not said.getvalue(), f"it is not silent: {[str(one.message) for one in warned]} {said.getvalue()}"


def equal(ours, theirs):
    """How many of ours are the same, bit for bit."""
    return sum(
        name in theirs and ours[name].shape == theirs[name].shape and torch.equal(ours[name], theirs[name]) for name in ours
    )


def different(ours, theirs):
    """How many of ours have the same name and shape, and are not the same."""
    return sum(
        name in theirs and ours[name].shape == theirs[name].shape and not torch.equal(ours[name], theirs[name]) for name in ours
    )


def assert_own(optimizer, model, saved, number=None):
    """Each moment of the optimizer is the one that was saved for that parameter; so many there are."""
    found = moments(optimizer, model)
    count, number = equal(found, saved.moments), number or len(saved.moments)
    print(f"{count} of {len(found)} moments are the parameter's own")
    assert count == len(found) == number, f"no error, {count} of {number} moments right"


def assert_none_own(optimizer, model, saved, number=None):
    """The parameters have moments, and none of them is the one that was saved for it."""
    found = moments(optimizer, model)
    count, number = equal(found, saved.moments), number or len(saved.moments)
    print(f"{count} of {len(found)} moments are the parameter's own")
    assert len(found) == number, f"{len(found)} moments"
    assert count == 0, f"{count} of {number} moments right"


def assert_continues(model, optimizer, saved):
    """The next step makes the weights that the run made which was not interrupted, bit for bit."""
    train(model, optimizer, 1, STEPS)
    count = equal(values(model), saved.later)
    print(f"{count} of {len(saved.later)} weights equal those of the run that was not interrupted")
    assert count == len(saved.later), f"no error, {count} of {len(saved.later)} weights equal"
