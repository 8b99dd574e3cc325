"""compare_state of compare_optimizer_state.py on loads that are right, wrong, or cannot be told apart."""

import torch
from _small import DECAY, LR, OTHER_LR, Saved, adamw, assert_none_own, assert_own, equal, moments

from snippets.compare_optimizer_state import compare_state

saved = Saved()
KINDS = ("SGD", "Adam", "AdamW", "RMSprop", "NAdam", "RAdam", "Adagrad", "Adadelta", "Adamax")


def _asked(model, names=None, optimizer=None, state=None):
    """What it says before the load, and the optimizer after it."""
    optimizer = optimizer or adamw(model)
    answer = compare_state(optimizer, state or saved.copy(), model, names)
    print(answer.text)
    return answer, optimizer


def a_right_load_is_its_own():
    """A right load with names given: status 0, `each of 6 parameters gets the moments saved under its name`, and it is so."""
    model = saved.again()
    answer, optimizer = _asked(model, saved.names)
    assert answer == (0, "its own: each of 6 parameters gets the moments saved under its name", []), answer
    optimizer.load_state_dict(saved.copy())
    assert_own(optimizer, model, saved)


def another_order_is_wrong():
    """Another order: status 1, all six are named, each with the one whose moments it gets, and it is so."""
    model = saved.again("bca")
    answer, optimizer = _asked(model, saved.names)
    assert answer.status == 1 and answer.wrong == [name for name, _ in model.named_parameters()], answer
    assert answer.text.startswith("wrong: 6 of 6 parameters: b.weight gets those of a.weight; "), answer.text
    optimizer.load_state_dict(saved.copy())
    assert_none_own(optimizer, model, saved)
    assert torch.equal(moments(optimizer, model)["b.weight exp_avg"], saved.moments["a.weight exp_avg"])


def without_names_it_says_that_it_did_not_look():
    """Without names it says the same of the right load and the wrong one: status 2, the order was not looked at."""
    texts = set()
    for layers in ("abc", "bca"):
        answer, _ = _asked(saved.again(layers))
        assert answer.status == 2, answer
        texts.add(answer.text)
    assert texts == {"not looked at: the order of 6 parameters, as the file has no names"}, texts


def another_shape_is_wrong_without_names():
    """Another shape is found without names: status 1, `b.weight [7, 4] gets moments of [4, 4]`, and the order not looked at."""
    answer, _ = _asked(saved.again(sizes={"b": (7, 4), "c": (4, 7)}))
    assert answer.status == 1 and answer.wrong == ["b.weight", "b.bias", "c.weight"], answer
    assert "b.weight [7, 4] gets moments of [4, 4]" in answer.text and "not looked at: the order" in answer.text, answer.text


def what_raises_is_named():
    """Where the load raises, it says the numbers, and with names which: `only here: d.weight`, `only in the file: c.weight`."""
    answer, optimizer = _asked(saved.again("abcd"), saved.names)
    assert answer.status == 1 and answer.text.splitlines()[-1] == "only here: d.weight, d.bias", answer.text
    assert answer.text.startswith("does not load: [8] parameters in the groups here, [6] in the file"), answer.text
    try:
        optimizer.load_state_dict(saved.copy())
        raise AssertionError("it loaded")
    except ValueError:
        pass
    answer, _ = _asked(saved.again(frozen="c"), saved.names)
    assert answer.text.splitlines()[-1] == "only in the file: c.weight, c.bias", answer.text


def another_optimizer_is_named():
    """A state of AdamW for SGD: status 1, `momentum` is not in it, and step() stops."""
    model = saved.again()
    answer, _ = _asked(model, saved.names, torch.optim.SGD(model.parameters(), OTHER_LR, momentum=0.9))
    assert answer.status == 1 and "dampening, momentum is not in it, and step() stops" in answer.text, answer.text


def what_is_replaced_is_told():
    """lr, betas and weight decay that the load replaces are told, with both values, and the status stays 0."""
    model = saved.again()
    answer, optimizer = _asked(
        model, saved.names, torch.optim.AdamW(model.parameters(), OTHER_LR, (0.5, 0.9), weight_decay=0.0)
    )
    told = [line.removeprefix("replaced by the load, group 0: ") for line in answer.text.splitlines()[1:]]
    assert told == ["betas (0.5, 0.9) -> (0.9, 0.999)", f"lr {OTHER_LR} -> {LR}", f"weight_decay 0.0 -> {DECAY}"], told
    optimizer.load_state_dict(saved.copy())
    assert optimizer.param_groups[0]["lr"] == LR and answer.status == 0


def right_loads_of_nine_optimizers_are_right():
    """Nine optimizers of torch, each with its own state: status 0. SGD without momentum, which has no moments: status 2."""
    for kind in KINDS:
        cls = getattr(torch.optim, kind)
        run = Saved(lambda model, cls=cls: cls(model.parameters(), LR, **({"momentum": 0.9} if cls is torch.optim.SGD else {})))
        model = run.again()
        answer, _ = _asked(
            model, run.names, cls(model.parameters(), LR, **({"momentum": 0.9} if kind == "SGD" else {})), run.copy()
        )
        assert answer.status == 0, f"{kind}: {answer}"
    run = Saved(lambda model: torch.optim.SGD(model.parameters(), LR))
    model = run.again()
    assert _asked(model, run.names, torch.optim.SGD(model.parameters(), LR), run.copy())[0].status == 2


def names_in_the_file_are_read():
    """Names that are in the file need not be given: another order is wrong, the same order is right."""
    run = Saved(lambda model: torch.optim.AdamW(model.parameters(), LR))
    state = run.copy()
    state["param_groups"][0]["param_names"] = list(run.names)
    for layers, status in (("abc", 0), ("bca", 1)):
        model = run.again(layers)
        answer, _ = _asked(model, None, torch.optim.AdamW(model.parameters(), LR), state)
        assert answer.status == status, answer


def a_loaded_optimizer_can_be_asked():
    """Asked of an optimizer that has loaded the wrong order already, it still tells: the names come from the model."""
    model = saved.again("bca")
    optimizer = adamw(model)
    optimizer.load_state_dict(saved.copy())
    assert equal(moments(optimizer, model), saved.moments) == 0
    assert _asked(model, saved.names, optimizer, optimizer.state_dict())[0].status == 1


if __name__ == "__main__":
    a_right_load_is_its_own()
    another_order_is_wrong()
    without_names_it_says_that_it_did_not_look()
    another_shape_is_wrong_without_names()
    what_raises_is_named()
    another_optimizer_is_named()
    what_is_replaced_is_told()
    right_loads_of_nine_optimizers_are_right()
    names_in_the_file_are_read()
    a_loaded_optimizer_can_be_asked()
