"""Multiply 64 experts of DeepSeek-V2-Lite's size with their tokens, in bfloat16: one by one, and merged into one tensor."""

import os
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
EXPERTS, FFN, HIDDEN, HEADS = 64, 1408, 2048, 16  # as published
TOKENS = 384 if DEVICE == "cuda" else 4  # for each expert: 4096 tokens, 6 of 64 experts for each
REPEATS = 50 if DEVICE == "cuda" else 1

torch.manual_seed(0)
x = torch.randn(EXPERTS, TOKENS, HIDDEN, device=DEVICE).bfloat16()
gate, up = ((torch.randn(EXPERTS, FFN, HIDDEN, device=DEVICE) * HIDDEN**-0.5).bfloat16() for _ in range(2))
w1w3 = torch.cat([gate, up], dim=1)  # (64, 2 * 1408, 2048)
separate = list(zip(gate.clone().unbind(), up.clone().unbind(), strict=True))


def _two_for_each_expert(x):
    return [torch.cat([tokens @ w1.T, tokens @ w3.T], dim=-1) for tokens, (w1, w3) in zip(x, separate, strict=True)]


def _one_for_each_expert(x):
    """As XTuner 0.1.23 computes with merged experts: it goes on taking one after the other."""
    return [tokens @ w.T for tokens, w in zip(x, w1w3, strict=True)]


def _one_for_all(x):
    return torch.bmm(x, w1w3.mT)


def _attend(x):
    """Attention of every token to those before it, by torch's own flash kernel and by no other."""
    heads = x.unflatten(-1, (HEADS, -1)).transpose(1, 2)  # (64, 16, tokens, 128)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        return scaled_dot_product_attention(heads, heads, heads, is_causal=True).transpose(1, 2).flatten(-2)


def _milliseconds(products):
    products(x)
    times = []
    for _ in range(REPEATS):
        _wait()
        started = time.perf_counter()
        products(x)
        _wait()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2] * 1000


def _wait():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


WAYS = (_two_for_each_expert, _one_for_each_expert, _one_for_all)
results = [torch.stack(list(products(x))) for products in WAYS]
reference = torch.stack([tokens.float() @ w.float().T for tokens, w in zip(x, w1w3, strict=True)])
two, one, all_in_one = map(_milliseconds, WAYS)
print(f"two products for each expert {two:.3f} ms, one {one:.3f} ms, one for all {all_in_one:.3f} ms (median of {REPEATS})")
print(f"one for all against two for each: {two / all_in_one:.2f} times as fast")


def merged_products_are_equal():
    """Merged or not, the products are the same bits: two for each of 64 experts, one for each, one for all."""
    differing = [int((result != results[0]).sum()) for result in results[1:]]
    print(f"values that differ from two products for each expert, of {reference.numel()}: {differing}")
    assert differing == [0, 0], differing


def merged_products_are_right():
    """Merged or not, each product differs from one in float32 by no more than bfloat16 rounds: one part in 128."""
    for result in results:
        torch.testing.assert_close(result.float(), reference, rtol=2**-7, atol=1e-3)


def one_merged_product_is_faster():
    """One product for all 64 experts takes less time than two for each of them."""
    assert all_in_one < two, (all_in_one, two)


def behind_flash_attention_they_are_equal_too():
    """With flash attention in front of the experts, computed anew each time, merged and separate products are the same bits."""
    first, *others = [torch.stack(list(products(_attend(x)))) for products in WAYS]
    differing = [int((other != first).sum()) for other in others]
    print(f"behind flash attention, values that differ, of {first.numel()}: {differing}")
    assert differing == [0, 0], differing


if __name__ == "__main__":
    merged_products_are_equal()
    merged_products_are_right()
    one_merged_product_is_faster()
    behind_flash_attention_they_are_equal_too()
