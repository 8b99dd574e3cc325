"""Damage that leaves the zip's directory as it is: torch writes a CRC-32 of each entry, and compares none."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import torch
from _damage import ENTRY, FILE, HIT, SILENT, TENSORS, WHOLE, load, message

from snippets.audit_checkpoint import audit

MISSED = "PytorchStreamReader failed reading file data/5"


def _in_folder(content, **options):
    """What the audit says of the file, in a folder of its own."""
    folder = Path("audited")
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(content)
    return audit(folder, **options)


def _bad_entry(content):
    """The first entry of which Python's zipfile says that its CRC-32 is another one; None if there is none."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return packed.testzip()


def one_wrong_bit_loads():
    """One wrong bit in a tensor: torch.load returns without an error, mmap=True or not, and 7 of 8 tensors are right."""
    assert load(SILENT["one bit"]) == load(SILENT["one bit"], mmap=True) == 7


def zeros_in_a_tensor_load():
    """Zeros over half a kilobyte of a tensor: torch.load returns without an error, and 7 of 8 tensors are right."""
    assert load(SILENT["zeros in a tensor"]) == load(SILENT["zeros in a tensor"], mmap=True) == 7


def with_mmap_zeros_over_an_entry_load():
    """Zeros over an entry from its header on: torch.load stops; with mmap=True it returns, and 7 of 8 tensors are right."""
    content = HIT["zeros over header and bytes"]
    assert MISSED in message(content)
    assert load(content, mmap=True) == 7


def the_crc_is_in_the_file():
    """The CRC-32 in the file tells both: `zipfile` of Python names the entry, and none in the whole file."""
    assert _bad_entry(WHOLE) is None
    assert [_bad_entry(content) for content in SILENT.values()] == [ENTRY, ENTRY]


def the_standard_library_tests_it():
    """`python -m zipfile -t FILE` prints the damaged entry; of the whole file it prints that testing is done."""
    for content, named in ((WHOLE, False), (SILENT["one bit"], True)):
        Path(FILE).write_bytes(content)
        done = subprocess.run([sys.executable, "-m", "zipfile", "-t", FILE], capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr)
        assert "Done testing" in done.stdout and (ENTRY in done.stdout) is named, done.stdout


def the_audit_names_the_entry():
    """`audit_checkpoint.py --sha256` compares the CRC-32s: it names the entry of each; of the whole file, nothing."""
    for content in SILENT.values():
        report = _in_folder(content, sha256="")
        assert [problem.found for problem in report.problems] == [f"others in {ENTRY}"], report.problems
        assert (report.looked["hashes"], report.status) == ("no", 1)
    report = _in_folder(WHOLE, sha256="")
    assert (report.problems, report.looked["hashes"]) == ([], "yes"), report.problems


def without_the_option_it_says_that_it_did_not_look():
    """Without `--sha256` the audit reports nothing of them, and says that it did not look at the bytes inside."""
    for content in SILENT.values():
        report = _in_folder(content)
        assert (report.problems, report.looked["hashes"]) == ([], "not looked at")
        assert any(line.startswith("the bytes inside") and "--sha256" in line for line in report.not_looked_at)


def a_known_sha256_tells_a_replaced_file_as_well():
    """With a manifest it compares the SHA-256, which tells a file that somebody replaced, whose CRC-32s fit."""
    folder, manifest = Path("audited"), Path("SHA256SUMS").absolute()
    manifest.write_text(f"{hashlib.sha256(WHOLE).hexdigest()}  {FILE}\n", "utf-8")
    assert _in_folder(WHOLE, sha256=str(manifest)).problems == []
    buffer = io.BytesIO()
    torch.save({name: tensor + 1 for name, tensor in TENSORS.items()}, buffer)
    (folder / FILE).write_bytes(buffer.getvalue())
    assert audit(folder, sha256="").problems == []
    assert [problem.expected[:7] for problem in audit(folder, sha256=str(manifest)).problems] == ["SHA-256"]


def a_hub_cache_knows_the_sha256():
    """In a hub cache it needs no manifest: the file that the link leads to is named by its SHA-256."""
    blobs, snapshot = Path("hub/blobs"), Path("hub/snapshots/main")
    for folder in (blobs, snapshot):
        folder.mkdir(parents=True, exist_ok=True)
    blob = blobs / hashlib.sha256(WHOLE).hexdigest()
    if not (snapshot / FILE).is_symlink():
        (snapshot / FILE).symlink_to(os.path.relpath(blob, snapshot))
    for content, wrong in ((WHOLE, 0), *((content, 1) for content in SILENT.values())):
        blob.write_bytes(content)
        report = audit(snapshot, sha256="")
        assert len(report.problems) == wrong and report.looked["hashes"] == ("no" if wrong else "yes"), report.problems


def without_a_crc_it_is_no_alarm():
    """Saved after set_crc32_options(False), a file holds no CRC-32: zipfile calls it bad, the audit does not look."""
    torch.serialization.set_crc32_options(False)
    try:
        buffer = io.BytesIO()
        torch.save(TENSORS, buffer)
    finally:
        torch.serialization.set_crc32_options(True)
    assert load(buffer.getvalue()) == 8
    assert _bad_entry(buffer.getvalue()), "zipfile finds nothing wrong"
    report = _in_folder(buffer.getvalue(), sha256="")
    assert (report.problems, report.looked["hashes"]) == ([], "not looked at"), report.problems


def a_byte_more_is_harmless():
    """With a byte more at its end, or twice the file, it loads exactly: 8 of 8 tensors."""
    assert load(WHOLE + b"\0") == load(WHOLE + WHOLE) == 8


if __name__ == "__main__":
    one_wrong_bit_loads()
    zeros_in_a_tensor_load()
    with_mmap_zeros_over_an_entry_load()
    the_crc_is_in_the_file()
    the_standard_library_tests_it()
    the_audit_names_the_entry()
    without_the_option_it_says_that_it_did_not_look()
    a_known_sha256_tells_a_replaced_file_as_well()
    a_hub_cache_knows_the_sha256()
    without_a_crc_it_is_no_alarm()
    a_byte_more_is_harmless()
