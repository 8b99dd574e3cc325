"""The reference model on two ranks on the loopback interface: called, gathered, as an engine, and gathered by rank 0 alone.

`look` is for the check, the parent. Started as a program, this file is one of the ranks.
"""

import json
import os
import socket
import subprocess
import sys
import time
from functools import cache

WAIT = 20  # seconds until a rank that waits for the other is stopped


@cache
def look(what="together"):
    """Let both ranks do it; return what each of them saw, or of `alone` whether rank 0 waited."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    started = []
    for rank in ("0", "1"):
        variables = {
            **os.environ,
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "localhost",
            "MASTER_PORT": port,
        }
        started.append(subprocess.Popen([sys.executable, __file__, what], env=variables, stdout=subprocess.PIPE, text=True))
    if what == "alone":
        return _waits(started)
    told = []
    for process in started:
        lines = process.communicate()[0].splitlines()
        if process.returncode:
            raise RuntimeError(f"a rank ended with status {process.returncode}")
        told.append(json.loads(lines[-1]))
    print(f"{what}: {told}")
    return told


def _waits(started):
    """Whether rank 0, once it is about to gather, still waits after a while. Both are stopped then."""
    try:
        while (line := started[0].stdout.readline()) != "about to gather\n":
            if not line:
                raise RuntimeError("rank 0 ended before it gathered")
        try:
            status = started[0].wait(WAIT)
        except subprocess.TimeoutExpired:
            return True
        if status:
            raise RuntimeError(f"rank 0 ended with status {status}")
        return False
    finally:
        for process in started:
            process.kill()
            process.wait()


def _rank(what):
    import torch
    from _zero3 import EXPECTED, engine, error_of, gather, logits, reference

    model = reference()
    if what == "alone":
        if os.environ["RANK"] == "1":
            time.sleep(10 * WAIT)  # it never gathers
        print("about to gather", flush=True)
        with gather(model.parameters()):
            os._exit(0)
    told = {"called": error_of(lambda: logits(model))}
    with gather(model.parameters()):
        told["gathered"] = torch.equal(logits(model), EXPECTED)
    told["engine"] = torch.equal(logits(engine(model)), EXPECTED)
    print(json.dumps(told), flush=True)
    torch.distributed.barrier()


if __name__ == "__main__":
    _rank(sys.argv[1])
