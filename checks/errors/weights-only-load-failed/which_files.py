"""Which files torch.load refuses with "Weights only load failed", what it says of them, and what asks before it loads."""

import re
from pathlib import Path

import torch
from _files import CALLS, FILE, OBJECTS, RAN, TENSORS, load, numpy_globals, random_state, refusal, save

from snippets.audit_checkpoint import audit

NUMPY = numpy_globals()
GLOBAL = re.compile(r"Unsupported global: GLOBAL (\S+) was not an allowed global by default")
BUILT = re.compile(r"Can only build .{1,100}, but got <class '([^']+)'>")


def _asked(text):
    """The name that a text asks for."""
    return (GLOBAL.search(text) or BUILT.search(text)).group(1)


def _last(name):
    return name.rpartition(".")[2]


def _trained():
    model = torch.nn.Linear(4, 4)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(4)).sum().backward()
    optimizer.step()
    return model, optimizer


def a_state_dict_and_an_optimizer_need_no_exception():
    """A state dict and an optimizer's state load by default, bit for bit: AdamW's two moments and step of each parameter."""
    model, optimizer = _trained()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, FILE)
    found = torch.load(FILE)
    assert all(torch.equal(found["model"][name], tensor) for name, tensor in model.state_dict().items())
    states = optimizer.state_dict()["state"]
    assert len(states) == 2 and len(states[0]) == 3
    for number, state in states.items():
        for name, tensor in state.items():
            assert torch.equal(found["optimizer"]["state"][number][name], tensor), (number, name)


def plain_values_need_no_exception():
    """Numbers, texts, lists, dicts, a torch.Size, dtype and device, and the form of before 1.6 load with weights_only=True."""
    plain = {"step": 3, "loss": 0.5, "name": "run", "list": [1, (2, None, True)], "size": torch.Size([2])}
    plain |= {"dtype": torch.bfloat16, "device": torch.device("cpu")}
    for zipped in (True, False):
        save(plain, _use_new_zipfile_serialization=zipped)
        assert load(weights_only=True) == len(TENSORS)
        assert torch.load(FILE, weights_only=True)["more"] == plain


def python_objects_are_refused():
    """Refused by default: numpy's random state, scalar or array, argparse.Namespace, a path, a defaultdict, a whole module."""
    assert len(OBJECTS) == 7
    for what, content in OBJECTS.items():
        save(content)
        print(what)
        assert GLOBAL.search(refusal()), what


def it_says_that_it_can_still_be_loaded():
    """Its text begins "This file can still be loaded, to do so you have two options", and the first is weights_only=False."""
    save(OBJECTS["argparse.Namespace"])
    text = refusal()
    assert text.startswith("Weights only load failed. This file can still be loaded, to do so you have two options"), text
    assert "(1)" in text and "Re-running `torch.load` with `weights_only` set to `False` will likely succeed" in text, text


def it_offers_the_name_with_its_module():
    """It offers to allow the name with its module, `add_safe_globals([argparse.Namespace])`."""
    save(OBJECTS["argparse.Namespace"])
    text = refusal()
    assert "add_safe_globals([" in text, text
    assert "add_safe_globals([argparse.Namespace])" in text, "it prints the bare name, [Namespace]"


def it_was_an_unsupported_class():
    """With weights_only=True it says "Unsupported class argparse.Namespace", and offers no list of what may be allowed."""
    save(OBJECTS["argparse.Namespace"])
    text = refusal(weights_only=True)
    assert "WeightsUnpickler error: Unsupported" in text, text
    assert "Unsupported class argparse.Namespace" in text and "safe_globals" not in text, "it is an unsupported global"


def it_offers_exec_as_well():
    """Of a file that calls exec it says the same, and offers `torch.serialization.safe_globals([exec])`."""
    save(CALLS["exec"])
    text = refusal()
    assert "This file can still be loaded" in text and "torch.serialization.safe_globals([exec])" in text, text
    assert not RAN.exists()


