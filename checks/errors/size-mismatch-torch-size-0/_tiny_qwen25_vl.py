"""A tiny random Qwen2.5-VL, saved as a checkpoint, and its load under DeepSpeed ZeRO-3.

Names, their order, tied embeddings and the vision tower's intermediate size are those of the published 3B model. There
are four vision blocks instead of 32, two language layers instead of 36, and the other widths are small.
"""

import tempfile

import torch
from _one_rank import ZERO3
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.integrations import HfDeepSpeedConfig
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
LANGUAGE = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "tie_word_embeddings": True,
}
HEADS = {
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
}
VISION = {"depth": 4, "hidden_size": 16, "intermediate_size": 3420, "num_heads": 2, "out_hidden_size": 32}
torch.manual_seed(0)
original = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**LANGUAGE, **HEADS, vision_config=VISION))
for parameter in original.parameters():
    torch.nn.init.normal_(parameter)  # no tensor is left with the ones or zeros that initialisation would give it again
TENSORS = len(list(original.parameters()))

_folder = tempfile.TemporaryDirectory()
SHARDED, ONE_FILE = f"{_folder.name}/sharded", f"{_folder.name}/one-file"
original.save_pretrained(SHARDED, max_shard_size=sum(p.nbytes for p in original.visual.parameters()))  # tower, language
original.save_pretrained(ONE_FILE)

_zero3 = HfDeepSpeedConfig(ZERO3)  # from here on from_pretrained partitions; transformers holds it weakly, hence the name


def load(folder, **options):
    """Load with from_pretrained, as training scripts do."""
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, attn_implementation="eager", **options)
