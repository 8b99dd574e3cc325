"""Qwen3.5-MoE, fused: with its vision tower, the experts fused in the files."""

from _published import Published
from _tiny import EXPERTS, LINEAR, MROPE, QWEN_TOWER, QWEN_VISION, SHARED, TEXT

SIZES = {
    "text_config": TEXT | EXPERTS | SHARED | LINEAR | MROPE | {"model_type": "qwen3_5_moe_text"},
    "vision_config": QWEN_VISION | {"num_position_embeddings": 16},
    "tie_word_embeddings": False,
}
LAYOUT = (
    QWEN_TOWER
    + """
lm_head.weight 64x32
model.language_model.embed_tokens.weight 64x32
model.language_model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.language_model.layers.0.linear_attn.{A_log,dt_bias} 4
model.language_model.layers.0.linear_attn.conv1d.weight 64x1x4
model.language_model.layers.0.linear_attn.{in_proj_a,in_proj_b}.weight 4x32
model.language_model.layers.0.linear_attn.in_proj_qkv.weight 64x32
model.language_model.layers.0.linear_attn.{in_proj_z,out_proj}.weight 32x32
model.language_model.layers.0.linear_attn.norm.weight 8
model.language_model.layers.{0-1}.mlp.experts.down_proj 4x32x16
model.language_model.layers.{0-1}.mlp.experts.gate_up_proj 4x32x32
model.language_model.layers.{0-1}.mlp.gate.weight 4x32
model.language_model.layers.{0-1}.mlp.shared_expert.down_proj.weight 32x16
model.language_model.layers.{0-1}.mlp.shared_expert.{gate,up}_proj.weight 16x32
model.language_model.layers.{0-1}.mlp.shared_expert_gate.weight 1x32
model.language_model.layers.1.self_attn.{k,q}_norm.weight 8
model.language_model.layers.1.self_attn.{k,v}_proj.weight 16x32
model.language_model.layers.1.self_attn.o_proj.weight 32x32
model.language_model.layers.1.self_attn.q_proj.weight 64x32
model.language_model.norm.weight 32
"""
)
PUBLISHED = Published("qwen3_5_moe", "Qwen3_5MoeForConditionalGeneration", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
