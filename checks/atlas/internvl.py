"""InternVL: the class in transformers, in the old layout: language_model.model."""

import _ways
from _published import Published
from _tiny import INTERN_VISION, TEXT
from _ways import assert_exact

SIZES = {
    "text_config": TEXT | {"model_type": "qwen2"},
    "vision_config": INTERN_VISION,
    "image_token_id": 3,
    "downsample_ratio": 0.5,
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
language_model.model.layers.{0-1}.self_attn.k_proj.bias 16
language_model.model.layers.{0-1}.self_attn.k_proj.weight 16x32
language_model.model.layers.{0-1}.self_attn.o_proj.weight 32x32
language_model.model.layers.{0-1}.self_attn.q_proj.bias 32
language_model.model.layers.{0-1}.self_attn.q_proj.weight 32x32
language_model.model.layers.{0-1}.self_attn.v_proj.bias 16
language_model.model.layers.{0-1}.self_attn.v_proj.weight 16x32
language_model.model.norm.weight 32
multi_modal_projector.layer_norm.bias 64
multi_modal_projector.layer_norm.weight 64
multi_modal_projector.linear_1.bias 32
multi_modal_projector.linear_1.weight 32x64
multi_modal_projector.linear_2.bias 32
multi_modal_projector.linear_2.weight 32x32
vision_tower.embeddings.cls_token 1x1x16
vision_tower.embeddings.patch_embeddings.projection.bias 16
vision_tower.embeddings.patch_embeddings.projection.weight 16x3x4x4
vision_tower.embeddings.position_embeddings 1x17x16
vision_tower.encoder.layer.{0-1}.attention.k_proj.weight 16x16
vision_tower.encoder.layer.{0-1}.attention.projection_layer.bias 16
vision_tower.encoder.layer.{0-1}.attention.projection_layer.weight 16x16
vision_tower.encoder.layer.{0-1}.attention.q_proj.weight 16x16
vision_tower.encoder.layer.{0-1}.attention.v_proj.weight 16x16
vision_tower.encoder.layer.{0-1}.lambda_1 16
vision_tower.encoder.layer.{0-1}.lambda_2 16
vision_tower.encoder.layer.{0-1}.layernorm_after.bias 16
vision_tower.encoder.layer.{0-1}.layernorm_after.weight 16
vision_tower.encoder.layer.{0-1}.layernorm_before.bias 16
vision_tower.encoder.layer.{0-1}.layernorm_before.weight 16
vision_tower.encoder.layer.{0-1}.mlp.fc1.bias 24
vision_tower.encoder.layer.{0-1}.mlp.fc1.weight 24x16
vision_tower.encoder.layer.{0-1}.mlp.fc2.bias 16
vision_tower.encoder.layer.{0-1}.mlp.fc2.weight 16x24
"""
PUBLISHED = Published(
    "internvl", "InternVLForConditionalGeneration", SIZES, LAYOUT, __file__, head=["language_model.lm_head.weight"]
)


def plain():
    """InternVL loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """InternVL loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """InternVL loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """InternVL is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """InternVL loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """InternVL loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """InternVL loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """InternVL loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
