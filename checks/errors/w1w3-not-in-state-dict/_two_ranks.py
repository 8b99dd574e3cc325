"""Forward passes of DeepSeek-V2 under ZeRO-3 in two processes (gloo), every all-gather counted; nothing is asserted here."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch

SIZES = {
    "num_hidden_layers": 3,  # the first without experts, as published; 27 would show the same, later
    "first_k_dense_replace": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_experts_per_tok": 6,
    "topk_method": "greedy",
    "q_lora_rank": None,
    "hidden_size": 32,
    "intermediate_size": 64,
    "moe_intermediate_size": 16,
    "vocab_size": 64,
    "kv_lora_rank": 8,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 8,
    "v_head_dim": 8,
}
ZERO3 = {
    "train_micro_batch_size_per_gpu": 1,
    # below 100,000 values DeepSpeed would keep a parameter whole; the real tensors are larger than that
    "zero_optimization": {"stage": 3, "stage3_param_persistence_threshold": 0},
}
gathered = []  # the bytes of each all-gather


def count(experts_in_one_shard):
    """One forward for each entry (None: not merged) on each rank: [all-gathers, their bytes, the parameters' bytes]."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        ranks = []
        for rank in ("0", "1"):
            command = [sys.executable, __file__, rank, folder, json.dumps(experts_in_one_shard)]
            ranks.append(stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL)))
            stack.callback(ranks[-1].kill)  # a rank whose neighbour failed would wait for it
        if any(rank.wait(timeout=300) for rank in ranks):
            raise RuntimeError("a rank failed")
        return list(zip(*(json.loads(Path(folder, rank).read_text()) for rank in ("0", "1")), strict=True))


def _rank(rank, folder, experts_in_one_shard):
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore")  # DeepSpeed calls all_gather_into_tensor by its old name
    os.environ.update(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE="2", MASTER_ADDR="localhost", MASTER_PORT="0")
    for name in ("all_gather", "all_gather_into_tensor"):
        setattr(torch.distributed, name, _counted(getattr(torch.distributed, name)))
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/ranks", rank=int(rank), world_size=2)
    import deepspeed

    sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory: minutes of compilation
    Path(folder, rank).write_text(json.dumps([_forward(n, deepspeed) for n in experts_in_one_shard]))


def _counted(function):
    def wrapped(*arguments, **options):
        output = options.get("output_tensor", next(iter(arguments), None))
        gathered.append(sum(part.nbytes for part in (output if isinstance(output, list) else [output])))
        return function(*arguments, **options)

    return wrapped


def _forward(experts_in_one_shard, deepspeed):
    from xtuner.model.transformers_models import DeepseekV2Config, DeepseekV2ForCausalLM

    config = DeepseekV2Config(**SIZES, attn_implementation="eager")
    config.moe_implementation = "shard" if experts_in_one_shard else "origin"
    config.expert_in_one_shard = experts_in_one_shard
    with deepspeed.zero.Init(config_dict_or_path=ZERO3):
        model = DeepseekV2ForCausalLM(config)
    engine = deepspeed.initialize(model=model, config=ZERO3)[0]
    engine.train()
    gathered.clear()
    with torch.no_grad():
        engine(input_ids=torch.arange(256).reshape(1, -1) % SIZES["vocab_size"], use_cache=False)
    return len(gathered), sum(gathered), sum(parameter.ds_numel * 4 for parameter in model.parameters())


if __name__ == "__main__":
    _rank(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
