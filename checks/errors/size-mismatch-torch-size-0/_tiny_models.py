"""Tiny random models of many architectures, saved by the installed transformers in the layout in which they are published."""

import torch
import transformers

TEXT = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
MROPE = {"rope_scaling": {"type": "default", "rope_type": "default", "mrope_section": [1, 1, 2]}}
SIGLIP = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 4,
}
QWEN_VISION = {"depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32, "patch_size": 4}
DEEPSEEK = {
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 1,
    "n_group": 2,
    "topk_group": 1,
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 8,
    "num_key_value_heads": 4,
}
BERT = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
LINEAR = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
HYBRID = {"layer_types": ["linear_attention", "full_attention"], **LINEAR}
MODELS = {
    "Llama": ("LlamaForCausalLM", TEXT),
    "Llama, tied": ("LlamaForCausalLM", TEXT | {"tie_word_embeddings": True}),
    "Qwen2": ("Qwen2ForCausalLM", TEXT),
    "Qwen3": ("Qwen3ForCausalLM", TEXT | {"tie_word_embeddings": True}),
    "Gemma 2": ("Gemma2ForCausalLM", TEXT),
    "Gemma 3, text": ("Gemma3ForCausalLM", TEXT),
    "Gemma 3": (
        "Gemma3ForConditionalGeneration",
        {"text_config": TEXT, "vision_config": SIGLIP | {"vision_use_head": False}, "mm_tokens_per_image": 4},
    ),
    "Mixtral": ("MixtralForCausalLM", TEXT | {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "Qwen2-MoE": ("Qwen2MoeForCausalLM", TEXT | EXPERTS | {"shared_expert_intermediate_size": 16}),
    "Qwen3-MoE": ("Qwen3MoeForCausalLM", TEXT | EXPERTS),
    "DeepSeek-V3": ("DeepseekV3ForCausalLM", TEXT | DEEPSEEK),
    "gpt-oss": ("GptOssForCausalLM", TEXT | {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "Qwen2.5-VL": (
        "Qwen2_5_VLForConditionalGeneration",
        {"text_config": TEXT | MROPE, "vision_config": QWEN_VISION, "tie_word_embeddings": True},
    ),
    "Qwen3-VL": (
        "Qwen3VLForConditionalGeneration",
        {"text_config": TEXT | MROPE, "vision_config": QWEN_VISION | {"deepstack_visual_indexes": [0]}},
    ),
    "Qwen3-Next": ("Qwen3NextForCausalLM", TEXT | EXPERTS | HYBRID | {"shared_expert_intermediate_size": 16}),
    "Qwen3.5": (
        "Qwen3_5ForConditionalGeneration",
        {"text_config": TEXT | HYBRID | MROPE, "vision_config": QWEN_VISION},
    ),
    "LLaVA": (
        "LlavaForConditionalGeneration",
        {
            "text_config": TEXT | {"model_type": "llama"},
            "vision_config": SIGLIP | {"model_type": "clip_vision_model", "projection_dim": 16},
            "image_token_index": 3,
        },
    ),
    "BERT": ("BertForMaskedLM", BERT),
    "GPT-2": ("GPT2LMHeadModel", {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32}),
    "T5": (
        "T5ForConditionalGeneration",
        {"vocab_size": 64, "d_model": 32, "d_ff": 48, "d_kv": 8, "num_layers": 2, "num_heads": 4},
    ),
}


def known(name):
    """Whether the installed transformers has the class of this model."""
    return hasattr(transformers, MODELS[name][0])


def model_class(name):
    return getattr(transformers, MODELS[name][0])


def make(name, **changes):
    """Return the model with random values everywhere: no tensor has the ones or zeros that initialising would give it again."""
    torch.manual_seed(0)
    model = model_class(name)(model_class(name).config_class(**(MODELS[name][1] | changes)))
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.normal_() if tensor.is_floating_point() else None
    return model.eval()
