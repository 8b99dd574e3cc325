"""Logs: encodings, binary data, nothing at all; a piece at a time."""

from __future__ import annotations

import io

import pytest

from checkpoint_clinic.log import PIECE, NoLog, pieces

TEXT = "报错：size mismatch – [rank1]\r\n第二行 😀\n"


def read(data: bytes) -> str:
    return "".join(text for text, _ in pieces(io.BytesIO(data)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_terminals_are_recognised(encoding: str) -> None:
    assert read(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_recognised_by_its_zeros(encoding: str) -> None:
    assert read("Epoch 1\nsize mismatch\n".encode(encoding)) == "Epoch 1\nsize mismatch\n"


def test_what_cannot_be_decoded_is_replaced() -> None:
    assert read(b"before \xff\xfe\xfa after") == "before \ufffd\ufffd\ufffd after"


def test_characters_survive_the_border_of_two_pieces() -> None:
    text = "a" + "错" * PIECE
    assert read(text.encode()) == text


def test_bytes_read_are_counted() -> None:
    assert [total for _, total in pieces(io.BytesIO(b"a" * (PIECE + 5)))] == [PIECE, PIECE + 5, PIECE + 5]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "the input is empty"), (bytes(range(256)) * 300, "binary data"), (b"PK\x03\x04" + bytes(5000), "binary data")],
)
def test_what_is_no_log_is_said_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(NoLog, match=said):
        read(data)


def test_a_few_zeros_in_a_log_are_no_binary_data() -> None:
    assert "Epoch" in read(b"Epoch 1\n" * 500 + bytes(100))
