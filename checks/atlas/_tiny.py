"""Small sizes for each part of an architecture: two layers, widths of a few dozen, every kind of tensor of the real one.

The layout of a vision tower that several architectures have stands here as well.
"""

TEXT = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
}
TIED = TEXT | {"tie_word_embeddings": True}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
LOCAL_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
SHARED = {"shared_expert_intermediate_size": 16}
ROUTED = {
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 1,
    "n_group": 2,
    "topk_group": 1,
}
LATENT = {
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 8,
    "num_key_value_heads": 4,
}
LINEAR = {
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
MROPE = {"rope_scaling": {"type": "default", "rope_type": "default", "mrope_section": [1, 1, 2]}}
QWEN_VISION = {"depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32, "patch_size": 4}
SIGLIP = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 4,
}
QWEN2_VISION = {"depth": 2, "embed_dim": 16, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 4}
INTERN_VISION = {
    "model_type": "internvl_vision",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": [16, 16],
    "patch_size": [4, 4],
}
SPEECH = {
    "vocab_size": 64,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "num_mel_bins": 8,
    "max_source_positions": 16,
    "max_target_positions": 16,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "suppress_tokens": [],
    "begin_suppress_tokens": [],
}
SEQUENCES = {
    "vocab_size": 64,
    "d_model": 32,
    "d_ff": 48,
    "d_kv": 8,
    "num_layers": 2,
    "num_heads": 4,
    "decoder_start_token_id": 0,
    "pad_token_id": 0,
    "eos_token_id": 1,
}
ENCODER = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 32,
}
INTERN_TOWER = """
vision_tower.embeddings.cls_token 1x1x16
vision_tower.embeddings.patch_embeddings.projection.bias 16
vision_tower.embeddings.patch_embeddings.projection.weight 16x3x4x4
vision_tower.embeddings.position_embeddings 1x17x16
vision_tower.encoder.layer.{0-1}.attention.{k_proj,projection_layer,q_proj,v_proj}.weight 16x16
vision_tower.encoder.layer.{0-1}.attention.projection_layer.bias 16
vision_tower.encoder.layer.{0-1}.{lambda_1,lambda_2} 16
vision_tower.encoder.layer.{0-1}.{layernorm_after,layernorm_before}.{bias,weight} 16
vision_tower.encoder.layer.{0-1}.mlp.fc1.bias 24
vision_tower.encoder.layer.{0-1}.mlp.fc1.weight 24x16
vision_tower.encoder.layer.{0-1}.mlp.fc2.bias 16
vision_tower.encoder.layer.{0-1}.mlp.fc2.weight 16x24
"""
QWEN_TOWER = """
model.visual.blocks.{0-1}.attn.proj.bias 16
model.visual.blocks.{0-1}.attn.proj.weight 16x16
model.visual.blocks.{0-1}.attn.qkv.bias 48
model.visual.blocks.{0-1}.attn.qkv.weight 48x16
model.visual.blocks.{0-1}.mlp.linear_fc1.bias 24
model.visual.blocks.{0-1}.mlp.linear_fc1.weight 24x16
model.visual.blocks.{0-1}.mlp.linear_fc2.bias 16
model.visual.blocks.{0-1}.mlp.linear_fc2.weight 16x24
model.visual.blocks.{0-1}.{norm1,norm2}.{bias,weight} 16
model.visual.merger.linear_fc1.bias 64
model.visual.merger.linear_fc1.weight 64x64
model.visual.merger.linear_fc2.bias 32
model.visual.merger.linear_fc2.weight 32x64
model.visual.merger.norm.{bias,weight} 16
model.visual.patch_embed.proj.bias 16
model.visual.patch_embed.proj.weight 16x3x2x4x4
model.visual.pos_embed.weight 16x16
"""
