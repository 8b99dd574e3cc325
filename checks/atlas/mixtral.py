"""Mixtral: three matrices for each expert, under block_sparse_moe."""

import _ways
from _published import Published
from _tiny import LOCAL_EXPERTS, TEXT
from _ways import assert_exact

SIZES = TEXT | LOCAL_EXPERTS
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w1.weight 48x32
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w2.weight 32x48
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w3.weight 48x32
model.layers.{0-1}.block_sparse_moe.gate.weight 4x32
model.layers.{0-1}.input_layernorm.weight 32
model.layers.{0-1}.post_attention_layernorm.weight 32
model.layers.{0-1}.self_attn.k_proj.weight 16x32
model.layers.{0-1}.self_attn.o_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.weight 32x32
model.layers.{0-1}.self_attn.v_proj.weight 16x32
model.norm.weight 32
"""
PUBLISHED = Published("mixtral", "MixtralForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])


def plain():
    """Mixtral loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """Mixtral loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """Mixtral loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """Mixtral is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """Mixtral loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """Mixtral loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """Mixtral loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """Mixtral loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
