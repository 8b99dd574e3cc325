"""BERT: with the old names gamma and beta, as the base models are published, and the head that the class has no place for."""

import _ways
from _published import Published
from _tiny import ENCODER
from _ways import assert_exact

SIZES = ENCODER
LAYOUT = """
bert.embeddings.LayerNorm.beta 32
bert.embeddings.LayerNorm.gamma 32
bert.embeddings.position_embeddings.weight 32x32
bert.embeddings.token_type_embeddings.weight 2x32
bert.embeddings.word_embeddings.weight 64x32
bert.encoder.layer.{0-1}.attention.output.LayerNorm.beta 32
bert.encoder.layer.{0-1}.attention.output.LayerNorm.gamma 32
bert.encoder.layer.{0-1}.attention.output.dense.bias 32
bert.encoder.layer.{0-1}.attention.output.dense.weight 32x32
bert.encoder.layer.{0-1}.attention.self.key.bias 32
bert.encoder.layer.{0-1}.attention.self.key.weight 32x32
bert.encoder.layer.{0-1}.attention.self.query.bias 32
bert.encoder.layer.{0-1}.attention.self.query.weight 32x32
bert.encoder.layer.{0-1}.attention.self.value.bias 32
bert.encoder.layer.{0-1}.attention.self.value.weight 32x32
bert.encoder.layer.{0-1}.intermediate.dense.bias 48
bert.encoder.layer.{0-1}.intermediate.dense.weight 48x32
bert.encoder.layer.{0-1}.output.LayerNorm.beta 32
bert.encoder.layer.{0-1}.output.LayerNorm.gamma 32
bert.encoder.layer.{0-1}.output.dense.bias 32
bert.encoder.layer.{0-1}.output.dense.weight 32x48
bert.pooler.dense.bias 32
bert.pooler.dense.weight 32x32
cls.predictions.bias 64
cls.predictions.transform.LayerNorm.beta 32
cls.predictions.transform.LayerNorm.gamma 32
cls.predictions.transform.dense.bias 32
cls.predictions.transform.dense.weight 32x32
cls.seq_relationship.bias 2
cls.seq_relationship.weight 2x32
"""
PUBLISHED = Published(
    "bert", "BertForMaskedLM", SIZES, LAYOUT, __file__, unused=["bert.pooler.*", "cls.seq_relationship.*"], head=["cls.*"]
)


def plain():
    """BERT loads exactly with from_pretrained."""
    assert_exact(_ways.plain(PUBLISHED))


def auto():
    """BERT loads exactly with AutoModel, without its head."""
    assert_exact(_ways.auto(PUBLISHED))


def cast():
    """BERT loads exactly as float16 with device_map."""
    assert_exact(_ways.cast(PUBLISHED))


def again():
    """BERT is the same after save_pretrained and from_pretrained."""
    assert_exact(_ways.again(PUBLISHED))


def zero3():
    """BERT loads exactly under DeepSpeed ZeRO-3."""
    assert_exact(_ways.zero3(PUBLISHED))


def two_ranks():
    """BERT loads exactly under DeepSpeed ZeRO-3 with two ranks."""
    assert_exact(*_ways.two_ranks(PUBLISHED))


def from_other():
    """BERT loads exactly from what the other release saved."""
    assert_exact(_ways.from_other(PUBLISHED))


def to_other():
    """BERT loads exactly in the other release from what this one saved."""
    assert_exact(_ways.to_other(PUBLISHED))
