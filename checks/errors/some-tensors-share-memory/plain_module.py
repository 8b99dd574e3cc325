"""A tied module of plain torch, saved in each way that is advised, and loaded into one that ties and one that does not."""

import json

import torch
from _tied import EMBEDDING, FILE, HEAD, MODEL, TENSORS, Net, equal, fresh, refusal, tied
from safetensors import safe_open
from safetensors.torch import load_file, load_model, save_file, save_model

from snippets.verify_loaded import verify

STATE = MODEL.state_dict()


def _stored():
    """The names that the file holds, and its metadata."""
    with safe_open(FILE, "pt") as file:
        return sorted(file.keys()), file.metadata()


def _refused(change):
    """The text with which save_file refuses the state dict with each tensor changed so."""
    return refusal(lambda: save_file({name: change(tensor) for name, tensor in STATE.items()}, FILE))


def _cloned():
    save_file({name: tensor.clone() for name, tensor in STATE.items()}, FILE)


def _dropped():
    save_file({name: tensor for name, tensor in STATE.items() if name != HEAD}, FILE)


def _loaded(model, **options):
    """Give the file's tensors to the model; return it."""
    model.load_state_dict(load_file(FILE), **options)
    return model


def _missing(load):
    """The text with which a load is refused."""
    try:
        load()
    except RuntimeError as error:
        return str(error)
    raise AssertionError("no error, it loads")


def save_file_stops_and_names_both():
    """save_file of a tied state dict: "Some tensors share memory", both names, no file; the model is as it was."""
    text = _refused(lambda tensor: tensor)
    assert "Some tensors share memory, this will lead to duplicate memory on disk" in text, text
    assert EMBEDDING in text and HEAD in text and "body" not in text, text
    assert equal(MODEL) == 4 and tied(MODEL)
    save_file(Net(tied=False).state_dict(), FILE)  # the control: it is the tie that is refused


def contiguous_detach_and_cpu_change_nothing():
    """`.contiguous()`, `.detach()` and `.cpu()` on each tensor: the same error."""
    ways = (torch.Tensor.contiguous, torch.Tensor.detach, torch.Tensor.cpu)
    texts = [_refused(way) for way in ways]
    assert len(texts) == 3 and all("Some tensors share memory" in text for text in texts), texts


def save_model_and_load_model_keep_tensor_and_tie():
    """save_model stores the tensor once; load_model into a model that ties: 4 of 4 exact, and still one tensor."""
    save_model(MODEL, FILE)
    names, metadata = _stored()
    assert len(names) == 3 and len({EMBEDDING, HEAD} & set(names)) == 1, names
    (left_out,) = {EMBEDDING, HEAD} - set(names)
    (kept,) = {EMBEDDING, HEAD} & set(names)
    assert metadata[left_out] == kept, metadata
    model = fresh(tied=True)
    load_model(model, FILE)
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))


def load_model_into_one_that_does_not_tie_raises():
    """load_model of that file into a model that does not tie: an error, which names the missing one."""
    save_model(MODEL, FILE)
    text = _missing(lambda: load_model(fresh(tied=False), FILE))
    assert "Missing key(s)" in text and (EMBEDDING in text or HEAD in text), text


def after_save_model_a_plain_load_raises():
    """load_state_dict(load_file(...)) of that file: "Missing key(s)", even into a model that ties."""
    save_model(MODEL, FILE)
    text = _missing(lambda: _loaded(fresh(tied=True)))
    assert "Missing key(s)" in text, text


def with_strict_false_a_model_that_ties_is_exact():
    """With strict=False, and a model that ties: 4 of 4 exact, one tensor."""
    save_model(MODEL, FILE)
    model = _loaded(fresh(tied=True), strict=False)
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))


def with_strict_false_a_model_that_does_not_tie_is_wrong_silently():
    """With strict=False, and a model that does not tie: no error, 3 of 4 exact, and one as it was before the load."""
    save_model(MODEL, FILE)
    names, _ = _stored()
    before = fresh(tied=False)
    model = _loaded(fresh(tied=False), strict=False)
    (lost,) = {EMBEDDING, HEAD} - set(names)
    assert equal(model) == 3, f"no error, {equal(model)} of 4 equal"
    assert torch.equal(model.state_dict()[lost], before.state_dict()[lost])


def a_dropped_key_is_the_same_without_the_note():
    """One key deleted by hand: strict=True raises; with False 3 of 4 are exact in a model that does not tie, and no error."""
    _dropped()
    assert HEAD in _missing(lambda: _loaded(fresh(tied=False)))
    model = _loaded(fresh(tied=False), strict=False)
    assert equal(model) == 3 and not torch.equal(model.head.weight, TENSORS[HEAD]), equal(model)
    assert not _stored()[1], _stored()


