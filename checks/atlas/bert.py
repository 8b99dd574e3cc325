"""BERT: with the old names gamma and beta, as the base models are published, and the head that the class has no place for."""

from _published import Published
from _tiny import ENCODER

SIZES = ENCODER
LAYOUT = """
bert.embeddings.LayerNorm.{beta,gamma} 32
bert.embeddings.position_embeddings.weight 32x32
bert.embeddings.token_type_embeddings.weight 2x32
bert.embeddings.word_embeddings.weight 64x32
bert.encoder.layer.{0-1}.attention.output.LayerNorm.{beta,gamma} 32
bert.encoder.layer.{0-1}.attention.output.dense.bias 32
bert.encoder.layer.{0-1}.attention.output.dense.weight 32x32
bert.encoder.layer.{0-1}.attention.self.{key,query,value}.bias 32
bert.encoder.layer.{0-1}.attention.self.{key,query,value}.weight 32x32
bert.encoder.layer.{0-1}.intermediate.dense.bias 48
bert.encoder.layer.{0-1}.intermediate.dense.weight 48x32
bert.encoder.layer.{0-1}.output.LayerNorm.{beta,gamma} 32
bert.encoder.layer.{0-1}.output.dense.bias 32
bert.encoder.layer.{0-1}.output.dense.weight 32x48
bert.pooler.dense.bias 32
bert.pooler.dense.weight 32x32
cls.predictions.bias 64
cls.predictions.transform.LayerNorm.{beta,gamma} 32
cls.predictions.transform.dense.bias 32
cls.predictions.transform.dense.weight 32x32
cls.seq_relationship.bias 2
cls.seq_relationship.weight 2x32
"""
PUBLISHED = Published(
    "bert", "BertForMaskedLM", SIZES, LAYOUT, __file__, unused=["bert.pooler.*", "cls.seq_relationship.*"], head=["cls.*"]
)
