"""Load a checkpoint with the structure of DeepSeek-V2-Lite, in four files, with XTuner in shard mode."""

import os
import tempfile
from pathlib import Path

from _checkpoint import save
from _shard_mode import load

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOLDER = "deepseek-ai/DeepSeek-V2-Lite"
save(FOLDER)
loaded = load(FOLDER, experts_in_one_shard=8)


def prints_the_reported_line():
    """XTuner prints the reported line, word for word, as a message of level INFO."""
    line = f"model.layers.7.mlp.experts.3.w1w3 not in state_dict, loading {FOLDER}/model-00002-of-000004.safetensors"
    assert ("INFO", line) in [(record.levelname, record.getMessage()) for record in loaded.records], loaded.lines


def prints_one_line_per_file():
    """XTuner prints one such line for each file of the checkpoint, in the order of the files."""
    files = sorted(path.as_posix() for path in Path(FOLDER).glob("*.safetensors"))
    assert [line.rpartition(", loading ")[2] for line in loaded.lines] == files, loaded.lines


def first_line_comes_before_any_merge():
    """The first line comes before anything is merged; it names model.embed_tokens.weight, which is no expert."""
    first = loaded.records[0].getMessage()
    assert first.startswith("model.embed_tokens.weight not in state_dict, loading "), first


def every_parameter_is_exact():
    """After this load all 715 parameters equal the checkpoint, bit for bit; merged experts equal a merge by name."""
    assert len(list(loaded.model.parameters())) == 715
    assert verify(loaded.model, FOLDER) == []
    for name in ("model.layers.9.mlp.experts.5.w1w3", "model.layers.20.mlp.experts.7.w2"):
        parameter = loaded.model.get_parameter(name).data
        whole = parameter.clone()
        parameter[7, 1, 1] += 1
        assert [difference.parameter for difference in verify(loaded.model, FOLDER)] == [name], "a wrong expert is not seen"
        parameter.copy_(whole)


def shard_size_is_no_number_of_files():
    """With 1, 2, 4, 16, 32 or 64 experts in one merged tensor instead of 8 it is still one line a file, the load exact."""
    for experts in (1, 2, 4, 16, 32, 64):
        other = load(FOLDER, experts)
        assert (len(other.lines), verify(other.model, FOLDER)) == (4, []), (experts, other.lines)


if __name__ == "__main__":
    prints_the_reported_line()
    prints_one_line_per_file()
    first_line_comes_before_any_merge()
    every_parameter_is_exact()
    shard_size_is_no_number_of_files()
