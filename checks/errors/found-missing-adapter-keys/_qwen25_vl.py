"""A tiny Qwen2.5-VL under the names by which its publisher writes the 3B model, in files of the old layout."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

CLASS = "Qwen2_5_VLForConditionalGeneration"
VISION = {"depth": 1, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32, "patch_size": 4}
CONFIG = {
    "architectures": [CLASS],
    "model_type": "qwen2_5_vl",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
    "tie_word_embeddings": True,
    "torch_dtype": "float32",
    "vocab_size": 64,
    "vision_config": VISION,
}
LAYOUT = """
model.embed_tokens.weight 64x32
model.layers.0.input_layernorm.weight 32
model.layers.0.mlp.down_proj.weight 32x48
model.layers.0.mlp.gate_proj.weight 48x32
model.layers.0.mlp.up_proj.weight 48x32
model.layers.0.post_attention_layernorm.weight 32
model.layers.0.self_attn.k_proj.bias 16
model.layers.0.self_attn.k_proj.weight 16x32
model.layers.0.self_attn.o_proj.weight 32x32
model.layers.0.self_attn.q_proj.bias 32
model.layers.0.self_attn.q_proj.weight 32x32
model.layers.0.self_attn.v_proj.bias 16
model.layers.0.self_attn.v_proj.weight 16x32
model.norm.weight 32
visual.blocks.0.attn.proj.bias 16
visual.blocks.0.attn.proj.weight 16x16
visual.blocks.0.attn.qkv.bias 48
visual.blocks.0.attn.qkv.weight 48x16
visual.blocks.0.mlp.down_proj.bias 16
visual.blocks.0.mlp.down_proj.weight 16x24
visual.blocks.0.mlp.gate_proj.bias 24
visual.blocks.0.mlp.gate_proj.weight 24x16
visual.blocks.0.mlp.up_proj.bias 24
visual.blocks.0.mlp.up_proj.weight 24x16
visual.blocks.0.norm1.weight 16
visual.blocks.0.norm2.weight 16
visual.merger.ln_q.weight 16
visual.merger.mlp.0.bias 64
visual.merger.mlp.0.weight 64x64
visual.merger.mlp.2.bias 32
visual.merger.mlp.2.weight 32x64
visual.patch_embed.proj.weight 16x3x2x4x4
"""


def publish(folder):
    """Write the published folder; return its tensors."""
    generator, tensors = torch.Generator().manual_seed(0), {}
    for name, shape in (line.split() for line in LAYOUT.split("\n") if line):
        tensors[name] = torch.randn(tuple(map(int, shape.split("x"))), generator=generator)
    Path(folder).mkdir()
    Path(folder, "config.json").write_text(json.dumps(CONFIG), "utf-8")
    save_file(tensors, f"{folder}/model.safetensors", {"format": "pt"})
    return tensors


def published(name):
    """Return the published name of a parameter: since 4.52 transformers puts both towers below `model`."""
    return name.replace("model.visual.", "visual.", 1).replace("model.language_model.", "model.", 1)
