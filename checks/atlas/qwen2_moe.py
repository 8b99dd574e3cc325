"""Qwen2-MoE: three matrices for each expert, and a shared one."""

import _ways
from _published import Published
from _tiny import EXPERTS, SHARED, TEXT
from _ways import assert_exact

SIZES = TEXT | EXPERTS | SHARED
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.input_layernorm.weight 32
model.layers.{0-1}.mlp.experts.{0-3}.down_proj.weight 32x16
model.layers.{0-1}.mlp.experts.{0-3}.gate_proj.weight 16x32
model.layers.{0-1}.mlp.experts.{0-3}.up_proj.weight 16x32
model.layers.{0-1}.mlp.gate.weight 4x32
model.layers.{0-1}.mlp.shared_expert.down_proj.weight 32x16
model.layers.{0-1}.mlp.shared_expert.gate_proj.weight 16x32
model.layers.{0-1}.mlp.shared_expert.up_proj.weight 16x32
model.layers.{0-1}.mlp.shared_expert_gate.weight 1x32
model.layers.{0-1}.post_attention_layernorm.weight 32
model.layers.{0-1}.self_attn.k_proj.bias 16
model.layers.{0-1}.self_attn.k_proj.weight 16x32
model.layers.{0-1}.self_attn.o_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.bias 32
model.layers.{0-1}.self_attn.q_proj.weight 32x32
model.layers.{0-1}.self_attn.v_proj.bias 16
model.layers.{0-1}.self_attn.v_proj.weight 16x32
model.norm.weight 32
"""
PUBLISHED = Published("qwen2_moe", "Qwen2MoeForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])


def plain():
    """Qwen2-MoE loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """Qwen2-MoE loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """Qwen2-MoE loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """Qwen2-MoE is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """Qwen2-MoE loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """Qwen2-MoE loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """Qwen2-MoE loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """Qwen2-MoE loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
