"""require_versions.py, as a process: with the versions that are installed here, and with versions that only look installed."""

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from snippets import require_versions

MEASURED = require_versions.MEASURED["qwen2_5_vl"]


def _ask(*model, **pretended):
    """Return the exit status and the answer; pretended versions stand before the installed ones on the path."""
    with tempfile.TemporaryDirectory() as folder:
        for package, (number, commit) in pretended.items():
            info = Path(folder, f"{package}-{number}.dist-info")
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {number}\n", "utf-8")
            (info / "direct_url.json").write_text(json.dumps({"vcs_info": {"vcs": "git", "commit_id": commit}}), "utf-8")
        command = [sys.executable, require_versions.__file__, *model]
        variables = {**os.environ, "PYTHONPATH": folder}
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, end="")
    return done.returncode, done.stdout


def measured_versions_are_not_affected():
    """`require_versions.py qwen2_5_vl` says that the versions installed here are not affected, and ends with 0."""
    status, answer = _ask("qwen2_5_vl")
    assert status == 0, answer
    said = f"not affected: transformers {version('transformers')} with DeepSpeed {version('deepspeed')} "
    assert answer.startswith(said), answer


def a_development_version_is_not_measured():
    """Of `4.50.0.dev0` `require_versions.py` says that the commit decides, names the one that pip recorded, and ends with 2."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    status, answer = _ask("qwen2_5_vl", transformers=("4.50.0.dev0", commit), deepspeed=("0.15.4", ""))
    assert status == 2, answer
    assert answer.startswith("not measured: transformers 4.50.0.dev0 "), answer
    assert "so the commit decides" in answer and f"pip recorded commit {commit}." in answer, answer


def between_two_measured_versions_nothing_is_claimed():
    """Of a version between two measured ones `require_versions.py` says not measured, names both, and ends with 2."""
    numbers = [number for number, deepspeed in MEASURED if deepspeed == "0.15.4"]
    below, above = sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])[:2]
    status, answer = _ask("qwen2_5_vl", transformers=(f"{below}.1", ""), deepspeed=("0.15.4", ""))
    assert status == 2, answer
    assert answer.startswith(f"not measured: transformers {below}.1 with DeepSpeed 0.15.4 with qwen2_5_vl."), answer
    for number in (below, above):
        assert f"transformers {number} with DeepSpeed 0.15.4 not affected" in answer, answer


def an_affected_model_is_named():
    """Of transformers 5.0.0 it says that a small Qwen3-MoE is affected, and ends with 1; of Llama that it is not, with 0."""
    versions = {"transformers": ("5.0.0", ""), "deepspeed": ("0.15.4", "")}
    status, answer = _ask("qwen3_moe", **versions)
    assert status == 1 and answer.startswith("affected: transformers 5.0.0 with DeepSpeed 0.15.4 does not load qwen3_moe"), (
        answer
    )
    status, answer = _ask("llama", **versions)
    said = "not affected: transformers 5.0.0 with DeepSpeed 0.15.4 loads every tensor of llama exactly"
    assert status == 0 and answer.startswith(said), answer


def another_model_is_not_measured():
    """Of a model of another kind, and without a model, `require_versions.py` claims nothing, and ends with 2."""
    versions = {"transformers": ("5.0.0", ""), "deepspeed": ("0.15.4", "")}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text('{"model_type": "of_somebody"}', "utf-8")
        status, answer = _ask(folder, **versions)
    assert status == 2 and answer.startswith("not measured: "), answer
    assert "not affected" not in answer and "of_somebody" in answer, answer
    status, answer = _ask(**versions)
    assert status == 2 and answer.startswith("no model named"), answer
    assert "; not affected: " in answer and "qwen3_moe" in answer.partition("; not affected: ")[0], answer


if __name__ == "__main__":
    measured_versions_are_not_affected()
    a_development_version_is_not_measured()
    between_two_measured_versions_nothing_is_claimed()
    an_affected_model_is_named()
    another_model_is_not_measured()
