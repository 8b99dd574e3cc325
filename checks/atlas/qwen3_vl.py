"""Qwen3-VL: with its vision tower; everything under model; its head tied."""

from _published import Published
from _tiny import MROPE, QWEN_TOWER, QWEN_VISION, TIED

SIZES = {
    "text_config": TIED | MROPE | {"model_type": "qwen3_vl_text"},
    "vision_config": QWEN_VISION | {"deepstack_visual_indexes": [0], "num_position_embeddings": 16},
    "tie_word_embeddings": True,
}
LAYOUT = (
    QWEN_TOWER
    + """
model.language_model.embed_tokens.weight 64x32
model.language_model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.language_model.layers.{0-1}.mlp.down_proj.weight 32x48
model.language_model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
model.language_model.layers.{0-1}.self_attn.{k,q}_norm.weight 8
model.language_model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.language_model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.language_model.norm.weight 32
model.visual.deepstack_merger_list.0.{linear_fc1,norm}.bias 64
model.visual.deepstack_merger_list.0.linear_fc1.weight 64x64
model.visual.deepstack_merger_list.0.linear_fc2.bias 32
model.visual.deepstack_merger_list.0.linear_fc2.weight 32x64
model.visual.deepstack_merger_list.0.norm.weight 64
"""
)
PUBLISHED = Published("qwen3_vl", "Qwen3VLForConditionalGeneration", SIZES, LAYOUT, __file__)
