"""Small mixtures of experts, by the classes of transformers: layers, and their tensors on experts and on routers."""

import transformers

LAYERS = 2
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
    "tie_word_embeddings": False,
}
EVERY_LAYER = {"num_experts": 4, "decoder_sparse_step": 1, "mlp_only_layers": [], "shared_expert_intermediate_size": 24}
LATENT = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 4}
ROUTED = {"n_routed_experts": 4, "n_shared_experts": 1, "first_k_dense_replace": 0, "n_group": 2, "topk_group": 1}
KINDS = {
    "Mixtral": {"num_local_experts": 4},
    "Qwen2Moe": EVERY_LAYER,
    "Qwen3Moe": EVERY_LAYER,
    "DeepseekV3": ROUTED | LATENT,
}


def mixture(kind):
    """A model with random weights, each of whose layers is a mixture of four experts."""
    config = getattr(transformers, f"{kind}Config")(**SIZES, **KINDS[kind])
    return getattr(transformers, f"{kind}ForCausalLM")(config).eval()