def load_model_needs_no_note():
    """load_model of that file: 4 of 4 exact, one tensor, in a model that ties; in one that does not, an error."""
    _dropped()
    model = fresh(tied=True)
    load_model(model, FILE)
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))
    assert HEAD in _missing(lambda: load_model(fresh(tied=False), FILE))


def load_model_refuses_clones():
    """load_model of the clones into a model that ties: "Unexpected key(s)"; load_state_dict takes them, 4 of 4 exact."""
    _cloned()
    text = _missing(lambda: load_model(fresh(tied=True), FILE))
    assert "Unexpected key(s)" in text, text
    assert equal(_loaded(fresh(tied=True))) == 4


def verify_names_the_lost_one():
    """`verify` of verify_loaded.py on that model: one line, the missing name; on the model that ties: no difference."""
    _dropped()
    found = [str(one) for one in verify(_loaded(fresh(tied=False), strict=False), FILE)]
    print(*found, sep="\n")
    assert len(found) == 1 and HEAD in found[0], found
    assert not [*verify(_loaded(fresh(tied=True), strict=False), FILE)]


def clone_keeps_every_value_twice():
    """`.clone()` on each tensor: it saves, the shared tensor twice; a model that ties has 4 of 4 exact, one tensor."""
    save_model(MODEL, FILE)
    once = sum(tensor.nbytes for tensor in load_file(FILE).values())
    _cloned()
    stored = load_file(FILE)
    assert sorted(stored) == sorted(TENSORS), sorted(stored)
    assert sum(tensor.nbytes for tensor in stored.values()) - once == TENSORS[EMBEDDING].nbytes
    model = _loaded(fresh(tied=True))
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))


def clone_loses_the_tie_where_the_class_does_not_tie():
    """Into a model that does not tie, they load exactly, 4 of 4, as two tensors; one step of training makes them differ."""
    _cloned()
    model = _loaded(fresh(tied=False))
    assert equal(model) == 4 and not tied(model), (equal(model), tied(model))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model.head(model.body(model.emb(torch.arange(20)))).pow(2).mean().backward()
    optimizer.step()
    assert not torch.equal(model.emb.weight, model.head.weight), "they are equal after the step"


def verify_does_not_see_the_lost_tie():
    """verify_loaded.py finds no difference there: it compares values, not whether two names are one tensor."""
    _cloned()
    model = _loaded(fresh(tied=False))
    assert not tied(model), "they are one tensor"
    assert not [*verify(model, FILE)]
    with torch.no_grad():
        model.head.weight[0, 0] += 1  # the control: it sees one changed value
    assert len([*verify(model, FILE)]) == 1


def torch_save_keeps_tensor_and_tie():
    """torch.save of the state dict: 4 of 4 exact, and the two names are one tensor in what torch.load returns."""
    torch.save(STATE, "model.pt")
    loaded = torch.load("model.pt", weights_only=True)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in TENSORS.items())
    assert loaded[EMBEDDING].data_ptr() == loaded[HEAD].data_ptr(), "they are two tensors"
    model = fresh(tied=False)
    model.load_state_dict(loaded)
    assert equal(model) == 4, equal(model)


def what_each_keeps():
    """Into a model that does not tie: after save_model an error, of clones two tensors, of a dropped key a wrong head."""
    found = {}
    for way, save in (("save_model", lambda: save_model(MODEL, FILE)), ("clone", _cloned), ("dropped", _dropped)):
        save()
        for into in (True, False):
            try:
                model = fresh(tied=into)
                if way == "save_model":
                    load_model(model, FILE)
                else:
                    _loaded(model, strict=way == "clone")
                found[f"{way} {'tied' if into else 'apart'}"] = [equal(model), tied(model)]
            except RuntimeError:
                found[f"{way} {'tied' if into else 'apart'}"] = "error"
    print("--- data what-each-keeps", json.dumps(found))
    assert found == {
        "save_model tied": [4, True],
        "save_model apart": "error",
        "clone tied": [4, True],
        "clone apart": [4, False],
        "dropped tied": [4, True],
        "dropped apart": [3, False],
    }, found


if __name__ == "__main__":
    save_file_stops_and_names_both()
    contiguous_detach_and_cpu_change_nothing()
    save_model_and_load_model_keep_tensor_and_tie()
    load_model_into_one_that_does_not_tie_raises()
    after_save_model_a_plain_load_raises()
    with_strict_false_a_model_that_ties_is_exact()
    with_strict_false_a_model_that_does_not_tie_is_wrong_silently()
    a_dropped_key_is_the_same_without_the_note()
    load_model_needs_no_note()
    load_model_refuses_clones()
    verify_names_the_lost_one()
    clone_keeps_every_value_twice()
    clone_loses_the_tie_where_the_class_does_not_tie()
    verify_does_not_see_the_lost_tie()
    torch_save_keeps_tensor_and_tie()
    what_each_keeps()
