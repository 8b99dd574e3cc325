"""Whisper: encoder and decoder, its head tied."""

from _published import Published
from _tiny import SPEECH

SIZES = SPEECH
LAYOUT = """
model.{decoder,encoder}.embed_positions.weight 16x32
model.decoder.embed_tokens.weight 64x32
model.decoder.layer_norm.{bias,weight} 32
model.decoder.layers.{0-1}.{encoder,self}_attn.{k,out,q,v}_proj.weight 32x32
model.decoder.layers.{0-1}.{encoder,self}_attn.{out,q,v}_proj.bias 32
model.decoder.layers.{0-1}.encoder_attn_layer_norm.{bias,weight} 32
model.{decoder,encoder}.layers.{0-1}.fc1.bias 48
model.{decoder,encoder}.layers.{0-1}.fc1.weight 48x32
model.{decoder,encoder}.layers.{0-1}.{fc2,final_layer_norm,self_attn_layer_norm}.bias 32
model.{decoder,encoder}.layers.{0-1}.fc2.weight 32x48
model.{decoder,encoder}.layers.{0-1}.{final,self_attn}_layer_norm.weight 32
model.encoder.{conv1,conv2,layer_norm}.bias 32
model.encoder.conv1.weight 32x8x3
model.encoder.conv2.weight 32x32x3
model.encoder.layer_norm.weight 32
model.encoder.layers.{0-1}.self_attn.{k,out,q,v}_proj.weight 32x32
model.encoder.layers.{0-1}.self_attn.{out,q,v}_proj.bias 32
"""
PUBLISHED = Published("whisper", "WhisperForConditionalGeneration", SIZES, LAYOUT, __file__)
