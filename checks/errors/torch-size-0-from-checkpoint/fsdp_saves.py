"""FSDP without DeepSpeed, on two ranks, after one step of training: what a plain save holds, and what makes it whole.

Started with arguments, this file is one of the two ranks.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SHAPES = {"0.weight": [6, 8], "0.bias": [6], "1.weight": [2, 6], "1.bias": [2]}
_kept = []


@cache
def _ranks():
    """Return what each rank told, and the files that it wrote."""
    folder = tempfile.TemporaryDirectory()
    _kept.append(folder)
    meeting = Path(folder.name, "meeting").as_uri()
    variables = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, __file__, folder.name, meeting]
    started = [
        subprocess.Popen([*command, rank], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for rank in ("0", "1")
    ]
    printed = [process.communicate() for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}: {printed[0][1][-500:]}")
    told = [json.loads(out.splitlines()[-1]) for out, _ in printed]
    for rank, one in enumerate(told):
        print(f"rank {rank}: {one}")
    return told, Path(folder.name)


def _rank(folder, meeting, rank):
    import contextlib
    import io
    import warnings

    import torch
    from safetensors.torch import save_file
    from torch.distributed.fsdp import FullyShardedDataParallel, StateDictType

    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.Linear(6, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    wrapped = FullyShardedDataParallel(model, device_id=torch.device("cpu"), use_orig_params=True)
    optimizer = torch.optim.Adam(wrapped.parameters(), lr=0.1)
    wrapped(torch.randn(4, 8)).square().sum().backward()
    optimizer.step()
    said = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        warnings.simplefilter("always")
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, f"{folder}/plain{rank}")
    with FullyShardedDataParallel.state_dict_type(wrapped, StateDictType.FULL_STATE_DICT):
        state = wrapped.state_dict()
    with FullyShardedDataParallel.summon_full_params(wrapped):
        trained = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    if rank == 0:
        save_file(trained, f"{folder}/trained")
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, f"{folder}/full")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    moved = sum(not torch.equal(trained[name], before[name]) for name in SHAPES)
    print(json.dumps({"moved": moved, "said": said.getvalue() + "".join(str(one.message) for one in warned)}))


def _files(*names):
    from safetensors.torch import load_file

    return [load_file(_ranks()[1] / name) for name in names]


def a_plain_save_holds_empty_and_flat_tensors():
    """With `use_orig_params=True`, a rank's `model.state_dict()`, saved, holds [0] or flat pieces; nothing is printed."""
    told, _ = _ranks()
    assert told == [{"moved": 4, "said": ""}] * 2, told
    shapes = [{name: list(tensor.shape) for name, tensor in file.items()} for file in _files("plain0", "plain1")]
    print(*shapes, sep="\n")
    assert [shapes[0][name] for name in SHAPES] == [[35], [0], [0], [0]], shapes
    assert all(len(one[name]) == 1 for one in shapes for name in SHAPES), shapes


def inside_full_state_dict_it_is_exact():
    """Inside `FSDP.state_dict_type(model, FULL_STATE_DICT)` the saved tensors are the trained ones, all 4, bit for bit."""
    import torch

    full, trained = _files("full", "trained")
    assert all(torch.equal(full[name], trained[name]) and list(full[name].shape) == shape for name, shape in SHAPES.items())


def the_pieces_of_all_ranks_make_the_whole():
    """The plain files of both ranks, piece after piece and in their shapes, are the trained tensors, all 4, bit for bit."""
    import torch

    first, second, trained = _files("plain0", "plain1", "trained")
    for name, shape in SHAPES.items():
        assert torch.equal(torch.cat([first[name], second[name]]).reshape(shape), trained[name]), name


def the_file_of_one_rank_is_not_enough():
    """The file of one rank alone is not enough: each of the two lacks values that only the other one holds."""
    first, second, trained = _files("plain0", "plain1", "trained")
    held = [sum(tensor.numel() for tensor in one.values()) for one in (first, second, trained)]
    print(f"{held[0]} and {held[1]} of {held[2]} values")
    assert 0 < held[0] < held[2] and held[1] == held[2] - held[0], held


if __name__ == "__main__":
    if sys.argv[1:]:
        _rank(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        a_plain_save_holds_empty_and_flat_tensors()
        inside_full_state_dict_it_is_exact()
        the_pieces_of_all_ranks_make_the_whole()
        the_file_of_one_rank_is_not_enough()
