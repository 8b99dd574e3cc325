"""The Trainer resumes from a checkpoint: with something frozen, another lr, another optimizer, or without optimizer.pt."""

import logging
import re
import warnings

import torch
from _trainer import DECAY, LR, SAVED, Lines, checkpoint, equal, llama, trainer, values

from snippets.compare_optimizer_state import by_name, compare_state, names_of

SIZE = "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
FROZEN = "embed_tokens"
ABOUT = re.compile("optimizer|schedul|learning.rate|weight.decay|resum|checkpoint", re.IGNORECASE)

whole, seen = trainer("run")
whole.train()
END, RATES = values(whole.model), seen.rates
FILE = torch.load(f"run/checkpoint-{SAVED}/optimizer.pt", weights_only=True)
print("lr of each step:", RATES)


def _resume(name, without=(), model=None, **options):
    """Resume; return the run, what was seen of its steps, how many weights are the whole run's, and warnings about it."""
    made, watch = trainer(name, model, **options)
    logged, logger = Lines(), logging.getLogger("transformers")
    logger.addHandler(logged)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made.train(resume_from_checkpoint=checkpoint(name, without))
    logger.removeHandler(logged)
    count = equal(values(made.model), END)
    texts = [text for text in [*(str(one.message) for one in caught), *logged.texts] if ABOUT.search(text)]
    print(f"{name}: lr {watch.rates}, {len(watch.moments)} moments at the start, {count} of {len(END)} weights equal, {texts}")
    return made, watch, count, texts


def _error(name, model=None, **options):
    try:
        _resume(name, model=model, **options)
    except (ValueError, KeyError) as error:
        print(f"{type(error).__name__}: {error}")
        return f"{type(error).__name__}: {error}"
    return "no error"


def resumed_it_is_the_same_run():
    """Resumed with nothing changed: lr is that of the uninterrupted run, and all 21 weights are its, bit for bit."""
    _, watch, count, _ = _resume("same")
    assert watch.rates == RATES[SAVED:], watch.rates
    assert count == len(END), f"no error, {count} of {len(END)} weights equal"


def with_the_embedding_frozen_it_raises():
    """Resumed with the embedding frozen, it raises the message."""
    found = _error("frozen", llama(FROZEN))
    assert found == f"ValueError: {SIZE}", found


def without_optimizer_pt_the_schedule_starts_again():
    """optimizer.pt deleted: silent. No moment is there, and lr starts again: the first step's in place of the third's."""
    _, watch, count, texts = _resume("without-optimizer", ("optimizer.pt",))
    assert watch.moments == {} and count == 0, f"{len(watch.moments)} moments, {count} weights equal"
    assert watch.rates == RATES[:SAVED] != RATES[SAVED:], watch.rates
    assert texts == [], texts


def without_scheduler_pt_the_moments_are_lost():
    """scheduler.pt deleted and optimizer.pt left: silent. It is not read either: no moment is there."""
    _, watch, count, texts = _resume("without-scheduler", ("scheduler.pt",))
    assert watch.moments == {} and count == 0, f"{len(watch.moments)} moments, {count} weights equal"
    assert watch.rates == RATES[:SAVED], watch.rates
    assert texts == [], texts


def another_lr_and_weight_decay_are_ignored():
    """Resumed with 50 times the learning_rate and no weight_decay: silent, all 21 weights are those of the old values."""
    made, watch, count, texts = _resume("asked", learning_rate=50 * LR, weight_decay=0.0)
    assert watch.rates == RATES[SAVED:], watch.rates
    assert made.optimizer.param_groups[0]["weight_decay"] == DECAY, made.optimizer.param_groups[0]["weight_decay"]
    assert count == len(END), f"{count} of {len(END)} weights equal"
    assert texts == [], texts


def sgd_stops_with_a_keyerror():
    """Resumed with `optim="sgd"`: `KeyError: 'momentum'`."""
    found = _error("sgd", optim="sgd")
    assert found == "KeyError: 'momentum'", found


