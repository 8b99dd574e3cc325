"""Which wrapper puts what into the names that are saved: a network of 11 tensors, wrapped, and asked for its state_dict()."""

import torch
from _net import CLEAN, FILES, INSIDE, SIZE, WRAPPED, Net, a_net, in_fsdp, load, with_a_checkpointed_block
from torch.nn.parallel import DataParallel, DistributedDataParallel


def _every_name_begins_with(prefix, state):
    return [*state] == [prefix + name for name in CLEAN]


def data_parallel_puts_module_before_every_name():
    """DataParallel and DistributedDataParallel put `module.` before each of the 11 names."""
    for wrapper in (DataParallel, DistributedDataParallel):
        assert _every_name_begins_with("module.", wrapper(a_net()).state_dict()), wrapper


def compile_puts_orig_mod_before_every_name():
    """torch.compile(model) puts `_orig_mod.` before each of the 11 names; the model that was given keeps its own."""
    net = a_net()
    assert _every_name_begins_with("_orig_mod.", torch.compile(net).state_dict())
    assert [*net.state_dict()] == [*CLEAN]


def two_wrappers_put_both_the_outer_one_first():
    """DDP around torch.compile writes `module._orig_mod.`, torch.compile around DataParallel `_orig_mod.module.`."""
    for prefix in ("module._orig_mod.", "_orig_mod.module."):
        assert _every_name_begins_with(prefix, FILES[prefix]), next(iter(FILES[prefix]))


def a_compiled_part_has_it_inside():
    """Where one part is compiled, it stands inside the names, `blocks.0._orig_mod.weight`, and before none."""
    marked = [name for name in INSIDE if "_orig_mod." in name]
    assert marked == ["blocks.0._orig_mod.weight", "blocks.0._orig_mod.bias"], marked
    assert len(INSIDE) == SIZE


def fsdp_and_checkpointing_save_clean_names():
    """state_dict() in FSDP (the first one) and with checkpoint_wrapper around a part: the network's own 11 names."""
    for net in (in_fsdp(), with_a_checkpointed_block()):
        assert any("_wrapped_module." in name for name, _ in net.named_parameters()), "it is not wrapped"
        assert [*net.state_dict()] == [*CLEAN], [*net.state_dict()]


def named_parameters_shows_their_marks():
    """A dict of named_parameters() has `_fsdp_wrapped_module.` or `_checkpoint_wrapped_module.` in its names."""
    for net, mark in (
        (in_fsdp(), "_fsdp_wrapped_module.conv1.weight"),
        (with_a_checkpointed_block(), "blocks.0._checkpoint_wrapped_module.weight"),
    ):
        assert mark in dict(net.named_parameters()), [name for name, _ in net.named_parameters()]


def compiled_in_place_the_names_stay():
    """model.compile(), which compiles in place, leaves all 11 names as they were."""
    net = a_net()
    net.compile()
    assert net._compiled_call_impl is not None, "it is not compiled"
    assert [*net.state_dict()] == [*CLEAN]


def saved_from_the_module_inside_it_needs_no_cure():
    """Saved from the module inside (.module, ._orig_mod), the file loads into a network that is not wrapped: 11 of 11."""
    for prefix, net in WRAPPED.items():
        assert load(net.state_dict(), strict=False) == 0, "the wrapped names load"
        for attribute in prefix.split(".")[:-1]:
            net = getattr(net, attribute)
        assert isinstance(net, Net)
        assert load(net.state_dict()) == SIZE == 11, load(net.state_dict())


if __name__ == "__main__":
    data_parallel_puts_module_before_every_name()
    compile_puts_orig_mod_before_every_name()
    two_wrappers_put_both_the_outer_one_first()
    a_compiled_part_has_it_inside()
    fsdp_and_checkpointing_save_clean_names()
    named_parameters_shows_their_marks()
    compiled_in_place_the_names_stay()
    saved_from_the_module_inside_it_needs_no_cure()
