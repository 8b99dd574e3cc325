"""What from_pretrained makes of a damaged pytorch_model.bin, and of the sayings about it."""

from pathlib import Path

from _llama import BIT, FILE, TENSORS, WHOLE, ZEROS, error, folder, load, parts, words
from safetensors.torch import save_file

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
CUT, PAGE = WHOLE[:-100], b"<!DOCTYPE html>\n<html></html>\n"
UNABLE = "OSError: Unable to load weights from pytorch checkpoint file for"
HINT = "OSError: You seem to have cloned a repository without having git-lfs installed"
OF_TORCH = ("UnpicklingError: Weights only load failed", "RuntimeError: PytorchStreamReader failed", "IndexError: pop from")
REFUSED = (*OF_TORCH, HINT, UNABLE)


def _refused(path, **options):
    """The error with which a damaged or foreign file is refused, on one line."""
    text = words(error(path, **options))
    print(text[:120])
    assert text.startswith(REFUSED), text
    return text


def a_pointer_gets_a_hint():
    """Of a Git LFS pointer from_pretrained says: "You seem to have cloned a repository without having git-lfs installed"."""
    text = words(error(folder(POINTER)))
    print(text)
    if "Unsupported operand 118" in text:
        text = "Weights only load failed, Unsupported operand 118"
    assert "You seem to have cloned a repository without having git-lfs installed" in text, text


def a_damaged_file_is_unable_to_load():
    """Of a page or a file that is cut off it says: "Unable to load weights from pytorch checkpoint file for"."""
    for content in (PAGE, CUT):
        text = _refused(folder(content))
        assert text.startswith(UNABLE), "it passes on torch's text"


def it_names_the_file():
    """Of three parts of which the second is cut off, the text names the second."""
    files = parts()
    assert len(files) == 3 and load()[0] == len(TENSORS)
    files[1].write_bytes(files[1].read_bytes()[:-100])
    text = words(error())
    print(text)
    assert files[0].name not in text
    assert files[1].name in text, "no part is named"


def weights_only_false_changes_nothing():
    """weights_only=False given to from_pretrained leaves the error of pointer, page and cut file as it is."""
    for content in (POINTER, PAGE, CUT):
        path = folder(content)
        assert _refused(path, weights_only=False) == _refused(path)


def from_tf_asks_for_tensorflow():
    """from_tf=True, which the text proposes, asks for TensorFlow where a page or a file that is cut off lies."""
    for content in (PAGE, CUT):
        raised = error(folder(content), from_tf=True)
        assert "tensorflow" in str(raised).lower(), "the error is the same"


def the_whole_file_loads_exactly():
    """Whole again, the same folder loads exactly: 21 of 21 tensors."""
    assert _refused(folder(CUT))
    assert load(folder(WHOLE))[0] == len(TENSORS) == 21


def one_wrong_bit_loads_and_nothing_is_printed():
    """One wrong bit in a tensor of the .bin: it loads, nothing is printed, and 20 of 21 tensors are right."""
    assert load(folder(BIT)) == (20, "")


def zeros_over_an_entry_load_and_nothing_is_printed():
    """Zeros over an entry of the .bin from its header on: it loads, nothing is printed, and 20 of 21 are right."""
    assert load(folder(ZEROS)) == (20, "")


def renamed_to_safetensors_it_does_not_load():
    """A .bin that is renamed to model.safetensors does not load: "header too large"."""
    raised = error(folder(WHOLE, "model.safetensors"))
    assert "header too large" in str(raised), raised
    assert load(folder(WHOLE))[0] == len(TENSORS)


def a_safetensors_file_loads_under_its_own_name():
    """A safetensors file that is named pytorch_model.bin does not load; as model.safetensors it loads exactly."""
    save_file(TENSORS, "tensors.safetensors", {"format": "pt"})
    content = Path("tensors.safetensors").read_bytes()
    assert _refused(folder(content))
    assert load(folder(content, "model.safetensors"))[0] == len(TENSORS)


def a_safetensors_file_beside_it_is_taken():
    """With a model.safetensors of the same model beside the damaged .bin, the load takes that, exactly."""
    path = folder(CUT)
    assert _refused(path)
    save_file(TENSORS, f"{path}/model.safetensors", {"format": "pt"})
    assert Path(path, FILE).is_file() and load(path)[0] == len(TENSORS)


if __name__ == "__main__":
    a_pointer_gets_a_hint()
    a_damaged_file_is_unable_to_load()
    it_names_the_file()
    weights_only_false_changes_nothing()
    from_tf_asks_for_tensorflow()
    the_whole_file_loads_exactly()
    one_wrong_bit_loads_and_nothing_is_printed()
    zeros_over_an_entry_load_and_nothing_is_printed()
    renamed_to_safetensors_it_does_not_load()
    a_safetensors_file_loads_under_its_own_name()
    a_safetensors_file_beside_it_is_taken()
