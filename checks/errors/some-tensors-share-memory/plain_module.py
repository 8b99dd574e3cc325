"""A tied module of plain torch, saved in each way that is advised, and loaded into one that ties and one that does not."""

import json
from pathlib import Path

import torch
from _tied import EMBEDDING, FILE, HEAD, MODEL, TENSORS, Net, equal, fresh, refusal, tied
from safetensors import safe_open
from safetensors.torch import load_file, load_model, save_file, save_model

from snippets.verify_loaded import verify

STATE = MODEL.state_dict()


def _saved():
    save_model(MODEL, FILE)


def _cloned():
    save_file({name: tensor.clone() for name, tensor in STATE.items()}, FILE)


def _dropped():
    save_file({name: tensor for name, tensor in STATE.items() if name != HEAD}, FILE)


def _stored(save):
    """The names that the file holds when it was saved so, and its metadata."""
    Path(FILE).unlink(missing_ok=True)
    save()
    with safe_open(FILE, "pt") as file:
        return sorted(file.keys()), file.metadata()


def _loaded(save, model, **options):
    """Save the file so, and give its tensors to the model; return it."""
    Path(FILE).unlink(missing_ok=True)
    save()
    model.load_state_dict(load_file(FILE), **options)
    return model


def _load_model(save, model):
    """The same with safetensors' own load_model."""
    Path(FILE).unlink(missing_ok=True)
    save()
    load_model(model, FILE)
    return model


def _is(model, names, one):
    """Assert how many of the four names hold what was saved, and whether the two are one tensor."""
    found = equal(model), tied(model)
    assert found == (names, one), found


def _refused(change):
    """The text with which save_file refuses the state dict with each tensor changed so."""
    return refusal(lambda: save_file({name: change(tensor) for name, tensor in STATE.items()}, FILE))


def _error(load):
    """The text with which a load is refused."""
    try:
        load()
    except RuntimeError as error:
        print(error)
        return str(error)
    raise AssertionError("no error, it loads")


def save_file_stops_and_names_both():
    """save_file of a tied state dict: "Some tensors share memory", both names, no file; the model is as it was."""
    text = _refused(lambda tensor: tensor)
    assert "Some tensors share memory, this will lead to duplicate memory on disk" in text, text
    assert EMBEDDING in text and HEAD in text and "body" not in text, text
    _is(MODEL, 4, one=True)
    save_file(Net(tied=False).state_dict(), FILE)  # the control: it is the tie that is refused


def contiguous_detach_and_cpu_change_nothing():
    """`.contiguous()`, `.detach()` and `.cpu()` on each tensor: the same error."""
    ways = (torch.Tensor.contiguous, torch.Tensor.detach, torch.Tensor.cpu)
    texts = [_refused(way) for way in ways]
    assert len(texts) == 3 and all("Some tensors share memory" in text for text in texts), texts


def save_model_and_load_model_keep_tensor_and_tie():
    """save_model stores the tensor once; load_model into a model that ties: 4 of 4 exact, and still one tensor."""
    names, metadata = _stored(_saved)
    assert names == ["body.bias", "body.weight", EMBEDDING] and metadata[HEAD] == EMBEDDING, (names, metadata)
    _is(_load_model(_saved, fresh(tied=True)), 4, one=True)


def load_model_into_one_that_does_not_tie_raises():
    """load_model of that file into a model that does not tie: an error, which names the missing one."""
    text = _error(lambda: _load_model(_saved, fresh(tied=False)))
    assert f'Missing key(s) in state_dict: "{HEAD}"' in text, text


def after_save_model_a_plain_load_raises():
    """load_state_dict(load_file(...)) of that file: "Missing key(s)", even into a model that ties."""
    texts = [_error(lambda ties=ties: _loaded(_saved, fresh(ties))) for ties in (True, False)]
    assert len(texts) == 2 and all(f'Missing key(s) in state_dict: "{HEAD}"' in text for text in texts), texts


def with_strict_false_a_model_that_ties_is_exact():
    """With strict=False, and a model that ties: 4 of 4 exact, one tensor."""
    _is(_loaded(_saved, fresh(tied=True), strict=False), 4, one=True)


