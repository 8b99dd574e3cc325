"""A checkpoint with the structure of DeepSeek-V2-Lite: its layers, experts, key names and files, but tiny tensors.

Every value lies between 1 and 2, so that no value of the checkpoint can be taken for a random initial one.
"""

import json
import shutil
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import save_file

CONFIG = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "model_type": "deepseek_v2",
    "torch_dtype": "bfloat16",
    "num_hidden_layers": 27,
    "first_k_dense_replace": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_experts_per_tok": 6,
    "topk_method": "greedy",
    "q_lora_rank": None,
    # 2048, 10944, 1408, 102400, 512, 16, 128, 64 and 128 in the published model
    "hidden_size": 8,
    "intermediate_size": 8,
    "moe_intermediate_size": 4,
    "vocab_size": 16,
    "kv_lora_rank": 4,
    "num_attention_heads": 2,
    "qk_nope_head_dim": 2,
    "qk_rope_head_dim": 2,
    "v_head_dim": 2,
}
TENSORS_PER_FILE = (1329, 1491, 1491, 980)  # as published
# Enough for the shape of a problem, and loaded in a second: a dense layer, two with 8 experts; 83 tensors.
SMALL = CONFIG | {"num_hidden_layers": 3, "n_routed_experts": 8, "num_experts_per_tok": 2}


def shapes(config=CONFIG):
    """Name and shape of every tensor, in the order of the published files."""
    c = dict(config)
    hidden, rank, heads = c["hidden_size"], c["kv_lora_rank"], c["num_attention_heads"]
    nope, rope, v = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]

    def mlp(prefix, width):
        return {
            f"{prefix}.gate_proj.weight": (width, hidden),
            f"{prefix}.up_proj.weight": (width, hidden),
            f"{prefix}.down_proj.weight": (hidden, width),
        }

    found = {"model.embed_tokens.weight": (c["vocab_size"], hidden)}
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}"
        found[f"{layer}.self_attn.q_proj.weight"] = (heads * (nope + rope), hidden)
        found[f"{layer}.self_attn.kv_a_proj_with_mqa.weight"] = (rank + rope, hidden)
        found[f"{layer}.self_attn.kv_a_layernorm.weight"] = (rank,)
        found[f"{layer}.self_attn.kv_b_proj.weight"] = (heads * (nope + v), rank)
        found[f"{layer}.self_attn.o_proj.weight"] = (hidden, heads * v)
        if i < c["first_k_dense_replace"]:
            found |= mlp(f"{layer}.mlp", c["intermediate_size"])
        else:
            for e in range(c["n_routed_experts"]):
                found |= mlp(f"{layer}.mlp.experts.{e}", c["moe_intermediate_size"])
            found[f"{layer}.mlp.gate.weight"] = (c["n_routed_experts"], hidden)
            found |= mlp(f"{layer}.mlp.shared_experts", c["moe_intermediate_size"] * c["n_shared_experts"])
        found[f"{layer}.input_layernorm.weight"] = (hidden,)
        found[f"{layer}.post_attention_layernorm.weight"] = (hidden,)
    return found | {"model.norm.weight": (hidden,), "lm_head.weight": (c["vocab_size"], hidden)}


def tensors(config=CONFIG):
    """Every tensor under its name, in the order of the published files."""
    generator = torch.Generator().manual_seed(0)
    return {name: (1 + torch.rand(shape, generator=generator)).bfloat16() for name, shape in shapes(config).items()}


def split(named, sizes=TENSORS_PER_FILE):
    """Divide the tensors among files of these sizes, in their order."""
    items = iter(named.items())
    parts = [dict(islice(items, size)) for size in sizes]
    assert next(items, None) is None
    return parts


def save(folder, parts=None, config=CONFIG, name="model-{:05}-of-{:06}.safetensors"):
    """Write a file for each part (by default the four that are published), their index and config.json."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)  # a claim may be decided twice
    folder.mkdir(parents=True)
    parts = split(tensors()) if parts is None else parts
    weight_map = {}
    for number, part in enumerate(parts, 1):
        file = name.format(number, len(parts))
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    write_config(folder, config)


def write_config(folder, config=CONFIG, **changed):
    """Write config.json, with other values where given."""
    (Path(folder) / "config.json").write_text(json.dumps(config | changed))
