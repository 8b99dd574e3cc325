"""Which damage prints which text: each file is written, and loaded by the installed torch."""

import io
import json
import zipfile

import torch
from _damage import (
    CUT,
    DAMAGED,
    EMPTY,
    FILE,
    HALVES,
    HIT,
    OLDER,
    OLDER_CUT,
    PICKLE,
    TENSORS,
    TEXTS,
    WHOLE,
    ZEROS,
    error,
    load,
    message,
)

ADVICE = "Re-running `torch.load` with `weights_only` set to `False` will likely succeed"
CENTRAL = "PytorchStreamReader failed reading zip archive: failed finding central directory"
TOLD = {
    "text": ["Unsupported operand 118 (60, 123, 69)", "invalid load key, 'v' ('<', '{', 'E')"],
    "cut": ["failed finding central directory"],
    "zeros": ["... the legacy .tar format", "filename 'storages' not found"],
    "entry": ["failed reading file data/5"],
}
print("--- data which-load-key", json.dumps(TOLD))


def none_of_them_loads():
    """Each of 28 damaged or foreign files is refused by torch.load, by default; the whole file loads exactly, 8 of 8."""
    assert len(DAMAGED) == 28, len(DAMAGED)
    for what, content in DAMAGED.items():
        text = message(content)
        print(f"{what}: {text}"[:200])
        assert text.partition(":")[0].endswith("Error"), text
    assert load(WHOLE) == load(OLDER) == 8


def in_quotes_is_the_first_byte():
    """With weights_only=False: "invalid load key", and in quotes the first byte: 'v' a pointer, '<' a page, '{' JSON."""
    for what, content in TEXTS.items():
        text = message(content, weights_only=False)
        print(f"{what}: {text}")
        assert text == f"UnpicklingError: invalid load key, '{chr(content[0])}'.", text


def the_operand_is_the_first_byte():
    """With weights_only=True: "Unsupported operand", and the number of the first byte: 118 a pointer, 60 a page, 123 JSON."""
    for what, content in TEXTS.items():
        text = message(content, weights_only=True)
        print(f"{what}: {' '.join(text.split())[-200:]}")
        assert f"Unsupported operand {content[0]}" in " ".join(text.split()), text


def by_default_it_is_an_operand():
    """Of a Git LFS pointer torch.load says, by default, "Unsupported operand 118"."""
    text = " ".join(message(TEXTS["a Git LFS pointer"]).split())
    assert "Unsupported operand 118" in text, text


def by_default_it_advises_weights_only_false():
    """Of a web page torch.load says, by default, that weights_only=False "will likely succeed"; it does not."""
    page = TEXTS["a web page"]
    assert ADVICE in message(page), message(page)
    assert "invalid load key, '<'" in message(page, weights_only=False)


def cut_off_it_has_no_central_directory():
    """Cut off, be it by one byte: "PytorchStreamReader failed reading zip archive: failed finding central directory"."""
    files = {**CUT, **HALVES}
    assert len(files) == 6
    for what, content in files.items():
        assert message(content).startswith(f"RuntimeError: {CENTRAL}"), what


def a_small_file_that_is_cut_off_is_an_invalid_argument():
    """A file of 10 KB that was cut off can say "[Errno 22] Invalid argument" and nothing else."""
    buffer = io.BytesIO()
    torch.save({str(number): torch.rand(16, 16) for number in range(8)}, buffer)
    small = buffer.getvalue()
    raised = error(small[:-1])
    assert isinstance(raised, OSError) and str(raised) == "[Errno 22] Invalid argument", raised


def the_text_names_miniz():
    """The texts of PytorchStreamReader go on with "This is an internal miniz error" and a "likelihood" of corruption."""
    texts = [message(CUT["one byte less"]), message(HIT["zeros over an entry's header"])]
    assert all("PytorchStreamReader failed" in text for text in texts), texts
    assert all("This is an internal miniz error" in text for text in texts), "the text ends there"


