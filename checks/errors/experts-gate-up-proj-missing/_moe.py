"""Tiny mixtures of experts as they are published, three matrices for each expert, and as transformers 5 holds them."""

import itertools
import json
import os
import re
import tempfile
import zlib
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
TEXT = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}
LATENT = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 4}
ROUTED = {"n_routed_experts": 4, "n_shared_experts": 1, "first_k_dense_replace": 1, "n_group": 2, "topk_group": 1}
SIZES = {
    "mixtral": {"num_local_experts": 4},
    "qwen3_moe": {"num_experts": 4},
    "deepseek_v3": LATENT | ROUTED | {"num_key_value_heads": 4},
}
CLASSES = {"mixtral": "MixtralForCausalLM", "qwen3_moe": "Qwen3MoeForCausalLM", "deepseek_v3": "DeepseekV3ForCausalLM"}
AROUND = """
lm_head.weight 64x16
model.embed_tokens.weight 64x16
model.layers.{0-1}.input_layernorm.weight 16
model.layers.{0-1}.post_attention_layernorm.weight 16
model.layers.{0-1}.self_attn.o_proj.weight 16x16
model.norm.weight 16
"""
HEADS = """
model.layers.{0-1}.self_attn.k_proj.weight 8x16
model.layers.{0-1}.self_attn.q_proj.weight 16x16
model.layers.{0-1}.self_attn.v_proj.weight 8x16
"""
LAYOUTS = {
    "mixtral": AROUND
    + HEADS
    + """
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w1.weight 24x16
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w2.weight 16x24
model.layers.{0-1}.block_sparse_moe.experts.{0-3}.w3.weight 24x16
model.layers.{0-1}.block_sparse_moe.gate.weight 4x16
""",
    "qwen3_moe": AROUND
    + HEADS
    + """
model.layers.{0-1}.mlp.experts.{0-3}.down_proj.weight 16x8
model.layers.{0-1}.mlp.experts.{0-3}.gate_proj.weight 8x16
model.layers.{0-1}.mlp.experts.{0-3}.up_proj.weight 8x16
model.layers.{0-1}.mlp.gate.weight 4x16
model.layers.{0-1}.self_attn.k_norm.weight 4
model.layers.{0-1}.self_attn.q_norm.weight 4
""",
    "deepseek_v3": AROUND
    + """
model.layers.0.mlp.down_proj.weight 16x24
model.layers.0.mlp.gate_proj.weight 24x16
model.layers.0.mlp.up_proj.weight 24x16
model.layers.1.mlp.experts.{0-3}.down_proj.weight 16x8
model.layers.1.mlp.experts.{0-3}.gate_proj.weight 8x16
model.layers.1.mlp.experts.{0-3}.up_proj.weight 8x16
model.layers.1.mlp.gate.e_score_correction_bias 4
model.layers.1.mlp.gate.weight 4x16
model.layers.1.mlp.shared_experts.down_proj.weight 16x8
model.layers.1.mlp.shared_experts.gate_proj.weight 8x16
model.layers.1.mlp.shared_experts.up_proj.weight 8x16
model.layers.{0-1}.self_attn.kv_a_layernorm.weight 8
model.layers.{0-1}.self_attn.kv_a_proj_with_mqa.weight 12x16
model.layers.{0-1}.self_attn.kv_b_proj.weight 32x8
model.layers.{0-1}.self_attn.q_a_layernorm.weight 8
model.layers.{0-1}.self_attn.q_a_proj.weight 8x16
model.layers.{0-1}.self_attn.q_b_proj.weight 32x8
""",
}


def published(kind):
    """Return the tensors under the published names; each has values of its own."""
    tensors = {}
    for pattern, shape in (line.split() for line in LAYOUTS[kind].split("\n") if line):
        parts = re.split(r"\{(\d)-(\d)\}", pattern)
        ranges = [range(int(first), int(last) + 1) for first, last in zip(parts[1::3], parts[2::3], strict=True)]
        for numbers in itertools.product(*ranges):
            name = "".join(itertools.chain(*zip(parts[::3], map(str, [*numbers, ""]), strict=True)))
            generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            tensors[name] = torch.randn(tuple(map(int, shape.split("x"))), generator=generator)
    return tensors


def publish(kind, tensors=None, folder=None):
    """Write a folder as it is published, or with other tensors; return its tensors."""
    folder, tensors = Path(folder or kind), tensors or published(kind)
    folder.mkdir(exist_ok=True)
    config = {"model_type": kind, "architectures": [CLASSES[kind]], **TEXT, **SIZES[kind]}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    save_file(tensors, folder / FILE, {"format": "pt"})
    return tensors


# --8<-- [start:fuse]
PARTS = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}  # Mixtral's names


def fuse(tensors):
    """Return published tensors as transformers 5 holds them: for each layer one gate_up_proj and one down_proj."""
    fused, experts = {}, defaultdict(dict)
    for name, tensor in tensors.items():
        name = name.replace(".block_sparse_moe.", ".mlp.")
        if found := re.fullmatch(r"(.*\.experts)\.(\d+)\.(\w+)\.weight", name):
            place, number, part = found.groups()
            experts[place][int(number), PARTS.get(part, part)] = tensor
        else:
            fused[name] = tensor
    for place, one in experts.items():
        gate, up, down = (
            torch.stack([one[i, part] for i in range(len(one) // 3)]) for part in ("gate_proj", "up_proj", "down_proj")
        )
        fused[f"{place}.gate_up_proj"], fused[f"{place}.down_proj"] = torch.cat([gate, up], 1), down
    return fused
    # --8<-- [end:fuse]


def model_class(kind):
    return getattr(transformers, CLASSES[kind])


def config_of(kind):
    return transformers.AutoConfig.from_pretrained(kind)


@contextmanager
def printed():
    """Collect what the process prints, on either stream, into the list that is given; then print it."""
    found = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        try:
            yield found
        finally:
            for stream, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            found.append(file.read().decode())
    print(found[0], end="", flush=True)


def held(model, tensors):
    """Return the published tensors under the names of the model: fused where it holds its experts so."""
    fused = fuse(tensors)
    return fused if fused.keys() == model.state_dict().keys() else tensors


def wrong(model, tensors, gather=None):
    """Return the names of the model whose tensor is not the published one, bit for bit."""
    expected, found, total = held(model, tensors), [], 0
    for name, tensor in values(model, gather):
        total += 1
        if not torch.equal(tensor, expected[name]):
            found.append(name)
    if total != len(expected):
        raise RuntimeError(f"{total} tensors in the model, {len(expected)} expected")
    print(f"{total - len(found)} of {total} tensors equal what is published{': not ' * bool(found)}{', '.join(found)}")
    return sorted(found)


def values(model, gather=None):
    """Yield each name of a model and a copy of its value, which under ZeRO-3 is gathered."""
    for name, tensor in model.state_dict(keep_vars=True).items():
        if gather and isinstance(tensor, torch.nn.Parameter):
            with gather([tensor]):
                yield name, tensor.detach().clone()
        else:
            yield name, tensor.detach().clone()


def experts_of(names):
    return sorted(name for name in names if ".experts." in name)


def listed(text):
    """Return the names that the table of a load lists as MISSING, written out where {0, 1} stands for several."""
    found = []
    for row in text.splitlines():
        name, _, status = row.partition("|")
        if status.strip().startswith("MISSING"):
            numbers = re.search(r"\{([\d, ]+)\}", name)
            found += [name.replace(numbers[0], one).strip() for one in numbers[1].split(", ")] if numbers else [name.strip()]
    return sorted(found)
