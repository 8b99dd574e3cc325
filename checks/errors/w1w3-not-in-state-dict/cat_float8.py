"""Merge experts that are stored as Float8_e4m3fn, as XTuner does: torch.stack, then torch.cat."""

import os

import torch

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
torch.manual_seed(0)
gate, up = ([torch.randn(16, 32, device=DEVICE).to(torch.float8_e4m3fn) for _ in range(8)] for _ in range(2))


def float8_experts_can_be_merged():
    """Experts stored as Float8_e4m3fn can be merged: `torch.cat` joins them, bit for bit."""
    try:
        w1w3 = torch.cat([torch.stack(gate), torch.stack(up)], dim=1)
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}")
        raise AssertionError(f"torch does not join them: {error}") from error
    assert w1w3.dtype == torch.float8_e4m3fn, w1w3.dtype
    for expert, w1, w3 in zip(w1w3, gate, up, strict=True):
        assert expert.view(torch.uint8).equal(torch.cat([w1.view(torch.uint8), w3.view(torch.uint8)]))


if __name__ == "__main__":
    float8_experts_can_be_merged()
