"""What the atlas's comparison must find, and what it must not be alarmed by; run by test_snippets.py, as it needs torch."""

from __future__ import annotations

import sys
import unittest
from contextlib import nullcontext
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "checks" / "atlas"))
from _compared import Compared, compared
from _dequantised import fp8, mxfp4
from _published import Published

LAYOUT = """
lm_head.weight 8x4
model.embed_tokens.weight 8x4
model.layers.{0-1}.self_attn.q_proj.weight 4x4
model.layers.{0-1}.self_attn.k_proj.weight 4x4
model.layers.{0-1}.experts.{0-2}.gate_proj.weight 3x4
model.layers.{0-1}.experts.{0-2}.up_proj.weight 3x4
model.layers.{0-1}.experts.{0-2}.down_proj.weight 4x3
model.layers.{0-1}.gate.bias 3 F32
model.norm.weight 4
"""
STORED = Published("small", "Small", {}, LAYOUT, __file__).tensors
Q, K = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"


def built(tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
    """A model that holds these tensors under these names; the same tensor twice is tied."""
    model, made = torch.nn.Module(), {}
    for name, tensor in tensors.items():
        part = model
        for step in name.split(".")[:-1]:
            if step not in part._modules:
                part.add_module(step, torch.nn.Module())
            part = part._modules[step]
        made.setdefault(id(tensor), torch.nn.Parameter(tensor.clone()))
        part.register_parameter(name.rpartition(".")[2], made[id(tensor)])
    return model


def seen(tensors: dict[str, torch.Tensor], stored: dict[str, torch.Tensor] = STORED, **options: object) -> Compared:
    return compared(built(tensors), stored, lambda _: nullcontext(), **options)


def fused(order: tuple[str, str] = ("gate_proj", "up_proj"), experts: tuple[int, ...] = (0, 1, 2)) -> dict[str, torch.Tensor]:
    """The model with its experts as one tensor a layer, as transformers 5 keeps them."""
    tensors = {name: tensor for name, tensor in STORED.items() if ".experts." not in name}
    for layer in ("model.layers.0.experts", "model.layers.1.experts"):
        halves = [torch.cat([STORED[f"{layer}.{one}.{part}.weight"] for part in order]) for one in experts]
        tensors[f"{layer}.gate_up_proj"] = torch.stack(halves)
        tensors[f"{layer}.down_proj"] = torch.stack([STORED[f"{layer}.{one}.down_proj.weight"] for one in experts])
    return tensors


class Dequantised(unittest.TestCase):
    """The formats' own definitions, by numbers that were written down beforehand."""

    def test_a_byte_of_mxfp4_is_two_numbers_the_lower_half_first(self) -> None:
        blocks = torch.zeros((1, 1, 1, 16), dtype=torch.uint8)
        blocks[..., 0], blocks[..., 1], blocks[..., 15] = 0x21, 0xF7, 0x90
        made = mxfp4({"down_proj_blocks": blocks, "down_proj_scales": torch.full((1, 1, 1), 128, dtype=torch.uint8)})
        self.assertEqual(list(made), ["down_proj"])
        self.assertEqual(made["down_proj"].shape, (1, 32, 1))  # experts, in, out
        numbers = made["down_proj"].flatten().tolist()
        self.assertEqual(numbers[:4] + numbers[-2:], [1.0, 2.0, 12.0, -12.0, 0.0, -1.0])  # twice 0.5, 1, 6, -6, 0, -0.5

    def test_rows_and_groups_have_exponents_of_their_own(self) -> None:
        blocks = torch.full((1, 2, 2, 16), 0x22, dtype=torch.uint8)  # ones
        scales = torch.tensor([[[127, 128], [126, 129]]], dtype=torch.uint8)
        made = mxfp4({"x_blocks": blocks, "x_scales": scales, "x_bias": torch.ones(2)})
        self.assertEqual(sorted(made), ["x", "x_bias"])
        self.assertEqual(made["x"][0, :, 0].unique_consecutive().tolist(), [1.0, 2.0])
        self.assertEqual(made["x"][0, :, 1].unique_consecutive().tolist(), [0.5, 4.0])

    def test_a_block_of_fp8_has_one_factor(self) -> None:
        weight = torch.ones((4, 6)).to(torch.float8_e4m3fn)
        made = fp8(
            {"w.weight": weight, "w.weight_scale_inv": torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]), "n": torch.ones(2)}
        )
        self.assertEqual(sorted(made), ["n", "w.weight"])
        self.assertEqual(made["w.weight"].dtype, torch.bfloat16)
        self.assertEqual(made["w.weight"].tolist(), [[1, 1, 2, 2, 4, 4]] * 2 + [[8, 8, 16, 16, 32, 32]] * 2)

    def test_a_layout_says_both_ranges_and_alternatives(self) -> None:
        small = Published("a", "A", {}, "x.{0-1}.{k,v}_proj 2x2\ny 3 F32", __file__).tensors
        self.assertEqual(sorted(small), ["x.0.k_proj", "x.0.v_proj", "x.1.k_proj", "x.1.v_proj", "y"])
        self.assertEqual((small["y"].dtype, small["x.0.k_proj"].dtype), (torch.float32, torch.bfloat16))


