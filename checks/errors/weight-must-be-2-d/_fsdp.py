"""One of two ranks under FSDP, without DeepSpeed: what an embedding, a linear layer and the whole model say outside and inside.

`look` is for the check, the parent. Started as a program, this file is one of the ranks.
"""

import copy
import datetime
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def look():
    """Start both ranks; return what each of them saw."""
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder, "meeting").as_uri()
        variables = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
        command = [sys.executable, __file__, meeting]
        started = [subprocess.Popen([*command, rank], env=variables, stdout=subprocess.PIPE, text=True) for rank in ("0", "1")]
        printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    seen = [json.loads(text.splitlines()[-1]) for text in printed]
    for rank, one in enumerate(seen):
        print(f"rank {rank}: {json.dumps(one)}")
    return seen


def _rank(meeting, rank):
    import torch
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard

    group = {"init_method": meeting, "rank": rank, "world_size": 2, "timeout": datetime.timedelta(seconds=60)}
    torch.distributed.init_process_group("gloo", **group)
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Embedding(11, 8), torch.nn.Linear(8, 11))
    tokens = torch.arange(5)[None]
    hidden = plain[0](tokens).detach()

    def told(function, expected):
        """The error, or whether what was computed is the plain model's."""
        try:
            with torch.no_grad():
                return "equal" if torch.equal(function(), expected) else "another result"
        except RuntimeError as error:
            return str(error)

    def squares(module):
        return sum(parameter.detach().double().pow(2).sum().item() for parameter in module.parameters())

    seen = {}
    for original in (True, False):
        made = copy.deepcopy(plain)
        wrapped = FullyShardedDataParallel(made, device_id=torch.device("cpu"), use_orig_params=original)
        one = {"shapes": [list(parameter.shape) for parameter in made.parameters()], "squares": squares(made)}
        one["embedding"] = told(lambda made=made: made[0](tokens), hidden)
        one["linear"] = told(lambda made=made: made[1](hidden), plain(tokens))
        one["inner"] = told(lambda made=made: made(tokens), plain(tokens))
        one["root"] = told(lambda wrapped=wrapped: wrapped(tokens), plain(tokens))
        one["inner after root"] = told(lambda made=made: made(tokens), plain(tokens))
        with FullyShardedDataParallel.summon_full_params(wrapped):
            one["summoned"] = told(lambda made=made: made(tokens), plain(tokens))
            one["squares summoned"] = squares(made)
        seen[f"original {original}"] = one
    seen["squares"] = squares(plain)
    sharded = copy.deepcopy(plain)
    fully_shard(sharded, mesh=init_device_mesh("cpu", (2,)))
    seen["fully_shard"] = told(lambda: sharded[0](tokens), hidden)
    torch.distributed.destroy_process_group()
    print(json.dumps(seen))


if __name__ == "__main__":
    _rank(sys.argv[1], int(sys.argv[2]))
