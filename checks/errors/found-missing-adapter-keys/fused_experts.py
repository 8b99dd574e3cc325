"""A LoRA on the experts of Qwen3-MoE and Mixtral with the names of transformers 4, loaded by releases that fuse experts."""

from pathlib import Path

import torch
import transformers
from _adapters import FILE, TOKENS, adapter_of, applied, fill, load, warned
from peft import LoraConfig
from safetensors.torch import load_file, save_file

from snippets.check_adapter import check

EXPERTS, HIDDEN, FFN, RANK = 4, 16, 24, 2
SIZES = {
    "vocab_size": 64,
    "hidden_size": HIDDEN,
    "intermediate_size": FFN,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 4,
    "num_experts_per_tok": 2,
    "tie_word_embeddings": False,
}
QWEN = {"num_experts": EXPERTS, "moe_intermediate_size": FFN, "decoder_sparse_step": 1, "mlp_only_layers": []}
KINDS = {  # class, its own sizes, where experts lie, what they are called
    "Qwen3Moe": (QWEN, "mlp", ("gate_proj", "up_proj", "down_proj")),
    "Mixtral": ({"num_local_experts": EXPERTS}, "block_sparse_moe", ("w1", "w3", "w2")),
}


def _publish(kind):
    """Write a base model with separate experts, an adapter on them, and the base model with that adapter merged by hand."""
    own, place, (gate, up, down) = KINDS[kind]
    config = getattr(transformers, f"{kind}Config")(**SIZES, **own)
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    fill(model.parameters(), seed=0)
    model.save_pretrained(f"{kind}/base")
    tensors = load_file(f"{kind}/base/model.safetensors")
    shapes = {"self_attn.q_proj": (HIDDEN, HIDDEN)}
    for expert in range(EXPERTS):
        shapes |= {f"{place}.experts.{expert}.{name}": (FFN, HIDDEN) for name in (gate, up)}
        shapes[f"{place}.experts.{expert}.{down}"] = (HIDDEN, FFN)
    adapter = {}
    for layer in range(2):
        for where, (rows, columns) in shapes.items():
            name = f"model.layers.{layer}.{where}"
            assert tensors[f"{name}.weight"].shape == (rows, columns), "the experts are not separate in the file"
            adapter[f"base_model.model.{name}.lora_A.weight"] = torch.empty(RANK, columns)
            adapter[f"base_model.model.{name}.lora_B.weight"] = torch.empty(rows, RANK)
    fill(adapter.values(), seed=1)
    for name in adapter:
        if name.endswith("lora_A.weight"):
            weight = name.removeprefix("base_model.model.").replace("lora_A.", "")
            tensors[weight] = tensors[weight] + adapter[name.replace("lora_A", "lora_B")] @ adapter[name]
    Path(kind, "merged").mkdir()
    Path(kind, "merged/config.json").write_bytes(Path(kind, "base/config.json").read_bytes())
    save_file(tensors, f"{kind}/merged/model.safetensors", {"format": "pt"})
    targets = ["q_proj", gate, up, down]
    config = LoraConfig(task_type="CAUSAL_LM", r=RANK, lora_alpha=RANK, target_modules=targets, inference_mode=True)
    config.base_model_name_or_path = f"{kind}/base"
    config.save_pretrained(f"{kind}/adapter")
    save_file(adapter, f"{kind}/adapter/{FILE}", {"format": "pt"})
    return adapter


ADAPTERS = {kind: _publish(kind) for kind in KINDS}


def _load(kind):
    base = transformers.AutoModelForCausalLM.from_pretrained(f"{kind}/base").eval()
    return load(f"{kind}/adapter", onto=base)


def _logits(model):
    with torch.no_grad():
        return model(TOKENS).logits


def the_model_computes_what_was_trained():
    """With the adapter loaded, the model computes what the same weights, merged by hand, compute, up to rounding."""
    for kind in KINDS:
        merged = transformers.AutoModelForCausalLM.from_pretrained(f"{kind}/merged").eval()
        model, text = _load(kind)
        apart = float((_logits(model) - _logits(merged)).abs().max() / _logits(merged).abs().max())
        count = applied(model, ADAPTERS[kind])
        print(f"{kind}: logits differ by {apart:.2g} of the largest")
        about = "a warning" if warned(text) else "nothing is printed" if not text else "other lines are printed"
        assert apart < 1e-4, f"no error, {count} of {len(ADAPTERS[kind])} equal, {about}"


def check_adapter_never_says_applied_of_a_part():
    """check_adapter.py says "applied" where all 52 tensors are in the model bit for bit, and nowhere else."""
    for kind in KINDS:
        model, _ = _load(kind)
        answer = check(model, f"{kind}/adapter")
        print(kind, *answer.lines, sep="\n  ")
        whole = applied(model, ADAPTERS[kind]) == len(ADAPTERS[kind]) == 52
        assert answer.lines[-1].startswith("applied:") == (answer.status == 0) == whole, answer


def check_adapter_says_in_part():
    """check_adapter.py says "partly applied: 4 of 52 tensors equal", and names an expert that is not in the model."""
    for kind in KINDS:
        model, _ = _load(kind)
        status, lines, _ = check(model, f"{kind}/adapter")
        assert len(adapter_of(model)) == 4, lines[-1]
        assert status == 1 and lines[-1] == "partly applied: 4 of 52 tensors equal" and "experts.0." in lines[0], lines


if __name__ == "__main__":
    the_model_computes_what_was_trained()
    check_adapter_never_says_applied_of_a_part()
    check_adapter_says_in_part()
