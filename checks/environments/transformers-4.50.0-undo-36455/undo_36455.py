"""A reconstruction: transformers 4.50.0 with the fix of pull request 36455 taken out again.

Between pull requests 36335 and 36455, transformers' main branch loaded checkpoints into parameters that DeepSpeed
ZeRO-3 had emptied, without gathering them first. This puts that plain load back into the release that has the fix.
No release was ever like this. By hand: `python probe.py check.py --before undo_36455.py`.
"""

from transformers import modeling_utils


def _plain_load(model, state_dict, assign=False):
    model.load_state_dict(state_dict, strict=False, assign=assign)
    return []  # the real function returns the errors that it met; a plain load raises them


assert hasattr(modeling_utils, "_load_state_dict_into_zero3_model"), "not a release that has the fix"
modeling_utils._load_state_dict_into_zero3_model = _plain_load
