"""T5: encoder and decoder around one embedding, with the bias that the class has no place for."""

from _published import Published
from _tiny import SEQUENCES

SIZES = SEQUENCES
LAYOUT = """
{decoder,encoder}.block.{0-1}.layer.0.SelfAttention.{k,o,q,v}.weight 32x32
{decoder,encoder}.block.0.layer.0.SelfAttention.relative_attention_bias.weight 32x4
decoder.block.{0-1}.layer.{0-2}.layer_norm.weight 32
decoder.block.{0-1}.layer.1.EncDecAttention.{k,o,q,v}.weight 32x32
decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight 32x4
decoder.block.{0-1}.layer.2.DenseReluDense.wi.weight 48x32
decoder.block.{0-1}.layer.2.DenseReluDense.wo.weight 32x48
{decoder,encoder}.final_layer_norm.weight 32
encoder.block.{0-1}.layer.{0-1}.layer_norm.weight 32
encoder.block.{0-1}.layer.1.DenseReluDense.wi.weight 48x32
encoder.block.{0-1}.layer.1.DenseReluDense.wo.weight 32x48
shared.weight 64x32
"""
PUBLISHED = Published(
    "t5", "T5ForConditionalGeneration", SIZES, LAYOUT, __file__, unused=["*.EncDecAttention.relative_attention_bias.weight"]
)
