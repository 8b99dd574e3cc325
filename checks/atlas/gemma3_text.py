"""Gemma 3, text: the text model alone, its head tied."""

from _published import Published
from _tiny import TIED

SIZES = TIED | {"layer_types": ["sliding_attention", "full_attention"]}
LAYOUT = """
model.embed_tokens.weight 64x32
model.layers.{0-1}.{input,post_attention,post_feedforward,pre_feedforward}_layernorm.weight 32
model.layers.{0-1}.mlp.down_proj.weight 32x48
model.layers.{0-1}.mlp.{gate,up}_proj.weight 48x32
model.layers.{0-1}.self_attn.{k,q}_norm.weight 8
model.layers.{0-1}.self_attn.{k,v}_proj.weight 16x32
model.layers.{0-1}.self_attn.{o,q}_proj.weight 32x32
model.norm.weight 32
"""
PUBLISHED = Published("gemma3_text", "Gemma3ForCausalLM", SIZES, LAYOUT, __file__)
