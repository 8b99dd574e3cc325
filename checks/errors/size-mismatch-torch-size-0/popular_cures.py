"""Cures that are passed around, tried on Qwen2.5-VL under a real ZeRO-3."""

import deepspeed
from _load_published import FOLDER, checkpoint, equal, load
from _one_rank import ZERO3
from transformers import AutoConfig, Qwen2_5_VLForConditionalGeneration

EMPTY = "the shape in current model is torch.Size([0])."


def _partitioned():
    """Build the model under ZeRO-3 without loading anything."""
    with deepspeed.zero.Init(config_dict_or_path=ZERO3):
        return Qwen2_5_VLForConditionalGeneration(AutoConfig.from_pretrained(FOLDER))


def _load_error(model, **options):
    try:
        model.load_state_dict(checkpoint, **options)
        return ""
    except RuntimeError as error:
        return str(error)


def low_cpu_mem_usage_is_refused():
    """Under ZeRO-3 `low_cpu_mem_usage=True` is refused with a ValueError; nothing is loaded."""
    said = ""
    try:
        load(zero3=True, low_cpu_mem_usage=True)
    except ValueError as error:
        said = str(error)
    print(said)
    assert "not compatible with `low_cpu_mem_usage=True`" in said, said or "no ValueError"


def strict_false_and_to_empty_change_nothing():
    """With `strict=False`, and after `to_empty()` too, `load_state_dict` under ZeRO-3 ends in the same 80 mismatches."""
    plain = _load_error(_partitioned())
    assert plain.count(EMPTY) == 80, plain or "no error"
    not_strict = _load_error(_partitioned(), strict=False)
    assert not_strict.count(EMPTY) == 80, not_strict or "strict=False: no error"
    model = _partitioned()
    before = dict(model.named_buffers())
    model.to_empty(device="cpu")
    replaced = [name for name, buffer in model.named_buffers() if buffer is not before[name]]
    assert before and len(replaced) == len(before), "to_empty() was not called"
    emptied = _load_error(model, strict=False)
    assert emptied.count(EMPTY) == 80, emptied or "to_empty: no error"


def attention_makes_no_difference():
    """With eager and with sdpa attention alike, the load under ZeRO-3 is exact: all 80 tensors equal the checkpoint."""
    for attention in ("eager", "sdpa"):
        model = load(zero3=True, attn_implementation=attention)
        assert model.config._attn_implementation == attention, model.config._attn_implementation
        found = equal(model, zero3=True)
        assert found == 80, f"{attention}: {found} of 80 equal"


if __name__ == "__main__":
    low_cpu_mem_usage_is_refused()
    strict_false_and_to_empty_change_nothing()
    attention_makes_no_difference()
