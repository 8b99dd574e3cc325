"""A tiny checkpoint of Qwen2.5-VL as the 3B model is published: its config's form, its names, their order, two shards.

Written without transformers, so it is the same whatever version loads it. There are four vision blocks instead of 32, two
language layers instead of 36, small widths but for the vision tower's 3420, and random values.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file

VISION = {"depth": 4, "hidden_size": 16, "intermediate_size": 3420, "num_heads": 2, "out_hidden_size": 32}
CONFIG = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"],
    "model_type": "qwen2_5_vl",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
    "tie_word_embeddings": True,
    "torch_dtype": "float32",
    "vocab_size": 96,
    "vision_config": VISION,
}


def _linear(name: str, out: int, into: int, bias: bool = True) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (out, into)
    if bias:
        yield f"{name}.bias", (out,)


def _vision() -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, ffn = VISION["hidden_size"], VISION["intermediate_size"]
    yield "visual.patch_embed.proj.weight", (hidden, 3, 2, 14, 14)
    for block in (f"visual.blocks.{i}" for i in range(VISION["depth"])):
        yield f"{block}.norm1.weight", (hidden,)
        yield f"{block}.norm2.weight", (hidden,)
        yield from _linear(f"{block}.attn.qkv", 3 * hidden, hidden)
        yield from _linear(f"{block}.attn.proj", hidden, hidden)
        yield from _linear(f"{block}.mlp.gate_proj", ffn, hidden)
        yield from _linear(f"{block}.mlp.up_proj", ffn, hidden)
        yield from _linear(f"{block}.mlp.down_proj", hidden, ffn)
    yield "visual.merger.ln_q.weight", (hidden,)
    yield from _linear("visual.merger.mlp.0", 4 * hidden, 4 * hidden)
    yield from _linear("visual.merger.mlp.2", VISION["out_hidden_size"], 4 * hidden)


def _language() -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, ffn = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    yield "model.embed_tokens.weight", (CONFIG["vocab_size"], hidden)
    for layer in (f"model.layers.{i}" for i in range(CONFIG["num_hidden_layers"])):
        yield f"{layer}.input_layernorm.weight", (hidden,)
        yield from _linear(f"{layer}.self_attn.q_proj", hidden, hidden)
        yield from _linear(f"{layer}.self_attn.k_proj", hidden // 2, hidden)
        yield from _linear(f"{layer}.self_attn.v_proj", hidden // 2, hidden)
        yield from _linear(f"{layer}.self_attn.o_proj", hidden, hidden, bias=False)
        yield f"{layer}.post_attention_layernorm.weight", (hidden,)
        yield from _linear(f"{layer}.mlp.gate_proj", ffn, hidden, bias=False)
        yield from _linear(f"{layer}.mlp.up_proj", ffn, hidden, bias=False)
        yield from _linear(f"{layer}.mlp.down_proj", hidden, ffn, bias=False)
    yield "model.norm.weight", (hidden,)


def save(folder: str) -> dict[str, torch.Tensor]:
    """Write the checkpoint; return its tensors by their published names."""
    path, weight_map, tensors = Path(folder), {}, {}
    path.mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for number, part in enumerate((_vision(), _language()), start=1):
        file = f"model-0000{number}-of-00002.safetensors"
        shard = {name: torch.randn(shape, generator=generator) for name, shape in part}
        save_file(shard, path / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(shard, file)
        tensors |= shard
    size = sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (path / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    (path / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    return tensors


def published(name: str) -> str:
    """Return the published name of a parameter: since 4.52 transformers puts both towers below `model`."""
    if name.startswith("model.visual."):
        return name.removeprefix("model.")
    return name.replace("model.language_model.", "model.", 1)
