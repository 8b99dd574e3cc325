"""Load the tiny checkpoint in its published layout, with or without ZeRO-3, and count what equals it."""

import os
import tempfile

import torch
from _one_rank import ZERO3, gather
from _published_layout import published, save
from transformers.integrations import HfDeepSpeedConfig
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

disable_progress_bar()
set_verbosity_error()  # what transformers warns of is not the matter of the checks that use this
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOLDER = "Qwen2.5-VL"
checkpoint = save(FOLDER)


def load(zero3=False, attn_implementation="eager", **options):
    """Load with from_pretrained, as training scripts do."""
    config = HfDeepSpeedConfig(ZERO3) if zero3 else None  # transformers holds it weakly: it acts while this name lives
    try:
        from transformers import Qwen2_5_VLForConditionalGeneration

        options["attn_implementation"] = attn_implementation
        return Qwen2_5_VLForConditionalGeneration.from_pretrained(FOLDER, **options)
    finally:
        del config


def equal(model, zero3=False):
    """Count the parameters that equal the checkpoint's tensor of their name; all must be there, under ZeRO-3 partitioned."""
    names = {published(name): parameter for name, parameter in model.named_parameters()}
    assert names.keys() == checkpoint.keys(), sorted(names.keys() ^ checkpoint.keys())
    found = 0
    for name, parameter in names.items():
        assert hasattr(parameter, "ds_tensor") == zero3, f"{name} is {'not ' if zero3 else ''}partitioned"
        with gather([parameter]):
            found += torch.equal(parameter.detach(), checkpoint[name])
    print(f"{found} of {len(checkpoint)} tensors equal the checkpoint")
    return found
