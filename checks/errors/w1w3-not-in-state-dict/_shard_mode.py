"""Load a DeepSeek-V2 checkpoint with XTuner in shard mode, and keep what it logs meanwhile."""

import contextlib
import io
import logging
import warnings
from typing import NamedTuple

import torch
from mmengine.logging import MMLogger
from transformers.utils.logging import disable_progress_bar, get_logger
from xtuner.model.transformers_models import DeepseekV2ForCausalLM

# One rank is enough; without a process group XTuner stops at once.
torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
RECORDS, LOUD = [], []  # what XTuner logs; what anybody warns of, by whatever way
disable_progress_bar()


class Loaded(NamedTuple):
    """A model, all that XTuner logged while it was loaded, the errors that output_loading_info shows, and every warning."""

    model: torch.nn.Module
    records: list
    errors: list
    loud: list

    @property
    def lines(self):
        """The messages that this article is about."""
        return [record.getMessage() for record in self.records if _is_ours(record)]


def load(folder, experts_in_one_shard=8, torch_dtype=torch.bfloat16, **options):
    """Load in shard mode, as the report does."""
    RECORDS.clear()
    LOUD.clear()
    with contextlib.redirect_stdout(io.StringIO()) as printed:  # XTuner's logger goes on writing to the real one
        model, info = DeepseekV2ForCausalLM.from_pretrained(
            folder,
            moe_implementation="shard",
            expert_in_one_shard=experts_in_one_shard,
            torch_dtype=torch_dtype,
            attn_implementation="eager",
            output_loading_info=True,
            **options,
        )
    LOUD.extend(f"printed: {line}" for line in printed.getvalue().splitlines())
    return Loaded(model, list(RECORDS), info["error_msgs"], list(LOUD))


def load_without_shard_mode(folder, **options):
    """Load the experts as they are stored. Possible only before the first load in shard mode, or in a new process."""
    return DeepseekV2ForCausalLM.from_pretrained(folder, attn_implementation="eager", **options)


def as_in_a_new_process():
    """Undo what a load in shard mode leaves behind: it replaces a method of the class. Saves a second start of Python."""
    if "_load_pretrained_model" in vars(DeepseekV2ForCausalLM):
        del DeepseekV2ForCausalLM._load_pretrained_model


def error_of(load, *arguments, **options):
    """What the load raises, the last line as a user sees it; None if it raises nothing."""
    try:
        load(*arguments, **options)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
        return error
    return None


def _is_ours(record):
    return " not in state_dict, loading " in record.getMessage()


def _keep(record):
    """Remember every record; print only our lines, not the thousand others ("merged key", "state_dict pop")."""
    RECORDS.append(record)
    return _is_ours(record)


MMLogger.get_current_instance().handlers[0].addFilter(_keep)


class _Loud(logging.Handler):
    """Keeps what is logged as a warning or worse, but for this article's own line."""

    def emit(self, record):
        if not _is_ours(record):
            LOUD.append(f"{record.levelname}: {record.getMessage()}")


for _logger in (logging.getLogger(), get_logger("transformers"), MMLogger.get_current_instance()):
    _logger.addHandler(_Loud(logging.WARNING))
warnings.simplefilter("always")
warnings.showwarning = lambda message, *where, **how: LOUD.append(f"{type(message).__name__}: {message}")


def _listens():
    """Warn in each of the four ways, and see whether it was heard: silence is only worth something to who can hear."""
    for logger in (logging.getLogger("another"), get_logger("transformers.modeling_utils"), MMLogger.get_current_instance()):
        logger.warning("heard")
    warnings.warn("heard", stacklevel=1)
    heard = [said.rpartition(": ")[2] for said in LOUD]
    if heard != ["heard"] * 4:
        raise RuntimeError(f"not every warning is heard: {LOUD}")
    LOUD.clear()


_listens()
