"""What raises no error: a Llama whose embedding is its head though the config says two, and two tensors though it says one."""

from pathlib import Path

import torch
from _printed import printed
from _shared import FILE, clones, llama, load, one, values, wrong
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from snippets.check_lm_head import check
from snippets.verify_loaded import verify

SAVED = "saved"
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
llama(tied=False).save_pretrained("first")  # so that what is said at a first use is not part of what a save prints


def _shared(folder, cloned=False):
    """Share the embedding with the head against the config, save, and return what was saved and what was printed."""
    model = llama(tied=False)
    model.lm_head.weight = model.model.embed_tokens.weight
    tensors = values(model)
    with printed() as lines:
        model.save_pretrained(folder, **({"state_dict": clones(model)} if cloned else {}))
        print(SAVED, flush=True)  # the control: what is printed is seen
    return tensors, lines[0]


def _apart(folder, tied):
    """Break the tie as the message proposes, give the head values of its own, and save; the config says tied or not."""
    model = llama(tied=True)
    model.lm_head.weight = torch.nn.Parameter(model.model.embed_tokens.weight.detach() + 1)
    model.config.tie_word_embeddings = tied
    tensors = values(model)
    model.save_pretrained(folder)
    return tensors


def shared_by_hand_no_error_and_no_head():
    """A Llama, config untied, its head shared by hand: save_pretrained raises and prints nothing, and stores no head."""
    _, text = _shared("by_hand")
    stored = load_file(f"by_hand/{FILE}")
    assert HEAD not in stored and EMBEDDING in stored and text == f"{SAVED}\n", (sorted(stored), text)


def its_head_is_random_when_loaded():
    """Loaded again, 20 of 21 tensors are exact, and the head is random."""
    tensors, _ = _shared("random")
    first, second = (load(LlamaForCausalLM, "random", seed=seed) for seed in (1, 2))
    assert wrong(first, tensors) == [HEAD] and not torch.equal(first.lm_head.weight, second.lm_head.weight)


def cloned_there_it_is_exact():
    """Saved as clones, the same model loads exactly, 21 of 21: as two tensors, as its config says."""
    tensors, _ = _shared("cloned", cloned=True)
    again = load(LlamaForCausalLM, "cloned")
    assert wrong(again, tensors) == [] and not one(again.lm_head.weight, again.model.embed_tokens.weight)


def check_lm_head_says_lost():
    """check_lm_head.py says LOST of that folder, exit status 1, without a load; of the clones it ends with 0."""
    _shared("lost")
    answer = check(Path("lost"))
    print(*answer.lines, sep="\n")
    assert answer.status == 1 and "LOST" in "\n".join(answer.lines), answer
    _shared("lost_cloned", cloned=True)
    control = check(Path("lost_cloned"))
    print(*control.lines, sep="\n")
    assert control.status == 0, control


def verify_names_the_head():
    """`verify` of verify_loaded.py names lm_head.weight, and nothing else."""
    _shared("verified")
    found = verify(load(LlamaForCausalLM, "verified"), "verified")
    print(*found, sep="\n")
    assert len(found) == 1 and HEAD in str(found[0]), found


def untied_by_hand_under_a_tied_config_the_head_is_lost():
    """The head made a tensor of its own while config.json says tied: saved, then lost in the load, 20 of 21, no error."""
    tensors = _apart("apart_tied", tied=True)
    assert HEAD in load_file(f"apart_tied/{FILE}")
    again = load(LlamaForCausalLM, "apart_tied")
    lost = wrong(again, tensors)
    assert lost == [HEAD] and one(again.lm_head.weight, again.model.embed_tokens.weight), "the head is kept, 21 of 21"


def untied_in_the_config_too_it_is_exact():
    """With `tie_word_embeddings` set to false in the config before the save, 21 of 21 are exact."""
    tensors = _apart("apart", tied=False)
    assert wrong(load(LlamaForCausalLM, "apart"), tensors) == []


if __name__ == "__main__":
    shared_by_hand_no_error_and_no_head()
    its_head_is_random_when_loaded()
    cloned_there_it_is_exact()
    check_lm_head_says_lost()
    verify_names_the_head()
    untied_by_hand_under_a_tied_config_the_head_is_lost()
    untied_in_the_config_too_it_is_exact()