class Exact(unittest.TestCase):
    def test_what_the_files_hold(self) -> None:
        found = seen(STORED)
        self.assertTrue(found.is_exact)
        self.assertEqual((found.total, found.renamed), (len(STORED), {}))

    def test_under_another_prefix(self) -> None:
        moved = {name.replace("model.", "model.language_model."): tensor for name, tensor in STORED.items()}
        found = seen(moved)
        self.assertTrue(found.is_exact)
        self.assertEqual(len(found.renamed), len(STORED) - 1)

    def test_under_another_name(self) -> None:
        self.assertTrue(seen({name.replace("gate.bias", "router.bias"): t for name, t in STORED.items()}).is_exact)

    def test_fused_experts(self) -> None:
        found = seen(fused())
        self.assertTrue(found.is_exact, found)
        self.assertEqual(len(found.renamed["model.layers.1.experts.gate_up_proj"]), 6)

    def test_in_another_type(self) -> None:
        self.assertTrue(seen({name: tensor.half() for name, tensor in STORED.items()}).is_exact)

    def test_a_head_that_is_tied_and_in_no_file(self) -> None:
        stored = {name: tensor for name, tensor in STORED.items() if name != "lm_head.weight"}
        self.assertTrue(seen(stored | {"lm_head.weight": stored["model.embed_tokens.weight"]}, stored).is_exact)

    def test_what_the_class_has_no_place_for(self) -> None:
        without = {name: tensor for name, tensor in STORED.items() if name != "lm_head.weight"}
        self.assertEqual(seen(without).unused, ["lm_head.weight"])
        self.assertTrue(seen(without, unused=["lm_*"]).is_exact)


class Wrong(unittest.TestCase):
    def assert_wrong(self, found: Compared, *names: str) -> None:
        self.assertEqual(sorted(found.wrong), sorted(names))
        self.assertFalse(found.is_exact)

    def test_random_zero_one_and_a_flipped_bit(self) -> None:
        flipped = STORED[Q].clone()
        flipped.view(torch.int16)[1, 1] ^= 1
        for value, told in (
            (torch.randn(4, 4), "values of no file"),
            (torch.zeros(4, 4), "zeros"),
            (torch.ones(4, 4), "ones"),
            (flipped, "values of no file"),
        ):
            found = seen(STORED | {Q: value.bfloat16()})
            self.assert_wrong(found, Q)
            self.assertEqual(found.wrong[Q], told)

    def test_two_of_one_shape_exchanged(self) -> None:
        self.assert_wrong(seen(STORED | {Q: STORED[K], K: STORED[Q]}), Q, K)

    def test_layers_exchanged(self) -> None:
        other = Q.replace("0", "1")
        self.assert_wrong(seen(STORED | {Q: STORED[other], other: STORED[Q]}), Q, other)

    def test_experts_in_another_order(self) -> None:
        both = [f"model.layers.{n}.experts.{part}" for n in (0, 1) for part in ("gate_up_proj", "down_proj")]
        self.assert_wrong(seen(fused(experts=(1, 0, 2))), *both)

    def test_up_before_gate(self) -> None:
        self.assert_wrong(seen(fused(("up_proj", "gate_proj"))), *(f"model.layers.{n}.experts.gate_up_proj" for n in (0, 1)))

    def test_an_expert_twice(self) -> None:
        self.assertEqual(len(seen(fused(experts=(0, 0, 2))).wrong), 4)

    def test_a_trained_head_that_the_embedding_has_taken(self) -> None:
        found = seen(STORED | {"lm_head.weight": STORED["model.embed_tokens.weight"]})
        self.assert_wrong(found, "lm_head.weight")
        self.assertEqual(found.unused, ["lm_head.weight"])

    def test_transposed(self) -> None:
        self.assert_wrong(seen(STORED | {Q: STORED[Q].T.contiguous()}), Q)
        turned = {name: t.transpose(-1, -2).contiguous() if "gate_up" in name else t for name, t in fused().items()}
        self.assert_wrong(seen(turned), *(f"model.layers.{n}.experts.gate_up_proj" for n in (0, 1)))

    def test_of_another_shape(self) -> None:
        self.assert_wrong(seen(STORED | {Q: STORED[Q].reshape(2, 8)}), Q)


if __name__ == "__main__":
    unittest.main()
