"""Loaded under DeepSpeed ZeRO-3; every parameter is partitioned."""

import logging
import os
import socket
import sys

import deepspeed
from _ways import Loaded, class_of, load, seen

OPTIONS = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation


def address():
    """Return the variables that say where the ranks meet."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}


def zero3(published, rank, ranks, where):
    """Load as one of several ranks, each of which gathers what it looks at."""
    cls = class_of(published)
    os.environ.update({"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks), **where})
    from transformers.integrations import HfDeepSpeedConfig

    config = HfDeepSpeedConfig(OPTIONS)  # transformers holds it weakly: it acts while this name lives
    try:
        loaded = Loaded(published, *load(published, cls), gather=deepspeed.zero.GatheredParameters)
    finally:
        del config
    if whole := [name for name, parameter in loaded.model.named_parameters() if not hasattr(parameter, "ds_tensor")]:
        raise RuntimeError(f"ZeRO-3 was not on: {whole[0]} is not partitioned")
    return seen(loaded)
