"""One parameter under ZeRO-3 on two ranks, as each rank sees it: before a load, after one without and one with a gather.

`look` is for the check, the parent. Started as a program, this file is one of the ranks.
"""

import json
import os
import subprocess
import sys

FFN, HIDDEN = 3420, 16


def look():
    """Start both ranks; return what each of them saw."""
    import _one_rank  # noqa: F401  for its free port

    variables = [{**os.environ, "RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2"} for rank in ("0", "1")]
    started = [subprocess.Popen([sys.executable, __file__], env=one, stdout=subprocess.PIPE, text=True) for one in variables]
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    return [json.loads(text.splitlines()[-1]) for text in printed]


def _rank():
    import logging

    logging.disable(logging.INFO)
    import deepspeed
    import torch

    sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for ranks: minutes of compilation
    config = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
    with deepspeed.zero.Init(config_dict_or_path=config):
        mlp = torch.nn.ModuleDict({"up_proj": torch.nn.Linear(HIDDEN, FFN)})
    bias = mlp["up_proj"].bias
    checkpoint = {"up_proj.weight": torch.rand(FFN, HIDDEN), "up_proj.bias": torch.arange(FFN) + 0.5}
    whole = checkpoint["up_proj.bias"]

    def place():
        """Which values of the checkpoint's tensor lie in this rank's slice: first, last, how many."""
        held = [number for number, value in enumerate(whole.tolist()) if value in set(bias.ds_tensor.tolist())]
        return [held[0], held[-1], len(held)] if held else [None, None, 0]

    seen = {"shape": list(bias.shape), "ds_shape": list(bias.ds_shape), "ds_tensor": list(bias.ds_tensor.shape)}
    try:
        mlp.load_state_dict(checkpoint)
        seen["error"] = ""
    except RuntimeError as error:
        seen["error"] = str(error).splitlines()[-1].strip()
    seen["without"] = place()
    with deepspeed.zero.GatheredParameters(list(mlp.parameters()), modifier_rank=0):
        seen["gathered"] = list(bias.shape)
        if torch.distributed.get_rank() == 0:
            mlp.load_state_dict(checkpoint)
    seen |= {"after": list(bias.shape), "with": place()}
    with deepspeed.zero.GatheredParameters([bias]):
        seen["equal"] = int((bias == whole).sum())
    print(json.dumps(seen), flush=True)
    torch.distributed.barrier()  # one that leaves early takes its connections along, and the other aborts
    os._exit(0)  # at a process's end, and under load, torch's threads abort it now and then: terminate called


if __name__ == "__main__":
    _rank()
