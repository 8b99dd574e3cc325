"""Load Qwen2.5-VL from a sharded checkpoint under DeepSpeed ZeRO-3, as VLM-R1 does."""

import re

from _one_rank import gather
from _tiny_qwen25_vl import ONE_FILE, SHARDED, TENSORS, load
from deepspeed import zero

from snippets.verify_loaded import verify

EMPTY = "from checkpoint, the shape in current model is torch.Size([0])."
REPORTED = f"size mismatch for visual.blocks.3.mlp.up_proj.bias: copying a param with shape torch.Size([3420]) {EMPTY}"


def _error(folder):
    try:
        load(folder)
        return ""
    except RuntimeError as error:
        return str(error)


def size_mismatch():
    """Loading under ZeRO-3 raises the size mismatch with shape [0], the reported line word for word among its lines."""
    error = _error(SHARDED)
    print(error)
    assert REPORTED in error, "the load raised no such size mismatch"


def only_the_first_shard_is_named():
    """Only `visual.` is named because the first shard ends the load; from one file, the language model is named too."""
    pattern = re.compile(r"size mismatch for (visual|model)\..* " + re.escape(EMPTY))
    sharded, one_file = pattern.findall(_error(SHARDED)), pattern.findall(_error(ONE_FILE))
    print(f"in two shards: {sharded.count('visual')} visual, {sharded.count('model')} language lines;", end=" ")
    print(f"in one file: {one_file.count('visual')} visual, {one_file.count('model')} language lines")
    assert set(sharded) == {"visual"}, sharded or "no size mismatch"
    assert set(one_file) == {"visual", "model"}, one_file or "no size mismatch"


def exact():
    """After the load under ZeRO-3 every gathered tensor equals the checkpoint, bit for bit."""
    model = load(SHARDED)
    assert all(hasattr(parameter, "ds_tensor") for parameter in model.parameters()), "not under ZeRO-3"
    differences = verify(model, SHARDED, gather=gather)
    print(f"{TENSORS - len(differences)} of {TENSORS} tensors equal the checkpoint")
    assert differences == [], differences
    parameter = model.visual.blocks[3].mlp.up_proj.bias
    with zero.GatheredParameters([parameter], modifier_rank=0):
        parameter.data[7] += 1
    assert len(verify(model, SHARDED, gather=gather)) == 1, "a wrong tensor is not seen"


if __name__ == "__main__":
    size_mismatch()
    only_the_first_shard_is_named()
    exact()
