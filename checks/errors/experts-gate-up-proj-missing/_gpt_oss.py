"""A tiny gpt-oss as it is published: its experts fused, quantised as MXFP4. On a CPU it is loaded dequantised."""

import json
import os
import tempfile
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
LAYERS, PUBLISHED = 2, "gpt-oss"
MATRICES = ("down_proj", "gate_up_proj")
CONFIG = {
    "model_type": "gpt_oss",
    "architectures": ["GptOssForCausalLM"],
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "pad_token_id": 0,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "quantization_config": {
        "quant_method": "mxfp4",
        "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"],
    },
}
SHAPES = {
    "input_layernorm.weight": (32,),
    "post_attention_layernorm.weight": (32,),
    "mlp.experts.down_proj_blocks": (4, 32, 2, 16),
    "mlp.experts.down_proj_scales": (4, 32, 2),
    "mlp.experts.down_proj_bias": (4, 32),
    "mlp.experts.gate_up_proj_blocks": (4, 128, 1, 16),
    "mlp.experts.gate_up_proj_scales": (4, 128, 1),
    "mlp.experts.gate_up_proj_bias": (4, 128),
    "mlp.router.bias": (4,),
    "mlp.router.weight": (4, 32),
    "self_attn.k_proj.bias": (16,),
    "self_attn.k_proj.weight": (16, 32),
    "self_attn.v_proj.bias": (16,),
    "self_attn.v_proj.weight": (16, 32),
    "self_attn.o_proj.bias": (32,),
    "self_attn.o_proj.weight": (32, 32),
    "self_attn.q_proj.bias": (32,),
    "self_attn.q_proj.weight": (32, 32),
    "self_attn.sinks": (4,),
}
AROUND = {"lm_head.weight": (64, 32), "model.embed_tokens.weight": (64, 32), "model.norm.weight": (32,)}


def publish():
    """Write the published folder."""
    shapes = AROUND | {f"model.layers.{n}.{name}": shape for n in range(LAYERS) for name, shape in SHAPES.items()}
    Path(PUBLISHED).mkdir()
    Path(PUBLISHED, "config.json").write_text(json.dumps(CONFIG), "utf-8")
    save_file(
        {name: _random(name, shape) for name, shape in shapes.items()}, Path(PUBLISHED, "model.safetensors"), {"format": "pt"}
    )


def _random(name, shape):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    if name.endswith(("_blocks", "_scales")):  # four bits each; exponents near 1
        least, end = (0, 256) if name.endswith("_blocks") else (120, 130)
        return torch.randint(least, end, shape, generator=generator, dtype=torch.uint8)
    return torch.randn(shape, generator=generator).bfloat16()


def load(folder=PUBLISHED, **options):
    return transformers.GptOssForCausalLM.from_pretrained(folder, **options)


def held(model):
    """The model's tensors, each a copy."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def stored(folder):
    """The tensors of a saved folder."""
    return {name: tensor for file in sorted(Path(folder).glob("*.safetensors")) for name, tensor in load_file(file).items()}


def experts():
    """The names of the matrices of all experts, as the model has them."""
    return sorted(f"model.layers.{n}.mlp.experts.{matrix}" for n in range(LAYERS) for matrix in MATRICES)


def different(model, wanted):
    """The names of the model's tensors that are not what is wanted, bit for bit."""
    state = model.state_dict()
    assert state.keys() == wanted.keys()
    return sorted(name for name in state if not torch.equal(state[name].to(wanted[name].dtype), wanted[name]))
