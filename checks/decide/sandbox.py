"""What shuts a check in: the strictest isolation that this machine offers, and limits on what it may use.

Which one it was is recorded in the evidence. With bubblewrap a check sees the machine read-only, without what lies in the
user's home or in temporary folders; it has processes, a network of nothing but loopback, and a temporary folder of its own, no
privileges, and takes nothing along when it ends. With namespaces alone it can write as the caller; in a process group (macOS,
and where nothing else is allowed) it can also leave a process behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TEMPORARY_BYTES = 4 << 30  # of files that a check may write; they live in memory
SHARED_BYTES = 2 << 30  # of shared memory
MEMORY_SHARE = 0.8  # of the machine's memory, for all processes of a check together
PROCESSES = 1024  # of a check at one time, threads of each aside
INIT = ("sh", "-c", '"$@"; exit $?', "sh")  # the first process of a namespace; as such the check could not even end itself
HIDDEN = ("/tmp", "/var/tmp", "/run", "/mnt", "/media")  # noqa: S108  what others keep there is no matter of a check


@dataclass(frozen=True)
class Sandbox:
    """One kind of isolation: its name as it is recorded, and what it keeps a check from."""

    name: str
    prefix: tuple[str, ...]  # of namespaces: the command that makes them
    bubblewrap: str = ""  # its program, if that is what it is

    @property
    def network(self) -> bool:
        """Whether a check has a network of its own, whose loopback it must set up itself."""
        return "network" in self.name and not self.bubblewrap

    @property
    def protects(self) -> bool:
        """Whether a check cannot write into the project or an environment."""
        return bool(self.bubblewrap)

    def command(self, command: list[str], folder: Path, shown: Iterable[Path], device: str = "cpu") -> list[str]:
        """Return the command that runs another one shut in.

        Args:
            command: what to run.
            folder: its working and temporary folder, which exists.
            shown: files and folders that it has to read, wherever they lie.
            device: "cuda" lets it have the machine's devices.
        """
        if not self.bubblewrap:
            return [*self.prefix, *(INIT if self.prefix else ()), *command]
        arguments = [self.bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        arguments += ["--ro-bind", "/", "/"]
        arguments += ["--dev-bind", "/dev", "/dev"] if device == "cuda" else ["--dev", "/dev"]
        arguments += ["--proc", "/proc", "--size", str(SHARED_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108
        for place in _hidden():
            arguments += ["--tmpfs", place]
        for place in dict.fromkeys(str(one) for path in shown for one in (path.absolute(), path.resolve())):
            arguments += ["--ro-bind", place, place]
        arguments += ["--size", str(TEMPORARY_BYTES), "--tmpfs", str(folder), "--chdir", str(folder)]
        return [*arguments, *INIT, *command]


def _hidden() -> Iterator[str]:
    for place in dict.fromkeys((*HIDDEN, os.path.realpath(Path.home()))):
        if Path(place).is_dir() and not Path(place).is_symlink() and place != "/":
            yield place


@lru_cache
def sandbox() -> Sandbox:
    """Return the strictest isolation that works here; `CLINIC_ISOLATION` may ask for a weaker one by its first word."""
    asked = os.environ.get("CLINIC_ISOLATION", "")
    return next(one for one in candidates() if one.name.startswith(asked) and _works(one))


def candidates() -> Iterator[Sandbox]:
    """Yield what there may be on this machine, the strictest first."""
    if found := shutil.which("bwrap"):
        yield Sandbox("bubblewrap: read-only machine; own processes, network and temporary folder; no privileges", (), found)
    if shutil.which("unshare") and shutil.which("setpriv"):
        as_user = () if os.geteuid() == 0 else ("--user", "--map-current-user")
        spaces = ("--pid", "--fork", "--kill-child=KILL", "--mount-proc")
        for name, extra in (("process and network namespaces", ("--net",)), ("process namespace", ())):
            yield Sandbox(name, ("setpriv", "--pdeathsig", "KILL", "unshare", *as_user, *extra, *spaces))
    yield Sandbox("none: a process group", ())
    yield Sandbox("", ())  # whatever was asked for, there is one


def _works(one: Sandbox) -> bool:
    if not (one.prefix or one.bubblewrap):
        return True
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        command = one.command(["true"], Path("/tmp"), [])  # noqa: S108  exists wherever there are namespaces
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    return False


def memory_limit() -> int:
    """Return how many bytes all processes of a check together may use."""
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MEMORY_SHARE)


def used(process: int) -> tuple[int, int]:
    """Return (processes, bytes of memory that is theirs alone) of a process and all that it started; zeros if unknown."""
    waiting, number, memory = [process], 0, 0
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{one}/task"):  # noqa: PTH208  looked at several times a second
                waiting += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
            status = Path(f"/proc/{one}/status").read_text()
            number += 1
            memory += sum(
                int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(("RssAnon:", "RssShmem:"))
            )
    return (number, memory) if sys.platform == "linux" else (0, 0)
