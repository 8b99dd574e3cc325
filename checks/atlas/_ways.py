"""The ways in which the published weights travel into a model, and what is asserted of each: exact, or how it is not.

What a way ends in is said by the first word of the reason: `silent`, `error`, `class`; without one it is exact.
"""

import json
import logging
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

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


def seen(loaded):
    """Say of a model what it is made of, as plain data.

    Looked at twice: by the values, whatever the names are, and by verify_loaded.py, which goes by the library's own names.
    """
    found = compared(loaded.model, loaded.published.tensors, loaded.gather or _as_it_is, loaded.unused)
    report = compare(loaded.model, loaded.published.folder, gather=loaded.gather, without=loaded.unused)
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
    return seen(Loaded(published, *_from(published, _class(published.model_class))))


def auto(published):
    """Load by AutoModel: the class without its head."""
    _class(published.model_class)
    return seen(Loaded(published, *_from(published, transformers.AutoModel), unused=published.head))


def cast(published):
    """Load as float16 by accelerate's device_map, onto the CPU."""
    cls = _class(published.model_class)
    loaded = Loaded(published, *_from(published, cls, torch_dtype=torch.float16, device_map="cpu"))
    if not any(parameter.dtype == torch.float16 for parameter in loaded.model.parameters()):
        raise RuntimeError("nothing was cast, so that nothing is said of a cast")
    return seen(loaded)


def again(published):
    """Load, save by save_pretrained, load what was saved; it is compared with what is published."""
    save(published, "again")
    return load(published, "again")


def save(published, folder):
    """Load, and save by save_pretrained."""
    model, _ = _from(published, _class(published.model_class))
    try:
        model.save_pretrained(folder)
    except Exception as error:
        raise AssertionError(f"error: while saving, {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error


def load(published, folder):
    """Load another folder than the published one; it is compared with what is published."""
    return seen(Loaded(published, *_from(published, _class(published.model_class), folder)))


def from_other(published):
    """The other release, which lies below this one, loads and saves; this one loads that."""
    folder = Path("theirs").absolute()
    _elsewhere(published, "save", folder, python=_python_below())
    return load(published, folder)


def to_other(published):
    """This release loads and saves; the other one, which lies below, loads that."""
    folder = Path("ours").absolute()
    save(published, folder)
    return _elsewhere(published, "load", folder, python=_python_below())


def two_ranks(published):
    """Load under ZeRO-3 in two processes, each of which gathers what it looks at; what each of them sees."""
    _class(published.model_class)
    ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"} for rank in range(2)]
    with socket.socket() as free:
        free.bind(("localhost", 0))
        place = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda rank: _elsewhere(published, "zero3", variables=place | rank), ranks))


def _python_below():
    """Return the interpreter of the layer that holds the other release."""
    packages = [Path(one) for one in sys.path if Path(one, "transformers").is_dir()]
    return packages[1].parents[2] / "bin" / "python"


def _elsewhere(published, what, *folder, python=sys.executable, variables=None):
    """Run one of save, load and zero3 in a process of its own; what it saw, or what it asserts."""
    command = [
        str(python),
        "-I",
        "-B",
        str(Path(__file__).with_name("_elsewhere.py")),
        published.module,
        what,
        *map(str, folder),
    ]
    ran = subprocess.run(command, env=os.environ | (variables or {}), capture_output=True, text=True, check=False)
    answers = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not answers:
        raise RuntimeError(f"{what} elsewhere ended with status {ran.returncode}: {ran.stderr[-1000:]}")
    answer = json.loads(answers[-1])
    print(f"{what} by transformers {answer['transformers']}")
    assert "asserts" not in answer, answer["asserts"]
    return answer["seen"]


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
    return seen(loaded)


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
