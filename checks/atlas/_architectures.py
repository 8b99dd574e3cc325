"""All architectures of the atlas by name, for the ways that are check modules of their own."""

import bert
import deepseek_v3
import deepseek_v3_fp8
import gemma2
import gemma3
import gemma3_text
import glm4_moe
import gpt_oss
import gpt_oss_mxfp4
import internvl
import llama
import llava
import mixtral
import qwen2
import qwen2_5_vl
import qwen2_moe
import qwen2_vl
import qwen3
import qwen3_5
import qwen3_5_moe
import qwen3_5_moe_fused
import qwen3_moe
import qwen3_next
import qwen3_vl
import t5
import whisper

MODULES = (
    bert,
    deepseek_v3,
    deepseek_v3_fp8,
    gemma2,
    gemma3,
    gemma3_text,
    glm4_moe,
    gpt_oss,
    gpt_oss_mxfp4,
    internvl,
    llama,
    llava,
    mixtral,
    qwen2,
    qwen2_5_vl,
    qwen2_moe,
    qwen2_vl,
    qwen3,
    qwen3_5,
    qwen3_5_moe,
    qwen3_5_moe_fused,
    qwen3_moe,
    qwen3_next,
    qwen3_vl,
    t5,
    whisper,
)
PUBLISHED = {one.PUBLISHED.module: one.PUBLISHED for one in MODULES}
