"""ZeRO-3 on two ranks: the saves, and what is needed to have the weights back. Started with arguments, this file is a rank."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def _folder():
    """Let two ranks train and save; return the folder that they wrote into, which lives as long as this process."""
    folder = tempfile.TemporaryDirectory()
    _kept.append(folder)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        place = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1]), "GLOO_SOCKET_IFNAME": "lo"}
    started = []
    for rank in ("0", "1"):
        variables = {**os.environ, **place, "RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2"}
        started.append(
            subprocess.Popen([sys.executable, __file__, folder.name], env=variables, stdout=subprocess.PIPE, text=True)
        )
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    seen = [json.loads(text.splitlines()[-1]) for text in printed]
    if seen != [{"moved": 21, "partitioned": 21}] * 2:
        raise RuntimeError(f"this was no training under ZeRO-3: {seen}")
    return Path(folder.name)


_kept = []


def _rank(folder):
    import torch
    from _training import Trained
    from safetensors.torch import save_file

    trained = Trained(gather=True)
    rank = torch.distributed.get_rank()
    trained.model.save_pretrained(f"{folder}/plain{rank}")
    trained.engine.save_16bit_model(f"{folder}/gathered")
    trained.engine.save_checkpoint(f"{folder}/checkpoint")
    if rank == 0:
        save_file({name: tensor.contiguous() for name, tensor in trained.tensors.items()}, f"{folder}/trained.safetensors")
    torch.distributed.barrier()
    print(json.dumps({"moved": len(trained.moved), "partitioned": trained.partitioned}))


def _recover(checkpoint):
    command = [sys.executable, "zero_to_fp32.py", ".", "whole"]
    done = subprocess.run(command, cwd=checkpoint, capture_output=True, text=True, check=False)
    print(*done.stdout.splitlines()[-3:], *done.stderr.splitlines()[-1:], sep="\n")
    return done


def _trained():
    from safetensors.torch import load_file

    return load_file(_folder() / "trained.safetensors")


def save_pretrained_writes_empty_tensors():
    """On two ranks, each file that `model.save_pretrained()` writes holds 21 of 21 tensors of shape [0], with the flag."""
    from _training import EMPTY, shapes
    from safetensors.torch import load_file

    files = sorted(_folder().glob("plain*/model.safetensors"))  # transformers 5.24.0 writes on the first rank alone
    assert files and files[0].parent.name == "plain0", files
    for file in files:
        saved = load_file(file)
        assert len(saved) == 21 and shapes(saved) == {EMPTY}, shapes(saved)


def save_16bit_model_is_exact():
    """On two ranks, `engine.save_16bit_model()` with the flag is exact, 21 of 21 tensors."""
    import torch
    from _training import equal

    assert equal(torch.load(_folder() / "gathered/pytorch_model.bin"), _trained()) == 21


def zero_to_fp32_gives_every_tensor_back():
    """With the files of both ranks, zero_to_fp32.py gives 21 of 21 tensors back, bit for bit."""
    import torch
    from _training import equal

    checkpoint = _folder() / "checkpoint"
    assert _recover(checkpoint).returncode == 0
    assert equal(torch.load(checkpoint / "whole/pytorch_model.bin"), _trained()) == 21


def without_one_ranks_optimizer_file_it_stops():
    """With one rank's optimizer file gone it stops, "Expected 2 of '*_optim_states.pt'", and writes nothing."""
    checkpoint = _folder() / "in_part"
    shutil.copytree(_folder() / "checkpoint", checkpoint, ignore=shutil.ignore_patterns("whole"), dirs_exist_ok=True)
    (checkpoint / "global_step1/zero_pp_rank_1_mp_rank_00_optim_states.pt").unlink()
    done = _recover(checkpoint)
    assert done.returncode and "ValueError: Expected 2 of '*_optim_states.pt'" in done.stderr, done.stderr
    assert not list(checkpoint.glob("whole/*model*")), "it wrote something"


if __name__ == "__main__":
    if sys.argv[1:]:
        _rank(sys.argv[1])
    else:
        save_pretrained_writes_empty_tensors()
        save_16bit_model_is_exact()
        zero_to_fp32_gives_every_tensor_back()
        without_one_ranks_optimizer_file_it_stops()
