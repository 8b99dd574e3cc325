"""Qwen2-MoE: three matrices for each expert, and a shared one."""

from _published import Published
from _tiny import EXPERTS, SHARED, TEXT

SIZES = TEXT | EXPERTS | SHARED
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.mlp.experts.{0-3}.down_proj.weight 32x16
model.layers.{0-1}.mlp.experts.{0-3}.{gate,up}_proj.weight 16x32
model.layers.{0-1}.mlp.gate.weight 4x32
model.layers.{0-1}.mlp.shared_expert.down_proj.weight 32x16
model.layers.{0-1}.mlp.shared_expert.{gate,up}_proj.weight 16x32
model.layers.{0-1}.mlp.shared_expert_gate.weight 1x32
model.layers.{0-1}.self_attn.{k,v}_proj.bias 16
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.bias 32
model.norm.weight 32
"""
PUBLISHED = Published("qwen2_moe", "Qwen2MoeForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
