"""A small model under DeepSpeed on CPUs: trained and saved by some ranks, loaded by others.

In the process of a check it is the only rank. `on_ranks` starts this file as a program, once for each rank.
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
STAGES = (1, 2, ZERO3)
TAGS = OLDER, NEWEST = "global_step1", "global_step2"  # a step before each; `latest` names the second
FLAG = "--inject_missing_state"
CONVERT = f"""
import sys
from deepspeed.checkpoint.ds_to_universal import main, parse_arguments
for folder in sys.argv[1:]:
    sys.argv = ["ds_to_universal", "{FLAG}", "--num_extract_workers", "1", "--num_merge_workers", "1"]
    sys.argv += ["--input_folder", folder + "/{NEWEST}", "--output_folder", folder + "/universal"]
    main(parse_arguments())
"""
UNIVERSAL = {"checkpoint": {"load_universal": True}}


class Model(torch.nn.Module):
    """280 trained numbers, which two ranks share evenly and three do not; where asked for, a frozen layer and a buffer."""

    def __init__(self, more):
        super().__init__()
        self.first, self.second = torch.nn.Linear(8, 16), torch.nn.Linear(16, 8)
        self.frozen = torch.nn.Linear(8, 8).requires_grad_(False) if more else None
        if more:
            self.register_buffer("seen", torch.randn(4))

    def forward(self, inputs):
        found = self.second(self.first(inputs))
        return self.frozen(found) + self.seen.sum() if self.frozen else found


def make(seed=7, more=False):
    torch.manual_seed(seed)
    return Model(more)


def start(stage, seed=7, more=False, groups=False, config=None, zero=None, model=None):
    """Return a new engine; under stage 3 each parameter is partitioned, the smallest, too, or this raises."""
    model = model or make(seed, more)
    trained = [one for one in model.parameters() if one.requires_grad]
    decayed, not_decayed = ([one for one in trained if (one.ndim > 1) == wide] for wide in (True, False))
    parts = [{"params": decayed, "weight_decay": 0.5}, {"params": not_decayed, "weight_decay": 0.0}] if groups else trained
    settings = {"stage": stage, "stage3_param_persistence_threshold": 0, **(zero or {})}
    whole = {"train_micro_batch_size_per_gpu": 1, "bf16": {"enabled": True}, "zero_optimization": settings, **(config or {})}
    engine = deepspeed.initialize(model=model, optimizer=torch.optim.AdamW(parts, 0.1), config=whole)[0]
    if (stage == ZERO3) != all(parameter.numel() == 0 for parameter in engine.module.parameters()):
        raise RuntimeError(f"stage {stage}: {[tuple(parameter.shape) for parameter in engine.module.parameters()]}")
    return engine


def advance(engine, number):
    """Take a step on the batch of this number, the same on every rank."""
    inputs = torch.randn(4, 8, generator=torch.Generator().manual_seed(number)).bfloat16()
    engine.backward(engine(inputs).float().pow(2).sum())
    with torch.no_grad():  # gloo gathers into views
        engine.step()


def state(engine):
    """What it holds, whole: the weights, their copies in float32, the optimizer's moments, and its weight decays."""
    found, has_moments = {"weights": {}, "masters": {}, "moments": {}}, _has_moments(engine)
    for name, parameter in engine.module.named_parameters():
        with deepspeed.zero.GatheredParameters([parameter]):
            found["weights"][name] = parameter.detach().clone()
        if parameter.requires_grad:
            found["masters"][name] = deepspeed.utils.safe_get_full_fp32_param(parameter).clone()
            for kind in ("exp_avg", "exp_avg_sq"):
                moment = deepspeed.utils.safe_get_full_optimizer_state(parameter, kind) if has_moments else torch.zeros(0)
                found["moments"][f"{name} {kind}"] = moment.clone()
    found["weights"] |= {name: buffer.clone() for name, buffer in engine.module.named_buffers()}
    found["decays"] = [group["weight_decay"] for group in engine.optimizer.param_groups]
    return found


