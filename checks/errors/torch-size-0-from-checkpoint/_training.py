"""A tiny Llama that DeepSpeed trained for one step, in this process as a rank, and what training made of each tensor."""

import logging
import os
import socket
import sys
import tempfile
from contextlib import contextmanager

if "RANK" not in os.environ:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
    os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")
os.environ["LOCAL_SIZE"] = os.environ["WORLD_SIZE"]  # else some releases ask numactl how many devices a CPU is
logging.disable(logging.INFO)  # DeepSpeed reports each step of its start

import deepspeed
import torch
import transformers

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation
transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FLAG = "stage3_gather_16bit_weights_on_model_save"
EMPTY = (0,)
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
}


def llama(**sizes):
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**(SIZES | sizes)))


def config(stage=3, gather=False, **zero):
    """A configuration of DeepSpeed. With the default threshold, a tiny model would be kept whole on each rank."""
    settings = {"stage": stage, FLAG: gather, "stage3_param_persistence_threshold": 0} | zero
    return {
        "train_micro_batch_size_per_gpu": 1,
        "optimizer": {"type": "Adam", "params": {"lr": 0.1, "torch_adam": True}},
        "zero_optimization": {name: value for name, value in settings.items() if value is not None},
    }


class Trained:
    """A model after one step. `tensors` is what training made of it; the model is left as training leaves it."""

    def __init__(self, stage=3, gather=False, model=None, **zero):
        self.model = model or llama()
        before = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.engine, *_ = deepspeed.initialize(
            model=self.model, config=config(stage, gather, **zero), model_parameters=self.model.parameters()
        )
        tokens = torch.arange(SIZES["vocab_size"])[None]
        self.engine.backward(self.engine(input_ids=tokens, labels=tokens).loss)
        self.engine.step()
        self.partitioned = sum(hasattr(parameter, "ds_tensor") for parameter in self.model.parameters())
        self.tensors = whole(self.model)
        self.moved = [name for name, tensor in self.tensors.items() if not torch.equal(tensor, before[name])]


def whole(model):
    """Return the whole tensors of a model, gathered one at a time, so that all else stays as it is."""
    found = {}
    for name, parameter in model.named_parameters():
        was = parameter.shape
        with deepspeed.zero.GatheredParameters([parameter] if was == EMPTY else []):
            found[name] = parameter.detach().clone()
    return found


def shapes(tensors):
    return {tuple(tensor.shape) for tensor in tensors.values()}


def equal(tensors, trained):
    """Return how many tensors are those that were trained, bit for bit, under the same names; say it."""
    found = sum(name in tensors and torch.equal(tensors[name], tensor) for name, tensor in trained.items())
    print(f"{found} of {len(trained)} tensors equal the trained ones; shapes: {sorted(shapes(tensors))[:4]}")
    return found if tensors.keys() == trained.keys() else -1


@contextmanager
def printed():
    """Collect what the process prints, on either stream, into the list that is given; then print it."""
    found = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        try:
            yield found
        finally:
            sys.stdout.flush()
            for stream, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            found.append(file.read().decode())
    print(found[0], end="", flush=True)
