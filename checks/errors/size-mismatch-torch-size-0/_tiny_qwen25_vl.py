"""A tiny random Qwen2.5-VL, saved as a checkpoint, and its load under DeepSpeed ZeRO-3 in this one process.

The names, their order and the tied embeddings are those of the published 3B model, as is the vision tower's intermediate
size of 3420; there are four vision blocks instead of 32, two language layers instead of 36, and the widths are small.
"""

import logging
import os
import socket
import sys
import tempfile

logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
with socket.socket() as free:
    free.bind(("localhost", 0))
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")

import deepspeed
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.integrations import HfDeepSpeedConfig
from transformers.utils.logging import disable_progress_bar

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # no shared-memory extension: minutes of compilation
disable_progress_bar()
config = Qwen2_5_VLConfig(
    vocab_size=96, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    tie_word_embeddings=True, rope_scaling={"type": "mrope", "mrope_section": [1, 1, 2]},
    vision_config={"depth": 4, "hidden_size": 16, "intermediate_size": 3420, "num_heads": 2, "out_hidden_size": 32},
)  # fmt: skip
torch.manual_seed(0)
original = Qwen2_5_VLForConditionalGeneration(config)
for parameter in original.parameters():
    torch.nn.init.normal_(parameter)  # no weight keeps a value that initialisation could give it again
vision = sum(p.numel() * p.element_size() for name, p in original.named_parameters() if name.startswith("visual."))

_folders = tempfile.TemporaryDirectory()
SHARDED, ONE_FILE = f"{_folders.name}/sharded", f"{_folders.name}/one-file"
original.save_pretrained(SHARDED, max_shard_size=vision)  # as published: the vision tower comes first
original.save_pretrained(ONE_FILE)
TENSORS = len(dict(original.named_parameters()))

_zero3 = HfDeepSpeedConfig(
    {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
)  # kept: transformers has a weak reference


def load(folder, **options):
    """Load as the training scripts do: from_pretrained, with ZeRO-3 configured."""
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, attn_implementation="eager", **options)


def gather(parameters):
    """Give partitioned parameters their whole values for a while."""
    return deepspeed.zero.GatheredParameters(parameters)