def _has_moments(engine):
    """Whether every rank has them: they come with the first step, or the load of an optimizer."""
    of = engine.optimizer.optimizer.state
    has_them = any("exp_avg" in one for one in of.values())
    if engine.zero_optimization_stage() < ZERO3:  # what the engine shows can be other memory than it uses: link it again
        engine.optimizer._link_all_hp_params()
        has_them = all("exp_avg" in of[flat] for flat in engine.optimizer.single_partition_of_fp32_groups)
        if has_them:
            engine.optimizer._hp_optimizer_states_linked = False
            engine.optimizer._lazy_init_hp_params_optimizer_state()
    lacking = torch.tensor(float(not has_them))
    torch.distributed.all_reduce(lacking)
    return not lacking


def train(folder, stage, **options):
    """Take a step before each save; return what each tag holds, and `next`: what a third step makes of it."""
    engine = start(stage, seed=0, **options)
    found, before = {}, state(engine)["masters"]
    for number, tag in enumerate((*TAGS, "next")):
        advance(engine, number)
        if tag in TAGS:
            engine.save_checkpoint(folder, tag=tag)
        found[tag] = state(engine)
        if equal(found[tag]["masters"], before) or not all(bool(one.any()) for one in found[tag]["moments"].values()):
            raise RuntimeError("a parameter has not moved, or a moment is zero: nothing could be told from it")
        before = found[tag]["masters"]
    return found


def load(folder, stage, then=None, keep=False, options=None, **arguments):
    """Load a checkpoint into a new engine, whose parameters are others; return what it held before, after and after a step."""
    engine = start(stage, **(options or {}))
    found = {"before": state(engine)}
    with _warnings() as found["warnings"]:
        found["path"], _ = engine.load_checkpoint(folder, **arguments)
    found["after"] = state(engine)
    if keep:
        found["engine"] = engine
    if then is not None:
        advance(engine, then)
        found["next"] = state(engine)
    return found


def error_of(function, *arguments, **options):
    """What it raised, in words."""
    try:
        function(*arguments, **options)
    except Exception as error:
        print(f"{type(error).__module__}.{type(error).__name__}: {error}")
        return f"{type(error).__module__}.{type(error).__name__}: {error}"
    return "no error"


def convert(folder, *options, to="universal"):
    """Run ds_to_universal as a reader does; return its exit status and what it said."""
    tool = [sys.executable, "-m", "deepspeed.checkpoint.ds_to_universal", *options]
    places = ["--input_folder", f"{folder}/{NEWEST}", "--output_folder", f"{folder}/{to}"]
    workers = ["--num_extract_workers", "1", "--num_merge_workers", "1"]
    done = subprocess.run([*tool, *places, *workers], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def converted(*folders):
    """Convert each with the flag that stages 1 and 2 need, in one process, or raise."""
    done = subprocess.run([sys.executable, "-c", CONVERT, *folders], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(f"the conversion ended with status {done.returncode}")


def equal(ours, theirs):
    """How many are the same, bit for bit."""
    return sum(torch.equal(ours[name], theirs[name]) for name in theirs)


def assert_holds(found, expected, what, kinds=("weights", "masters", "moments")):
    """Weights, copies in float32 and moments are the expected ones, bit for bit."""
    for kind in kinds:
        count = equal(found[kind], expected[kind])
        print(f"{what}: {count} of {len(expected[kind])} {kind} equal")
        assert count == len(expected[kind]), f"no error, {count} of {len(expected[kind])} {kind} equal"


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


def on_ranks(ranks, *jobs):
    """Let so many processes do these jobs, (what, folder, stage, options); return what rank 0 found of each."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as place:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
        free.close()
        started = []
        for rank in range(ranks):
            variables = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
            variables |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
            command = [sys.executable, __file__, json.dumps(jobs), f"{place}/found.pt"]
            started.append(subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL))
        ended = [process.wait() for process in started]
        if any(ended):
            raise RuntimeError(f"the ranks ended with status {ended}")
        return torch.load(f"{place}/found.pt", weights_only=False)


def _rank(jobs, place):
    found = []
    for what, folder, stage, options in json.loads(jobs):
        Path(folder).mkdir(parents=True, exist_ok=True)
        if what == "error":
            found.append(error_of(load, folder, stage, **options))
        else:
            found.append((train if what == "train" else load)(folder, stage, **options))
    if os.environ["RANK"] == "0":
        torch.save(found, place)
    torch.distributed.barrier()  # one that leaves early takes its connections along, and the other aborts
    os._exit(0)  # as does one whose threads still listen while the interpreter ends


if __name__ == "__main__":
    _rank(*sys.argv[1:])
