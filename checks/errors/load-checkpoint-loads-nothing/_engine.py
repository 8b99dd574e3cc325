"""A small model under DeepSpeed on a CPU: trained and saved twice, `step1` and `step2`, and loaded into a new engine.

In this process it is the only rank. `on_ranks` starts this file as a program, once for each rank.
"""

import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
if "RANK" not in os.environ:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
    os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")

import deepspeed
import torch

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation
ZERO3 = 3


class Load(NamedTuple):
    """What load_checkpoint returned, what was logged, and the parameters before it and after it."""

    path: str | None
    warnings: list[str]
    before: dict
    after: dict
    moments: dict
    engine: object = None


def make(seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Linear(16, 8))


def start(stage, seed=7, model=None, **more):
    """Return an engine; under stage 3 each parameter is partitioned, the smallest, too, or this raises."""
    model = model or make(seed)
    zero = {"stage": stage, "stage3_param_persistence_threshold": 0}
    config = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": zero, "bf16": {"enabled": True}, **more}
    engine = deepspeed.initialize(model=model, optimizer=torch.optim.AdamW(model.parameters(), 0.1), config=config)[0]
    if (stage == ZERO3) != all(parameter.numel() == 0 for parameter in engine.module.parameters()):
        raise RuntimeError(f"stage {stage}: {[tuple(parameter.shape) for parameter in engine.module.parameters()]}")
    return engine


def values(engine):
    """Each parameter whole, gathered one by one."""
    found = {}
    for name, parameter in engine.module.named_parameters():
        with deepspeed.zero.GatheredParameters([parameter]):
            found[name] = parameter.detach().clone()
    return found


def moments(engine):
    """The optimizer's two moments of each parameter."""
    kinds = ("exp_avg", "exp_avg_sq")
    return {
        f"{name} {kind}": deepspeed.utils.safe_get_full_optimizer_state(parameter, kind).clone()
        for name, parameter in engine.module.named_parameters()
        for kind in kinds
    }


def train(folder, stage, tags=("step1", "step2")):
    """Take a step before each save; return the parameters and the moments of each tag. Each step moves every parameter."""
    engine = start(stage, seed=0)
    saved, before = {}, values(engine)
    for tag in tags:
        loss = engine(torch.randn(4, 8, dtype=torch.bfloat16)).float().pow(2).sum()
        engine.backward(loss)
        with torch.no_grad():  # gloo gathers into views
            engine.step()
        engine.save_checkpoint(folder, tag=tag)
        saved[tag] = (values(engine), moments(engine))
        if equal(before, saved[tag][0]):
            raise RuntimeError("a parameter has not moved: nothing could be told from it")
        before = saved[tag][0]
    return saved


def load(folder, stage, more=None, model=None, moments_too=False, **options):
    """Load a checkpoint into a new engine, whose parameters are others."""
    engine = start(stage, model=model, **(more or {}))
    before = values(engine)
    with _warnings() as lines:
        path, _ = engine.load_checkpoint(folder, **options)
    return Load(path, lines, before, values(engine), moments(engine) if moments_too else {}, engine)


def equal(ours, theirs):
    """How many are the same, bit for bit."""
    return sum(torch.equal(ours[name], theirs[name]) for name in theirs)


def assert_holds(found, expected, what):
    count = equal(found, expected)
    print(f"{count} of {len(expected)} parameters equal {what}")
    assert count == len(expected), f"no error, {count} of {len(expected)} equal"


def assert_tag(loaded, tag):
    """The path that is returned lies in the folder of the tag."""
    assert loaded.path and Path(loaded.path).parent.name == tag, f"returned: {loaded.path}"


@contextmanager
def _warnings():
    """Collect what is logged as a warning, or worse."""
    lines, handler = [], logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())
    loggers = [logging.getLogger(name) for name in (None, "DeepSpeed")]
    for one in loggers:
        one.addHandler(handler)
    try:
        yield lines
    finally:
        for one in loggers:
            one.removeHandler(handler)


def on_ranks(ranks, what, folder, stage, **options):
    """Let so many processes train or load; return what rank 0 found, or raise what it raised."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as place:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
        free.close()
        command = [sys.executable, __file__, what, str(folder), str(stage), json.dumps(options), f"{place}/found.pt"]
        started = []
        for rank in range(ranks):
            variables = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
            variables |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
            started.append(subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL))
        ended = [process.wait() for process in started]
        if any(ended):
            raise RuntimeError(f"{what} ended with status {ended}")
        found = torch.load(f"{place}/found.pt", weights_only=False)
    return Load(*found) if what == "load" else found


def _rank(what, folder, stage, options, place):
    if what == "train":
        found = train(folder, int(stage))
    else:
        found = load(folder, int(stage), **json.loads(options))
        found = _told(found.engine, folder) if what == "tell" else tuple(found[:5])
    if os.environ["RANK"] == "0":
        torch.save(found, place)


def _told(engine, folder):
    """What compare_engine says on each rank."""
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from snippets.check_engine_load import compare_engine

    answers = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(answers, tuple(compare_engine(engine, folder)))
    return answers


if __name__ == "__main__":
    _rank(*sys.argv[1:])
