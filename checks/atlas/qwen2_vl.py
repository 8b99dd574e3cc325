"""Qwen2-VL: with its vision tower, in the old layout: visual and model side by side; its head tied."""

import _ways
from _published import Published
from _tiny import MROPE, QWEN2_VISION, TIED
from _ways import assert_exact

SIZES = TIED | MROPE | {"vision_config": QWEN2_VISION}
LAYOUT = """
model.embed_tokens.weight 64x32
model.layers.{0-1}.input_layernorm.weight 32
model.layers.{0-1}.mlp.down_proj.weight 32x48
model.layers.{0-1}.mlp.gate_proj.weight 48x32
model.layers.{0-1}.mlp.up_proj.weight 48x32
model.layers.{0-1}.post_attention_layernorm.weight 32
model.layers.{0-1}.self_attn.k_proj.bias 16
model.layers.{0-1}.self_attn.k_proj.weight 16x32
model.layers.{0-1}.self_attn.o_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.bias 32
model.layers.{0-1}.self_attn.q_proj.weight 32x32
model.layers.{0-1}.self_attn.v_proj.bias 16
model.layers.{0-1}.self_attn.v_proj.weight 16x32
model.norm.weight 32
visual.blocks.{0-1}.attn.proj.bias 16
visual.blocks.{0-1}.attn.proj.weight 16x16
visual.blocks.{0-1}.attn.qkv.bias 48
visual.blocks.{0-1}.attn.qkv.weight 48x16
visual.blocks.{0-1}.mlp.fc1.bias 32
visual.blocks.{0-1}.mlp.fc1.weight 32x16
visual.blocks.{0-1}.mlp.fc2.bias 16
visual.blocks.{0-1}.mlp.fc2.weight 16x32
visual.blocks.{0-1}.norm1.bias 16
visual.blocks.{0-1}.norm1.weight 16
visual.blocks.{0-1}.norm2.bias 16
visual.blocks.{0-1}.norm2.weight 16
visual.merger.ln_q.bias 16
visual.merger.ln_q.weight 16
visual.merger.mlp.0.bias 64
visual.merger.mlp.0.weight 64x64
visual.merger.mlp.2.bias 32
visual.merger.mlp.2.weight 32x64
visual.patch_embed.proj.weight 16x3x2x4x4
"""
PUBLISHED = Published("qwen2_vl", "Qwen2VLForConditionalGeneration", SIZES, LAYOUT, __file__)


def plain():
    """Qwen2-VL loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """Qwen2-VL loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """Qwen2-VL loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """Qwen2-VL is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """Qwen2-VL loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """Qwen2-VL loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """Qwen2-VL loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """Qwen2-VL loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