def adafactor_stops_with_a_keyerror():
    """Resumed with `optim="adafactor"`: `KeyError: 'beta1'`."""
    found = _error("adafactor", optim="adafactor")
    assert found == "KeyError: 'beta1'", found


def by_name_resumes_with_the_embedding_frozen():
    """optimizer.pt written anew by name, the embedding frozen: all 40 moments are right, and lr is the third step's."""
    made, watch = trainer("by-name", llama(FROZEN))
    then, _ = trainer("then")
    folder = checkpoint("by-name")
    # --8<-- [start:rewrite]
    then.create_optimizer()  # a Trainer with the model and settings of then, for the names alone
    saved_names = names_of(then.optimizer, then.model)
    made.create_optimizer()  # the new one
    state = torch.load(f"{folder}/optimizer.pt", weights_only=True)
    torch.save(by_name(made.optimizer, state, made.model, saved_names), f"{folder}/optimizer.pt")
    made.train(resume_from_checkpoint=folder)
    # --8<-- [end:rewrite]
    expected = _moments_of_the_file(saved_names)
    count = equal(watch.moments, expected)
    print(f"{count} of {len(watch.moments)} moments are the parameter's own, lr {watch.rates}")
    assert len(watch.moments) == len(expected) - 2, len(watch.moments)
    assert count == len(watch.moments), f"no error, {count} of {len(watch.moments)} moments right"
    assert watch.rates == RATES[SAVED:], watch.rates


def a_hook_is_called_twice():
    """A hook on the Trainer's optimizer is called twice: with its own empty state, by accelerate, then with the file's."""
    made, _ = trainer("hook", llama(FROZEN))
    made.create_optimizer()
    seen = []

    def hook(optimizer, state):
        seen.append([len(state["state"]), sum(len(group["params"]) for group in state["param_groups"])])

    made.optimizer.register_load_state_dict_pre_hook(hook)
    try:
        made.train(resume_from_checkpoint=checkpoint("hook"))
        raise AssertionError("it resumed")
    except ValueError as error:
        assert str(error) == SIZE, error
    print(f"entries and parameters of each state that was loaded: {seen}")
    assert seen == [[0, len(END) - 1], [len(END), len(END)]], seen


def compare_state_tells():
    """Of the Trainer's optimizer and its optimizer.pt compare_state says "its own"; with two names exchanged, "wrong"."""
    made, _, _, _ = _resume("asked-after")
    names = names_of(made.optimizer, made.model)
    other = [names[1], names[0], *names[2:]]
    right, wrong = (compare_state(made.optimizer, FILE, made.model, one) for one in (names, other))
    print(right.text, wrong.text, sep="\n")
    assert right.status == 0 and right.text.startswith("its own: each of 21 parameters"), right
    assert wrong.status == 1 and set(wrong.wrong) == set(names[:2]), wrong


def trainable_again_it_resumes():
    """Made trainable again, as it was when the file was written: resumed, it is the same run, all 21 weights bit for bit."""
    model = llama(FROZEN)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    _, _, count, _ = _resume("trainable", model=model)
    assert count == len(END), f"no error, {count} of {len(END)} weights equal"


def _moments_of_the_file(names):
    keys = [key for group in FILE["param_groups"] for key in group["params"]]
    return {
        f"{name} {kind}": FILE["state"][key][kind]
        for name, key in zip(names, keys, strict=True)
        for kind in ("exp_avg", "exp_avg_sq")
    }


if __name__ == "__main__":
    resumed_it_is_the_same_run()
    with_the_embedding_frozen_it_raises()
    without_optimizer_pt_the_schedule_starts_again()
    without_scheduler_pt_the_moments_are_lost()
    another_lr_and_weight_decay_are_ignored()
    sgd_stops_with_a_keyerror()
    adafactor_stops_with_a_keyerror()
    by_name_resumes_with_the_embedding_frozen()
    a_hook_is_called_twice()
    compare_state_tells()
    trainable_again_it_resumes()
