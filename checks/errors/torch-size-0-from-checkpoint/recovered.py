"""What `engine.save_checkpoint` writes under ZeRO-3, and what zero_to_fp32.py, which it lays beside, makes of it."""

import subprocess
import sys
from pathlib import Path

import torch
from _training import EMPTY, Trained, equal, shapes
from safetensors.torch import load_file

trained = Trained()
trained.model.save_pretrained("checkpoint")
trained.engine.save_checkpoint("checkpoint")


def _recover(*arguments):
    """Run zero_to_fp32.py in the checkpoint's folder, as a reader does."""
    command = [sys.executable, "zero_to_fp32.py", ".", *arguments]
    done = subprocess.run(command, cwd="checkpoint", capture_output=True, text=True, check=False)
    print(*done.stdout.splitlines()[-3:], *done.stderr.splitlines()[-1:], sep="\n")
    return done


def zero_to_fp32_gives_every_tensor_back():
    """Beside a file whose tensors are [0], `python zero_to_fp32.py . whole` gives 21 of 21 tensors back, bit for bit."""
    assert shapes(load_file("checkpoint/model.safetensors")) == {EMPTY}, "the file is not empty"
    assert _recover("whole").returncode == 0, "it stops"
    assert equal(torch.load("checkpoint/whole/pytorch_model.bin"), trained.tensors) == 21


def as_safetensors_too():
    """With `--safe_serialization` they come as model.safetensors, 21 of 21, bit for bit."""
    assert _recover("safe", "--safe_serialization").returncode == 0, "it stops"
    assert equal(load_file("checkpoint/safe/model.safetensors"), trained.tensors) == 21


def without_latest_it_wants_the_tag():
    """Without the file `latest` it stops with "Unable to find 'latest' file"; with `-t global_step1` it is exact."""
    latest = Path("checkpoint/latest").rename("checkpoint/kept")
    try:
        stopped = _recover("untagged")
        assert stopped.returncode and "Unable to find 'latest' file" in stopped.stderr, stopped.stderr
        assert _recover("tagged", "-t", "global_step1").returncode == 0, "it stops with the tag, too"
    finally:
        latest.rename("checkpoint/latest")
    assert equal(torch.load("checkpoint/tagged/pytorch_model.bin"), trained.tensors) == 21


def the_module_in_model_states_is_empty_too():
    """The weights lie in *_optim_states.pt: `module` in *_model_states.pt is 21 tensors of shape [0]."""
    file = "checkpoint/global_step1/zero_pp_rank_0_mp_rank_00_model_states.pt"
    module = torch.load(file, weights_only=False)["module"]
    assert module.keys() == trained.tensors.keys(), sorted(module)
    assert shapes(module) == {EMPTY}, shapes(module)


if __name__ == "__main__":
    zero_to_fp32_gives_every_tensor_back()
    as_safetensors_too()
    without_latest_it_wants_the_tag()
    the_module_in_model_states_is_empty_too()
