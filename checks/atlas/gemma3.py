"""Gemma 3: with its vision tower; the language model's names begin with language_model, as published."""

from _published import Published
from _tiny import SIGLIP, TIED

SIZES = {
    "text_config": TIED | {"model_type": "gemma3_text"},
    "vision_config": SIGLIP | {"model_type": "siglip_vision_model", "vision_use_head": False},
    "mm_tokens_per_image": 4,
    "tie_word_embeddings": True,
}
LAYOUT = """
language_model.model.embed_tokens.weight 64x32
language_model.model.layers.{0-1}.{input,post_attention,post_feedforward,pre_feedforward}_layernorm.weight 32
language_model.model.layers.{0-1}.mlp.down_proj.weight 32x48
language_model.model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
language_model.model.layers.{0-1}.self_attn.{k,q}_norm.weight 8
language_model.model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
language_model.model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
language_model.model.norm.weight 32
multi_modal_projector.mm_input_projection_weight 16x32
multi_modal_projector.mm_soft_emb_norm.weight 16
vision_tower.vision_model.embeddings.patch_embedding.bias 16
vision_tower.vision_model.embeddings.patch_embedding.weight 16x3x4x4
vision_tower.vision_model.embeddings.position_embedding.weight 16x16
vision_tower.vision_model.encoder.layers.{0-1}.{layer_norm1,layer_norm2}.{bias,weight} 16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc1.bias 24
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc1.weight 24x16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc2.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc2.weight 16x24
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.{k,out,q,v}_proj.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.{k,out,q,v}_proj.weight 16x16
vision_tower.vision_model.post_layernorm.{bias,weight} 16
"""
PUBLISHED = Published("gemma3", "Gemma3ForConditionalGeneration", SIZES, LAYOUT, __file__)
