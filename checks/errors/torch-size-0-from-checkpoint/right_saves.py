"""The saves that gather, under ZeRO-3, after one step of training; and what is said where they are told not to."""

import logging
from pathlib import Path

import deepspeed
import torch
from _training import Trained, equal, printed
from safetensors.torch import load_file

trained, without = Trained(gather=True), Trained()


def save_16bit_model_with_the_flag_is_exact():
    """With the flag, `engine.save_16bit_model()` returns True, and its file holds 21 of 21 tensors, bit for bit (float32)."""
    assert trained.engine.save_16bit_model("gathered") is True
    assert equal(torch.load("gathered/pytorch_model.bin"), trained.tensors) == 21


def save_16bit_model_without_it_writes_nothing():
    """Without the flag it returns False and writes no file; what it says of that is a line of its log, of level INFO."""
    with printed() as lines:
        assert without.engine.save_16bit_model("not_gathered") is False
    assert lines == [""], lines
    assert not Path("not_gathered/pytorch_model.bin").exists(), "there is a file"
    said = []
    logger = logging.getLogger("DeepSpeed")
    logger.addFilter(lambda record: said.append((record.levelno, record.getMessage())))
    level = logger.level
    logger.setLevel(logging.INFO)
    logging.disable(logging.NOTSET)
    without.engine.save_16bit_model("not_gathered")
    logging.disable(logging.INFO)
    logger.setLevel(level)
    print(*said, sep="\n")
    assert any(one == logging.INFO and "Did not save the model not_gathered" in text for one, text in said), said


def gathered_by_hand_it_is_exact():
    """`model.state_dict()`, copied inside `deepspeed.zero.GatheredParameters`, is exact, 21 of 21 tensors, without the flag."""
    with deepspeed.zero.GatheredParameters(list(without.model.parameters())):
        state = {name: tensor.detach().clone() for name, tensor in without.model.state_dict().items()}
    without.model.save_pretrained("by_hand", state_dict=state)
    assert equal(load_file("by_hand/model.safetensors"), without.tensors) == 21


if __name__ == "__main__":
    save_16bit_model_with_the_flag_is_exact()
    save_16bit_model_without_it_writes_nothing()
    gathered_by_hand_it_is_exact()
