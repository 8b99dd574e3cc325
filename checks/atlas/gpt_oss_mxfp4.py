"""gpt-oss, MXFP4: experts fused and quantised as they are published; on a CPU, which dequantises them."""

from _published import Published
from _tiny import LOCAL_EXPERTS, TEXT

KEPT = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]
SIZES = TEXT | LOCAL_EXPERTS | {"intermediate_size": 64}
SIZES |= {"quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": KEPT}}
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.mlp.experts.down_proj_blocks 4x32x2x16 U8
model.layers.{0-1}.mlp.experts.down_proj_scales 4x32x2 U8
model.layers.{0-1}.mlp.experts.down_proj_bias 4x32
model.layers.{0-1}.mlp.experts.gate_up_proj_blocks 4x128x1x16 U8
model.layers.{0-1}.mlp.experts.gate_up_proj_scales 4x128x1 U8
model.layers.{0-1}.mlp.experts.gate_up_proj_bias 4x128
model.layers.{0-1}.mlp.router.bias 4
model.layers.{0-1}.mlp.router.weight 4x32
model.layers.{0-1}.self_attn.{k,v}_proj.bias 16
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.bias 32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.layers.{0-1}.self_attn.sinks 4
model.norm.weight 32
"""
PUBLISHED = Published("gpt_oss", "GptOssForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"], quantised="mxfp4")
