"""Load Qwen2.5-VL with ZeRO-2 configured in place of ZeRO-3."""

from _one_rank import ZERO3
from _tiny_qwen25_vl import SHARDED, TENSORS, load
from transformers.integrations import HfDeepSpeedConfig

from snippets.verify_loaded import verify

_zero2 = HfDeepSpeedConfig({**ZERO3, "zero_optimization": {"stage": 2}})  # takes the place of ZeRO-3 in transformers


def exact_without_gathering():
    """With ZeRO-2 the same load raises nothing, and every tensor equals the checkpoint: no parameter is empty there."""
    model = load(SHARDED)
    differences = verify(model, SHARDED)
    print(f"{TENSORS - len(differences)} of {TENSORS} tensors equal the checkpoint")
    assert all(parameter.numel() for parameter in model.parameters()), "a parameter is empty"
    assert differences == [], differences


if __name__ == "__main__":
    exact_without_gathering()
