"""GLM-4 MoE: three matrices for each expert, the router's bias in float32; without the layer for multi-token prediction."""

from _published import Published
from _tiny import ROUTED, TEXT

SIZES = TEXT | ROUTED | {"use_qk_norm": True, "attention_bias": True}
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.0.mlp.down_proj.weight 32x48
model.layers.0.mlp.{gate,up}_proj.weight 48x32
model.layers.{0-1}.self_attn.{k,q}_norm.weight 8
model.layers.{0-1}.self_attn.{k,v}_proj.bias 16
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.bias 32
model.layers.1.mlp.experts.{0-3}.down_proj.weight 32x16
model.layers.1.mlp.experts.{0-3}.{gate,up}_proj.weight 16x32
model.layers.1.mlp.gate.e_score_correction_bias 4 F32
model.layers.1.mlp.gate.weight 4x32
model.layers.1.mlp.shared_experts.down_proj.weight 32x16
model.layers.1.mlp.shared_experts.{gate,up}_proj.weight 16x32
model.norm.weight 32
"""
PUBLISHED = Published("glm4_moe", "Glm4MoeForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
