"""A Trainer on a tiny Llama: four steps with a checkpoint after the second, and the same run resumed from it."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

import torch
import transformers

transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
LR, DECAY, STEPS, SAVED = 0.01, 0.1, 4, 2
SIZES = {
    "vocab_size": 32,
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
KINDS = ("exp_avg", "exp_avg_sq")
DATA = [{"input_ids": torch.arange(one, one + 6), "labels": torch.arange(one, one + 6)} for one in range(16)]


class Lines(logging.Handler):
    """What is logged as a warning, or worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


class Watch(transformers.TrainerCallback):
    """What each step is made with: its lr, and before the first one the moments of each parameter."""

    def __init__(self):
        self.rates, self.moments, self.trainer = [], None, None

    def on_pre_optimizer_step(self, args, state, control, **more):
        if self.moments is None:
            self.moments = moments(self.trainer.optimizer, self.trainer.model)
        self.rates.append(round(self.trainer.optimizer.param_groups[0]["lr"], 6))


def moments(optimizer, model):
    state = getattr(optimizer, "optimizer", optimizer).state
    return {
        f"{name} {kind}": state[one][kind].clone()
        for name, one in model.named_parameters()
        for kind in KINDS
        if kind in state.get(one, {})
    }


def values(model):
    return {name: one.detach().clone() for name, one in model.named_parameters()}


def llama(frozen=""):
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not frozen or frozen not in name)
    return model


def trainer(folder, model=None, **options):
    """Return a Trainer whose schedule rises for two steps and falls for two, and what watches it."""
    settings = {
        "output_dir": folder,
        "max_steps": STEPS,
        "save_steps": SAVED,
        "per_device_train_batch_size": 2,
        "learning_rate": LR,
        "warmup_steps": SAVED,
        "weight_decay": DECAY,
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 0,
    }
    watch = Watch()
    arguments = transformers.TrainingArguments(**{**settings, **options})
    made = transformers.Trainer(model=model or llama(), args=arguments, train_dataset=DATA, callbacks=[watch])
    watch.trainer = made
    return made, watch


def checkpoint(name, without=()):
    """Copy the checkpoint for a run of its own, without some of its files."""
    shutil.copytree(f"run/checkpoint-{SAVED}", f"{name}/checkpoint-{SAVED}")
    for file in without:
        Path(name, f"checkpoint-{SAVED}", file).unlink()
    return f"{name}/checkpoint-{SAVED}"


def equal(ours, theirs):
    return sum(name in theirs and torch.equal(ours[name], theirs[name]) for name in ours)
