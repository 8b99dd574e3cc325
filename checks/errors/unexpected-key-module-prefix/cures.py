"""What is tried against the prefix, on files of every wrapper: how many of 11 tensors each leaves equal, or that it stops."""

import json
import warnings
from contextlib import redirect_stdout
from io import StringIO

import torch
from _net import CLEAN, FILES, INSIDE, SIZE, WRAPPED, Net, equal, error, in_fsdp, load, with_a_compiled_block
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present
from torch.nn.parallel import DataParallel

# --8<-- [start:rename]
WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}


def bare(name):
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def rename_for(model, state):
    """The tensors of a file under the names of this model, whichever of the two was wrapped."""
    names = {bare(name): name for name in model.state_dict()}
    renamed = {names.get(bare(name), name): tensor for name, tensor in state.items()}
    if len(renamed) < len(state):
        raise ValueError("two tensors would get the same name")
    return renamed
    # --8<-- [end:rename]


def removed(state, *prefixes):
    for prefix in prefixes:
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def consumed(state, *prefixes):
    state = state.copy()
    for prefix in prefixes:
        consume_prefix_in_state_dict_if_present(state, prefix)
    return state


def replaced(state, word):
    return {name.replace(word, ""): tensor for name, tensor in state.items()}


def sliced(state):
    return {name[7:]: tensor for name, tensor in state.items()}


def without_the_names(state, prefix):
    return {name: tensor for name, tensor in state.items() if not name.startswith(prefix)}


ALL = {**FILES, "inside": INSIDE, "clean": CLEAN}
TRIED = {  # for the drawing: each file after a cure, then loaded, the last two of them with strict=False
    "removeprefix": lambda state: removed(state, "module."),
    "slice": sliced,
    "rename_for": lambda state: rename_for(Net(), state),
    "replace, strict=False": lambda state: replaced(state, "module."),
    "strict=False": lambda state: state,
}


def _loaded(cure, state):
    equal_or_text = load(TRIED[cure](state), strict="strict=False" not in cure)
    return equal_or_text if isinstance(equal_or_text, int) else "stops"


DATA = {cure: {file: _loaded(cure, state) for file, state in ALL.items()} for cure in TRIED}
print("--- data what-each-cure-loads", json.dumps({"of": SIZE, "loaded": DATA}))


def strict_false_loads_nothing_and_says_nothing():
    """strict=False: no error, no warning, nothing printed, and 0 of 11 tensors are loaded, with each of four prefixes."""
    for state in FILES.values():
        net = Net()
        with warnings.catch_warnings(record=True) as warned, redirect_stdout(StringIO()) as printed:
            warnings.simplefilter("always")
            result = net.load_state_dict(state, strict=False)
        assert (warned, printed.getvalue()) == ([], ""), (warned, printed.getvalue())
        assert len(result.missing_keys) == len(result.unexpected_keys) == SIZE == 11, result
        assert equal(net) == 0, equal(net)


def strict_false_leaves_a_compiled_part_random():
    """strict=False, where one part was compiled: no error, and 9 of 11 tensors are loaded; that part stays random."""
    assert load(INSIDE, strict=False) == 9, load(INSIDE, strict=False)
    assert [*DATA["strict=False"].values()] == [0, 0, 0, 0, 9, SIZE], DATA


def removeprefix_is_exact():
    """name.removeprefix(...) of each name: 11 of 11 tensors, with `module.` and with `_orig_mod.`."""
    for prefix in ("module.", "_orig_mod."):
        assert load(FILES[prefix], strict=False) == 0
        assert load(removed(FILES[prefix], prefix)) == SIZE, load(removed(FILES[prefix], prefix))
    assert [*DATA["removeprefix"].values()] == [SIZE, "stops", "stops", "stops", "stops", SIZE], DATA


def removeprefix_leaves_a_clean_file_as_it_is():
    """Of a file without a prefix removeprefix changes no name: 11 of 11."""
    for prefix in ("module.", "_orig_mod."):
        assert load(removed(CLEAN, prefix)) == SIZE


