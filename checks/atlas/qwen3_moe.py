"""Qwen3-MoE: three matrices for each expert."""

from _published import Published
from _tiny import EXPERTS, TEXT

SIZES = TEXT | EXPERTS
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.mlp.experts.{0-3}.down_proj.weight 32x16
model.layers.{0-1}.mlp.experts.{0-3}.{gate,up}_proj.weight 16x32
model.layers.{0-1}.mlp.gate.weight 4x32
model.layers.{0-1}.self_attn.{k,q}_norm.weight 8
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.norm.weight 32
"""
PUBLISHED = Published("qwen3_moe", "Qwen3MoeForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
