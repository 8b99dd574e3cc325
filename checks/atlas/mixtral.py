"""Mixtral: three matrices for each expert, under block_sparse_moe."""

from _published import Published
from _tiny import LOCAL_EXPERTS, TEXT

SIZES = TEXT | LOCAL_EXPERTS
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.{w1,w3}.weight 48x32
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w2.weight 32x48
model.layers.{0-1}.block_sparse_moe.gate.weight 4x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.norm.weight 32
"""
PUBLISHED = Published("mixtral", "MixtralForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
