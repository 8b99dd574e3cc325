"""A tiny Llama with known values under DeepSpeed ZeRO-3, in a process that is the only rank of its group."""

import logging
import os
import socket
import sys
import tempfile
from contextlib import contextmanager

logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
if "RANK" not in os.environ:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
    os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")

import deepspeed
import torch
import transformers
from transformers.integrations import HfDeepSpeedConfig
from transformers.integrations.deepspeed import unset_hf_deepspeed_config

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation
transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
FOLDER = f"{_temporary.name}/model"
TOKENS = torch.arange(1, 13)[None]
ZERO3 = 3
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
torch.manual_seed(0)
PLAIN = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)).eval()
with torch.no_grad():
    for _parameter in PLAIN.parameters():
        _parameter.normal_()
PLAIN.save_pretrained(FOLDER)


def settings(stage=ZERO3):
    """Partition each parameter, the smallest, too."""
    return {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": stage, "stage3_param_persistence_threshold": 0}}


@contextmanager
def in_force(config):
    """Keep the config alive, as the Trainer does: from_pretrained reads it."""
    alive = HfDeepSpeedConfig(config)
    try:
        yield
    finally:
        unset_hf_deepspeed_config()
        del alive


def load():
    return transformers.LlamaForCausalLM.from_pretrained(FOLDER).eval()


def reference(stage=ZERO3):
    """Load the model while the config is in force, with no engine; under stage 3 each parameter is empty, or this raises."""
    with in_force(settings(stage)):
        model = load()
    _look(model, stage)
    return model


def engine(model=None, trained=False):
    """Return an engine; every parameter is partitioned, or this raises."""
    model = model or load()
    more = {"optimizer": torch.optim.AdamW(model.parameters())} if trained else {}
    made = deepspeed.initialize(model=model, config=settings(), **more)[0]
    _look(made.module, ZERO3)
    return made


def _look(model, stage):
    if (stage == ZERO3) != all(parameter.numel() == 0 for parameter in model.parameters()):
        raise RuntimeError(f"stage {stage}: {[tuple(parameter.shape) for parameter in model.parameters()]}")


def gather(parameters, **options):
    return deepspeed.zero.GatheredParameters(list(parameters), **options)


def logits(model):
    with torch.no_grad():
        return model(TOKENS).logits


EXPECTED = logits(PLAIN)


def error_of(function):
    """What it raised, in words; nothing if it returned."""
    try:
        function()
    except (RuntimeError, AttributeError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
        return f"{type(error).__name__}: {error}"
    return ""


def assert_exact(found, expected, what):
    """The same numbers, bit for bit."""
    same = found.shape == expected.shape and torch.equal(found, expected)
    print(f"{what}: {'equal' if same else 'not equal'}, {tuple(found.shape)}")
    assert same, "no error, another result"
