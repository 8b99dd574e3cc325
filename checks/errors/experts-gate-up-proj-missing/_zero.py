"""A load under a stage of DeepSpeed's ZeRO, in this process as its only rank."""

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
from _moe import model_class, printed
from transformers.integrations import HfDeepSpeedConfig, deepspeed_config

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation


def configured(stage):
    """Return what configures a stage for as long as it is kept."""
    return HfDeepSpeedConfig({"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": stage}})


def gather(parameters):
    return deepspeed.zero.GatheredParameters(parameters)


def load(kind, stage, seed=1):
    """Load a folder under that stage; return the model and what was printed."""
    configuration = configured(stage)
    if deepspeed_config()["zero_optimization"]["stage"] != stage:
        raise RuntimeError("another stage is configured")
    torch.manual_seed(seed)
    with printed() as lines:
        model = model_class(kind).from_pretrained(kind)
    del configuration
    partitioned = [hasattr(parameter, "ds_tensor") for parameter in model.parameters()]
    if not (all if stage == 3 else lambda ones: not any(ones))(partitioned):
        raise RuntimeError(f"ZeRO-{stage} was not on: {sum(partitioned)} of {len(partitioned)} parameters are partitioned")
    return model, lines[0]
