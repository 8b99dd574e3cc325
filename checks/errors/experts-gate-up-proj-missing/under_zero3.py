"""Load published mixtures of experts under DeepSpeed ZeRO-3: what is exact, what is random, and what is printed of it."""

import torch
from _moe import CLASSES, experts_of, held, listed, publish, values, wrong
from _zero import gather, load

from snippets.verify_loaded import compare

ALIKE = ("mixtral", "qwen3_moe")
TENSORS = {kind: publish(kind) for kind in CLASSES}
BIAS = "model.layers.1.mlp.gate.e_score_correction_bias"
_loaded = {}


def _outcome(kind):
    """Load it once; return the model and what was printed, or the error of the library's conversion."""
    if kind not in _loaded:
        try:
            _loaded[kind] = load(kind, 3)
        except RuntimeError as error:
            if "weight conversion" not in str(error):
                raise
            print(f"{kind}: {error}")
            _loaded[kind] = error
    return _loaded[kind]


def _load(kind):
    """Return the model and what was printed; an error refutes what is said of them."""
    outcome = _outcome(kind)
    assert not isinstance(outcome, RuntimeError), f"RuntimeError: {str(outcome).partition('. ')[0]}"
    return outcome


def _exact(kind, found):
    total = len(held(_load(kind)[0], TENSORS[kind]))
    return f"no error, {total - len(found)} of {total} equal"


def all_but_the_experts_is_random_and_named():
    """Mixtral and Qwen3-MoE return with their experts exact and all else random; a table names all that, no expert."""
    for kind in ALIKE:
        model, text = _load(kind)
        found = wrong(model, TENSORS[kind], gather)
        names = set(model.state_dict())
        assert found == sorted(names - {*experts_of(names)}), _exact(kind, found)
        assert listed(text) == found, listed(text)


def the_values_are_drawn_anew():
    """Loaded again with another seed, the attention of Mixtral has other values: no file gave them."""
    matrix = "model.layers.0.self_attn.q_proj.weight"
    (first, _), (second, _) = _load("mixtral"), load("mixtral", 3, seed=2)
    one, two = (dict(values(model, gather))[matrix] for model in (first, second))
    assert not torch.equal(one, two), "the values are the same"


def the_conversion_fails():
    """Each of the three stops with "Failed to apply weight conversion for '...experts...'", and no model is returned."""
    for kind in CLASSES:
        outcome = _outcome(kind)
        stopped = isinstance(outcome, RuntimeError)
        assert stopped, _exact(kind, wrong(outcome[0], TENSORS[kind], gather))
        said = str(outcome)
        assert "Failed to apply weight conversion for 'model.layers." in said and ".mlp.experts." in said, said


def only_the_routers_bias_is_lost_and_named():
    """Of DeepSeek-V3 all is exact but the router's `e_score_correction_bias`, which is zero; a table of one line names it."""
    model, text = _load("deepseek_v3")
    found = wrong(model, TENSORS["deepseek_v3"], gather)
    assert found == [BIAS], _exact("deepseek_v3", found)
    assert not model.state_dict()[BIAS].any(), "it is not zero"
    assert listed(text) == [BIAS], listed(text)


def mixtral_and_qwen3_moe_are_exact():
    """Mixtral and Qwen3-MoE are exact, every tensor, and nothing is listed as missing."""
    for kind in ALIKE:
        model, text = _load(kind)
        found = wrong(model, TENSORS[kind], gather)
        assert found == [] == listed(text), _exact(kind, found)


def deepseek_v3_is_exact():
    """DeepSeek-V3 is exact, the router's bias, too, and nothing is listed as missing."""
    model, text = _load("deepseek_v3")
    found = wrong(model, TENSORS["deepseek_v3"], gather)
    assert found == [] == listed(text), _exact("deepseek_v3", found)


def verify_loaded_names_what_is_wrong():
    """verify_loaded.py names just the tensors that differ in DeepSeek-V3, and says how many."""
    found = wrong(_load("deepseek_v3")[0], TENSORS["deepseek_v3"], gather)
    report = compare(_load("deepseek_v3")[0], "deepseek_v3", gather=gather)
    last = [*report.lines()][-1]
    print(last)
    assert found, _exact("deepseek_v3", found)
    assert sorted(difference.parameter for difference in report.differences) == found
    assert (report.ending, last) == ("different", f"{len(found)} differ"), last


def verify_loaded_says_equal():
    """verify_loaded.py says of each of the three that all tensors are equal: experts that the library fuses are no alarm."""
    for kind in CLASSES:
        report = compare(_load(kind)[0], kind, gather=gather)
        print(*[*report.lines()][-1:])
        assert report.ending in ("equal", "equal under other names"), report.ending


if __name__ == "__main__":
    all_but_the_experts_is_random_and_named()
    the_values_are_drawn_anew()
    the_conversion_fails()
    only_the_routers_bias_is_lost_and_named()
    mixtral_and_qwen3_moe_are_exact()
    deepseek_v3_is_exact()
    verify_loaded_names_what_is_wrong()
    verify_loaded_says_equal()
