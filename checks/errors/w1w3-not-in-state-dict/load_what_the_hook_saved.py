"""Save a model that was loaded in shard mode with XTuner's own HFCheckpointHook, and load it again."""

import logging
import os
import runpy
import tempfile
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import torch
import xtuner
from _checkpoint import SMALL, save, split, tensors
from _shard_mode import as_in_a_new_process, load, load_without_shard_mode
from mmengine._strategy import DeepSpeedStrategy
from mmengine.runner import FlexibleRunner

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
save("checkpoint", split(tensors(SMALL), (30, 30, 23)), SMALL)
HOOK = Path(xtuner.__file__).parent / "engine/hooks/hf_checkpoint_hook.py"


def _save_with_the_hook(model, folder):
    """What the hook does when a training run ends; the runner is a stand-in, with the model and its state_dict."""
    model.save_pretrained = partial(model.save_pretrained, max_shard_size="5KB")  # two files, as for a large model
    runner = Mock(FlexibleRunner, strategy=Mock(DeepSpeedStrategy, exclude_frozen_parameters=False, model=Mock()))
    runner.strategy.model.zero_optimization_partition_weights.return_value = False
    state = {f"llm.{name}": tensor for name, tensor in model.state_dict().items()}
    runner.strategy.model.module_state_dict.return_value = state
    runner.model = torch.nn.ModuleDict({"llm": model})
    runner.model.llm = model
    runner.cfg = Mock(tokenizer={"type": Mock})
    runpy.run_path(str(HOOK))["HFCheckpointHook"](folder).after_run(runner)


_save_with_the_hook(load("checkpoint", 4).model, "hf_model")
as_in_a_new_process()
WARNINGS = []
logging.getLogger("transformers.modeling_utils").addFilter(lambda record: WARNINGS.append(record.getMessage()) or True)
plain = load_without_shard_mode("hf_model", torch_dtype=torch.bfloat16)
origin = load_without_shard_mode("hf_model", moe_implementation="origin", torch_dtype=torch.bfloat16)
EXPERTS = {name for name, _ in plain.named_parameters() if ".mlp.experts." in name}


def without_arguments_all_experts_are_random():
    """Loaded without arguments, what the hook saved gets random routed experts, all of them; a warning names them."""
    warnings = [text for text in WARNINGS if "newly initialized" in text]
    assert len(warnings) == 1 and len(EXPERTS) == 8 and all(name in warnings[0] for name in EXPERTS), warnings
    differences = {difference.parameter for difference in verify(plain, "hf_model")}
    assert differences == EXPERTS, differences


def with_origin_it_is_exact():
    """Loaded with `moe_implementation="origin"`, what the hook saved is exact: all 83 parameters equal the model."""
    assert len(list(origin.parameters())) == 83
    assert verify(origin, "hf_model") == verify(origin, "checkpoint") == []


def in_shard_mode_it_is_exact():
    """Loaded in shard mode, what the hook saved is exact as well."""
    again = load("hf_model", 4).model
    assert verify(again, "hf_model") == verify(again, "checkpoint") == []


if __name__ == "__main__":
    without_arguments_all_experts_are_random()
    with_origin_it_is_exact()
    in_shard_mode_it_is_exact()
