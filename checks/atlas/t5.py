"""T5: encoder and decoder around one embedding, with the bias that the class has no place for."""

import _ways
from _published import Published
from _tiny import SEQUENCES
from _ways import assert_exact

SIZES = SEQUENCES
LAYOUT = """
decoder.block.{0-1}.layer.0.SelfAttention.k.weight 32x32
decoder.block.{0-1}.layer.0.SelfAttention.o.weight 32x32
decoder.block.{0-1}.layer.0.SelfAttention.q.weight 32x32
decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight 32x4
decoder.block.{0-1}.layer.0.SelfAttention.v.weight 32x32
decoder.block.{0-1}.layer.{0-2}.layer_norm.weight 32
decoder.block.{0-1}.layer.1.EncDecAttention.k.weight 32x32
decoder.block.{0-1}.layer.1.EncDecAttention.o.weight 32x32
decoder.block.{0-1}.layer.1.EncDecAttention.q.weight 32x32
decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight 32x4
decoder.block.{0-1}.layer.1.EncDecAttention.v.weight 32x32
decoder.block.{0-1}.layer.2.DenseReluDense.wi.weight 48x32
decoder.block.{0-1}.layer.2.DenseReluDense.wo.weight 32x48
decoder.final_layer_norm.weight 32
encoder.block.{0-1}.layer.0.SelfAttention.k.weight 32x32
encoder.block.{0-1}.layer.0.SelfAttention.o.weight 32x32
encoder.block.{0-1}.layer.0.SelfAttention.q.weight 32x32
encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight 32x4
encoder.block.{0-1}.layer.0.SelfAttention.v.weight 32x32
encoder.block.{0-1}.layer.{0-1}.layer_norm.weight 32
encoder.block.{0-1}.layer.1.DenseReluDense.wi.weight 48x32
encoder.block.{0-1}.layer.1.DenseReluDense.wo.weight 32x48
encoder.final_layer_norm.weight 32
shared.weight 64x32
"""
PUBLISHED = Published(
    "t5", "T5ForConditionalGeneration", SIZES, LAYOUT, __file__, unused=["*.EncDecAttention.relative_attention_bias.weight"]
)


def plain():
    """T5 loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """T5 loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """T5 loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """T5 is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """T5 loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """T5 loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """T5 loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """T5 loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
