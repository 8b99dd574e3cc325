"""LLaVA: a CLIP tower and a Llama, in the old layout: language_model.model."""

import _ways
from _published import Published
from _tiny import SIGLIP, TEXT
from _ways import assert_exact

SIZES = {
    "text_config": TEXT | {"model_type": "llama"},
    "vision_config": SIGLIP | {"model_type": "clip_vision_model", "projection_dim": 16},
    "image_token_index": 3,
    "tie_word_embeddings": False,
}
LAYOUT = """
language_model.lm_head.weight 64x32
language_model.model.embed_tokens.weight 64x32
language_model.model.layers.{0-1}.input_layernorm.weight 32
language_model.model.layers.{0-1}.mlp.down_proj.weight 32x48
language_model.model.layers.{0-1}.mlp.gate_proj.weight 48x32
language_model.model.layers.{0-1}.mlp.up_proj.weight 48x32
language_model.model.layers.{0-1}.post_attention_layernorm.weight 32
language_model.model.layers.{0-1}.self_attn.k_proj.weight 16x32
language_model.model.layers.{0-1}.self_attn.o_proj.weight 32x32
language_model.model.layers.{0-1}.self_attn.q_proj.weight 32x32
language_model.model.layers.{0-1}.self_attn.v_proj.weight 16x32
language_model.model.norm.weight 32
multi_modal_projector.linear_1.bias 32
multi_modal_projector.linear_1.weight 32x16
multi_modal_projector.linear_2.bias 32
multi_modal_projector.linear_2.weight 32x32
vision_tower.vision_model.embeddings.class_embedding 16
vision_tower.vision_model.embeddings.patch_embedding.weight 16x3x4x4
vision_tower.vision_model.embeddings.position_embedding.weight 17x16
vision_tower.vision_model.encoder.layers.{0-1}.layer_norm1.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.layer_norm1.weight 16
vision_tower.vision_model.encoder.layers.{0-1}.layer_norm2.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.layer_norm2.weight 16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc1.bias 24
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc1.weight 24x16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc2.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.mlp.fc2.weight 16x24
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.k_proj.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.k_proj.weight 16x16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.out_proj.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.out_proj.weight 16x16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.q_proj.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.q_proj.weight 16x16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.v_proj.bias 16
vision_tower.vision_model.encoder.layers.{0-1}.self_attn.v_proj.weight 16x16
vision_tower.vision_model.post_layernorm.bias 16
vision_tower.vision_model.post_layernorm.weight 16
vision_tower.vision_model.pre_layrnorm.bias 16
vision_tower.vision_model.pre_layrnorm.weight 16
"""
PUBLISHED = Published("llava", "LlavaForConditionalGeneration", SIZES, LAYOUT, __file__, head=["language_model.lm_head.weight"])


def plain():
    """LLaVA loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """LLaVA loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """LLaVA loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """LLaVA is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """LLaVA loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """LLaVA loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """LLaVA loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """LLaVA loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
