"""What a mutant does to a value while a check runs. Copied as `_mutant.py` beside the changed file; imported by nothing here.

It says on the error output whether the value was another one afterwards: what is the same as before is no mutant. Not in
programs with arguments, as the probe shows itself to be none: what those print is part of what checks read.
"""

import copy
import logging
import os
import sys
import warnings
from contextlib import nullcontext

FAR = 10**9


def changed(value, how="=="):
    """Return another value of the same kind; `how` is the comparison in which it stands on the left."""
    other = _changed(value, how)
    _say("changed")
    return other


def _changed(value, how):
    if _is_tensor(value):
        return value + FAR * (-1 if how[0] == ">" else 1) if how[0] in "<>" else _changed_tensor(value, how)
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + (FAR if how[0] == "<" else -FAR if how[0] == ">" else 1)
    if isinstance(value, str):
        return f"~{value[::-1]}"
    if isinstance(value, (list, tuple)):
        rest = list(value)
        return type(value)([_changed(rest[0], "=="), *rest[1:]] if rest else ["~"])
    if isinstance(value, (set, frozenset, type({}.keys()))):
        return set(list(value)[1:]) if how[0] == ">" else {*value, "~"}
    if isinstance(value, dict):
        return {**value, "~": "~"}
    if isinstance(value, BaseException):
        return OSError(*value.args)
    return object()


def emptied(value):
    """Return a value of the same kind that says nothing: no difference, no problem, no text, zero."""
    other = _emptied(value)
    _say("same" if _same(other, value) else "changed")
    return other


def _emptied(value):
    if _is_tensor(value):
        return value.new_zeros(value.shape)
    if isinstance(value, (bool, int, float, str, list, set, dict)):
        return type(value)()
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(_emptied, value))
    if hasattr(value, "_replace"):  # a NamedTuple
        return value._replace(**{name: [] for name, one in value._asdict().items() if isinstance(one, list)})
    if hasattr(value, "__dict__") and not hasattr(value, "parameters") and not isinstance(value, (BaseException, type)):
        other = copy.copy(value)
        for name, one in vars(value).items():
            if isinstance(one, list):
                object.__setattr__(other, name, [])
        return other
    return value


def _same(one, other):
    if one is other:
        return True
    try:
        return bool((one == other).all()) if _is_tensor(one) else bool(one == other)
    except Exception:  # what cannot be compared is another
        return False


def another_reason(error):
    """Return an error of the same type, or an error's text, that says something else."""
    if isinstance(error, BaseException):
        _say("changed")
        return type(error)("another reason")
    if isinstance(error, str) and error:
        _say("changed")
        return "another reason"
    _say("same")
    return error


def another_type(error):
    """Return an error of another type with the same text."""
    _say("changed" if isinstance(error, BaseException) else "same")
    return OSError(str(error)) if isinstance(error, BaseException) else error


def flipped(value, which=0):
    """Flip one bit of one parameter, the first or (-1) the last, where it lies; under ZeRO-3 inside a gather."""
    model = next((one for one in (value if isinstance(value, tuple) else [value]) if hasattr(one, "parameters")), None)
    if model is None:
        _say("same")
        return value
    import torch

    parameter = list(model.parameters())[which]
    with torch.no_grad(), _gathered(parameter):
        parameter.data.copy_(_changed_tensor(parameter.data, "=="))
    _say("changed")
    return value


def _gathered(parameter):
    if hasattr(parameter, "ds_tensor"):
        return sys.modules["deepspeed"].zero.GatheredParameters([parameter], modifier_rank=0)
    return nullcontext()


def built(model_class, folder, **options):
    """Build the model from its config, as from_pretrained does, and load nothing."""
    with_info = options.pop("output_loading_info", False)
    options.pop("ignore_mismatched_sizes", None)
    dtype = options.pop("torch_dtype", options.pop("dtype", None))
    config, _ = model_class.config_class.from_pretrained(folder, return_unused_kwargs=True, **options)
    model = model_class._from_config(config, **({"torch_dtype": dtype} if hasattr(dtype, "is_floating_point") else {}))
    _say("changed")
    info = {"missing_keys": [], "unexpected_keys": [], "mismatched_keys": [], "error_msgs": []}
    return (model, info) if with_info else model


def loud(value, way):
    """Warn in one of the ways in which a library can, as part of a call that returned this value."""
    said = "some weights were not loaded"
    if way == "print":
        print(said)
    elif way == "warnings":
        warnings.warn(said, stacklevel=2)
    else:
        logging.getLogger(way).warning(said)
    _say("changed")
    return value


def _is_tensor(value):
    return "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor)


def _changed_tensor(tensor, how):
    other = tensor.detach().clone()
    if other.numel() == 0:
        return other.new_ones(1)
    if how == "close":
        return other + 1
    torch = sys.modules["torch"]
    flat = other.reshape(-1).contiguous()
    if flat.dtype == torch.bool:
        flat[0] = ~flat[0]
    else:
        flat.view(torch.uint8)[0] ^= 1
    return flat.reshape(tensor.shape)


def _say(what):
    if len(sys.argv) == 1:
        os.write(2, f"--- mutant {what}\n".encode())
