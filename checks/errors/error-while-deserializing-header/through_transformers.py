"""What from_pretrained makes of the damage, in a tiny Llama's only file and in one shard of three."""

from pathlib import Path

from _llama import FILE, TENSORS, WHOLE, error, folder, load
from safetensors import SafetensorError

LENGTH = int.from_bytes(WHOLE[:8], "little")
HALF = 8 + LENGTH + (len(WHOLE) - 8 - LENGTH) // 2
DAMAGED = {
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n": "header too large",
    b"": "header too small",
    WHOLE[: 8 + LENGTH // 2]: "invalid header length",
    WHOLE[:HALF]: "incomplete metadata, file not fully covered",
    WHOLE + b"\0": "incomplete metadata, file not fully covered",
    bytes(len(WHOLE)): "invalid JSON in header: EOF while parsing a value at line 1 column 0",
}


def the_text_is_passed_on_as_it_is():
    """from_pretrained raises safetensors' error, and its text as it is: no file, no cause, no word on Git LFS."""
    for content, told in DAMAGED.items():
        raised = error(folder(content))
        print(f"{type(raised).__module__}.{type(raised).__name__}: {raised}")
        assert isinstance(raised, SafetensorError) and str(raised) == f"Error while deserializing header: {told}", raised


def the_whole_file_loads_exactly():
    """Whole again, the same folder loads exactly: 21 of 21 tensors."""
    assert "incomplete metadata" in str(error(folder(WHOLE[:HALF])))
    assert load(folder(WHOLE))[0] == len(TENSORS) == 21


def of_three_shards_none_is_named():
    """One shard of three cut off: the text names no file, neither the damaged one nor another."""
    shards = sorted(Path("shards").glob("*.safetensors"))
    assert len(shards) == 3, shards
    content = shards[1].read_bytes()
    shards[1].write_bytes(content[:-100])
    raised = error("shards")
    shards[1].write_bytes(content)
    assert "incomplete metadata" in str(raised) and "safetensors" not in str(raised) and "00002" not in str(raised), raised
    assert load("shards")[0] == len(TENSORS), "whole again, it is not exact"


def zeros_at_the_end_load_and_nothing_is_printed():
    """Zeros from the middle of the file on: it loads, nothing is printed, and 16 of 21 tensors are wrong."""
    equal, text = load(folder(WHOLE[:HALF] + bytes(len(WHOLE) - HALF)))
    assert (equal, text) == (5, ""), (equal, text)


def one_wrong_bit_loads_and_nothing_is_printed():
    """One wrong bit in a tensor: it loads, nothing is printed, and 20 of 21 tensors are right."""
    equal, text = load(folder(WHOLE[:-10] + bytes([WHOLE[-10] ^ 1]) + WHOLE[-9:]))
    assert (equal, text) == (20, ""), (equal, text)


def one_wrong_bit_in_a_name_leaves_a_tensor_random():
    """One wrong bit in a tensor's name: it loads, 20 of 21 are right, and both names are printed."""
    name = "model.layers.1.mlp.up_proj.weight"
    wrong = name.replace("up_", "uq_")
    content = WHOLE.replace(name.encode(), wrong.encode(), 1)
    equal, text = load(folder(content))
    assert equal == 20 and name in text and wrong in text, (equal, text)
    assert FILE not in text


if __name__ == "__main__":
    the_text_is_passed_on_as_it_is()
    the_whole_file_loads_exactly()
    of_three_shards_none_is_named()
    zeros_at_the_end_load_and_nothing_is_printed()
    one_wrong_bit_loads_and_nothing_is_printed()
    one_wrong_bit_in_a_name_leaves_a_tensor_random()
