"""Load Qwen2.5-VL again and again under ZeRO-3 with several ranks on the loopback interface; count the loads that went wrong.

`count` is for the check, the parent. Started as a program, this file is one of its ranks.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext

from _published_layout import published, save


def count(loads, ranks=2, wait=False):
    """Return for each load the number of parameters that some rank sees differ from the checkpoint."""
    import _one_rank  # noqa: F401  for its free port

    with tempfile.TemporaryDirectory() as folder:
        save(f"{folder}/Qwen2.5-VL")
        started = []
        for rank in range(ranks):
            variables = {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
            command = [sys.executable, __file__, f"{folder}/Qwen2.5-VL", str(loads), *(["--wait"] if wait else [])]
            started.append(subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True))
        printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"the ranks ended with status {[process.returncode for process in started]}")
    differ = [json.loads(text.splitlines()[-1]) for text in printed]
    return [len({name for one in of_ranks for name in one}) for of_ranks in zip(*differ, strict=True)]


@contextmanager
def _every_gather_waited_for(comm):
    """Wait for each gather where it is started, in place of the last of several; during the load alone."""
    start = comm.all_gather_into_tensor

    def gather(*arguments, **options):
        handle = start(*arguments, **options)
        if handle is not None:
            handle.wait()
        return handle

    comm.all_gather_into_tensor = gather
    yield
    comm.all_gather_into_tensor = start


def _rank(folder, loads, wait):
    import logging

    logging.disable(logging.INFO)
    import deepspeed
    import torch
    from safetensors.torch import load_file
    from transformers import Qwen2_5_VLForConditionalGeneration
    from transformers.integrations import HfDeepSpeedConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for ranks: minutes of compilation
    zero3 = HfDeepSpeedConfig({"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}})
    files = (load_file(f"{folder}/model-0000{number}-of-00002.safetensors") for number in (1, 2))
    checkpoint = {name: tensor for file in files for name, tensor in file.items()}
    differ = []
    for _ in range(loads):
        with _every_gather_waited_for(deepspeed.comm) if wait else nullcontext():
            model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, attn_implementation="eager")
        if not all(hasattr(parameter, "ds_tensor") for parameter in model.parameters()):
            sys.exit("a parameter is not partitioned: this was no load under ZeRO-3")
        differ.append([])
        for name, parameter in model.named_parameters():
            with deepspeed.zero.GatheredParameters([parameter]):  # one at a time: this gather every DeepSpeed waits for
                if not torch.equal(parameter.detach(), checkpoint[published(name)]):
                    differ[-1].append(published(name))
    del zero3
    print(json.dumps(differ), flush=True)
    torch.distributed.barrier()  # one that leaves early takes its connections along, and the other aborts
    os._exit(0)  # at a process's end, and under load, torch's threads abort it now and then: terminate called


if __name__ == "__main__":
    _rank(sys.argv[1], int(sys.argv[2]), "--wait" in sys.argv)
