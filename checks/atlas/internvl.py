"""InternVL: the class in transformers, in the old layout: language_model.model."""

from _published import Published
from _tiny import INTERN_TOWER, INTERN_VISION, TEXT

SIZES = {
    "text_config": TEXT | {"model_type": "qwen2"},
    "vision_config": INTERN_VISION,
    "image_token_id": 3,
    "downsample_ratio": 0.5,
    "tie_word_embeddings": False,
}
LAYOUT = (
    INTERN_TOWER
    + """
language_model.lm_head.weight 64x32
language_model.model.embed_tokens.weight 64x32
language_model.model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
language_model.model.layers.{0-1}.mlp.down_proj.weight 32x48
language_model.model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
language_model.model.layers.{0-1}.self_attn.{k,v}_proj.bias 16
language_model.model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
language_model.model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
language_model.model.layers.{0-1}.self_attn.q_proj.bias 32
language_model.model.norm.weight 32
multi_modal_projector.layer_norm.{bias,weight} 64
multi_modal_projector.{linear_1,linear_2}.bias 32
multi_modal_projector.linear_1.weight 32x64
multi_modal_projector.linear_2.weight 32x32
"""
)
PUBLISHED = Published(
    "internvl", "InternVLForConditionalGeneration", SIZES, LAYOUT, __file__, head=["language_model.lm_head.weight"]
)
