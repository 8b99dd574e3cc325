"""Llama: a dense decoder, its head untied."""

from _published import Published
from _tiny import TEXT

SIZES = TEXT
LAYOUT = """
lm_head.weight 64x32
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.mlp.down_proj.weight 32x48
model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.norm.weight 32
"""
PUBLISHED = Published("llama", "LlamaForCausalLM", SIZES, LAYOUT, __file__, head=["lm_head.weight"])
