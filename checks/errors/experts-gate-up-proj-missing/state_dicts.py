"""Give the published tensors, one matrix for each expert, to `load_state_dict` and to `from_pretrained`."""

import torch
from _moe import CLASSES, config_of, experts_of, fuse, model_class, printed, publish, wrong

from snippets.verify_loaded import compare

TENSORS = {kind: publish(kind) for kind in CLASSES}


def _fresh(kind):
    torch.manual_seed(1)
    return model_class(kind)(config_of(kind))


def _copied(kind):
    """Return copies of the published tensors: a model that was given a dictionary can share its memory."""
    return {name: tensor.clone() for name, tensor in TENSORS[kind].items()}


def _lost(kind, names):
    """Return the names that no published name fits: the experts, and the router of Mixtral."""
    routers = [name for name in names if kind == "mixtral" and name.endswith(".mlp.gate.weight")]
    return sorted(experts_of(names) + routers)


def strict_names_the_experts_as_missing():
    """`load_state_dict` with the published names raises, and names each `experts.gate_up_proj` and `down_proj` as missing."""
    for kind, tensors in TENSORS.items():
        model = _fresh(kind)
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            print(error)
            missing = str(error).partition("Missing key(s) in state_dict:")[2].partition("Unexpected key(s)")[0]
            experts = experts_of(model.state_dict())
            assert experts and all(f'"{name}"' in missing for name in experts), missing
            continue
        raise AssertionError("no error")


def strict_false_leaves_every_expert_random():
    """With `strict=False` every expert keeps its random values, of Mixtral the router, too; all else is exact; not a line."""
    for kind, tensors in TENSORS.items():
        model = _fresh(kind)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        with printed() as lines:
            model.load_state_dict(tensors, strict=False)
        found, total = wrong(model, tensors), len(before)
        assert found == _lost(kind, before), f"no error, {total - len(found)} of {total} equal"
        assert all(torch.equal(model.state_dict()[name], before[name]) for name in found)
        assert lines == [""], lines


def given_to_from_pretrained_it_is_exact():
    """`from_pretrained(None, config=config, state_dict=tensors)` takes the published names, and every tensor is exact."""
    for kind in CLASSES:
        config, cls, tensors = config_of(kind), model_class(kind), _copied(kind)
        # --8<-- [start:state_dict]
        model = cls.from_pretrained(None, config=config, state_dict=tensors)
        # --8<-- [end:state_dict]
        assert wrong(model, TENSORS[kind]) == [], kind


def fused_by_hand_it_is_exact():
    """Fused by hand, gate rows, then up rows for each expert, `load_state_dict` takes them, strict, and all is exact."""
    for kind, tensors in TENSORS.items():
        model = _fresh(kind)
        try:
            model.load_state_dict(fuse(tensors))
        except RuntimeError as error:
            raise AssertionError("RuntimeError: Missing key(s) in state_dict") from error
        assert wrong(model, tensors) == [], kind


def verify_loaded_names_the_experts():
    """After `strict=False` verify_loaded.py names just the tensors that are random."""
    for kind, tensors in TENSORS.items():
        model = _fresh(kind)
        model.load_state_dict(tensors, strict=False)
        report, found = compare(model, kind), wrong(model, tensors)
        print(*report.lines(), sep="\n")
        assert found == _lost(kind, model.state_dict()), found
        assert sorted(difference.parameter for difference in report.differences) == found, report.ending
        assert report.ending == "different", report.ending


def verify_loaded_says_equal_after_the_cure():
    """After `from_pretrained(None, ..., state_dict=tensors)` verify_loaded.py says of each of the three: equal."""
    for kind in CLASSES:
        model = model_class(kind).from_pretrained(None, config=config_of(kind), state_dict=_copied(kind))
        report = compare(model, kind)
        print(*[*report.lines()][-1:])
        assert report.ending in ("equal", "equal under other names"), report.ending


if __name__ == "__main__":
    strict_names_the_experts_as_missing()
    strict_false_leaves_every_expert_random()
    given_to_from_pretrained_it_is_exact()
    fused_by_hand_it_is_exact()
    verify_loaded_names_the_experts()
    verify_loaded_says_equal_after_the_cure()
