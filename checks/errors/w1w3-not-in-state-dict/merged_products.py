"""Multiply 64 experts of DeepSeek-V2-Lite's size with their tokens, in bfloat16: one by one, and merged into one tensor.

For 1 to 4,096 tokens, of which each goes to 6 experts; beside the times stands what the same device does at best.
"""

import json
import os
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
EXPERTS, FFN, HIDDEN, HEADS, CHOSEN = 64, 1408, 2048, 16, 6  # as published
ON_GPU = DEVICE == "cuda"
SIZES = (1, 4, 16, 64, 256, 1024, 4096) if ON_GPU else (1, 32)  # tokens
REPEATS = 50 if ON_GPU else 1
LARGE = 8192 if ON_GPU else 256  # rows and columns of the matrices by which the device is measured

torch.manual_seed(0)
gate, up = ((torch.randn(EXPERTS, FFN, HIDDEN, device=DEVICE) * HIDDEN**-0.5).bfloat16() for _ in range(2))
w1w3 = torch.cat([gate, up], dim=1)  # (64, 2 * 1408, 2048)
separate = list(zip(gate.clone().unbind(), up.clone().unbind(), strict=True))


def _tokens(size):
    """Return what the experts that `size` tokens reach get, as many tokens each: (experts, tokens, 2048)."""
    experts = min(EXPERTS, CHOSEN * size)
    return torch.randn(experts, CHOSEN * size // experts, HIDDEN, device=DEVICE).bfloat16()


def _two_for_each_expert(x):
    pairs = zip(x, separate[: len(x)], strict=True)
    return [torch.cat([tokens @ w1.T, tokens @ w3.T], dim=-1) for tokens, (w1, w3) in pairs]


def _one_for_each_expert(x):
    """As XTuner 0.1.23 computes with merged experts: it goes on taking one after the other."""
    return [tokens @ w.T for tokens, w in zip(x, w1w3[: len(x)], strict=True)]


def _one_for_all(x):
    return torch.bmm(x, w1w3[: len(x)].mT)


def _attend(x):
    """Attention of every token to those before it, by torch's own flash kernel and by no other."""
    heads = x.unflatten(-1, (HEADS, -1)).transpose(1, 2)  # (64, 16, tokens, 128)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        return scaled_dot_product_attention(heads, heads, heads, is_causal=True).transpose(1, 2).flatten(-2)


def _milliseconds(work):
    """Return the median of the device's own times (its events; on a CPU the clock's), after one that is not counted."""
    work()
    times = []
    for _ in range(REPEATS):
        if ON_GPU:
            began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            began.record()
            work()
            ended.record()
            ended.synchronize()
            times.append(began.elapsed_time(ended))
        else:
            started = time.perf_counter()
            work()
            times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[len(times) // 2]


def _device():
    """Return what the device does at best, in this run: GB/s of a copy (read and written), TFLOP/s of a product in bfloat16."""
    one, other = (torch.randn(LARGE, LARGE, device=DEVICE).bfloat16() for _ in range(2))
    copied, target = torch.randn(LARGE, LARGE, device=DEVICE), torch.empty(LARGE, LARGE, device=DEVICE)
    bytes_moved = 2 * copied.numel() * copied.element_size()
    copy, product = _milliseconds(lambda: target.copy_(copied)), _milliseconds(lambda: one @ other)
    return {"GB/s": bytes_moved / copy / 1e6, "TFLOP/s": 2 * LARGE**3 / product / 1e9}


WAYS = (_two_for_each_expert, _one_for_each_expert, _one_for_all)
inputs = {size: _tokens(size) for size in SIZES}
results = {size: [torch.stack(list(products(x))) for products in WAYS] for size, x in inputs.items()}
times = {size: [_milliseconds(lambda products=products, x=x: products(x)) for products in WAYS] for size, x in inputs.items()}
for size, (two, one, all_in_one) in times.items():
    print(f"{size} tokens: two products for each expert {two:.3f} ms, one {one:.3f} ms, one for all {all_in_one:.3f} ms")
print("--- data merged-products " + json.dumps({"device": _device(), "repeats": REPEATS, "milliseconds": times}))


def merged_products_are_equal():
    """Merged or not, the products are the same bits: two for each expert, one for each, one for all; 1 to 4,096 tokens."""
    differing = {size: [int((other != first).sum()) for other in others] for size, (first, *others) in results.items()}
    print(f"values that differ from two products for each expert: {differing}")
    assert all(counts == [0, 0] for counts in differing.values()), differing


def merged_products_are_right():
    """Merged or not, each product differs from one in float32 by no more than bfloat16 rounds: one part in 128."""
    for size, x in inputs.items():
        reference = torch.stack([tokens.float() @ w.float().T for tokens, w in zip(x, w1w3[: len(x)], strict=True)])
        for result in results[size]:
            torch.testing.assert_close(result.float(), reference, rtol=2**-7, atol=1e-3)


def one_merged_product_is_faster():
    """Of 4,096 tokens, one product for all 64 experts takes less time than two for each of them."""
    two, _, all_in_one = times[SIZES[-1]]
    assert all_in_one < two, (all_in_one, two)


def behind_flash_attention_they_are_equal_too():
    """With flash attention in front of the experts, computed anew each time, merged and separate products are the same bits."""
    x = inputs[SIZES[-1]]
    first, *others = [torch.stack(list(products(_attend(x)))) for products in WAYS]
    differing = [int((other != first).sum()) for other in others]
    print(f"behind flash attention, values that differ, of {first.numel()}: {differing}")
    assert differing == [0, 0], differing


if __name__ == "__main__":
    merged_products_are_equal()
    merged_products_are_right()
    one_merged_product_is_faster()
    behind_flash_attention_they_are_equal_too()
