"""What a strict load_state_dict says where only one side is wrapped, and what is loaded when it has said it."""

from _net import (
    CLEAN,
    FILES,
    INSIDE,
    SIZE,
    WRAPPED,
    Net,
    equal,
    error,
    in_fsdp,
    with_a_checkpointed_block,
    with_a_compiled_block,
)


def _quoted(names):
    return ", ".join(f'"{name}"' for name in names)


def it_stops_and_names_every_tensor_twice():
    """A wrapped file: the load stops, and names all 11 as missing and the same 11 with the prefix as unexpected."""
    for state in FILES.values():
        text = error(Net(), state)
        assert text.startswith("Error(s) in loading state_dict for Net:"), text
        assert f"Missing key(s) in state_dict: {_quoted(CLEAN)}." in text, text
        assert f"Unexpected key(s) in state_dict: {_quoted(state)}." in text, text


def nothing_is_loaded_when_it_stops():
    """When it has stopped, 0 of 11 tensors are those of the file: a program that goes on uses random weights."""
    for state in FILES.values():
        net = Net()
        assert "Missing key(s) in state_dict: " in error(net, state)
        assert equal(net) == 0, equal(net)


def with_a_compiled_part_all_else_is_loaded_when_it_stops():
    """With one part compiled in the file it stops as well, and the other 9 of 11 tensors are loaded by then."""
    net = Net()
    text = error(net, INSIDE)
    assert 'Missing key(s) in state_dict: "blocks.0.weight", "blocks.0.bias".' in text, text
    assert 'Unexpected key(s) in state_dict: "blocks.0._orig_mod.weight", "blocks.0._orig_mod.bias".' in text, text
    assert equal(net) == SIZE - 2 == 9, equal(net)


def names_of_fsdp_and_checkpointing_are_told_alike():
    """A dict of named_parameters() of FSDP or checkpoint_wrapper: the same text, with `_fsdp_wrapped_module.` or the other."""
    for wrapped, name in (
        (in_fsdp(), "_fsdp_wrapped_module.conv1.weight"),
        (with_a_checkpointed_block(), "blocks.0._checkpoint_wrapped_module.weight"),
    ):
        text = error(Net(), {name: value.detach() for name, value in wrapped.named_parameters()})
        assert f'Unexpected key(s) in state_dict: "{name}", ' in text, text


def the_other_way_round_the_wrapper_is_named():
    """A clean file into a wrapped model: the text names the wrapper's class, and misses the names with the prefix."""
    for prefix, wrapped in WRAPPED.items():
        text = error(wrapped, CLEAN)
        assert text.startswith(f"Error(s) in loading state_dict for {type(wrapped).__name__}:"), text
        assert f"Missing key(s) in state_dict: {_quoted(prefix + name for name in CLEAN)}." in text, text
        assert f"Unexpected key(s) in state_dict: {_quoted(CLEAN)}." in text, text


def the_other_way_round_a_compiled_part_is_not_named():
    """A clean file into a model of which one part is compiled: the model's own class is named, and the part's names."""
    text = error(with_a_compiled_block(), CLEAN)
    assert text.startswith("Error(s) in loading state_dict for Net:"), text
    assert 'Missing key(s) in state_dict: "blocks.0._orig_mod.weight", "blocks.0._orig_mod.bias".' in text, text


if __name__ == "__main__":
    it_stops_and_names_every_tensor_twice()
    nothing_is_loaded_when_it_stops()
    with_a_compiled_part_all_else_is_loaded_when_it_stops()
    names_of_fsdp_and_checkpointing_are_told_alike()
    the_other_way_round_the_wrapper_is_named()
    the_other_way_round_a_compiled_part_is_not_named()
