"""What a load makes of lr, weight decay and betas, and of an optimizer of another class than the one that was saved."""

import torch
from _small import (
    DECAY,
    LR,
    OTHER_LR,
    STEPS,
    Saved,
    adamw,
    assert_continues,
    assert_own,
    different,
    equal,
    error_of,
    quietly,
    train,
    values,
)

saved = Saved()
DAMPED = (0.5, 0.9)


def _other(model):
    return torch.optim.AdamW(model.parameters(), OTHER_LR, betas=DAMPED, weight_decay=0.0, eps=1e-4)


def they_are_the_files():
    """lr, betas, weight_decay and eps come from the file, in silence, whatever the optimizer was made with."""
    optimizer = _other(saved.again())
    quietly(optimizer.load_state_dict, saved.copy())
    group = optimizer.param_groups[0]
    found = [group["lr"], tuple(group["betas"]), group["weight_decay"], group["eps"]]
    assert found == [LR, (0.9, 0.999), DECAY, 1e-8], found


def the_next_step_is_that_of_the_old_ones():
    """The next step is that of the run that was not interrupted, bit for bit: nothing is left of what was asked for."""
    model = saved.again()
    optimizer = _other(model)
    optimizer.load_state_dict(saved.copy())
    assert_continues(model, optimizer, saved)


def set_after_the_load_they_are_yours():
    """Set in each group after the load, lr is yours, and all 12 moments are their parameter's."""
    model = saved.again()
    optimizer = _other(model)
    optimizer.load_state_dict(saved.copy())
    # --8<-- [start:set]
    for group in optimizer.param_groups:
        group["lr"] = OTHER_LR
        # --8<-- [end:set]
    assert_own(optimizer, model, saved)
    before = values(model)
    train(model, optimizer, 1, STEPS)
    assert optimizer.param_groups[0]["lr"] == OTHER_LR, optimizer.param_groups[0]["lr"]
    found = different(values(model), before), different(values(model), saved.later)
    assert found == (len(saved.later), len(saved.later)), f"moved, and not as by the old lr: {found}"


def a_scheduler_made_before_it_brings_its_own_back():
    """A LambdaLR made before the load brings back what the optimizer was made with: lr is the file's until it steps."""
    model = saved.again()
    optimizer = _other(model)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda number: 1 / (1 + number))
    optimizer.load_state_dict(saved.copy())
    loaded = optimizer.param_groups[0]["lr"]
    scheduler.step()
    found = loaded, optimizer.param_groups[0]["lr"]
    assert found == (LR, OTHER_LR / 2), found


def adamw_into_sgd_loads_and_stops_at_the_step():
    """A state of AdamW loads into SGD in silence, lr included; `step()` raises `KeyError: 'momentum'`."""
    model = saved.again()
    optimizer = torch.optim.SGD(model.parameters(), OTHER_LR, momentum=0.9)
    quietly(optimizer.load_state_dict, saved.copy())
    assert optimizer.param_groups[0]["lr"] == LR, optimizer.param_groups[0]["lr"]
    found = error_of(train, model, optimizer)
    assert found == "KeyError: 'momentum'", found or "no error"


def sgd_into_adamw_stops_at_the_load():
    """A state of SGD with momentum into AdamW: `KeyError: 'step'` at the load, when lr is the file's already."""
    sgd = Saved(lambda model: torch.optim.SGD(model.parameters(), LR, momentum=0.9))
    optimizer = adamw(sgd.again(), OTHER_LR)
    found = error_of(optimizer.load_state_dict, sgd.copy())
    assert found == "KeyError: 'step'", found or "no error"
    assert optimizer.param_groups[0]["lr"] == LR, optimizer.param_groups[0]["lr"]


def adamw_into_adam_makes_it_adamw():
    """A state of AdamW makes an AdamW of Adam, in silence: its next step is that of the uninterrupted AdamW, bit for bit."""
    model = saved.again()
    optimizer = torch.optim.Adam(model.parameters(), LR, weight_decay=DECAY)
    quietly(optimizer.load_state_dict, saved.copy())
    assert_continues(model, optimizer, saved)


def adam_into_adamw_stays_adamw():
    """The reverse does not: AdamW with a state of Adam does not take Adam's next step, none of six weights is equal."""
    adam = Saved(lambda model: torch.optim.Adam(model.parameters(), LR, weight_decay=DECAY))
    for make, expected in ((torch.optim.Adam, len(adam.later)), (torch.optim.AdamW, 0)):
        model = adam.again()
        optimizer = make(model.parameters(), LR, weight_decay=DECAY)
        optimizer.load_state_dict(adam.copy())
        train(model, optimizer, 1, STEPS)
        count = equal(values(model), adam.later)
        assert count == expected, f"{make.__name__}: {count} of {len(adam.later)} weights equal"


if __name__ == "__main__":
    they_are_the_files()
    the_next_step_is_that_of_the_old_ones()
    set_after_the_load_they_are_yours()
    a_scheduler_made_before_it_brings_its_own_back()
    adamw_into_sgd_loads_and_stops_at_the_step()
    sgd_into_adamw_stops_at_the_load()
    adamw_into_adam_makes_it_adamw()
    adam_into_adamw_stays_adamw()
