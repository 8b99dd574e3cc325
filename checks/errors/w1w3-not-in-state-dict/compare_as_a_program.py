"""Run verify_loaded.py as a program on a tiny Llama: transformers loads it, the program compares."""

import os
import subprocess
import sys
import tempfile

from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from snippets import verify_loaded

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
CONFIG = LlamaConfig(hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2, vocab_size=16)
NAME = "model.layers.1.mlp.up_proj.weight"
LlamaForCausalLM(CONFIG).save_pretrained("right")
LlamaForCausalLM(CONFIG).save_pretrained("wrong")
tensors = load_file("right/model.safetensors")
save_file(tensors | {NAME: tensors[NAME].flip(0)}, "wrong/model.safetensors", {"format": "pt"})


def _program(*arguments):
    """Exit status and output, as a reader sees them."""
    print("python verify_loaded.py", *arguments)
    command = [sys.executable, verify_loaded.__file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout + f"exit status {done.returncode}")
    return done.returncode, done.stdout.splitlines()


def equal_for_a_right_load():
    """The program ends with exit status 0, and says that all parameters are equal, if transformers loads those files."""
    status, lines = _program("--model", "right", "--checkpoint", "right")
    assert (status, lines[-1]) == (0, f"equal: all {len(tensors)} tensors, bit for bit"), lines


def names_the_tensor_of_a_wrong_load():
    """If the model was loaded from files in which one tensor differs, it names this tensor and ends with exit status 1."""
    status, lines = _program("--model", "wrong", "--checkpoint", "right")
    assert status == 1 and [line.split()[0] for line in lines[-2:]] == [NAME, "1"], lines
    assert sum("values:" in line for line in lines) == 1, lines


if __name__ == "__main__":
    equal_for_a_right_load()
    names_the_tensor_of_a_wrong_load()
