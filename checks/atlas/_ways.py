"""What the ways have in common: a load, what is seen of the model, and what is asserted of it: exact, or how it is not.

What a way ends in is said by the first word of the reason: `silent`, `error`, `class`; without one it is exact.
"""

import json
from contextlib import nullcontext
from functools import partial

import transformers
import transformers.modeling_utils  # so that no architecture has to
from _architectures import PUBLISHED
from _compared import compared

from snippets.verify_loaded import compare

SHOWN = 4  # tensors that a reason names
NO_CLASS = "class not known"
transformers.utils.logging.set_verbosity_error()  # the library's report of a load is asked for, not read from its log
transformers.utils.logging.disable_progress_bar()


class Loaded:
    """A model, what the library reported of its load, and what it is compared with."""

    def __init__(self, published, model, info, gather=None, unused=()):
        self.published, self.model, self.gather = published, model, gather
        self.unused = (*published.unused, *unused)
        self.reported = {kind: len(_of(info, f"{kind}_keys")) for kind in ("missing", "unexpected", "mismatched")}


def _of(info, name):
    return (info.get(name) if isinstance(info, dict) else getattr(info, name, None)) or ()


def seen(loaded):
    """Say of a model what it is made of, as plain data.

    Looked at twice: by the values, whatever the names are, and by verify_loaded.py, which goes by the library's own names.
    """
    found = compared(loaded.model, loaded.published.tensors, loaded.gather or _as_it_is, loaded.unused)
    report = compare(loaded.model, loaded.published.reference, gather=loaded.gather, without=loaded.unused)
    return {
        "tensors": found.total,
        "wrong": found.wrong,
        "unused": found.unused,
        "renamed": len(found.renamed),
        "reported": loaded.reported,
        "second": [report.ending, list(report.lines())[-1]],
    }


def assert_exact(*seen_of):
    """Every tensor of the model is the files', bit for bit, and every one of the files is in the model; of each rank."""
    for one in seen_of:
        counts = {"tensors": one["tensors"], "differ": len(one["wrong"]), "unused": len(one["unused"])}
        print(f"atlas: {json.dumps(counts | {'renamed': one['renamed'], 'reported': one['reported']})}")
        for name, instead in one["wrong"].items():
            print(f"  {name}: {instead}")
        for name in one["unused"]:
            print(f"  of the files, and nowhere in the model: {name}")
        ending, last = one["second"]
        print(f"verify_loaded.py: {last}")
        is_exact = not one["wrong"] and not one["unused"]
        equal = ending in ("equal", "equal under other names", "cast")
        if equal if one["wrong"] else is_exact and not equal:  # of what is left out, it asks the library, which may not miss it
            raise RuntimeError(f"two ways of looking disagree: {len(one['wrong'])} differ by their values, but: {ending}")
        assert is_exact, _silent(one)


def _silent(one):
    wrong, unused = one["wrong"], one["unused"]
    if not wrong:
        return f"silent: {len(unused)} tensors of the files are nowhere in the model: {', '.join(unused[:SHOWN])}"
    kinds = ", ".join(dict.fromkeys(wrong.values()))[:80]
    names = ", ".join([*wrong][:SHOWN]) + (", ..." if len(wrong) > SHOWN else "")
    told = f"the library reports {one['reported']['missing']} missing"
    return f"silent: {len(wrong)} of {one['tensors']} tensors differ from the files; {told}; {names} ({kinds})"


def _as_it_is(_parameters):
    return nullcontext()


def of_each(claim):
    """Return a way's `__getattr__`: the name of an architecture is the function that decides its claim."""

    def function(name):
        if name not in PUBLISHED:
            raise AttributeError(f"no architecture: {name}")
        return partial(claim, PUBLISHED[name])

    return function


def class_of(published):
    """Return the class that config.json names."""
    assert hasattr(transformers, published.model_class), f"{NO_CLASS}: {published.model_class}"
    return getattr(transformers, published.model_class)


def load(published, cls, folder=None, **options):
    """Load a folder, the published one if no other is given; what the library raises is an outcome of the load."""
    try:
        return cls.from_pretrained(folder or published.folder, output_loading_info=True, **options)
    except Exception as error:
        raise AssertionError(f"error: {told(error)}") from error


def told(error):
    """Return an exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
