"""DeepSeek-V3: three matrices for each expert, the router's bias in float32; in bfloat16, without the layers for
multi-token prediction."""

from _published import Published
from _tiny import LATENT, ROUTED, TEXT

SIZES = TEXT | ROUTED | LATENT
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.0.mlp.down_proj.weight 32x48
model.layers.0.mlp.{gate,up}_proj.weight 48x32
model.layers.{0-1}.self_attn.{kv,q}_a_layernorm.weight 8
model.layers.{0-1}.self_attn.kv_a_proj_with_mqa.weight 12x32
model.layers.{0-1}.self_attn.kv_b_proj.weight 64x8
model.layers.{0-1}.self_attn.o_proj.weight 32x32
model.layers.{0-1}.self_attn.q_a_proj.weight 8x32
model.layers.{0-1}.self_attn.q_b_proj.weight 48x8
model.layers.1.mlp.experts.{0-3}.down_proj.weight 32x16
model.layers.1.mlp.experts.{0-3}.{gate,up}_proj.weight 16x32
model.layers.1.mlp.gate.e_score_correction_bias 4 F32
model.layers.1.mlp.gate.weight 4x32
model.layers.1.mlp.shared_experts.down_proj.weight 32x16
model.layers.1.mlp.shared_experts.{gate,up}_proj.weight 16x32
model.norm.weight 32
"""
PUBLISHED = Published("deepseek_v3", "DeepseekV3ForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
