"""LLaVA: a CLIP tower and a Llama, in the old layout: language_model.model."""

from _published import Published
from _tiny import SIGLIP, TEXT

SIZES = {
    "text_config": TEXT | {"model_type": "llama"},
    "vision_config": SIGLIP | {"model_type": "clip_vision_model", "projection_dim": 16},
    "image_token_index": 3,
    "tie_word_embeddings": False,
}
LAYOUT = """
language_model.lm_head.weight 64x32
language_model.model.embed_tokens.weight 64x32
language_model.model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
language_model.model.layers.{0-1}.mlp.down_proj.weight 32x48
language_model.model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
language_model.model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
language_model.model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
language_model.model.norm.weight 32
multi_modal_projector.{linear_1,linear_2}.bias 32
multi_modal_projector.linear_1.weight 32x16
multi_modal_projector.linear_2.weight 32x32
vision_tower.vision_model.embeddings.class_embedding 16
vision_tower.vision_model.embeddings.patch_embedding.weight 16x3x4x4
vision_tower.vision_model.embeddings.position_embedding.weight 17x16
vision_tower.vision_model.encoder.layers.{0-1}.{layer_norm1,layer_norm2}.{bias,weight} 16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc1.bias 24
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc1.weight 24x16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc2.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc2.weight 16x24
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.{k,out,q,v}_proj.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.{k,out,q,v}_proj.weight 16x16
vision_tower.vision_model.{post_layernorm,pre_layrnorm}.{bias,weight} 16
"""
PUBLISHED = Published("llava", "LlavaForConditionalGeneration", SIZES, LAYOUT, __file__, head=["language_model.lm_head.weight"])
