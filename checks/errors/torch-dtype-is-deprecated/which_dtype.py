"""Load a model whose files and config.json say bfloat16, with and without a word on the type."""

import torch
from _dtypes import dtypes, load, save, values
from safetensors.torch import load_file

FOLDER = save("saved", torch.bfloat16)
MESSAGE = "`torch_dtype` is deprecated! Use `dtype` instead!"


def _error(**options):
    try:
        load(FOLDER, **options)
        return ""
    except TypeError as error:
        return f"TypeError: {error}"


def without_a_dtype_it_is_float32():
    """Loaded without a word on the type, the parameters are float32."""
    found = dtypes(load(FOLDER)[0])
    assert found == "float32", f"{found}, as config.json says"


def without_a_dtype_it_is_bfloat16_in_silence():
    """Silently: loaded without a word on the type, the parameters are bfloat16, and nothing is printed."""
    model, text = load(FOLDER)
    found = dtypes(model)
    assert found == "bfloat16", found
    assert text == "", text


def torch_dtype_prints_the_message():
    """`torch_dtype=` prints "`torch_dtype` is deprecated! Use `dtype` instead!"; the load goes on."""
    model, text = load(FOLDER, torch_dtype=torch.float32)
    assert dtypes(model) == "float32"
    assert MESSAGE in text, text.strip() or "nothing is printed"


def torch_dtype_is_heard():
    """The old name acts: `torch_dtype=` gives float32, bfloat16 and "auto" as asked for, and the values are the file's."""
    asked = {torch.float32: "float32", torch.bfloat16: "bfloat16", "auto": "bfloat16"}
    for dtype, wanted in asked.items():
        model, _ = load(FOLDER, torch_dtype=dtype)
        assert dtypes(model) == wanted, (dtype, dtypes(model))
        assert _is_the_files(model), dtype


def dtype_is_heard():
    """The new name acts: `dtype=` gives float32, bfloat16 and "auto" as asked for, without a line, and the file's values."""
    if said := _error(dtype=torch.float32):
        raise AssertionError(said)
    asked = {torch.float32: "float32", torch.bfloat16: "bfloat16", "auto": "bfloat16"}
    for dtype, wanted in asked.items():
        model, text = load(FOLDER, dtype=dtype)
        assert dtypes(model) == wanted and text == "", (dtype, dtypes(model), text)
        assert _is_the_files(model), dtype


def dtype_is_refused():
    """`dtype=` stops: the class's `__init__` got an unexpected keyword argument 'dtype'."""
    said = _error(dtype=torch.float32)
    assert "__init__() got an unexpected keyword argument 'dtype'" in said, said or "no error"


def none_is_float32():
    """`torch_dtype=None`, the old default written out, gives float32."""
    found = dtypes(load(FOLDER, torch_dtype=None)[0])
    assert found == "float32", found


def _is_the_files(model):
    """Whether every value is the file's; from bfloat16 to float32 and back nothing is rounded."""
    stored = load_file(f"{FOLDER}/model.safetensors")
    ours = values(model)
    assert stored.keys() == ours.keys(), stored.keys() ^ ours.keys()
    return all(torch.equal(ours[name].float(), tensor.float()) for name, tensor in stored.items())


if __name__ == "__main__":
    without_a_dtype_it_is_float32()
    without_a_dtype_it_is_bfloat16_in_silence()
    torch_dtype_prints_the_message()
    torch_dtype_is_heard()
    dtype_is_heard()
    dtype_is_refused()
    none_is_float32()
