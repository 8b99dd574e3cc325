"""How much memory a load under ZeRO-3 takes beside the partitions, on each rank: two on a CPU, one or two on as many GPUs.

torch counts it: what its tensors take and give back. Started as a program with `rank`, this file is one of the ranks.
"""

import json
import os
import subprocess
import sys
from functools import cache
from itertools import accumulate

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
PARAMETERS, SIZE = 12, 3072  # square matrices in float32, 36 MiB each
ONE = SIZE * SIZE * 4  # bytes


@cache
def _counted():
    """Start the ranks; return what each of them counted."""
    import _one_rank  # noqa: F401  for its free port
    import torch

    count = min(2, torch.cuda.device_count()) if DEVICE == "cuda" else 2
    path = os.pathsep.join(sys.path[:2])
    several = [
        {**os.environ, "PYTHONPATH": path, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
        for rank in range(count)
    ]
    command = [sys.executable, __file__, "rank"]
    started = [subprocess.Popen(command, env=one, stdout=subprocess.PIPE, text=True) for one in several]
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    counted = [json.loads(text.splitlines()[-1]) for text in printed]
    for rank, one in enumerate(counted):
        print(f"rank {rank} of {count}, {one['backend']}: parameters taken more at the peak: {one['peaks']}")
    return counted


def _rank():
    import logging

    logging.disable(logging.INFO)
    import deepspeed
    import torch

    from snippets.gather_load import gather_load

    sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for ranks: minutes of compilation
    config = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
    with deepspeed.zero.Init(config_dict_or_path=config):
        model = torch.nn.ParameterDict({f"weight{number}": torch.empty(SIZE, SIZE) for number in range(PARAMETERS)})
    first = torch.distributed.get_rank() == 0
    weights = {name: torch.randn(SIZE, SIZE) for name in model} if first else {}
    gathered = list(model.parameters())
    part = gathered[0].ds_tensor
    assert part.device.type == DEVICE, "the slices lie on another device"
    assert part.numel() * torch.distributed.get_world_size() == SIZE * SIZE, "a slice is not its share"

    def at_once():
        with deepspeed.zero.GatheredParameters(gathered, modifier_rank=0):
            if first:
                model.load_state_dict(weights)

    gather_load(model, weights)  # what is set up once is not counted
    peaks = {"gather_load": _peak_of(lambda: gather_load(model, weights))}
    wrong = 0
    for name, parameter in model.items():
        with deepspeed.zero.GatheredParameters([parameter]):
            wrong += first and not torch.equal(parameter.detach().cpu(), weights[name])
    peaks["at once"] = _peak_of(at_once)
    backend = torch.distributed.get_backend()
    torch.distributed.barrier()  # none leaves while another still talks to it
    print(json.dumps({"wrong": wrong, "backend": backend, "peaks": peaks}), flush=True)
    os._exit(0)  # at a slow end gloo aborts when the other rank is gone


def _peak_of(work):
    """Return how many parameters more than before `work` took at its peak: on the device, and on the host."""
    import torch
    from torch.autograd import DeviceType

    if on_gpu := DEVICE == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        work()
    changes = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    assert changes, "nothing was counted"
    host = max(accumulate(event.nbytes() for event in sorted(changes, key=_begin) if event.device_type() == DeviceType.CPU))
    if on_gpu:
        torch.cuda.synchronize()
    device = torch.cuda.max_memory_allocated() - before if on_gpu else host
    return {"device": round(device / ONE, 2), "host": round(host / ONE, 2)}


def _begin(event):
    return event.start_ns()


def gather_load_takes_less():
    """On every rank `gather_load` takes less at its peak than a gather of all 12 at once; all arrive exactly."""
    for one in _counted():
        assert not one["wrong"], one
        assert one["peaks"]["gather_load"]["device"] < one["peaks"]["at once"]["device"] - 1, one


def gathered_at_once_it_is_the_whole_model():
    """Gathered all at once and loaded with `load_state_dict`, each of two ranks holds all 12 beside its slices."""
    for one in _counted():
        assert one["peaks"]["at once"]["device"] > PARAMETERS - 0.5, one


if __name__ == "__main__":
    if sys.argv[1:] == ["rank"]:
        _rank()
    else:
        gather_load_takes_less()
        gathered_at_once_it_is_the_whole_model()
