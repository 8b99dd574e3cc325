"""The same steps in an engine of DeepSpeed with `"bf16": {"enabled": true}`, in one process on a CPU."""

import logging
import os
import socket
import sys

logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
with socket.socket() as free:
    free.bind(("localhost", 0))
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")

import deepspeed
import torch
from _dtypes import RATE, batches, dtypes, load, save
from deepspeed.utils import safe_get_full_fp32_param

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation
FOLDER = save("saved", torch.bfloat16)


def _masters(stage):
    """Train as DeepSpeed does; return the share of float32 values of its optimizer that moved, in percent."""
    model, _ = load(FOLDER, torch_dtype=torch.bfloat16)
    options = {"lr": RATE, "weight_decay": 0.0, "torch_adam": True}  # DeepSpeed's own is compiled first
    config = {
        "train_micro_batch_size_per_gpu": 4,
        "bf16": {"enabled": True},
        "zero_optimization": {"stage": stage},
        "optimizer": {"type": "AdamW", "params": options},
    }
    engine = deepspeed.initialize(model=model, config=config)[0]
    assert dtypes(engine.module) == "bfloat16", dtypes(engine.module)

    def held():
        return [safe_get_full_fp32_param(parameter).detach().clone() for parameter in engine.module.parameters()]

    before = held()
    assert {value.dtype for value in before} == {torch.float32}
    for tokens in batches():
        engine.backward(engine(input_ids=tokens, labels=tokens).loss)
        engine.step()
    pairs = list(zip(before, held(), strict=True))
    share = 100 * sum(int((new != old).sum()) for old, new in pairs) / sum(old.numel() for old in before)
    print(f"ZeRO-{stage}: {share:.1f} % of the float32 values of the optimizer moved")
    return share


def its_float32_values_move():
    """Under ZeRO-1 and ZeRO-2 DeepSpeed keeps float32 values beside the bfloat16 parameters; more than 99 % of them move."""
    for stage in (1, 2):
        share = _masters(stage)
        assert share > 99, f"{share:.0f} % of the values moved"


if __name__ == "__main__":
    its_float32_values_move()
