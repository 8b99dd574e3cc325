"""What is tried when torch.load stops with these texts: what each leaves of the eight tensors, and what it executes."""

import gzip
import io
import pickle
import zipfile
from pathlib import Path

import torch
from _damage import DAMAGED, FILE, HALVES, OTHERS, PACKED, TEXTS, WHOLE, error, load, message

RAN = Path("it-ran").absolute()


class Replaced:
    """What somebody can put in a file's place: unpickled, it makes an empty file in this temporary folder, nothing else."""

    def __reduce__(self):
        return open, (str(RAN), "x")


def _executes(**options):
    """Whether loading the replaced file runs what it says."""
    RAN.unlink(missing_ok=True)
    buffer = io.BytesIO()
    torch.save({"weight": Replaced()}, buffer)
    Path(FILE).write_bytes(buffer.getvalue())
    try:
        torch.load(FILE, **options)
    except pickle.UnpicklingError as refused:
        print(f"refused: {str(refused)[:80]}")
    return RAN.exists()


def weights_only_false_loads_none():
    """weights_only=False loads none of the 28 damaged or foreign files: 0 of 8 tensors. The whole file loads exactly."""
    assert len(DAMAGED) == 28
    for what, content in DAMAGED.items():
        text = message(content, weights_only=False)
        print(f"{what}: {text}"[:150])
        assert "Error: " in text and "weights_only" not in text, text  # not refused for the other default
    assert load(WHOLE, weights_only=False) == 8


def weights_only_false_runs_what_a_replaced_file_says():
    """weights_only=False runs what a replaced file says (here: make an empty file); weights_only=True refuses it."""
    assert _executes(weights_only=False)
    assert not _executes(weights_only=True)


def other_arguments_load_none():
    """map_location="cpu", encoding="latin1": none of the 28 files loads, and each is refused with the same error."""
    for what, content in DAMAGED.items():
        wanted = message(content)
        assert message(content, map_location="cpu") == message(content, encoding="latin1") == wanted, what


def mmap_hides_what_lies_there():
    """mmap=True: of whatever is no zip it says "mmap can only be used with files saved with ..." instead; it loads none."""
    for what, content in TEXTS.items():
        assert "mmap can only be used with files saved with" in message(content, mmap=True), what


def filled_up_it_does_not_load():
    """Cut off and filled up with zeros to its size, it is refused as before: its directory stood at the end."""
    content = HALVES["half of it, filled up"]
    assert len(content) == len(WHOLE) // 2 * 2 and "failed finding central directory" in message(content), message(content)


def unpacked_it_is_no_file():
    """Unpacked as a zip, a whole .bin is a folder, which torch.load does not open."""
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as packed:
        packed.extractall("unpacked")
    (folder,) = Path("unpacked").iterdir()
    assert Path(folder, "data.pkl").is_file()
    try:
        torch.load(folder)
    except IsADirectoryError as raised:
        print(f"{type(raised).__name__}: {raised}")
        return
    raise AssertionError("no error")


def packed_a_second_time_it_wants_unpacking():
    """A .bin inside a zip or a gzip does not load; unpacked from it, it loads exactly."""
    (packed,) = PACKED.values()
    for content in (packed, OTHERS["a gzip file"]):
        assert str(error(content))
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert load(opened.read("weights.bin")) == 8
    assert load(gzip.decompress(OTHERS["a gzip file"])) == 8


def put_back_whole_it_loads():
    """Put back whole under the same name, it loads exactly: 8 of 8 tensors."""
    assert "failed finding central directory" in message(WHOLE[:-1])
    assert load(WHOLE) == 8


if __name__ == "__main__":
    weights_only_false_loads_none()
    weights_only_false_runs_what_a_replaced_file_says()
    other_arguments_load_none()
    mmap_hides_what_lies_there()
    filled_up_it_does_not_load()
    unpacked_it_is_no_file()
    packed_a_second_time_it_wants_unpacking()
    put_back_whole_it_loads()
