"""zero_to_fp32.py of an older DeepSpeed with a torch that unpickles nothing by default."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from _training import Trained, equal

trained = Trained()
trained.engine.save_checkpoint("checkpoint")


def _recover(folder, **variables):
    command = [sys.executable, "zero_to_fp32.py", ".", folder]
    done = subprocess.run(command, cwd="checkpoint", env=os.environ | variables, capture_output=True, text=True, check=False)
    print(*done.stdout.splitlines()[-1:], *[one for one in done.stderr.splitlines() if "rror: " in one], sep="\n")
    return done


def it_stops_at_weights_only():
    """zero_to_fp32.py stops, "Weights only load failed", and writes nothing."""
    done = _recover("stopped")
    assert done.returncode, "it does not stop"
    assert "Weights only load failed" in done.stderr, done.stderr
    assert not list(Path("checkpoint").glob("stopped/*model*")), "it wrote something"


def without_the_folder_it_stops_at_the_end():
    """With `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1` alone it stops at the end, "Parent directory whole does not exist"."""
    done = _recover("whole", TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD="1")
    assert done.returncode, "it does not stop"
    assert "Parent directory whole does not exist" in done.stderr, done.stderr


def told_to_unpickle_it_is_exact():
    """With that variable, and `mkdir` of the folder before, it gives 21 of 21 tensors back, bit for bit."""
    Path("checkpoint/told").mkdir(exist_ok=True)
    assert _recover("told", TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD="1").returncode == 0, "it stops"
    assert equal(torch.load("checkpoint/told/pytorch_model.bin"), trained.tensors) == 21


if __name__ == "__main__":
    it_stops_at_weights_only()
    without_the_folder_it_stops_at_the_end()
    told_to_unpickle_it_is_exact()
