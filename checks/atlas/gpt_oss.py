"""gpt-oss: experts fused in the files, in bfloat16."""

from _published import Published
from _tiny import LOCAL_EXPERTS, TEXT

SIZES = TEXT | LOCAL_EXPERTS
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.mlp.experts.down_proj 4x48x32
model.layers.{0-1}.mlp.experts.down_proj_bias 4x32
model.layers.{0-1}.mlp.experts.gate_up_proj 4x32x96
model.layers.{0-1}.mlp.experts.gate_up_proj_bias 4x96
model.layers.{0-1}.mlp.router.bias 4
model.layers.{0-1}.mlp.router.weight 4x32
model.layers.{0-1}.self_attn.{k,v}_proj.bias 16
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.bias 32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.layers.{0-1}.self_attn.sinks 4
model.norm.weight 32
"""
PUBLISHED = Published("gpt_oss", "GptOssForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
