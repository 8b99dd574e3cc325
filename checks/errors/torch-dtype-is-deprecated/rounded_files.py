"""Files in float32 beside a config.json that says bfloat16, as a merge or a training in float32 leaves them."""

import subprocess
import sys
from pathlib import Path

import torch
from _dtypes import FILE, dtypes, load, save, values
from safetensors.torch import load_file

import snippets.verify_loaded
from checkpoint_clinic.loads import VerifyLoad, WrongLoad
from snippets.verify_loaded import compare

FOLDER = save("merged", torch.float32, said="bfloat16")
STORED = load_file(f"{FOLDER}/{FILE}")
TRAINED = {name for name, tensor in STORED.items() if not torch.equal(tensor, tensor.to(torch.bfloat16).float())}
assert len(TRAINED) == 16, TRAINED  # all but the five norms, which are 1.0


def _rounded(model):
    """Return the names of the parameters whose values are not the file's."""
    ours = values(model)
    assert ours.keys() == STORED.keys(), ours.keys() ^ STORED.keys()
    return {name for name, tensor in STORED.items() if not torch.equal(ours[name].float(), tensor)}


def a_float32_file_is_loaded_exactly():
    """Loaded without a word on the type, every value is the file's."""
    found = _rounded(load(FOLDER)[0])
    assert not found, f"{len(found)} of {len(STORED)} tensors are rounded"


def it_is_rounded_in_silence():
    """Silently: every tensor of the file that bfloat16 cannot hold is rounded, and nothing is printed."""
    model, text = load(FOLDER)
    found = _rounded(model)
    assert found == TRAINED, f"{len(found)} of {len(STORED)} tensors are rounded"
    assert text == "", text


def asked_for_float32_it_is_exact():
    """With `torch_dtype=torch.float32` every value is the file's."""
    model, _ = load(FOLDER, torch_dtype=torch.float32)
    assert dtypes(model) == "float32" and not _rounded(model), _rounded(model)


def float_after_the_load_is_too_late():
    """`model.float()` after such a load does not bring the values back: what was rounded stays rounded."""
    found = _rounded(load(FOLDER)[0].float())
    assert found == TRAINED, f"{len(found)} of {len(STORED)} tensors are rounded"


def saved_again_the_values_are_gone():
    """Loaded without a word on the type and saved again, the new file holds rounded values, in half the size."""
    load(FOLDER)[0].save_pretrained("again")
    again = load_file(f"again/{FILE}")
    lost = {name for name, tensor in STORED.items() if not torch.equal(again[name].float(), tensor)}
    assert lost == TRAINED, f"{len(lost)} of {len(STORED)} tensors are rounded"
    assert Path("again", FILE).stat().st_size < 0.6 * Path(FOLDER, FILE).stat().st_size


def verify_loaded_tells_the_cast():
    """verify_loaded.py says that the values are equal only after a cast, and names as many tensors as were rounded."""
    model, _ = load(FOLDER)
    report = compare(model, FOLDER)
    print(*report.lines(), sep="\n")
    assert report.ending == "cast", report.ending
    assert {one.parameter for one in report.differences if one.how.startswith("cast: ")} >= TRAINED, report.differences


def verify_load_stops_it():
    """`VerifyLoad(folder, cast=False)` raises, and says that the values were cast; by default it lets a cast pass."""
    model, _ = load(FOLDER)
    assert VerifyLoad(FOLDER).check(model).compared == len(STORED)
    try:
        VerifyLoad(FOLDER, cast=False).check(model)
    except WrongLoad as error:
        said = str(error)
    else:
        raise AssertionError("no error")
    assert "cast" in said, said


def it_ends_with_3():
    """As a command of its own verify_loaded.py loads the folder as config.json says, and ends with exit status 3."""
    command = [sys.executable, snippets.verify_loaded.__file__, FOLDER]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout, end="")
    assert done.returncode == 3, f"exit status {done.returncode}"


if __name__ == "__main__":
    a_float32_file_is_loaded_exactly()
    it_is_rounded_in_silence()
    asked_for_float32_it_is_exact()
    float_after_the_load_is_too_late()
    saved_again_the_values_are_gone()
    verify_loaded_tells_the_cast()
    verify_load_stops_it()
    it_ends_with_3()
