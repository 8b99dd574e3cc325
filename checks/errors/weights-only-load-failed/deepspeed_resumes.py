"""DeepSpeed's load_checkpoint of its own checkpoint: what it restores, and what it executes."""

import logging
import os
import pickle
import socket
import sys

from _files import RAN, CallsOpen, told

if "RANK" not in os.environ:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
    os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")
os.environ["LOCAL_SIZE"] = os.environ["WORLD_SIZE"]  # else some releases ask numactl how many devices a CPU is
logging.disable(logging.INFO)  # DeepSpeed reports each step of its start

import deepspeed
import torch
from deepspeed.runtime.fp16.loss_scaler import LossScaler
from deepspeed.runtime.zero.config import ZeroStageEnum
from deepspeed.utils.tensor_fragment import fragment_address

sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for several ranks: minutes of compilation


def _engine(stage):
    torch.manual_seed(0)
    model = torch.nn.Linear(8, 8)
    config = {
        "train_micro_batch_size_per_gpu": 1,
        "optimizer": {"type": "Adam", "params": {"lr": 0.1, "torch_adam": True}},
        "zero_optimization": {"stage": stage},
    }
    return deepspeed.initialize(model=model, config=config, model_parameters=model.parameters())[0]


def _step(engine):
    engine.backward(engine(torch.ones(1, 8)).pow(2).sum())  # its gradient differs with each step, and so do the moments
    engine.step()


def _weights(engine):
    return [parameter.detach().clone() for parameter in engine.module.parameters()]


def _saved(stage):
    """A folder after one step, and the weights after a second one in the same process."""
    engine, folder = _engine(stage), f"stage-{stage}"
    _step(engine)
    engine.save_checkpoint(folder)
    _step(engine)
    return folder, _weights(engine)


def _refused(engine, folder):
    """The text with which load_checkpoint refuses; empty if it loads."""
    try:
        engine.load_checkpoint(folder)
    except pickle.UnpicklingError as raised:
        text = told(raised)
        print(text)
        return text
    return ""


def _resumes(stage):
    folder, expected = _saved(stage)
    engine = _engine(stage)
    text = _refused(engine, folder)
    assert "Unsupported global" not in text, text.partition("Unsupported global: ")[2].partition(" was")[0]
    _step(engine)
    assert len(expected) == 2
    assert all(torch.equal(one, other) for one, other in zip(_weights(engine), expected, strict=True))
    without = _engine(stage)
    without.load_checkpoint(folder, load_optimizer_states=False)
    _step(without)  # the control: the optimizer's state decides that step
    assert not any(torch.equal(one, other) for one, other in zip(_weights(without), expected, strict=True))


def stage_0_resumes():
    """Without ZeRO, load_checkpoint restores model and optimizer: the next step gives the same weights, bit for bit."""
    _resumes(0)


def stage_1_resumes():
    """With ZeRO-1, load_checkpoint restores model and optimizer: the next step gives the same weights, bit for bit."""
    _resumes(1)


def stage_2_resumes():
    """With ZeRO-2, load_checkpoint restores model and optimizer: the next step gives the same weights, bit for bit."""
    _resumes(2)


def the_variable_lets_it_load():
    """With TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 load_checkpoint of ZeRO-1 loads, and the next step gives the same weights."""
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    try:
        _resumes(1)
    finally:
        del os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"]


def three_names_let_it_load():
    """With three names of DeepSpeed's own allowed load_checkpoint of ZeRO-1 loads, and the next step gives the same weights."""
    with torch.serialization.safe_globals([LossScaler, ZeroStageEnum, fragment_address]):
        _resumes(1)


def two_of_them_do_not():
    """With two of the three allowed it is still refused."""
    folder, _ = _saved(1)
    with torch.serialization.safe_globals([LossScaler, ZeroStageEnum]):
        assert "deepspeed.utils.tensor_fragment.fragment_address" in _refused(_engine(1), folder), "it loads"


def it_runs_what_a_checkpoint_says():
    """load_checkpoint runs what a checkpoint says: one of somebody else's is to be trusted as a program is."""
    engine, folder = _engine(0), "somebody-elses"
    engine.save_checkpoint(folder, tag="one", client_state={"more": CallsOpen()})
    RAN.unlink(missing_ok=True)
    _refused(_engine(0), folder)
    assert RAN.exists(), "refused, and nothing runs"


if __name__ == "__main__":
    stage_0_resumes()
    stage_1_resumes()
    stage_2_resumes()
    the_variable_lets_it_load()
    three_names_let_it_load()
    two_of_them_do_not()
    it_runs_what_a_checkpoint_says()
