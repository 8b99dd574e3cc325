"""audit_checkpoint.py on the folder whose config.json has another number of rows than the file."""

from _resized import EMBEDDING, HEAD, OLD, ROWS, folder

from snippets.audit_checkpoint import audit


def both_numbers_are_named():
    """audit_checkpoint.py names the rows that config.json asks for, and the file's; of the right folder it reports nothing."""
    for path in ("right", folder("corrected", vocab_size=ROWS)):
        sound = audit(path)
        assert sound.problems == [] and sound.status == 0, (path, sound.looked)  # it looked, and found nothing
    report = audit("stale")
    told = [str(problem) for problem in report.problems]
    print(*told, sep="\n")
    assert report.status == 1
    for name in (EMBEDDING, HEAD):
        assert sum(f"[{OLD}, 16] in {name}" in line and f"[{ROWS}, 16]" in line for line in told) == 1, told


if __name__ == "__main__":
    both_numbers_are_named()
