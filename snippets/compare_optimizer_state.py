"""Whose moments does each parameter get from a saved optimizer state? torch goes by their places, never by their names.

    from compare_optimizer_state import by_name, compare_state, names_of
    answer = compare_state(optimizer, state, model, saved_names)  # state: what load_state_dict is about to get
    print(answer.text)
    optimizer.load_state_dict(by_name(optimizer, state, model, saved_names))  # where the places are not the same

The file's names are its `param_names` (torch 2.6 and newer, if the optimizer was made of named_parameters()), or what you give:
`names_of(optimizer, model)`, called where the file was written, or with the settings of then. status: 0 each parameter gets its
own, 1 some do not, or it stops, 2 something was not looked at: without names, the order. by_name takes lr and the like from the
file where all that a group gets has the same, else leaves yours; what the file does not have, or has in another shape, starts
afresh. Needs torch.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

import torch

MOMENTS = (
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "momentum_buffer",
    "square_avg",
    "exp_inf",
    "sum",
)  # of a parameter's shape
NAMES = ("params", "param_names")  # of a group; all else in it are hyperparameters
SHOWN = 3  # names in the text


class Answer(NamedTuple):
    """0 its own, 1 another's or it stops, 2 not looked at; the same in words; and the parameters that do not get their own."""

    status: int
    text: str
    wrong: list[str]


# --8<-- [start:compare]
def names_of(optimizer: torch.optim.Optimizer, model: torch.nn.Module) -> list[str]:
    """Return the parameters' names in the optimizer's order, `?` for one that the model does not have."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [names.get(id(parameter), "?") for parameter in _in_order(optimizer.param_groups)]


def compare_state(
    optimizer: torch.optim.Optimizer, state: dict[str, Any], model: torch.nn.Module, saved_names: list[str] | None = None
) -> Answer:
    """Say whose moments each parameter gets if the state is loaded, and which hyperparameters the load replaces."""
    ours, theirs = names_of(optimizer, model), _saved_names(state, saved_names)
    sizes, saved = ([len(group["params"]) for group in groups] for groups in (optimizer.param_groups, state["param_groups"]))
    if sizes != saved:
        return _does_not_load(sizes, saved, ours, theirs)
    wrong, none, unknown = {}, [], []
    pairs = zip(_in_order(state["param_groups"]), _in_order(optimizer.param_groups), strict=True)
    for number, (key, parameter) in enumerate(pairs):
        name, moments = ours[number], _moments(state, key)
        if any(moment.shape != parameter.shape for moment in moments):
            wrong[name] = f"{name} {list(parameter.shape)} gets moments of {list(moments[0].shape)}"
        elif theirs and name != "?" and name != theirs[number]:
            wrong[name] = f"{name} gets those of {theirs[number]}"
        elif not theirs or name == "?":
            unknown.append(name)
        if not moments:
            none.append(name)
    lacking = _lacking(optimizer, state)
    lines = [f"wrong: {len(wrong)} of {len(ours)} parameters: {_few(list(wrong.values()), '; ')}"] if wrong else []
    if lacking:
        lines.append(f"wrong: another optimizer saved it: {_few(lacking)} is not in it, and step() stops")
    if not theirs:
        lines.append(f"not looked at: the order of {len(ours)} parameters, as the file has no names")
    elif unknown:
        lines.append(f"not looked at: {len(unknown)} of {len(ours)} parameters, which the model does not have")
    if len(none) == len(ours):
        lines.append("not looked at: the file has no moments that are known here")
    elif none:
        lines.append(f"starts afresh: {len(none)} of {len(ours)} parameters: {_few(none)}")
    if not wrong and not lacking and not unknown and len(none) < len(ours):
        lines.insert(0, f"its own: each of {len(ours) - len(none)} parameters gets the moments saved under its name")
    status = 1 if wrong or lacking else 2 if unknown or len(none) == len(ours) else 0
    return Answer(status, "\n".join(lines + _replaced(optimizer, state)), list(wrong))


def by_name(
    optimizer: torch.optim.Optimizer, state: dict[str, Any], model: torch.nn.Module, saved_names: list[str] | None = None
) -> dict[str, Any]:
    """Return a state in the optimizer's own order and groups, in which each parameter has what was saved under its name."""
    theirs = _saved_names(state, saved_names)
    if not theirs:
        raise ValueError("the file has no names: give saved_names, in the order of the optimizer that saved it")
    keys = dict(zip(theirs, _in_order(state["param_groups"]), strict=True))
    keys.pop("?", None)
    group_of = {key: group for group in state["param_groups"] for key in group["params"]}
    names = iter(names_of(optimizer, model))
    mine, found = optimizer.state_dict()["param_groups"], {}
    for group, real in zip(mine, optimizer.param_groups, strict=True):
        sources = []
        for number, parameter in zip(group["params"], real["params"], strict=True):
            key = keys.get(next(names))
            if key is not None and all(moment.shape == parameter.shape for moment in _moments(state, key)):
                sources.append(group_of[key])
                found[number] = state["state"].get(key, {})
        for option in group.keys() - set(NAMES):
            values = [source.get(option, group[option]) for source in sources]
            group[option] = values[0] if values and all(value == values[0] for value in values) else group[option]
    return {"state": {number: entry for number, entry in found.items() if entry}, "param_groups": mine}
    # --8<-- [end:compare]


