"""What a LoRA on `target_modules="all-linear"` trains of a mixture of experts: one line, other weights in other releases."""

import re
import sys

from _adapters import printed
from _mixtures import LAYERS, mixture
from peft import LoraConfig, get_peft_model

EXPERTS = re.compile(r"\.experts\.")
MARK = "beginning to make it\n"  # what is printed first, so that nothing else is known to be nothing
ROUTER = re.compile(r"\.(gate|router)\.")


def _trained(kind):
    """Return which parameters of a model with such a LoRA are trained, and what was printed while it was made."""
    with printed() as lines:
        print(MARK, end="", file=sys.stderr)
        model = get_peft_model(mixture(kind), LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear"))
    assert lines[0].startswith(MARK), "what is printed was not collected"
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert sum("self_attn" in name for name in names) >= 4 * LAYERS, f"no LoRA was made: {names}"
    return names, lines[0].removeprefix(MARK)


def _layers_with(kind, pattern):
    """Return in how many layers a part of the model has a LoRA, and what was printed while it was made."""
    names, text = _trained(kind)
    found = {name.split(".layers.")[1].split(".")[0] for name in names if pattern.search(name)}
    print(f"{kind}: {len(names)} tensors are trained, in {len(found)} of {LAYERS} layers of this part")
    return len(found), text


def _has(kind, pattern):
    found, text = _layers_with(kind, pattern)
    about = "nothing is printed" if not text else "lines are printed"
    assert found == LAYERS, f"none in {LAYERS - found} of {LAYERS} layers, {about}"


def experts_of_mixtral_are_trained():
    """With `target_modules="all-linear"`, the experts of Mixtral get a LoRA in each layer."""
    _has("Mixtral", EXPERTS)


def experts_of_qwen3_moe_are_trained():
    """With `target_modules="all-linear"`, the experts of Qwen3-MoE get a LoRA in each layer."""
    _has("Qwen3Moe", EXPERTS)


def experts_of_qwen2_moe_are_trained():
    """With `target_modules="all-linear"`, the experts of Qwen2-MoE get a LoRA in each layer."""
    _has("Qwen2Moe", EXPERTS)


def experts_of_deepseek_v3_are_trained():
    """With `target_modules="all-linear"`, the experts of DeepSeek-V3 get a LoRA in each layer."""
    _has("DeepseekV3", EXPERTS)


def the_router_of_qwen2_moe_is_trained():
    """With `target_modules="all-linear"`, the router of Qwen2-MoE gets a LoRA in each layer."""
    _has("Qwen2Moe", ROUTER)


def the_router_of_deepseek_v3_is_left_alone():
    """With `target_modules="all-linear"`, the router of DeepSeek-V3 gets no LoRA."""
    found, text = _layers_with("DeepseekV3", ROUTER)
    about = "nothing is printed" if not text else "lines are printed"
    assert found == 0, f"it gets one in {found} of {LAYERS} layers, {about}"


def of_qwen2_moe_nothing_is_printed():
    """While a LoRA on `target_modules="all-linear"` of Qwen2-MoE is made, nothing is printed."""
    names, text = _trained("Qwen2Moe")
    assert names and text == "", text[:200]


if __name__ == "__main__":
    experts_of_mixtral_are_trained()
    experts_of_qwen3_moe_are_trained()
    experts_of_qwen2_moe_are_trained()
    experts_of_deepseek_v3_are_trained()
    the_router_of_qwen2_moe_is_trained()
    the_router_of_deepseek_v3_is_left_alone()
    of_qwen2_moe_nothing_is_printed()
