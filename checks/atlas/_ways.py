"""The ways in which the published weights travel into a model, and what is asserted of each: exact, or how it is not.

What a way ends in is said by the first word of the reason: `silent`, `error`, `class`; without one it is exact.
"""

import json
import logging
import os
import socket
import sys
from contextlib import nullcontext

import torch
import transformers
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


def assert_exact(loaded):
    """Every tensor of the model is the files', bit for bit, and every one of the files is in the model.

    Looked at twice: by the values, whatever the names are, and by verify_loaded.py, which goes by the library's own names.
    """
    found = compared(loaded.model, loaded.published.tensors, loaded.gather or _as_it_is, loaded.unused)
    report = compare(loaded.model, loaded.published.folder, gather=loaded.gather, without=loaded.unused)
    second = report.ending in ("equal", "equal under other names", "cast")
    seen = {"tensors": found.total, "differ": len(found.wrong), "unused": len(found.unused), "renamed": len(found.renamed)}
    print(f"atlas: {json.dumps(seen | {'reported': loaded.reported})}")
    for name, instead in found.wrong.items():
        print(f"  {name}: {instead}")
    for name in found.unused:
        print(f"  of the files, and nowhere in the model: {name}")
    print(f"verify_loaded.py: {list(report.lines())[-1]}")
    if found.is_exact != second:
        raise RuntimeError(f"two ways of looking disagree: {len(found.wrong)} differ by their values, but: {report.ending}")
    assert found.is_exact, _silent(found, loaded.reported)


def _silent(found, reported):
    kinds = ", ".join(dict.fromkeys(found.wrong.values()))
    names = ", ".join([*found.wrong][:SHOWN]) + (", ..." if len(found.wrong) > SHOWN else "")
    if not found.wrong:
        return f"silent: {len(found.unused)} tensors of the files are nowhere in the model: {', '.join(found.unused[:SHOWN])}"
    told = f"the library reports {reported['missing']} missing"
    return f"silent: {len(found.wrong)} of {found.total} tensors differ from the files; {told}; {names} ({kinds[:80]})"


def _as_it_is(_parameters):
    return nullcontext()


def _class(name):
    assert hasattr(transformers, name), f"{NO_CLASS}: {name}"
    return getattr(transformers, name)


def _from(published, cls, folder=None, **options):
    """Load a folder; what the library raises is an outcome of the load."""
    try:
        return cls.from_pretrained(folder or published.folder, output_loading_info=True, **options)
    except Exception as error:
        raise AssertionError(f"error: {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error


def plain(published):
    """Load by the class that config.json names."""
    return Loaded(published, *_from(published, _class(published.model_class)))


def auto(published):
    """Load by AutoModel: the class without its head."""
    _class(published.model_class)
    return Loaded(published, *_from(published, transformers.AutoModel), unused=published.head)


def cast(published):
    """Load as float16 by accelerate's device_map, onto the CPU."""
    cls = _class(published.model_class)
    loaded = Loaded(published, *_from(published, cls, torch_dtype=torch.float16, device_map="cpu"))
    if not any(parameter.dtype == torch.float16 for parameter in loaded.model.parameters()):
        raise RuntimeError("nothing was cast, so that nothing is said of a cast")
    return loaded


def again(published):
    """Load, save by save_pretrained, load what was saved; it is compared with what is published."""
    cls = _class(published.model_class)
    model, _ = _from(published, cls)
    try:
        model.save_pretrained("again")
    except Exception as error:
        raise AssertionError(f"error: while saving, {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error
    return Loaded(published, *_from(published, cls, "again"))


def zero3(published):
    """Load under DeepSpeed ZeRO-3 with one rank; every parameter is partitioned."""
    cls = _class(published.model_class)
    deepspeed, options = _one_rank()
    from transformers.integrations import HfDeepSpeedConfig

    config = HfDeepSpeedConfig(options)  # transformers holds it weakly: it acts while this name lives
    try:
        loaded = Loaded(published, *_from(published, cls), gather=deepspeed.zero.GatheredParameters)
    finally:
        del config
    if whole := [name for name, parameter in loaded.model.named_parameters() if not hasattr(parameter, "ds_tensor")]:
        raise RuntimeError(f"ZeRO-3 was not on: {whole[0]} is not partitioned")
    return loaded


def _one_rank():
    logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
    if "RANK" not in os.environ:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
        os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")
    import deepspeed

    sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation
    return deepspeed, {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
