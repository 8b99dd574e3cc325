"""Load published mixtures of experts with ZeRO-2 configured in place of ZeRO-3."""

from _moe import CLASSES, publish, wrong
from _zero import load

TENSORS = {kind: publish(kind) for kind in CLASSES}


def every_tensor_is_exact():
    """With ZeRO-2 configured, Mixtral, Qwen3-MoE and DeepSeek-V3 load exactly, and nothing is printed."""
    for kind, tensors in TENSORS.items():
        model, text = load(kind, 2)
        assert wrong(model, tensors) == [], kind
        assert "MISSING" not in text, text


if __name__ == "__main__":
    every_tensor_is_exact()
