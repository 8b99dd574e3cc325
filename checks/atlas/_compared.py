"""What a loaded model is made of: each of its tensors traced back to the files by its values, whatever name it has now.

A tensor is right if it is one of the files' tensors, or several of them one behind the other (experts that are fused), bit for
bit in its own type, and if that is the tensor that belongs there: no other place of the model has its layer and its name.
"""

import re
from collections import defaultdict
from fnmatch import fnmatchcase
from typing import NamedTuple

import torch

ORDERS = (("gate_proj", "up_proj", "down_proj"), ("w1", "w3", "w2"))  # within one expert, as they are fused


class Compared(NamedTuple):
    """What a comparison found; names of tensors, and for each wrong one what it holds instead."""

    total: int
    wrong: dict[str, str]
    renamed: dict[str, tuple[str, ...]]
    unused: list[str]

    @property
    def is_exact(self):
        """Whether every tensor of the model is the files', and every one of the files is in the model."""
        return not self.wrong and not self.unused


def compared(model, stored, gather, unused=()):
    """Compare a model with the stored tensors; `gather` gives partitioned parameters their values, `unused` need no place."""
    tensors = dict(_tensors(model))
    places = defaultdict(set)
    for name in tensors:
        places[_place(name)].add(name)
    sources = _Sources(stored)
    wrong, renamed, used = {}, {}, set()
    for name, tensor in tensors.items():
        with gather([tensor]):
            value = tensor.detach().cpu()
            found = sources.of(value)
            ours = next((names for names in found if _belongs(name, names, places, stored, model)), None)
            if ours is None:
                wrong[name] = _instead(value, found)
                continue
        used.update(ours)
        if ours != (name,):
            renamed[name] = ours
    left = [name for name in stored if name not in used and not any(fnmatchcase(name, one) for one in unused)]
    return Compared(len(tensors), wrong, renamed, left)


def _tensors(model):
    """Yield (name, tensor) of what a checkpoint of the model holds: parameters and persistent buffers."""
    kept = model.state_dict().keys()
    seen = {}
    for name, tensor in (*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)):
        if name in kept and seen.setdefault(name, tensor) is tensor:
            yield name, tensor


def _place(name):
    """Return a name's numbers and what follows the last of them: what of it no wrapper, no renamed part changes."""
    parts = name.split(".")
    numbers = tuple(part for part in parts if part.isdigit())
    last = max((number for number, part in enumerate(parts) if part.isdigit()), default=len(parts) - 3)
    return numbers, ".".join(parts[max(last + 1, 0) :])


def _belongs(name, names, places, stored, model):
    """Whether stored tensors are the ones that this tensor of the model has to be."""
    if len(names) > 1:
        return _in_order(names) and all(_place(one)[0][:1] == _place(name)[0][:1] for one in names)
    source = names[0]
    if name == source or name in places[_place(source)]:
        return True
    if places[_place(source)]:  # the model has a place of its own for it: here it can only be a tied one's
        return (_place(name) not in map(_place, stored) and name in (getattr(model, "_tied_weights_keys", None) or ())) or (
            _place(name) not in map(_place, stored) and _is_tied(model, name, source, places)
        )
    return _place(name)[0] == _place(source)[0]  # under another name, of the same layer


def _is_tied(model, name, source, places):
    """Whether a tensor without a place in the files is the very parameter that has one."""
    every = dict(model.named_parameters(remove_duplicate=False))
    return any(every.get(name) is not None and every.get(name) is every.get(other) for other in places[_place(source)])


def _in_order(names):
    """Whether fused tensors are in the order of their experts, and within one as they are fused everywhere."""
    keys = []
    for name in names:
        expert = int(re.findall(r"\.(\d+)\.", f"{name}.")[-1])
        keys.append((expert, next((n for order in ORDERS for n, one in enumerate(order) if f".{one}." in name), -1)))
    return keys == sorted(keys) and len(set(keys)) == len(keys) and all(part >= 0 for _, part in keys)


def _instead(value, found):
    if value.numel() and not value.any():
        return "zeros"
    if found:
        return f"{' + '.join(found[0][:2])} of the files"
    return "ones" if bool((value == 1).all()) else "values of no file"


class _Sources:
    """The stored tensors, found by their values in any type."""

    def __init__(self, stored):
        self.stored, self.by_type = stored, {}

    def of(self, value):
        """Return what stored tensors a value is: each answer a tuple of names, in the value's order."""
        whole, rows = self._index(value.dtype)
        answers = [(name,) for name in whole.get((tuple(value.shape), _bytes(value)), ())]
        if not answers and value.dim() > 1 and (names := self._joined(value.reshape(-1, value.shape[-1]), rows)):
            answers.append(names)
        return answers

    def _index(self, dtype):
        if dtype not in self.by_type:
            whole, rows = defaultdict(list), {}
            for name, tensor in self.stored.items():
                cast = tensor.to(dtype)
                whole[tuple(cast.shape), _bytes(cast)].append(name)
                if cast.dim() == 2:
                    rows[_bytes(cast[0])] = (name, cast)
            self.by_type[dtype] = whole, rows
        return self.by_type[dtype]

    def _joined(self, value, rows):
        names, at = [], 0
        while at < len(value):
            name, tensor = rows.get(_bytes(value[at]), ("", None))
            if tensor is None or not torch.equal(value[at : at + len(tensor)], tensor):
                return ()
            names.append(name)
            at += len(tensor)
        return tuple(names)


def _bytes(tensor):
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()
