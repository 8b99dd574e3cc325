"""A saved model's tensors have shape [0]: can its weights be had back? Looks for what DeepSpeed's own checkpoint left.

    python find_zero_checkpoint.py FOLDER

Under ZeRO the weights lie in *_optim_states.pt, one file for each rank, in a folder such as global_step500. It looks for
them in FOLDER, beside it and above it, by names and sizes alone, and prints the command that makes whole weights of them.
Exit status: 0 they can be had back; 1 not from what lies here; 2 not looked at. Standard library only; nothing is unpickled:
a file of the right name with wrong content is found by that command, not by this one.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OF_A_RANK = re.compile(r"zero_pp_rank_(\d+)_mp_rank_(\d+)_(?:optim|model)_states\.pt$")
RANDOM_STATE = re.compile(r"rng_state_(\d+)\.pth$")  # of the Trainer: one for each rank
OTHERS = ".distcp"  # of FSDP, which another program puts together
DEPTHS = (3, 2, 1)  # folders below FOLDER, below the one above it, below the one above that
MOST = 20_000  # entries that are looked at
LEAST = 1000  # bytes: less is no file of optimizer states


class Checkpoint(NamedTuple):
    """A folder of DeepSpeed's files: which ranks' optimizer files are there, of how many, and their bytes."""

    folder: Path
    ranks: frozenset[int]
    world: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether no rank's file is missing, as far as the names tell."""
        return len(self.ranks) == self.world

    @property
    def step(self) -> int:
        """The number in the folder's name."""
        return int((re.findall(r"\d+", self.folder.name) or ["-1"])[-1])


class Answer(NamedTuple):
    """The exit status, and the lines that say why."""

    status: int
    lines: tuple[str, ...]


def find(folder: str | Path) -> Answer:
    """Look in a folder, beside it and above it.

    Raises:
        ValueError: if it is no folder.
    """
    given = Path(folder)
    if not given.is_dir():
        raise ValueError(f"{given} is no folder.")
    start, skipped = given.resolve(), list[str]()
    entries = list(_files(start, skipped))
    found = list(_checkpoints(entries))
    whole = sorted((one for one in found if one.is_whole), key=lambda one: (one.folder.parent == start, one.step))
    lines = [_describe(one, start) for one in sorted(found, key=lambda one: one.step)]
    if whole:
        best = whole[-1]
        which = f"{best.folder.name}, if {_from(best.folder, start)} is of the same run"
        return Answer(0, (*lines, f"CAN BE HAD BACK, as of {which}. Next:", *_commands(best)))
    if skipped:
        return Answer(2, (*lines, *skipped, "NOT LOOKED AT TO THE END. Name the folder of the checkpoint itself."))
    if found:
        why = "NOT FROM WHAT LIES HERE: each rank wrote a part of every tensor, and a part is missing."
        return Answer(1, (*lines, f"{why} Look for the missing files on the other machines of the run."))
    if others := [path for path, _ in entries if path.name.endswith(OTHERS)]:
        seen = f"in {_from(others[0].parent, start)}: {others[0].name}"
        return Answer(
            2, (seen, "NOT LOOKED AT: shards of FSDP, not of DeepSpeed. `accelerate merge-weights` is made for them.")
        )
    where = f"{len(entries):,} files in {given}, beside it and above it: none is *_optim_states.pt"
    return Answer(
        1, (where, "NOT FROM WHAT LIES HERE. Look where the run wrote its checkpoints, on each machine, and in backups.")
    )


def _files(start: Path, skipped: list[str]) -> Iterator[tuple[Path, int]]:
    """Yield the files and their sizes, up to MOST; links to folders are not followed. Say what was not looked at."""
    seen: set[Path] = set()
    left = MOST
    for place, depth in zip((start, *start.parents), DEPTHS, strict=False):
        for path, size in _below(place, depth, seen, skipped):
            yield path, size
            left -= 1
            if not left:
                skipped.append(f"more than {MOST:,} files")
                return


def _below(folder: Path, depth: int, seen: set[Path], skipped: list[str]) -> Iterator[tuple[Path, int]]:
    if folder in seen:
        return
    seen.add(folder)
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda one: one.name)
    except OSError as error:
        skipped.append(f"{folder}: {error.strerror}")
        return
    for one in listed:
        try:
            if one.is_file():
                yield Path(one.path), one.stat().st_size
        except OSError as error:
            skipped.append(f"{one.path}: {error.strerror}")
        if depth and one.is_dir(follow_symlinks=False) and not one.name.startswith("."):
            yield from _below(Path(one.path), depth - 1, seen, skipped)


def _checkpoints(entries: list[tuple[Path, int]]) -> Iterator[Checkpoint]:
    """Yield each folder that holds optimizer files of ranks. How many ranks there were, the names in it and beside it tell."""
    folders: dict[Path, dict[str, int]] = {}
    for path, size in entries:
        folders.setdefault(path.parent, {})[path.name] = size
    for folder, files in folders.items():
        numbers = [int(match[1]) for name in files if (match := OF_A_RANK.search(name))]
        held = {name: size for name, size in files.items() if name.endswith("_optim_states.pt") and OF_A_RANK.search(name)}
        if not numbers:
            continue
        beside = [int(match[1]) for name in folders.get(folder.parent, {}) if (match := RANDOM_STATE.search(name))]
        ranks = frozenset(int(OF_A_RANK.search(name)[1]) for name, size in held.items() if size >= LEAST)  # type: ignore[index]
        yield Checkpoint(folder, ranks, max(numbers + beside) + 1, sum(held.values()))


def _describe(one: Checkpoint, start: Path) -> str:
    missing = sorted(set(range(one.world)) - one.ranks)
    lacks = f", not of rank {', '.join(map(str, missing[:8]))}{' ...' * (len(missing) > 8)}" if missing else ""
    return (
        f"{_from(one.folder, start)}: optimizer files of {len(one.ranks)} of {one.world} ranks{lacks}, {one.size / 1e9:.2f} GB"
    )


def _commands(one: Checkpoint) -> Iterator[str]:
    """Yield what to type. The file `latest` names the folder that is taken without a tag."""
    top = one.folder.parent
    try:
        latest = (top / "latest").read_text("utf-8").strip()
    except (OSError, UnicodeError):
        latest = ""
    tag = "" if latest == one.folder.name else f" -t {shlex.quote(one.folder.name)}"
    script = "zero_to_fp32.py" if (top / "zero_to_fp32.py").is_file() else "-m deepspeed.utils.zero_to_fp32"
    yield f"  cd {shlex.quote(str(top))}"
    yield f"  python {script} . whole{tag}"


def _from(path: Path, start: Path) -> str:
    return os.path.relpath(path, start)


def main(arguments: list[str] | None = None) -> int:
    """Look, say what was seen; the exit status."""
    parser = argparse.ArgumentParser(description="Look whether the weights of an empty model can be had back.")
    parser.add_argument("folder", metavar="FOLDER", help="where the model was saved")
    try:
        status, lines = find(parser.parse_args(arguments).folder)
    except ValueError as error:
        print(f"find_zero_checkpoint.py: {error}", file=sys.stderr)
        return 2
    print(*lines, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
