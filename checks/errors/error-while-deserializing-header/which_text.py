"""Which damage prints which text: each file is written, and loaded by the installed safetensors."""

import json

import _damage as damage
from _damage import DAMAGED, FILE, WHOLE, loads_exactly, message
from safetensors import safe_open
from safetensors.torch import load

PREFIX = "Error while deserializing header: "
TEXTS = {  # up to 0.5.3, since 0.6.1
    "too large": ("HeaderTooLarge", "header too large"),
    "too small": ("HeaderTooSmall", "header too small"),
    "length": ("InvalidHeaderLength", "invalid header length"),
    "incomplete": ("MetadataIncompleteBuffer", "incomplete metadata, file not fully covered"),
    "zeros": ("InvalidHeaderDeserialization", "invalid JSON in header: EOF while parsing a value at line 1 column 0"),
    "JSON": ("InvalidHeaderDeserialization", "invalid JSON in header: "),
    "UTF-8": ("InvalidHeader", "invalid UTF-8 in header: "),
    "shape": ("TensorInvalidInfo", "invalid shape, data type, or offset for tensor"),
    "offset": ('InvalidOffset("', "invalid offset for tensor `"),
}
print("--- data which-text", json.dumps(TEXTS))


def _all_say(files, kind):
    """Whether each is refused, with one of the two texts behind the same beginning; how many."""
    for what, content in files.items():
        text = message(content)
        print(f"{what}: {text}")
        assert text.startswith(PREFIX), (what, text)
        assert text.removeprefix(PREFIX).startswith(TEXTS[kind]), (what, text)
    return len(files)


def none_of_them_opens():
    """Each of 30 damaged or foreign files is refused by load_file and by safe_open, alike; the whole one loads exactly."""
    assert len(DAMAGED) == 30, len(DAMAGED)
    for content in DAMAGED.values():
        text = message(content)
        assert text == message(content, lambda file: safe_open(file, "pt")) and text.startswith(PREFIX), text
    assert loads_exactly(WHOLE), "the whole file does not load exactly"


def another_file_in_its_place_is_too_large():
    """An LFS pointer, a web page, an error text, torch.save, GGUF, gzip: "HeaderTooLarge", "header too large"."""
    assert _all_say(damage.OTHER_FILE, "too large") == len(damage.OTHER_FILE)


def an_empty_file_is_too_small():
    """An empty file, or one of 7 bytes: "HeaderTooSmall", "header too small"."""
    assert _all_say(damage.TOO_SMALL, "too small") == len(damage.TOO_SMALL)


def cut_in_the_header_is_an_invalid_length():
    """Cut off inside the header: "InvalidHeaderLength", "invalid header length"."""
    assert _all_say(damage.CUT_IN_HEADER, "length") == len(damage.CUT_IN_HEADER)


def incomplete_metadata_is_too_short():
    """Cut off in the tensors, be it by one byte: "MetadataIncompleteBuffer", "incomplete metadata, file not fully covered"."""
    assert _all_say(damage.SHORT, "incomplete") == len(damage.SHORT)


def incomplete_metadata_is_too_long_as_well():
    """Too long (a byte more, twice, resumed too early, line breaks converted): the same text as of a file that is cut off."""
    assert _all_say(damage.LONG, "incomplete") == len(damage.LONG)


def zeros_at_the_beginning_are_no_header():
    """Zeros at the beginning, or throughout: "InvalidHeaderDeserialization", "invalid JSON in header: EOF while parsing"."""
    assert _all_say(damage.ZEROS, "zeros") == len(damage.ZEROS)


def a_header_that_was_hit_is_no_json():
    """Zeros in the header, a bit in a key or dtype, a number: "InvalidHeaderDeserialization", "invalid JSON in header"."""
    assert _all_say(damage.HEADER_HIT, "JSON") == len(damage.HEADER_HIT)


def a_header_that_contradicts_itself_has_texts_of_its_own():
    """No UTF-8 in the header, a shape that does not fit, a gap between two tensors: each has a text of its own."""
    told = _all_say(damage.NO_UTF8, "UTF-8"), _all_say(damage.SHAPE, "shape"), _all_say(damage.OFFSET, "offset")
    assert told == (1, 1, 1), told


def the_texts_are_single_words():
    """The texts are single words, such as HeaderTooLarge and MetadataIncompleteBuffer."""
    texts = {message(content) for content in DAMAGED.values()}
    assert all(text.startswith(PREFIX) for text in texts), texts
    assert not any(" " in text.removeprefix(PREFIX) for text in texts), 'they are sentences: "header too large"'


def no_text_names_the_file():
    """No text names the file."""
    for what, content in DAMAGED.items():
        text = message(content)
        assert text.startswith(PREFIX) and FILE not in text, what


def read_from_memory_the_text_has_no_header():
    """From load(bytes) the same texts follow "Error while deserializing: ", without the word header."""
    for what, content in DAMAGED.items():
        text = message(content, lambda _, content=content: load(content))
        assert text == message(content).replace(" header: ", ": ", 1), (what, text)
        assert text.startswith("Error while deserializing: "), (what, text)


if __name__ == "__main__":
    none_of_them_opens()
    another_file_in_its_place_is_too_large()
    an_empty_file_is_too_small()
    cut_in_the_header_is_an_invalid_length()
    incomplete_metadata_is_too_short()
    incomplete_metadata_is_too_long_as_well()
    zeros_at_the_beginning_are_no_header()
    a_header_that_was_hit_is_no_json()
    a_header_that_contradicts_itself_has_texts_of_its_own()
    the_texts_are_single_words()
    no_text_names_the_file()
    read_from_memory_the_text_has_no_header()
