"""Compute with the same checkpoint, loaded with and without XTuner's shard mode, in float32."""

import os
import tempfile

import torch
from _checkpoint import CONFIG, save, split, tensors
from _shard_mode import load, load_without_shard_mode

from snippets.verify_loaded import MERGED, compose, verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOUR_LAYERS = CONFIG | {"num_hidden_layers": 4, "torch_dtype": "float32"}
STORED = {name: tensor.float() - 1.5 for name, tensor in tensors(FOUR_LAYERS).items()}
save("checkpoint", split(STORED, (300, len(STORED) - 300)), FOUR_LAYERS)
INPUT = torch.randint(0, CONFIG["vocab_size"], (4, 64), generator=torch.Generator().manual_seed(0))


def _compute(model):
    """Logits, and each gradient under its name; that of an expert which got no token is zero."""
    result = model.train()(INPUT, labels=INPUT)
    result.loss.backward()
    gradients = {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in model.named_parameters()}
    return result.logits.detach(), gradients


without = load_without_shard_mode("checkpoint", torch_dtype=torch.float32)  # comes first
merged = load("checkpoint", 8, torch_dtype=torch.float32).model
(logits, gradients), (merged_logits, merged_gradients) = _compute(without), _compute(merged)


def logits_agree():
    """With and without shard mode the logits agree to 1e-5."""
    assert verify(without, "checkpoint") == verify(merged, "checkpoint") == []
    assert any(MERGED.fullmatch(name) for name in merged_gradients), "these are not those of shard mode"
    assert not any(MERGED.fullmatch(name) for name in gradients), "these are those of shard mode"
    print(f"logits differ by at most {(logits - merged_logits).abs().max():.1e}; the largest is {logits.abs().max():.2f}")
    torch.testing.assert_close(merged_logits, logits, rtol=0, atol=1e-5)


def gradients_agree():
    """With and without shard mode the gradients agree, to 1e-5 of the largest value in each."""
    largest = 0.0
    for name, gradient in merged_gradients.items():
        expected = compose(name, 8, gradients.__getitem__) if MERGED.fullmatch(name) else gradients[name]
        assert expected.any(), name
        largest = max(largest, ((gradient - expected).abs().max() / expected.abs().max()).item())
    print(f"{len(merged_gradients)} gradients differ by at most {largest:.1e}, relative to the largest value of each")
    assert largest <= 1e-5


if __name__ == "__main__":
    logits_agree()
    gradients_agree()
