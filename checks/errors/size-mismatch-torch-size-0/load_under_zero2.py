"""Load Qwen2.5-VL with ZeRO-2 configured in place of ZeRO-3, and give it to an engine of that stage."""

import deepspeed
import torch
from _one_rank import ZERO3
from _tiny_qwen25_vl import SHARDED, TENSORS, load
from transformers.integrations import HfDeepSpeedConfig, deepspeed_config

from snippets.verify_loaded import verify

ZERO2 = {**ZERO3, "zero_optimization": {"stage": 2}, "zero_allow_untested_optimizer": True}
_zero2 = HfDeepSpeedConfig(ZERO2)  # takes the place of ZeRO-3 in transformers


def exact_without_gathering():
    """With ZeRO-2 the same load raises nothing, and every tensor equals the checkpoint: no parameter is empty there."""
    configured = deepspeed_config()["zero_optimization"]["stage"]
    if configured != 2:
        raise RuntimeError(f"transformers loads under stage {configured}")
    model = load(SHARDED)
    engine, *_ = deepspeed.initialize(model=model, optimizer=torch.optim.SGD(model.parameters()), config=ZERO2)
    if engine.zero_optimization_stage() != 2:
        raise RuntimeError(f"the engine's stage is {engine.zero_optimization_stage()}")
    differences = verify(engine, SHARDED)
    print(f"stage {engine.zero_optimization_stage()}: {TENSORS - len(differences)} of {TENSORS} tensors equal the checkpoint")
    assert all(parameter.numel() for parameter in engine.parameters()), "a parameter is empty"
    assert differences == [], differences


if __name__ == "__main__":
    exact_without_gathering()
