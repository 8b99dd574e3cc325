"""DeepSpeed with this process as its only rank: on a free port, without its log, without a compiler."""

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

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation
ZERO3 = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}


def gather(parameters):
    """Give partitioned parameters their whole values for a while."""
    return deepspeed.zero.GatheredParameters(parameters)
