"""Whisper: encoder and decoder, its head tied."""

import _ways
from _published import Published
from _tiny import SPEECH
from _ways import assert_exact

SIZES = SPEECH
LAYOUT = """
model.decoder.embed_positions.weight 16x32
model.decoder.embed_tokens.weight 64x32
model.decoder.layer_norm.bias 32
model.decoder.layer_norm.weight 32
model.decoder.layers.{0-1}.encoder_attn.k_proj.weight 32x32
model.decoder.layers.{0-1}.encoder_attn.out_proj.bias 32
model.decoder.layers.{0-1}.encoder_attn.out_proj.weight 32x32
model.decoder.layers.{0-1}.encoder_attn.q_proj.bias 32
model.decoder.layers.{0-1}.encoder_attn.q_proj.weight 32x32
model.decoder.layers.{0-1}.encoder_attn.v_proj.bias 32
model.decoder.layers.{0-1}.encoder_attn.v_proj.weight 32x32
model.decoder.layers.{0-1}.encoder_attn_layer_norm.bias 32
model.decoder.layers.{0-1}.encoder_attn_layer_norm.weight 32
model.decoder.layers.{0-1}.fc1.bias 48
model.decoder.layers.{0-1}.fc1.weight 48x32
model.decoder.layers.{0-1}.fc2.bias 32
model.decoder.layers.{0-1}.fc2.weight 32x48
model.decoder.layers.{0-1}.final_layer_norm.bias 32
model.decoder.layers.{0-1}.final_layer_norm.weight 32
model.decoder.layers.{0-1}.self_attn.k_proj.weight 32x32
model.decoder.layers.{0-1}.self_attn.out_proj.bias 32
model.decoder.layers.{0-1}.self_attn.out_proj.weight 32x32
model.decoder.layers.{0-1}.self_attn.q_proj.bias 32
model.decoder.layers.{0-1}.self_attn.q_proj.weight 32x32
model.decoder.layers.{0-1}.self_attn.v_proj.bias 32
model.decoder.layers.{0-1}.self_attn.v_proj.weight 32x32
model.decoder.layers.{0-1}.self_attn_layer_norm.bias 32
model.decoder.layers.{0-1}.self_attn_layer_norm.weight 32
model.encoder.conv1.bias 32
model.encoder.conv1.weight 32x8x3
model.encoder.conv2.bias 32
model.encoder.conv2.weight 32x32x3
model.encoder.embed_positions.weight 16x32
model.encoder.layer_norm.bias 32
model.encoder.layer_norm.weight 32
model.encoder.layers.{0-1}.fc1.bias 48
model.encoder.layers.{0-1}.fc1.weight 48x32
model.encoder.layers.{0-1}.fc2.bias 32
model.encoder.layers.{0-1}.fc2.weight 32x48
model.encoder.layers.{0-1}.final_layer_norm.bias 32
model.encoder.layers.{0-1}.final_layer_norm.weight 32
model.encoder.layers.{0-1}.self_attn.k_proj.weight 32x32
model.encoder.layers.{0-1}.self_attn.out_proj.bias 32
model.encoder.layers.{0-1}.self_attn.out_proj.weight 32x32
model.encoder.layers.{0-1}.self_attn.q_proj.bias 32
model.encoder.layers.{0-1}.self_attn.q_proj.weight 32x32
model.encoder.layers.{0-1}.self_attn.v_proj.bias 32
model.encoder.layers.{0-1}.self_attn.v_proj.weight 32x32
model.encoder.layers.{0-1}.self_attn_layer_norm.bias 32
model.encoder.layers.{0-1}.self_attn_layer_norm.weight 32
"""
PUBLISHED = Published("whisper", "WhisperForConditionalGeneration", SIZES, LAYOUT, __file__)


def plain():
    """Whisper loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """Whisper loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """Whisper loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """Whisper is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """Whisper loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """Whisper loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """Whisper loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """Whisper loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
