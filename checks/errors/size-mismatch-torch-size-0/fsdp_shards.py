"""FSDP without DeepSpeed, on two ranks: what a plain load and a plain save do to its shards.

Started as a program with arguments, this file is one of the two ranks.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SHAPES = {"0.weight": (6, 8), "0.bias": (6,), "1.weight": (2, 6), "1.bias": (2,)}


@cache
def _told():
    """Return what each rank told: the error of a plain load, the shapes that a plain save holds, and the whole load."""
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder, "meeting").as_uri()
        variables = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
        started = [
            subprocess.Popen([sys.executable, __file__, meeting, rank], env=variables, stdout=subprocess.PIPE, text=True)
            for rank in ("0", "1")
        ]
        printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    told = [json.loads(text.splitlines()[-1]) for text in printed]
    for rank, one in enumerate(told):
        print(f"rank {rank}: {one['error']}")
        print(f"rank {rank}: saved {one['saved']}")
    return told


def _rank(meeting, rank):
    import torch
    from torch.distributed.fsdp import FullyShardedDataParallel, StateDictType

    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
    torch.manual_seed(0)
    checkpoint = {name: torch.rand(shape) for name, shape in SHAPES.items()}
    model = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.Linear(6, 2))
    wrapped = FullyShardedDataParallel(model, device_id=torch.device("cpu"), use_orig_params=True)
    saved = {name: list(value.shape) for name, value in model.state_dict().items()}
    try:
        model.load_state_dict(checkpoint)
        error = ""
    except RuntimeError as raised:
        error = str(raised)
    another = {name: torch.rand(shape) for name, shape in SHAPES.items()}  # what fitted of the first one is loaded by now
    with FullyShardedDataParallel.state_dict_type(wrapped, StateDictType.FULL_STATE_DICT):
        wrapped.load_state_dict(another)
        loaded = wrapped.state_dict()
    exact = [name for name in SHAPES if torch.equal(loaded[name], another[name])]
    torch.distributed.destroy_process_group()
    print(json.dumps({"error": error, "saved": saved, "exact": exact}))


def a_plain_load_gives_the_message():
    """FSDP, no DeepSpeed: a plain load prints the message on a rank that holds nothing of a parameter, else a flat shape."""
    said = [one["error"] for one in _told()]
    assert "torch.Size([6]) from checkpoint, the shape in current model is torch.Size([0])." in said[0], said[0]
    assert "torch.Size([0])" not in said[1], said[1]
    flat = "torch.Size([2, 6]) from checkpoint, the shape in current model is torch.Size([12])."
    assert flat in said[1], said[1]


def a_plain_save_holds_empty_and_flat_tensors():
    """Saved without gathering, a module under FSDP has tensors of shape [0] and flat ones: no weight has its own shape."""
    shapes = [one["saved"] for one in _told()]
    assert [0] in shapes[0].values(), shapes[0]
    for rank in shapes:
        assert all(len(rank[name]) == 1 for name in ("0.weight", "1.weight")), rank


def inside_full_state_dict_the_load_is_exact():
    """Inside `FSDP.state_dict_type(model, FULL_STATE_DICT)` the load is exact on both ranks."""
    exact = [one["exact"] for one in _told()]
    assert exact == [list(SHAPES)] * 2, exact


if __name__ == "__main__":
    if sys.argv[1:]:
        _rank(sys.argv[1], int(sys.argv[2]))
    else:
        a_plain_load_gives_the_message()
        a_plain_save_holds_empty_and_flat_tensors()
        inside_full_state_dict_the_load_is_exact()
