"""What transformers prints when tensors of the model are in no file: a new head, a lost layer, a prefix on every name."""

import transformers
from _tiny import equal, listed, load, names, prefixed, save, save_as

sound = save("sound")
save_as("lost_layer", {name: tensor for name, tensor in sound.items() if not name.startswith("model.layers.1.")})
save_as("prefix", prefixed(sound))
CASES = {
    "sound": ("LlamaForSequenceClassification", 1),
    "lost_layer": ("LlamaForCausalLM", 9),
    "prefix": ("LlamaForCausalLM", 21),
}


def _loads():
    """Yield the class, the folder, how many tensors must be random, those that are, and what was printed."""
    for folder, (name, random) in CASES.items():
        model, text = load(folder, name)
        yield name, folder, random, names(model) - equal(model, sound), text


def _assert_named(listed_names, wrong, random):
    other = sorted(listed_names - wrong)
    assert len(wrong) == len(listed_names) == random, (wrong, listed_names)
    assert not other, f"{len(other)} under other names: {other[0]}"


def a_sentence_names_what_is_random():
    """A sentence names each random tensor: "Some weights of X were not initialized [...] and are newly initialized: [...]"."""
    for name, folder, random, wrong, text in _loads():
        sentence = (
            f"Some weights of {name} were not initialized from the model checkpoint at {folder} and are newly initialized: ["
        )
        assert sentence in text, "the sentence is not printed"
        _assert_named(listed(text, "MISSING"), wrong, random)


def a_table_names_what_is_random():
    """A table, "X LOAD REPORT from: Y", has a row MISSING for each random tensor, layers put together as {0, 1}."""
    for name, folder, random, wrong, text in _loads():
        plain = text.replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert f"{name} LOAD REPORT from: {folder}\n" in plain, "the table is not printed"
        _assert_named(listed(text, "MISSING"), wrong, random)
    assert "layers.{0, 1}.mlp.down_proj.weight" in text, "the layers stand apart"


def the_advice_is_the_same_whatever_is_lost():
    """For one new head, a lost layer and a whole model alike the message ends with the advice to train."""
    for name, folder, random, wrong, text in _loads():
        assert len(wrong) == random, (name, folder, wrong)
        assert "You should probably TRAIN this model" in text or "Consider training on your downstream task." in text, text


def with_logging_off_nothing_is_printed():
    """After `transformers.logging.set_verbosity_error()` nothing is printed, and the same 1, 9 and 21 tensors are random."""
    before = transformers.logging.get_verbosity()
    try:
        transformers.logging.set_verbosity_error()
        for name, folder, random, wrong, text in _loads():
            assert text == "", text
            assert len(wrong) == random, (name, folder, wrong)
    finally:
        transformers.logging.set_verbosity(before)


def loading_info_names_what_is_random():
    """`output_loading_info=True` returns exactly the random tensors as missing_keys, with logging off, too."""
    before = transformers.logging.get_verbosity()
    try:
        transformers.logging.set_verbosity_error()
        for folder, (name, random) in CASES.items():
            (model, info), _ = load(folder, name, output_loading_info=True)
            wrong = names(model) - equal(model, sound)
            _assert_named({*info["missing_keys"]}, wrong, random)
    finally:
        transformers.logging.set_verbosity(before)


if __name__ == "__main__":
    the_advice_is_the_same_whatever_is_lost()
    with_logging_off_nothing_is_printed()
    loading_info_names_what_is_random()