def a_blocked_module_is_told_otherwise():
    """Of a file that calls os.system: "Trying to load unsupported GLOBAL posix.system whose module posix is blocked"."""
    save(CALLS["os.system"])
    text = refusal()
    assert "Trying to load unsupported GLOBAL posix.system whose module posix is blocked." in text, text
    assert "This file can still be loaded" not in text and not RAN.exists()


def it_names_one_at_a_time():
    """It names one at a time: of a file with numpy's random state it asks four times, each time for another."""
    save(random_state())
    asked = []
    for allowed in range(4):
        with torch.serialization.safe_globals(NUMPY[:allowed]):
            asked.append(_asked(refusal()))
    print(asked)
    assert [_last(name) for name in asked] == [_last(one.__name__) for one in NUMPY], asked
    with torch.serialization.safe_globals(NUMPY):
        assert load() == len(TENSORS)


def the_fourth_text_is_another():
    """The fourth text differs: "Can only build Tensor, Parameter, OrderedDict or types allowlisted via ..."."""
    save(random_state())
    with torch.serialization.safe_globals(NUMPY[:3]):
        text = refusal()
    assert "Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got" in text, text
    assert "This file can still be loaded" not in text and "UInt32DType" in text, text


def the_list_names_them_and_runs_nothing():
    """`torch.serialization.get_unsafe_globals_in_checkpoint` names what would be called, and nothing of it runs."""
    for what, content in CALLS.items():
        save(content)
        RAN.unlink(missing_ok=True)
        listed = torch.serialization.get_unsafe_globals_in_checkpoint(FILE)
        print(what, listed)
        assert len(listed) == 1 and _last(listed[0]) == _last(what), (what, listed)
        assert not RAN.exists(), what


def of_tensors_the_list_is_empty():
    """Of a file of tensors and plain values that list is empty."""
    save({"step": 3})
    assert torch.serialization.get_unsafe_globals_in_checkpoint(FILE) == []
    save(OBJECTS["argparse.Namespace"])
    assert torch.serialization.get_unsafe_globals_in_checkpoint(FILE) == ["argparse.Namespace"]


def the_list_of_numpys_state_is_one_short():
    """Of numpy's random state the list names three of four: all three allowed, torch.load still refuses the file."""
    save(random_state())
    listed = torch.serialization.get_unsafe_globals_in_checkpoint(FILE)
    print(listed)
    assert len(listed) == 3, listed
    with torch.serialization.safe_globals([one for one in NUMPY if _last(one.__name__) in map(_last, listed)]):
        assert _last(_asked(refusal())) == "UInt32DType"


def the_audit_does_not_look_at_what_is_called():
    """`audit_checkpoint.py` calls a file that runs something whole, and says nothing of it: it looks for damage alone."""
    Path("model").mkdir(exist_ok=True)
    save(CALLS["open"])
    Path(FILE).replace("model/pytorch_model.bin")
    report = audit("model")
    print(report.problems, report.looked, report.not_looked_at)
    assert report.looked["whole"] == "yes" and report.problems == [] and not RAN.exists()
    torch.load("model/pytorch_model.bin", weights_only=False)
    assert RAN.exists(), "the file runs nothing at all"


if __name__ == "__main__":
    a_state_dict_and_an_optimizer_need_no_exception()
    plain_values_need_no_exception()
    python_objects_are_refused()
    it_says_that_it_can_still_be_loaded()
    it_offers_the_name_with_its_module()
    it_was_an_unsupported_class()
    it_offers_exec_as_well()
    a_blocked_module_is_told_otherwise()
    it_names_one_at_a_time()
    the_fourth_text_is_another()
    the_list_names_them_and_runs_nothing()
    of_tensors_the_list_is_empty()
    the_list_of_numpys_state_is_one_short()
    the_audit_does_not_look_at_what_is_called()