def with_strict_false_a_model_that_does_not_tie_is_wrong_silently():
    """With strict=False, and a model that does not tie: no error, 3 of 4 exact, and one as it was before the load."""
    model = _loaded(_saved, fresh(tied=False), strict=False)
    _is(model, 3, one=False)
    assert torch.equal(model.head.weight, fresh(tied=False).head.weight), "it is another one"


def a_dropped_key_is_the_same_without_the_note():
    """One key deleted by hand: strict=True raises; with False 3 of 4 are exact in a model that does not tie, and no error."""
    assert HEAD in _error(lambda: _loaded(_dropped, fresh(tied=False)))
    _is(_loaded(_dropped, fresh(tied=False), strict=False), 3, one=False)
    names, metadata = _stored(_dropped)
    assert len(names) == 3 and not metadata, (names, metadata)


def load_model_needs_no_note():
    """load_model of that file: 4 of 4 exact, one tensor, in a model that ties; in one that does not, an error."""
    _is(_load_model(_dropped, fresh(tied=True)), 4, one=True)
    assert HEAD in _error(lambda: _load_model(_dropped, fresh(tied=False)))


def load_model_refuses_clones():
    """load_model of the clones into a model that ties: "Unexpected key(s)"; load_state_dict takes them, 4 of 4 exact."""
    text = _error(lambda: _load_model(_cloned, fresh(tied=True)))
    assert "Unexpected key(s)" in text, text
    _is(_loaded(_cloned, fresh(tied=True)), 4, one=True)


def verify_names_the_lost_one():
    """`verify` of verify_loaded.py on that model: one line, the missing name; on the model that ties: no difference."""
    found = [str(one) for one in verify(_loaded(_dropped, fresh(tied=False), strict=False), FILE)]
    print(*found, sep="\n")
    assert len(found) == 1 and HEAD in found[0], found
    assert verify(_loaded(_dropped, fresh(tied=True), strict=False), FILE) == []


def clone_keeps_every_value_twice():
    """`.clone()` on each tensor: it saves, the shared tensor twice; a model that ties has 4 of 4 exact, one tensor."""
    _is(_loaded(_cloned, fresh(tied=True)), 4, one=True)
    stored = load_file(FILE)
    assert stored.keys() == TENSORS.keys(), sorted(stored)
    assert torch.equal(stored[HEAD], TENSORS[EMBEDDING]) and torch.equal(stored[EMBEDDING], TENSORS[EMBEDDING])


def clone_loses_the_tie_where_the_class_does_not_tie():
    """Into a model that does not tie, they load exactly, 4 of 4, as two tensors; one step of training makes them differ."""
    model = _loaded(_cloned, fresh(tied=False))
    _is(model, 4, one=False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model.head(model.body(model.emb(torch.arange(20)))).pow(2).mean().backward()
    optimizer.step()
    assert not torch.equal(model.emb.weight, model.head.weight), "they are equal after the step"


def verify_does_not_see_the_lost_tie():
    """verify_loaded.py finds no difference there: it compares values, not whether two names are one tensor."""
    model = _loaded(_cloned, fresh(tied=False))
    _is(model, 4, one=False)
    assert verify(model, FILE) == []
    with torch.no_grad():
        model.head.weight[0, 0] += 1  # the control: it sees one changed value
    assert len(verify(model, FILE)) == 1


def torch_save_keeps_tensor_and_tie():
    """torch.save of the state dict: 4 of 4 exact, and the two names are one tensor in what torch.load returns."""
    torch.save(STATE, "model.pt")
    loaded = torch.load("model.pt", weights_only=True)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in TENSORS.items())
    assert loaded[EMBEDDING].data_ptr() == loaded[HEAD].data_ptr(), "they are two tensors"
    model = fresh(tied=False)
    model.load_state_dict(loaded)
    _is(model, 4, one=False)


def what_each_keeps():
    """Into a model that does not tie: after save_model an error, of clones two tensors, of a dropped key a wrong head."""
    found = {}
    ways = {
        "save_model": lambda model: _load_model(_saved, model),
        "clone": lambda model: _loaded(_cloned, model),
        "dropped": lambda model: _loaded(_dropped, model, strict=False),
    }
    for way, load in ways.items():
        for into, ties in (("tied", True), ("apart", False)):
            try:
                model = load(fresh(ties))
                found[f"{way} {into}"] = [equal(model), tied(model)]
            except RuntimeError:
                found[f"{way} {into}"] = "error"
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
