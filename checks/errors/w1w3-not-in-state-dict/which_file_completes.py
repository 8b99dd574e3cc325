"""Watch, file by file, which merged blocks XTuner completes, and find out by value which experts each of them holds."""

import json
import os
import re
import tempfile

from _checkpoint import CONFIG, TENSORS_PER_FILE, save
from _shard_mode import load
from safetensors import safe_open

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOLDER, N = "deepseek-ai/DeepSeek-V2-Lite", 8
LAYERS, BLOCKS = range(CONFIG["num_hidden_layers"]), range(CONFIG["n_routed_experts"] // N)
save(FOLDER)
loaded = load(FOLDER, N)

lines, completed_by = [], {}  # what the loader says while it runs: the parameters it misses, the file that completes a block
for record in loaded.records:
    if found := re.match(r"(\S+) not in state_dict, loading ", record.getMessage()):
        lines.append(found[1])
    elif found := re.fullmatch(r"merged key (\S+)", record.getMessage()):
        completed_by[found[1]] = len(lines)

checkpoint, stored_in = {}, {}  # stored_in: (layer, expert) -> {linear: number of the file}
for number in range(1, len(TENSORS_PER_FILE) + 1):
    with safe_open(f"{FOLDER}/model-{number:05}-of-000004.safetensors", "pt") as file:
        for name in file.keys():  # noqa: SIM118  it is no dictionary
            if found := re.fullmatch(r"model\.layers\.(\d+)\.mlp\.experts\.(\d+)\.(\w+)_proj\.weight", name):
                key = (int(found[1]), int(found[2]))
                checkpoint[(*key, found[3])] = file.get_tensor(name)
                stored_in.setdefault(key, {})[found[3]] = number


def _merged(layer, block, kind="w1w3"):
    return f"model.layers.{layer}.mlp.experts.{block}.{kind}"


def _files(layer, block):
    """The files in which the eight experts lie whose numbers follow from the block's."""
    return {file for i in range(N) for file in stored_in[layer, block * N + i].values()}


def _experts_in(layer, block):
    """Which experts of the layer the merged tensor holds: found by comparing values, gate rows and up rows."""
    numbers = range(CONFIG["n_routed_experts"])
    for expert in loaded.model.get_parameter(_merged(layer, block)):
        w1, w3 = expert.chunk(2)
        same = (e for e in numbers if w1.equal(checkpoint[layer, e, "gate"]) and w3.equal(checkpoint[layer, e, "up"]))
        yield next(same, None)


WITH_EXPERTS = [(layer, block) for layer in LAYERS[CONFIG["first_k_dense_replace"] :] for block in BLOCKS]
cut = [place for place in WITH_EXPERTS if len(_files(*place)) > 1]
data = {
    "tensors": TENSORS_PER_FILE,
    "lines": lines,
    "completed by": [[completed_by.get(_merged(layer, block)) for block in BLOCKS] for layer in LAYERS],
    "block 7.3": {expert: stored_in.get((7, expert)) for expert in _experts_in(7, 3)},
}
print("--- data which-file-completes", json.dumps(data))


def block_is_complete_with_its_last_expert():
    """A merged tensor is made once the file with the last of its 8 experts is read: 51, 59, 59 and 39 of 208, file by file."""
    assert completed_by == {_merged(*place, w): max(_files(*place)) for place in WITH_EXPERTS for w in ("w1w3", "w2")}
    files = [completed_by[_merged(*place)] for place in WITH_EXPERTS]
    assert [files.count(file) for file in (1, 2, 3, 4)] == [51, 59, 59, 39]


def lines_name_the_blocks_that_are_cut():
    """After the first, each line names the block of 8 experts that the end of a file cuts in two: `7.3`, `14.6`, `22.1`."""
    assert lines == ["model.embed_tokens.weight", *(_merged(*place) for place in cut)], lines
    assert cut == [(7, 3), (14, 6), (22, 1)]


def reported_line_waits_for_one_tensor():
    """The reported line waits for one tensor, `down_proj` of expert 31: w1w3 has all it needs, but is made together with w2."""
    waiting = [(e, w) for e in range(24, 32) for w, file in stored_in[7, e].items() if file > 1]
    assert waiting == [(31, "down")], waiting
    assert lines[1] == _merged(7, 3)
    assert completed_by[_merged(7, 3)] == completed_by[_merged(7, 3, "w2")] == 2


def block_b_holds_the_experts_from_8b():
    """With N = 8, `experts.b.w1w3` holds experts 8b to 8b + 7 in this order, found by their values in all 208 tensors."""
    for layer, block in WITH_EXPERTS:
        assert list(_experts_in(layer, block)) == [block * N + i for i in range(N)], (layer, block)


if __name__ == "__main__":
    block_is_complete_with_its_last_expert()
    lines_name_the_blocks_that_are_cut()
    reported_line_waits_for_one_tensor()
    block_b_holds_the_experts_from_8b()
