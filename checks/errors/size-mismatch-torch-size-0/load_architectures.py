"""Load small models of several architectures under DeepSpeed ZeRO-3, each from the layout in which it is published.

The installed transformers saves them, which writes the published names; each load is compared with the files, tensor by
tensor, experts that are fused in memory with those that they are made of.
"""

import os
import tempfile

import torch
from _one_rank import ZERO3, gather
from _tiny_models import make, model_class
from safetensors.torch import save_file
from transformers.integrations import HfDeepSpeedConfig
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from snippets.verify_loaded import compare

disable_progress_bar()
set_verbosity_error()  # the table that transformers prints is not the matter here: what was loaded is
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
EXACT = {"equal", "equal under other names"}


def _compare(model, name, **options):
    """Compare with the files, and again with one bit of a parameter flipped: what does not tell it says nothing."""
    reports = []
    for flipped in (False, True):
        if flipped:
            first = next(model.parameters())
            getattr(first, "ds_tensor", first.data).view(-1).view(torch.uint8)[0] ^= 1
        reports.append(compare(model, name, **options))
    as_loaded, with_another_bit = reports
    if with_another_bit.ending in EXACT:
        raise RuntimeError("one wrong bit is not told, so that nothing can be said")
    return as_loaded


def _assert_exact(name, as_published=False):
    """The plain load is exact, and so is the one under ZeRO-3; every parameter was partitioned there.

    as_published: with the names of the model itself, where some releases save other ones.
    """
    model = make(name)
    model.save_pretrained(name)
    if as_published:
        save_file({key: tensor.contiguous() for key, tensor in model.state_dict().items()}, f"{name}/{FILE}", {"format": "pt"})
    plain = _compare(model_class(name).from_pretrained(name), name)
    if plain.ending not in EXACT:
        raise RuntimeError(f"the plain load is not exact, so that nothing can be said: {list(plain.lines())[-1]}")
    config = HfDeepSpeedConfig(ZERO3)  # transformers holds it weakly: it acts while this name lives
    try:
        model = model_class(name).from_pretrained(name)
    except Exception as error:  # a version that cannot load is what this module is here to find
        raise AssertionError(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}") from error
    finally:
        del config
    assert all(hasattr(parameter, "ds_tensor") for parameter in model.parameters()), "not partitioned"
    report = _compare(model, name, gather=gather)
    last = list(report.lines())[-1]
    print(f"{name}: {last}")
    assert report.ending in EXACT, f"no error; {last}"


def llama_is_exact():
    """A small Llama loads exactly under ZeRO-3."""
    _assert_exact("Llama")


def qwen3_is_exact():
    """A small Qwen3, its head tied, loads exactly under ZeRO-3."""
    _assert_exact("Qwen3")


def gemma3_is_exact():
    """A small Gemma 3 with its vision tower loads exactly under ZeRO-3."""
    _assert_exact("Gemma 3")


def qwen3_vl_is_exact():
    """A small Qwen3-VL loads exactly under ZeRO-3."""
    _assert_exact("Qwen3-VL")


def mixtral_is_exact():
    """A small Mixtral loads exactly under ZeRO-3."""
    _assert_exact("Mixtral")


def qwen3_moe_is_exact():
    """A small Qwen3-MoE loads exactly under ZeRO-3."""
    _assert_exact("Qwen3-MoE")


def deepseek_v3_is_exact():
    """A small DeepSeek-V3 loads exactly under ZeRO-3."""
    _assert_exact("DeepSeek-V3")


def gpt_oss_is_exact():
    """A small gpt-oss loads exactly under ZeRO-3."""
    _assert_exact("gpt-oss")


def qwen3_next_is_exact():
    """A small Qwen3-Next loads exactly under ZeRO-3."""
    _assert_exact("Qwen3-Next")


def qwen3_5_is_exact():
    """A small Qwen3.5 loads exactly under ZeRO-3, from files with the names that are published."""
    _assert_exact("Qwen3.5", as_published=True)


def qwen3_5_saved_by_the_same_release():
    """A small Qwen3.5 that the same release has saved loads exactly under ZeRO-3: 5.4.0 writes other names."""
    _assert_exact("Qwen3.5")


if __name__ == "__main__":
    llama_is_exact()
    qwen3_is_exact()
    gemma3_is_exact()
    qwen3_vl_is_exact()
    mixtral_is_exact()
    qwen3_moe_is_exact()
    deepseek_v3_is_exact()
    gpt_oss_is_exact()
    qwen3_next_is_exact()
    qwen3_5_is_exact()
    qwen3_5_saved_by_the_same_release()
