"""Load with gather_load on two ranks: only the first has the weights; parameters, buffers and errors must arrive on both.

Started as a program with an argument, this file is one of the two ranks.
"""

import json
import os
import subprocess
import sys
from functools import cache


@cache
def _told():
    """Return what each rank told: were parameters divided, what equals the weights, the error where they do not fit."""
    import _one_rank  # noqa: F401  for its free port

    started = []
    for rank in ("0", "1"):
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path[:2]),
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": "2",
        }
        started.append(subprocess.Popen([sys.executable, __file__, "rank"], env=variables, stdout=subprocess.PIPE, text=True))
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    told = [json.loads(text.splitlines()[-1]) for text in printed]
    for rank, one in enumerate(told):
        print(f"rank {rank}: {one}")
    return told


def _rank():
    import logging

    logging.disable(logging.INFO)
    import deepspeed
    import torch

    sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for ranks: minutes of compilation
    deepspeed.init_distributed("gloo")
    rank = torch.distributed.get_rank()
    torch.manual_seed(rank)  # each rank's own values: what is equal afterwards was loaded

    def model():
        return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.BatchNorm1d(16), torch.nn.Linear(16, 3))

    torch.manual_seed(7)
    weights = {name: torch.rand(value.shape).to(value.dtype) for name, value in model().state_dict().items()}
    torch.manual_seed(100 + rank)
    with deepspeed.zero.Init(config_dict_or_path={"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}):
        made = model()
    divided = all(parameter.ds_tensor.numel() < parameter.ds_numel for parameter in made.parameters())
    for buffer in made.buffers():
        buffer.fill_(50 + rank)
    from snippets.gather_load import gather_load

    gather_load(made, weights if rank == 0 else {})
    others = {name: value + 1 for name, value in weights.items()} | {"2.bias": torch.zeros(4)}
    error = ""
    try:
        gather_load(made, others if rank == 0 else {})
    except ValueError as raised:
        error = str(raised)
    equal = []
    for name, value in (*made.named_parameters(), *made.named_buffers()):
        with deepspeed.zero.GatheredParameters([value]):  # one at a time: this gather every DeepSpeed waits for
            if torch.equal(value.detach(), weights[name]):
                equal.append(name)
    print(json.dumps({"divided": divided, "tensors": len(weights), "equal": sorted(equal), "error": error}), flush=True)
    torch.distributed.barrier()  # one that leaves early takes its connections along, and the other aborts
    os._exit(0)  # at a process's end, and under load, torch's threads abort it now and then: terminate called


def parameters_arrive_on_both_ranks():
    """On two ranks, of which only the first has the weights, every divided parameter equals them on both, bit for bit."""
    for one in _told():
        assert one["divided"], "nothing was divided"
        assert {name for name in one["equal"] if name.rpartition(".")[2] in ("weight", "bias")} == {
            *("0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias")
        }, one


def buffers_arrive_on_both_ranks():
    """Buffers, which ZeRO-3 does not divide, are sent to the second rank, too."""
    for one in _told():
        buffers = {"1.running_mean", "1.running_var", "1.num_batches_tracked"}
        assert buffers <= set(one["equal"]) and len(one["equal"]) == one["tensors"], one


def what_does_not_fit_raises_on_both_ranks():
    """Weights of which one has another shape: both ranks raise an error that names it, and nothing is changed on either."""
    for one in _told():
        assert "shape: 2.bias is (4,), in the model (3,)" in one["error"], one["error"] or "no error"
        assert len(one["equal"]) == one["tensors"], one


if __name__ == "__main__":
    if sys.argv[1:]:
        _rank()
    else:
        parameters_arrive_on_both_ranks()
        buffers_arrive_on_both_ranks()
        what_does_not_fit_raises_on_both_ranks()
