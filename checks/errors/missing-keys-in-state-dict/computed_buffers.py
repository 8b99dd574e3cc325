"""A name in the file that the model works out by itself: `position_ids` of transformers before 4.31, in a tiny encoder."""

import tempfile

import torch
import transformers
from _net import error

from snippets.verify_loaded import compare

SIZES = {"vocab_size": 32, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
NAME = "bert.embeddings.position_ids"


def _bert():
    """A BertForSequenceClassification with every value drawn, as no initialising would give it again."""
    model = transformers.BertForSequenceClassification(transformers.BertConfig(max_position_embeddings=12, **SIZES))
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.normal_()
    assert NAME in dict(model.named_buffers())
    return model.eval()


torch.manual_seed(0)
trained = _bert()
OLD = {**trained.state_dict(), NAME: torch.arange(12).expand((1, -1))}  # as older releases saved it
WORDS = torch.tensor([[3, 5, 7]])


def _missing_head(state):
    return {name: tensor for name, tensor in state.items() if not name.startswith("classifier.")}


def it_is_unexpected_and_nothing_is_missing():
    """A file that has it is refused by a strict load: it is the one unexpected name, and none is missing."""
    text = error(_bert(), OLD)
    assert f'Unexpected key(s) in state_dict: "{NAME}".' in text and "Missing key(s)" not in text, text


def the_model_has_it_by_itself():
    """The model has the same positions by itself, in no state_dict."""
    model = _bert()
    assert NAME not in model.state_dict()
    assert torch.equal(dict(model.named_buffers())[NAME], OLD[NAME])


def deleted_from_the_dictionary_it_is_exact():
    """Deleted from the dictionary, the strict load returns, and the outputs are the trained model's, bit for bit."""
    model, state = _bert(), dict(OLD)
    assert not torch.equal(model(WORDS).logits, trained(WORDS).logits)
    del state[NAME]
    model.load_state_dict(state)
    assert torch.equal(model(WORDS).logits, trained(WORDS).logits)


def compare_finds_what_strict_false_left_out():
    """verify_loaded's compare(model, FOLDER) after strict=False: names the head that was left out, and nothing else."""
    model = _bert()
    model.load_state_dict(_missing_head(OLD), strict=False)
    with tempfile.TemporaryDirectory() as folder:
        trained.save_pretrained(folder)
        found = {difference.parameter for difference in compare(model, folder).differences}
        assert found == {"classifier.weight", "classifier.bias"}, found
        model.load_state_dict(trained.state_dict())
        assert not compare(model, folder).differences


if __name__ == "__main__":
    it_is_unexpected_and_nothing_is_missing()
    the_model_has_it_by_itself()
    deleted_from_the_dictionary_it_is_exact()
    compare_finds_what_strict_false_left_out()
