"""Damage that leaves header and size as they are: the library compares no contents, and neither zeros nor a bit are noticed."""

import hashlib
import os
from pathlib import Path

from _damage import FILE, FIRST, HALF, LONG, SHORT, SILENT, TENSORS, WHOLE, equal, loads_exactly, message
from safetensors.torch import load, load_file

from snippets.audit_checkpoint import audit

INCOMPLETE = ("MetadataIncompleteBuffer", "incomplete metadata, file not fully covered")
MANIFEST = Path("SHA256SUMS")
MANIFEST.write_text(f"{hashlib.sha256(WHOLE).hexdigest()}  {FILE}\n", "utf-8")


def _silently(content):
    """Load it from the file and from memory; return how many of the eight tensors are what was saved. It raises nothing."""
    Path(FILE).write_bytes(content)
    found = equal(load_file(FILE))
    assert found == equal(load(content))
    return found


def zeros_at_the_end_load():
    """Zeros from the middle on, header and size as they were: it loads without an error, and 4 of 8 tensors are wrong."""
    assert _silently(SILENT["zeros at the end"]) == 4


def one_wrong_bit_loads():
    """One wrong bit in a tensor: it loads without an error, and 7 of 8 tensors are right."""
    assert _silently(SILENT["one bit"]) == 7


def one_wrong_bit_in_a_name_loads():
    """One wrong bit in the name of a tensor: it loads without an error, and the tensor is there under another name."""
    Path(FILE).write_bytes(WHOLE.replace(FIRST.encode(), FIRST.replace("down", "dowo").encode(), 1))
    found = load_file(FILE)
    assert equal(found) == 7 and len(found) == 8 and FIRST not in found, sorted(found)


def filled_up_with_zeros_a_short_file_loads():
    """A file that was cut off, filled up with zeros to its size, loads without an error, and 4 of 8 tensors are wrong."""
    assert message(SHORT["half of it"]).endswith(INCOMPLETE)  # before
    assert _silently(SHORT["half of it"].ljust(len(WHOLE), b"\0")) == 4


def cut_to_its_size_a_long_file_can_load_wrongly():
    """A file that was resumed too early, cut to its size, loads without an error, and 4 of 8 tensors are wrong."""
    assert message(LONG["resumed too early"]).endswith(INCOMPLETE)
    assert _silently(LONG["resumed too early"][: len(WHOLE)]) == 4


def cut_to_its_size_a_file_with_bytes_behind_it_is_exact():
    """A file with a byte too many at its end, or twice, cut to its size, is exact again."""
    for what in ("one byte more", "the file twice"):
        assert message(LONG[what]).endswith(INCOMPLETE), what
        assert loads_exactly(LONG[what][: len(WHOLE)]), what


def the_sha256_finds_them():
    """`audit_checkpoint.py --sha256 MANIFEST` reports each of them, and not the whole file."""
    for content in (*SILENT.values(), LONG["resumed too early"][: len(WHOLE)]):
        assert _hashed(content, str(MANIFEST)) == ["expected SHA-256"], content[:8]
    assert _hashed(WHOLE, str(MANIFEST)) == []


def _hashed(content, manifest):
    """What the audit says of the file in a folder of its own."""
    folder = Path("audited")
    folder.mkdir(exist_ok=True)
    (folder / FILE).unlink(missing_ok=True)
    (folder / FILE).write_bytes(content)
    report = audit(folder, sha256=manifest)
    assert report.looked["hashes"] in ("yes", "no"), report.looked
    return [f"expected {problem.expected[:7]}" for problem in report.problems]


def a_hub_cache_knows_the_sha256():
    """In a hub cache `--sha256` needs no manifest: the file that the link leads to is named by its hash."""
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


def without_a_hash_the_audit_says_that_it_did_not_look():
    """Without `--sha256` the audit reports nothing of zeros at the end or of a bit, and says "hashes not looked at"."""
    for content in SILENT.values():
        Path("plain").mkdir(exist_ok=True)
        Path("plain", FILE).write_bytes(content)
        report = audit("plain")
        assert (report.problems, report.looked["hashes"]) == ([], "not looked at")


def the_values_tell_zeros_and_no_bit():
    """`--values` names the tensors that are zeros alone, not one that is so in part, and no flipped bit."""
    Path("plain").mkdir(exist_ok=True)
    cut = HALF + TENSORS[FIRST].nbytes // 2  # in the middle of the fifth tensor: zeros in part
    for content, named in ((WHOLE, 0), (WHOLE[:cut] + bytes(len(WHOLE) - cut), 3), (SILENT["one bit"], 0)):
        Path("plain", FILE).write_bytes(content)
        report = audit("plain", values=True)
        assert report.looked["values"] == ("no" if named else "yes"), report.looked
        assert [problem.found for problem in report.problems] == ["zeros alone"] * named, report.problems


if __name__ == "__main__":
    zeros_at_the_end_load()
    one_wrong_bit_loads()
    one_wrong_bit_in_a_name_loads()
    filled_up_with_zeros_a_short_file_loads()
    cut_to_its_size_a_long_file_can_load_wrongly()
    cut_to_its_size_a_file_with_bytes_behind_it_is_exact()
    the_sha256_finds_them()
    a_hub_cache_knows_the_sha256()
    without_a_hash_the_audit_says_that_it_did_not_look()
    the_values_tell_zeros_and_no_bit()