def a_hit_entry_is_named():
    """Zeros over the header of one entry: "failed reading file data/5"; over the whole of its beginning, the same."""
    for what in ("zeros over an entry's header", "zeros over header and bytes"):
        assert "failed reading file data/5: invalid header or archive is corrupted" in message(HIT[what]), what


def a_shifted_file_has_no_valid_header():
    """Line breaks converted, or resumed too early: "failed reading zip archive: invalid header or archive is corrupted"."""
    for what in ("line breaks converted", "resumed too early"):
        assert "failed reading zip archive: invalid header or archive is corrupted" in message(HIT[what]), what


def zeros_are_taken_for_a_tar_archive():
    """Zeros at the beginning: by default it speaks of "files saved in the legacy .tar format", and the file is none."""
    assert len(ZEROS) == 2
    for content in ZEROS.values():
        assert "files saved in the legacy .tar format" in message(content), message(content)


def zeros_lack_a_file_of_storages():
    """Zeros at the beginning, with weights_only=False: KeyError, "filename 'storages' not found"."""
    for content in ZEROS.values():
        assert message(content, weights_only=False) == "KeyError: \"filename 'storages' not found\""


def an_empty_file_gives_an_error_without_text():
    """An empty file: by default an EOFError without any text; with weights_only=False "Ran out of input"."""
    (content,) = EMPTY.values()
    assert message(content, weights_only=False) == "EOFError: Ran out of input"
    assert message(content) == "EOFError: ", message(content)


def an_older_file_that_is_cut_off_lacks_bytes():
    """A file as torch wrote it before 1.6, cut off: "unexpected EOF, expected 1 more bytes" where one byte is missing."""
    assert "unexpected EOF, expected 1 more bytes. The file might be corrupted." in message(
        OLDER_CUT["an older file, one byte less"]
    )
    assert "unexpected EOF, expected" in message(OLDER_CUT["an older file, half of it"])


def a_plain_pickle_is_told_otherwise():
    """A whole pickle that torch.save did not write: "Unsupported operand 149", or "Invalid magic number; corrupt file?"."""
    (content,) = PICKLE.values()
    assert "Unsupported operand 149" in message(content, weights_only=True)
    assert message(content, weights_only=False) == "RuntimeError: Invalid magic number; corrupt file?"


def operand_149_is_of_a_whole_file():
    """A whole file saved with pickle_protocol=4: "Unsupported operand 149"; weights_only=False loads it, 8 of 8 tensors."""
    buffer = io.BytesIO()
    torch.save(TENSORS, buffer, pickle_protocol=4)
    assert "Unsupported operand 149" in message(buffer.getvalue(), weights_only=True)
    assert load(buffer.getvalue(), weights_only=False) == 8


def no_text_names_the_file():
    """No text names the file."""
    for what, content in DAMAGED.items():
        text = message(content)
        assert "Error: " in text and FILE not in text, (what, text)


def python_opens_the_whole_file_as_a_zip():
    """The whole file is a zip: data.pkl, and one entry for the bytes of each tensor."""
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as packed:
        names = [name.partition("/")[2] for name in packed.namelist()]
    assert "data.pkl" in names and {f"data/{number}" for number in range(8)} <= set(names), names


if __name__ == "__main__":
    none_of_them_loads()
    in_quotes_is_the_first_byte()
    the_operand_is_the_first_byte()
    by_default_it_is_an_operand()
    by_default_it_advises_weights_only_false()
    cut_off_it_has_no_central_directory()
    a_small_file_that_is_cut_off_is_an_invalid_argument()
    the_text_names_miniz()
    a_hit_entry_is_named()
    a_shifted_file_has_no_valid_header()
    zeros_are_taken_for_a_tar_archive()
    zeros_lack_a_file_of_storages()
    an_empty_file_gives_an_error_without_text()
    an_older_file_that_is_cut_off_lacks_bytes()
    a_plain_pickle_is_told_otherwise()
    operand_149_is_of_a_whole_file()
    no_text_names_the_file()
    python_opens_the_whole_file_as_a_zip()
