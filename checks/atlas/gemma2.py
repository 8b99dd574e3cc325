"""Gemma 2: a dense decoder, its head tied."""

import _ways
from _published import Published
from _tiny import TIED
from _ways import assert_exact

SIZES = TIED
LAYOUT = """
model.embed_tokens.weight 64x32
model.layers.{0-1}.input_layernorm.weight 32
model.layers.{0-1}.mlp.down_proj.weight 32x48
model.layers.{0-1}.mlp.gate_proj.weight 48x32
model.layers.{0-1}.mlp.up_proj.weight 48x32
model.layers.{0-1}.post_attention_layernorm.weight 32
model.layers.{0-1}.post_feedforward_layernorm.weight 32
model.layers.{0-1}.pre_feedforward_layernorm.weight 32
model.layers.{0-1}.self_attn.k_proj.weight 16x32
model.layers.{0-1}.self_attn.o_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.weight 32x32
model.layers.{0-1}.self_attn.v_proj.weight 16x32
model.norm.weight 32
"""
PUBLISHED = Published("gemma2", "Gemma2ForCausalLM", SIZES, LAYOUT, __file__)


def plain():
    """Gemma 2 loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """Gemma 2 loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """Gemma 2 loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """Gemma 2 is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """Gemma 2 loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """Gemma 2 loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """Gemma 2 loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """Gemma 2 loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
