"""What is tried when from_pretrained stops with this error: what each leaves of the 21 tensors of a tiny Llama."""

import io
import shutil
from pathlib import Path

import torch
from _llama import BIN, INDEX, TENSORS, WHOLE, error, folder, load

CUT = WHOLE[:-100]
TEXT = "Error while deserializing header: incomplete metadata, file not fully covered"


def _pickled():
    buffer = io.BytesIO()
    torch.save(TENSORS, buffer)
    return buffer.getvalue()


def other_arguments_change_nothing():
    """weights_only=False, ignore_mismatched_sizes=True, trust_remote_code=True, low_cpu_mem_usage=False: the same error."""
    path = folder(CUT)
    for option in (
        {"weights_only": False},
        {"ignore_mismatched_sizes": True},
        {"trust_remote_code": True},
        {"low_cpu_mem_usage": False},
    ):
        assert str(error(path, **option)) == TEXT, option


def without_safetensors_it_asks_for_another_file():
    """use_safetensors=False opens nothing: "Error no file named", as no .bin lies there."""
    raised = error(folder(CUT), use_safetensors=False)
    assert isinstance(raised, OSError) and "Error no file named" in str(raised), raised


def a_bin_of_the_same_model_loads_exactly():
    """With a pytorch_model.bin of the same model beside it, use_safetensors=False loads that, exactly."""
    path = folder(CUT)
    Path(path, BIN).write_bytes(_pickled())
    assert str(error(path)) == TEXT
    assert load(path, use_safetensors=False)[0] == len(TENSORS)


def renamed_to_bin_it_does_not_load():
    """Renamed to pytorch_model.bin neither the damaged nor the whole file loads, weights_only=False or not."""
    for content in (CUT, WHOLE):
        for options in ({}, {"weights_only": False}):
            raised = error(folder(content, BIN), **options)
            told = ("Weights only load failed", "Unable to load weights from pytorch checkpoint file")
            assert str(raised).startswith(told), raised
            print(f"{type(raised).__name__}: {str(raised)[:80]}")


def a_bin_that_was_renamed_loads_under_its_own_name():
    """A .bin that was renamed to .safetensors is "too large"; under its own name it loads exactly."""
    raised = error(folder(_pickled()))
    assert str(raised).endswith("header too large"), raised
    assert load(folder(_pickled(), BIN))[0] == len(TENSORS)


def without_its_index_nothing_is_found():
    """Of three shards with the index deleted: "Error no file named", even where all three are whole."""
    shutil.copytree("shards", "bare", dirs_exist_ok=True)
    assert load("bare")[0] == len(TENSORS)
    Path("bare", INDEX).unlink()
    raised = error("bare")
    assert isinstance(raised, OSError) and "Error no file named" in str(raised), raised


def without_the_damaged_shard_it_is_asked_for():
    """With the damaged shard deleted, the load stops at the file that the index names: it does not go on without."""
    shutil.copytree("shards", "lacking", dirs_exist_ok=True)
    shard = sorted(Path("lacking").glob("*.safetensors"))[1]
    shard.unlink()
    raised = error("lacking")
    print(f"{type(raised).__name__}: {str(raised)[:300]}")
    assert shard.name in str(raised), raised


if __name__ == "__main__":
    other_arguments_change_nothing()
    without_safetensors_it_asks_for_another_file()
    a_bin_of_the_same_model_loads_exactly()
    renamed_to_bin_it_does_not_load()
    a_bin_that_was_renamed_loads_under_its_own_name()
    without_its_index_nothing_is_found()
    without_the_damaged_shard_it_is_asked_for()
