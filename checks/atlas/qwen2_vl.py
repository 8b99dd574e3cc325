"""Qwen2-VL: with its vision tower, in the old layout: visual and model side by side; its head tied."""

from _published import Published
from _tiny import MROPE, QWEN2_VISION, TIED

SIZES = TIED | MROPE | {"vision_config": QWEN2_VISION}
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
visual.blocks.{0-1}.attn.proj.bias 16
visual.blocks.{0-1}.attn.proj.weight 16x16
visual.blocks.{0-1}.attn.qkv.bias 48
visual.blocks.{0-1}.attn.qkv.weight 48x16
visual.blocks.{0-1}.mlp.fc1.bias 32
visual.blocks.{0-1}.mlp.fc1.weight 32x16
visual.blocks.{0-1}.mlp.fc2.bias 16
visual.blocks.{0-1}.mlp.fc2.weight 16x32
visual.blocks.{0-1}.{norm1,norm2}.{bias,weight} 16
visual.merger.ln_q.{bias,weight} 16
visual.merger.mlp.0.bias 64
visual.merger.mlp.0.weight 64x64
visual.merger.mlp.2.bias 32
visual.merger.mlp.2.weight 32x64
visual.patch_embed.proj.weight 16x3x2x4x4
"""
PUBLISHED = Published("qwen2_vl", "Qwen2VLForConditionalGeneration", SIZES, LAYOUT, __file__)
