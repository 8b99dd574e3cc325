"""check_zero3_load.py, on a tiny Qwen2.5-VL: with one rank in this process, with two as processes of their own."""

import contextlib
import io
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import _one_rank  # noqa: F401  before DeepSpeed: its one rank, its log
import deepspeed
from _published_layout import save
from safetensors.torch import load_file, save_file
from transformers import Qwen2_5_VLForConditionalGeneration

from snippets import check_zero3_load

_temporary = tempfile.TemporaryDirectory()
FOLDER, OTHER_NAMES = f"{_temporary.name}/Qwen2.5-VL", f"{_temporary.name}/other names"
save(FOLDER)
save(OTHER_NAMES)
for _file in Path(OTHER_NAMES).glob("*.safetensors"):
    save_file({f"module.{name}": tensor for name, tensor in load_file(_file).items()}, _file, {"format": "pt"})
_index = Path(OTHER_NAMES, "model.safetensors.index.json")
_index.write_text(re.sub(r'"(visual|model)\.(?!safe)', r'"module.\1.', _index.read_text("utf-8")), "utf-8")
PROGRAM = Path(check_zero3_load.__file__)
JOIN_AND_DIE = "import check_zero3_load, deepspeed, os; check_zero3_load._start_ranks(deepspeed); os._exit(9)"


def _free_port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return str(free.getsockname()[1])


def _check(folder=FOLDER):
    """Return the exit status and what was printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = check_zero3_load.main([folder])
    print(printed.getvalue(), end="")
    return status, printed.getvalue()


def _check_a_wrong_load():
    """Change one value under ZeRO-3; return the exit status, what was printed, and the line that should be."""
    load, wrong = Qwen2_5_VLForConditionalGeneration.from_pretrained, []

    def load_and_change(*arguments, **options):
        loaded = load(*arguments, **options)
        if "output_loading_info" not in options:  # the load under ZeRO-3
            name, parameter = list(loaded.named_parameters())[30]
            wrong.append(f"{name} {list(parameter.ds_shape)} values: 1 of {parameter.ds_numel} differ")
            with deepspeed.zero.GatheredParameters([parameter], modifier_rank=0):
                parameter.data.view(-1)[7] += 1
        return loaded

    Qwen2_5_VLForConditionalGeneration.from_pretrained = load_and_change
    try:
        return *_check(), wrong
    finally:
        del Qwen2_5_VLForConditionalGeneration.from_pretrained


def equal_ends_with_0():
    """`check_zero3_load.py` finds all 80 tensors equal, with exit status 0."""
    status, printed = _check()
    assert status == 0, f"exit status {status}"
    assert printed.endswith("equal: all 80 tensors, bit for bit\n"), printed
    assert _check_a_wrong_load()[0] == 1, "a wrong load is called equal"


def a_load_that_raises_ends_with_1():
    """`check_zero3_load.py` says that the load raises under ZeRO-3 alone, names a tensor, and ends with exit status 1."""
    status, printed = _check()
    assert status == 1, f"exit status {status}"
    assert "raises under ZeRO-3 alone: size mismatch for visual." in printed, printed
    assert "the shape in current model is torch.Size([0])" in printed, printed


def a_wrong_tensor_is_named():
    """With one value changed under ZeRO-3, `check_zero3_load.py` names that tensor alone and ends with exit status 1."""
    status, printed, wrong = _check_a_wrong_load()
    assert status == 1, f"exit status {status}"
    *_, row, last = printed.splitlines()
    assert [" ".join(row.split())] == wrong, printed
    assert last == "different: 1 of 80 tensors", printed


def what_both_loads_lose_is_not_equal():
    """If no name in the files fits, both loads stay random; `check_zero3_load.py` names all 80 tensors, exit status 5."""
    status, printed = _check(OTHER_NAMES)
    assert status == 5, f"exit status {status}"
    last = printed.splitlines()[-1]
    assert "80 in the model but in no file, 80 in a file but not in the model" in last, last


def two_ranks_are_equal():
    """With two ranks on a CPU, `check_zero3_load.py` waits for each gather, and each of 4 runs finds all 80 tensors equal."""
    for _ in range(4):
        ranks = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", _free_port()]
        done = subprocess.run([sys.executable, *ranks, PROGRAM, FOLDER], stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="")
        assert "Here each was waited for" in done.stdout, done.stdout
        assert done.stdout.endswith("equal: all 80 tensors, bit for bit\n"), done.stdout
        assert done.returncode == 0, f"exit status {done.returncode}"


def a_rank_that_dies_ends_the_other():
    """When one of two ranks dies, the other says so in one sentence and ends within a minute, with exit status 4."""
    both = {**os.environ, "WORLD_SIZE": "2", "MASTER_PORT": _free_port(), "PYTHONPATH": str(PROGRAM.parent)}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    survives = subprocess.Popen([sys.executable, PROGRAM, FOLDER], env=both | {"RANK": "0", "LOCAL_RANK": "0"}, **pipes)
    dies = subprocess.Popen([sys.executable, "-c", JOIN_AND_DIE], env=both | {"RANK": "1", "LOCAL_RANK": "1"}, **pipes)
    try:
        assert dies.wait(600) == 9, dies.stderr.read()
        told = survives.communicate(timeout=60)[1]
    finally:
        survives.kill()
    said = [line for line in told.splitlines() if not line.startswith("[W")]  # torch warns where hosts have no names
    print(*said, sep="\n")
    assert len(said) == 1 and said[0].startswith("rank 0: not compared to the end, another rank has ended"), told
    assert survives.returncode == 4, f"exit status {survives.returncode}"


if __name__ == "__main__":
    equal_ends_with_0()
    a_load_that_raises_ends_with_1()
    a_wrong_tensor_is_named()
    what_both_loads_lose_is_not_equal()
    two_ranks_are_equal()
    a_rank_that_dies_ends_the_other()
