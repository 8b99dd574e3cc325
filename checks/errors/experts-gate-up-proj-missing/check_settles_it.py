"""check_zero3_load.py, as a program, on published mixtures of experts under the installed transformers."""

import os
import subprocess
import sys

from _moe import publish

import snippets.check_zero3_load

for one in ("mixtral", "deepseek_v3"):
    publish(one)


def _program(folder):
    """Run it as a reader does; return its exit status and what it prints."""
    program = [sys.executable, snippets.check_zero3_load.__file__, folder]
    done = subprocess.run(program, env=dict(os.environ), capture_output=True, text=True, check=False)
    last = done.stderr.strip().split("\n")[-1]  # what it stops with goes there
    print(f"{folder}: exit status {done.returncode}\n{done.stdout}{last}", flush=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"no answer: {last}")
    return done.returncode, f"{done.stdout}{last}"


def deepseek_v3_that_is_wrong_ends_with_1():
    """check_zero3_load.py ends with 1 for DeepSeek-V3 under ZeRO-3, and names the router's bias, or the error."""
    status, text = _program("deepseek_v3")
    assert status == 1, "it ends with 0"
    assert "e_score_correction_bias" in text or "weight conversion" in text, text


def mixtral_that_is_wrong_ends_with_1():
    """It ends with 1 for Mixtral under ZeRO-3, and names the attention that is random, or the error."""
    status, text = _program("mixtral")
    assert status == 1, "it ends with 0"
    assert "self_attn.q_proj" in text or "weight conversion" in text, text


def right_loads_end_with_0():
    """It ends with 0 for both: files, plain load and ZeRO-3 are equal, and the experts that the library fuses no alarm."""
    for folder in ("mixtral", "deepseek_v3"):
        status, text = _program(folder)
        assert status == 0, f"it ends with {status}"
        assert "equal: all " in text, text


if __name__ == "__main__":
    deepseek_v3_that_is_wrong_ends_with_1()
    mixtral_that_is_wrong_ends_with_1()
    right_loads_end_with_0()
