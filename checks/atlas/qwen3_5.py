"""Qwen3.5: with its vision tower, linear and full attention."""

import _ways
from _published import Published
from _tiny import LINEAR, MROPE, QWEN_VISION, TEXT
from _ways import assert_exact

SIZES = {
    "text_config": TEXT | LINEAR | MROPE | {"model_type": "qwen3_5_text"},
    "vision_config": QWEN_VISION | {"num_position_embeddings": 16},
    "tie_word_embeddings": False,
}
LAYOUT = """
lm_head.weight 64x32
model.language_model.embed_tokens.weight 64x32
model.language_model.layers.{0-1}.input_layernorm.weight 32
model.language_model.layers.0.linear_attn.A_log 4
model.language_model.layers.0.linear_attn.conv1d.weight 64x1x4
model.language_model.layers.0.linear_attn.dt_bias 4
model.language_model.layers.0.linear_attn.in_proj_a.weight 4x32
model.language_model.layers.0.linear_attn.in_proj_b.weight 4x32
model.language_model.layers.0.linear_attn.in_proj_qkv.weight 64x32
model.language_model.layers.0.linear_attn.in_proj_z.weight 32x32
model.language_model.layers.0.linear_attn.norm.weight 8
model.language_model.layers.0.linear_attn.out_proj.weight 32x32
model.language_model.layers.{0-1}.mlp.down_proj.weight 32x48
model.language_model.layers.{0-1}.mlp.gate_proj.weight 48x32
model.language_model.layers.{0-1}.mlp.up_proj.weight 48x32
model.language_model.layers.{0-1}.post_attention_layernorm.weight 32
model.language_model.layers.1.self_attn.k_norm.weight 8
model.language_model.layers.1.self_attn.k_proj.weight 16x32
model.language_model.layers.1.self_attn.o_proj.weight 32x32
model.language_model.layers.1.self_attn.q_norm.weight 8
model.language_model.layers.1.self_attn.q_proj.weight 64x32
model.language_model.layers.1.self_attn.v_proj.weight 16x32
model.language_model.norm.weight 32
model.visual.blocks.{0-1}.attn.proj.bias 16
model.visual.blocks.{0-1}.attn.proj.weight 16x16
model.visual.blocks.{0-1}.attn.qkv.bias 48
model.visual.blocks.{0-1}.attn.qkv.weight 48x16
model.visual.blocks.{0-1}.mlp.linear_fc1.bias 24
model.visual.blocks.{0-1}.mlp.linear_fc1.weight 24x16
model.visual.blocks.{0-1}.mlp.linear_fc2.bias 16
model.visual.blocks.{0-1}.mlp.linear_fc2.weight 16x24
model.visual.blocks.{0-1}.norm1.bias 16
model.visual.blocks.{0-1}.norm1.weight 16
model.visual.blocks.{0-1}.norm2.bias 16
model.visual.blocks.{0-1}.norm2.weight 16
model.visual.merger.linear_fc1.bias 64
model.visual.merger.linear_fc1.weight 64x64
model.visual.merger.linear_fc2.bias 32
model.visual.merger.linear_fc2.weight 32x64
model.visual.merger.norm.bias 16
model.visual.merger.norm.weight 16
model.visual.patch_embed.proj.bias 16
model.visual.patch_embed.proj.weight 16x3x2x4x4
model.visual.pos_embed.weight 16x16
"""
PUBLISHED = Published("qwen3_5", "Qwen3_5ForConditionalGeneration", SIZES, LAYOUT, __file__, head=["lm_head.weight"])


def plain():
    """Qwen3.5 loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """Qwen3.5 loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """Qwen3.5 loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """Qwen3.5 is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """Qwen3.5 loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """Qwen3.5 loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """Qwen3.5 loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """Qwen3.5 loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