def _in_order(groups: list[dict[str, Any]]) -> list[Any]:
    return list(chain.from_iterable(group["params"] for group in groups))


def _moments(state: dict[str, Any], key: Any) -> list[torch.Tensor]:
    entry = state["state"].get(key, {})
    return [entry[kind] for kind in MOMENTS if isinstance(entry.get(kind), torch.Tensor)]


def _saved_names(state: dict[str, Any], given: list[str] | None) -> list[str]:
    """Return the names in the file's order; none if one of its groups has no names."""
    groups = state["param_groups"]
    if given is None:
        named = all("param_names" in group for group in groups)
        return [name for group in groups for name in group["param_names"]] if named else []
    if len(given) != len(_in_order(groups)):
        raise ValueError(f"{len(given)} names, and the file has {len(_in_order(groups))} parameters")
    return list(given)


def _does_not_load(sizes: list[int], saved: list[int], ours: list[str], theirs: list[str]) -> Answer:
    text = f"does not load: {sizes} parameters in the groups here, {saved} in the file"
    added, gone = ([name for name in one if name not in other] for one, other in ((ours, theirs), (theirs, ours)))
    if not theirs:
        return Answer(1, f"{text}, which has no names", [])
    for where, names in (("here", added), ("in the file", gone)):
        text += f"\nonly {where}: {_few(names)}" if names else ""
    return Answer(1, text if added or gone else f"{text}; the names are the same, the groups are not", added)


def _lacking(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> list[str]:
    """Return the options that the file lacks, after what the optimizer itself fills in at a load (an older file has fewer)."""
    optimizer = getattr(optimizer, "optimizer", optimizer)  # what accelerate has wrapped
    twin = object.__new__(type(optimizer))
    groups = [dict(group) for group in state["param_groups"]]
    twin.__setstate__({"defaults": dict(optimizer.defaults), "state": {}, "param_groups": groups})
    return sorted({option for group in groups for option in optimizer.defaults if option not in group})


def _replaced(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> list[str]:
    """Return a line for each hyperparameter that the load replaces."""
    lines = []
    for number, (ours, theirs) in enumerate(zip(optimizer.param_groups, state["param_groups"], strict=True)):
        for option in sorted((ours.keys() & theirs.keys()) - set(NAMES)):
            if ours[option] != theirs[option]:
                lines.append(f"replaced by the load, group {number}: {option} {ours[option]} -> {theirs[option]}")
    return lines


def _few(names: list[str], between: str = ", ") -> str:
    return between.join(names[:SHOWN]) + (f"{between}..." if len(names) > SHOWN else "")