def consume_prefix_is_exact():
    """consume_prefix_in_state_dict_if_present(state, ...), which torch has: 11 of 11 tensors, and of a clean file, too."""
    for prefix in ("module.", "_orig_mod."):
        assert load(FILES[prefix], strict=False) == 0
        for state in (FILES[prefix], CLEAN):
            assert load(consumed(state, prefix)) == SIZE, load(consumed(state, prefix))


def of_two_wrappers_one_removal_stops():
    """Of two prefixes only one taken off: it stops; both in the order in which they stand: 11 of 11; in the other: it stops."""
    for prefix in ("module._orig_mod.", "_orig_mod.module."):
        outer, inner = (f"{part}." for part in prefix.split(".")[:-1])
        for remove in (removed, consumed):
            assert "Unexpected key(s)" in error(Net(), remove(FILES[prefix], outer))
            assert "Unexpected key(s)" in error(Net(), remove(FILES[prefix], inner, outer))
            assert load(remove(FILES[prefix], outer, inner)) == SIZE


def in_a_compiled_part_removeprefix_changes_nothing():
    """Inside a name removeprefix does not reach the mark: it stops; replace("_orig_mod.", "") loads 11 of 11."""
    assert "Unexpected key(s)" in error(Net(), removed(INSIDE, "_orig_mod."))
    assert load(replaced(INSIDE, "_orig_mod.")) == SIZE


def replace_changes_names_that_end_in_module():
    """replace("module.", "") makes motion_module.weight motion_weight: it stops, of a clean file as well."""
    for state in (FILES["module."], CLEAN):
        text = error(Net(), replaced(state, "module."))
        assert '"motion_module.weight"' in text and '"motion_weight"' in text and "conv1" not in text, text


def replace_with_strict_false_loses_them_silently():
    """replace("module.", "") and strict=False: no error, and 9 of 11; motion_module stays random, even of a clean file."""
    for state in (FILES["module."], CLEAN):
        assert load(replaced(state, "module."), strict=False) == 9, load(replaced(state, "module."), strict=False)
    assert [*DATA["replace, strict=False"].values()] == [9, 0, 0, 0, 7, 9], DATA


def slicing_is_exact_for_one_prefix_alone():
    """name[7:] is exact with `module.`; with each of the other prefixes, and of a clean file, it stops."""
    assert load(sliced(FILES["module."])) == SIZE
    for state in (FILES["_orig_mod."], FILES["module._orig_mod."], FILES["_orig_mod.module."], CLEAN):
        assert "Unexpected key(s)" in error(Net(), sliced(state))
    assert [*DATA["slice"].values()] == [SIZE, *["stops"] * 5], DATA


def slicing_a_clean_file_with_strict_false_loads_nothing():
    """name[7:] of a clean file, with strict=False: no error, and 0 of 11."""
    state = sliced(CLEAN)
    assert {"eight", "ias"} <= {*state}  # of conv1.weight and conv1.bias
    assert load(CLEAN, strict=False) == SIZE
    assert load(state, strict=False) == 0


def deleting_the_names_loads_nothing():
    """The names with the prefix deleted: a strict load stops, with strict=False 0 of 11 are loaded, without an error."""
    for prefix, state in FILES.items():
        left = without_the_names(state, prefix)
        assert "Missing key(s)" in error(Net(), left)
        assert load(left, strict=False) == 0


def renamed_for_the_model_is_exact():
    """rename_for(model, state) and a strict load: 11 of 11, with each wrapper, around all or a part, and of a clean file."""
    assert load(FILES["module."], strict=False) == 0
    for what, state in ALL.items():
        assert load(rename_for(Net(), state)) == SIZE, what
    assert {*DATA["rename_for"].values()} == {SIZE}, DATA


def _equal_inside(wrapped, prefix):
    """How many of the trained tensors a wrapped model holds, bit for bit."""
    state = {name.removeprefix(prefix).replace("_orig_mod.", ""): tensor for name, tensor in wrapped.state_dict().items()}
    assert state.keys() == CLEAN.keys(), state.keys()
    return sum(torch.equal(state[name], tensor) for name, tensor in CLEAN.items())


def _zeroed(wrapped):
    wrapped.load_state_dict({name: tensor * 0 for name, tensor in wrapped.state_dict().items()})


