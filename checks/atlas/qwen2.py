"""Qwen2: a dense decoder with biases, its head tied, as the small ones are published."""

from _published import Published
from _tiny import TIED

SIZES = TIED
LAYOUT = """
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention}_layernorm.weight 32
model.layers.{0-1}.mlp.down_proj.weight 32x48
model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
model.layers.{0-1}.self_attn.{k,v}_proj.bias 16
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.layers.{0-1}.self_attn.q_proj.bias 32
model.norm.weight 32
"""
PUBLISHED = Published("qwen2", "Qwen2ForCausalLM", SIZES, LAYOUT, __file__)
