"""audit_checkpoint.py and find_zero_checkpoint.py on folders that a training under ZeRO-3 left."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import torch
from _training import Trained, equal
from safetensors.torch import save_file

import snippets.audit_checkpoint
import snippets.find_zero_checkpoint

trained = Trained()
trained.model.save_pretrained("run/final")
trained.engine.save_checkpoint("run/checkpoint-1")
NAME = "zero_pp_rank_{}_mp_rank_00_model_states.pt"


def _program(snippet, *arguments):
    """Run it as a reader does; return its exit status and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-I", snippet.__file__, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    print(
        f"{arguments[0]}: exit status {done.returncode}, {1000 * (time.perf_counter() - begun):.0f} ms\n{done.stdout}", end=""
    )
    return done.returncode, done.stdout


def audit_names_the_empty_tensors():
    """audit_checkpoint.py ends with exit status 1 and names shape [0]; of the same folder with the trained tensors, not."""
    status, text = _program(snippets.audit_checkpoint, "run/final")
    assert status == 1 and "shape [0] in" in text and "without gathering" in text, text
    shutil.copytree("run/final", "run/sound", dirs_exist_ok=True)
    save_file(trained.tensors, "run/sound/model.safetensors", {"format": "pt"})
    begun = time.perf_counter()
    report = snippets.audit_checkpoint.audit("run/sound")
    print(f"in {1000 * (time.perf_counter() - begun):.0f} ms: {report.problems}")
    assert not any("[0]" in str(problem) for problem in report.problems), report.problems


def beside_a_checkpoint_they_can_be_had_back():
    """find_zero_checkpoint.py finds the checkpoint beside it, exit status 0; its command gives 21 of 21 tensors back."""
    status, text = _program(snippets.find_zero_checkpoint, "run/final")
    assert status == 0 and "global_step1: optimizer files of 1 of 1 ranks" in text, text
    enter, command = (line.split() for line in text.splitlines()[-2:])
    assert (enter[0], command[0]) == ("cd", "python"), text
    subprocess.run([sys.executable, *command[1:]], cwd=enter[1], check=True, capture_output=True)
    assert equal(torch.load(Path(enter[1], "whole/pytorch_model.bin")), trained.tensors) == 21


def where_a_ranks_file_is_missing_it_says_so():
    """Where the files of two ranks are named and the optimizer file of one is gone: "1 of 2 ranks", exit status 1."""
    shutil.copytree("run/checkpoint-1", "in_part/checkpoint-1", dirs_exist_ok=True)
    step = Path("in_part/checkpoint-1/global_step1")
    shutil.copy(step / NAME.format(0), step / NAME.format(1))
    status, text = _program(snippets.find_zero_checkpoint, "in_part/checkpoint-1")
    assert status == 1 and "optimizer files of 1 of 2 ranks, not of rank 1" in text, text


def where_nothing_is_left_it_says_so():
    """Where only the saved model lies, nothing of the run beside or above it: exit status 1, "NOT FROM WHAT LIES HERE"."""
    shutil.copytree("run/final", "alone/a/b/final", dirs_exist_ok=True)
    status, text = _program(snippets.find_zero_checkpoint, "alone/a/b/final")
    assert status == 1 and text.splitlines()[-1].startswith("NOT FROM WHAT LIES HERE"), text


if __name__ == "__main__":
    audit_names_the_empty_tensors()
    beside_a_checkpoint_they_can_be_had_back()
    where_a_ranks_file_is_missing_it_says_so()
    where_nothing_is_left_it_says_so()