def renamed_for_a_wrapped_model_is_exact():
    """The other way round, too: a clean file into a model in each of the wrappers, or with a compiled part: 11 of 11."""
    for prefix, wrapped in {**WRAPPED, "": with_a_compiled_block()}.items():
        _zeroed(wrapped)
        assert "Missing key(s)" in error(wrapped, CLEAN)
        _zeroed(wrapped)
        assert _equal_inside(wrapped, prefix) == 0
        wrapped.load_state_dict(rename_for(wrapped, CLEAN))
        assert _equal_inside(wrapped, prefix) == SIZE, prefix


def renamed_for_the_model_names_of_fsdp_are_exact():
    """A dict of FSDP's named_parameters(): renamed, each of its 10 parameters is loaded; as it is, none."""
    state = {name: value.detach() for name, value in in_fsdp().named_parameters()}
    assert load(state, strict=False) == 0
    assert load(rename_for(Net(), state), strict=False) == len(state) == 10


def renamed_for_the_model_what_is_missing_is_told():
    """rename_for hides nothing: where the file lacks a tensor, or has one that is not the model's, the strict load stops."""
    state = dict(FILES["module."])
    state["module.other.weight"] = state.pop("module.conv1.weight")
    text = error(Net(), rename_for(Net(), state))
    assert 'Missing key(s) in state_dict: "conv1.weight".' in text, text
    assert 'Unexpected key(s) in state_dict: "module.other.weight".' in text, text


class Holder(nn.Module):
    """A model of which a part is really called module."""

    def __init__(self):
        super().__init__()
        self.module = Net()


class Both(Holder):
    """And another beside it that is called as a part of that one."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(2, 3, 1)


def a_part_that_is_called_module_is_kept():
    """Where a part is really called `module`: rename_for is exact, clean or of DataParallel; removeprefix stops."""
    holder = Holder()
    state = {name: value.clone() for name, value in holder.state_dict().items()}
    for saved in (state, DataParallel(holder).state_dict()):
        fresh = Holder()
        fresh.load_state_dict(rename_for(fresh, saved))
        assert equal(fresh, state) == SIZE
    assert 'Unexpected key(s) in state_dict: "mean", "conv1.weight"' in error(Holder(), removed(state, "module."))


def two_names_that_become_one_stop_it():
    """A file with both `conv1` and `module.conv1`: rename_for raises a ValueError, whether the model has both or one."""
    state = Both().state_dict()
    for model in (Both(), Net()):
        try:
            rename_for(model, state)
        except ValueError as raised:
            assert str(raised) == "two tensors would get the same name", raised
        else:
            raise AssertionError("no error")


def into_the_module_inside_a_clean_file_is_exact():
    """model.module.load_state_dict(...), model._orig_mod.load_state_dict(...): a clean file is loaded exactly, 11 of 11."""
    for prefix, wrapped in WRAPPED.items():
        _zeroed(wrapped)
        inside = wrapped
        for attribute in prefix.split(".")[:-1]:
            inside = getattr(inside, attribute)
        assert equal(inside) == 0
        inside.load_state_dict(CLEAN)
        assert equal(inside) == SIZE


if __name__ == "__main__":
    strict_false_loads_nothing_and_says_nothing()
    strict_false_leaves_a_compiled_part_random()
    removeprefix_is_exact()
    removeprefix_leaves_a_clean_file_as_it_is()
    consume_prefix_is_exact()
    of_two_wrappers_one_removal_stops()
    in_a_compiled_part_removeprefix_changes_nothing()
    replace_changes_names_that_end_in_module()
    replace_with_strict_false_loses_them_silently()
    slicing_is_exact_for_one_prefix_alone()
    slicing_a_clean_file_with_strict_false_loads_nothing()
    deleting_the_names_loads_nothing()
    renamed_for_the_model_is_exact()
    renamed_for_a_wrapped_model_is_exact()
    renamed_for_the_model_names_of_fsdp_are_exact()
    renamed_for_the_model_what_is_missing_is_told()
    a_part_that_is_called_module_is_kept()
    two_names_that_become_one_stop_it()
    into_the_module_inside_a_clean_file_is_exact()
