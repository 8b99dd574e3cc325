"""Qwen3-Next: linear and full attention, three matrices for each expert; without the layer for multi-token prediction."""

from _published import Published
from _tiny import EXPERTS, LINEAR, SHARED, TEXT

SIZES = TEXT | EXPERTS | SHARED | LINEAR
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.0.linear_attn.{A_log,dt_bias} 4
model.layers.0.linear_attn.conv1d.weight 64x1x4
model.layers.0.linear_attn.in_proj_ba.weight 8x32
model.layers.0.linear_attn.in_proj_qkvz.weight 96x32
model.layers.0.linear_attn.norm.weight 8
model.layers.0.linear_attn.out_proj.weight 32x32
model.layers.{0-1}.mlp.experts.{0-3}.down_proj.weight 32x16
model.layers.{0-1}.mlp.experts.{0-3}.{gate,up}_proj.weight 16x32
model.layers.{0-1}.mlp.gate.weight 4x32
model.layers.{0-1}.mlp.shared_expert.down_proj.weight 32x16
model.layers.{0-1}.mlp.shared_expert.{gate,up}_proj.weight 16x32
model.layers.{0-1}.mlp.shared_expert_gate.weight 1x32
model.layers.1.self_attn.{k,q}_norm.weight 8
model.layers.1.self_attn.{k,v}_proj.weight 16x32
model.layers.1.self_attn.o_proj.weight 32x32
model.layers.1.self_attn.q_proj.weight 64x32
model.norm.weight 32
"""
PUBLISHED = Published("qwen3_next", "Qwen3NextForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
