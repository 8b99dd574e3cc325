"""gpt-oss: experts fused in the files, in bfloat16; the published MXFP4 is not measured."""

import _ways
from _published import Published
from _tiny import LOCAL_EXPERTS, TEXT
from _ways import assert_exact

SIZES = TEXT | LOCAL_EXPERTS
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.input_layernorm.weight 32
model.layers.{0-1}.mlp.experts.down_proj 4x48x32
model.layers.{0-1}.mlp.experts.down_proj_bias 4x32
model.layers.{0-1}.mlp.experts.gate_up_proj 4x32x96
model.layers.{0-1}.mlp.experts.gate_up_proj_bias 4x96
model.layers.{0-1}.mlp.router.bias 4
model.layers.{0-1}.mlp.router.weight 4x32
model.layers.{0-1}.post_attention_layernorm.weight 32
model.layers.{0-1}.self_attn.k_proj.bias 16
model.layers.{0-1}.self_attn.k_proj.weight 16x32
model.layers.{0-1}.self_attn.o_proj.bias 32
model.layers.{0-1}.self_attn.o_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.bias 32
model.layers.{0-1}.self_attn.q_proj.weight 32x32
model.layers.{0-1}.self_attn.sinks 4
model.layers.{0-1}.self_attn.v_proj.bias 16
model.layers.{0-1}.self_attn.v_proj.weight 16x32
model.norm.weight 32
"""
PUBLISHED = Published("gpt_oss", "GptOssForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])


def plain():
    """gpt-oss loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """gpt-oss loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """gpt-oss loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """gpt-oss is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """gpt-oss loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """gpt-oss loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """gpt-oss loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """gpt-oss loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
