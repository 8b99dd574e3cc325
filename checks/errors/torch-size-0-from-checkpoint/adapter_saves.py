"""A LoRA adapter, trained one step under ZeRO-3, saved in the ordinary way and with what was gathered."""

import warnings

import deepspeed
import peft
import transformers
from _training import EMPTY, Trained, equal, llama, printed, shapes
from safetensors.torch import load_file

warnings.simplefilter("always")  # Python shows a warning once, and each claim saves
llama().save_pretrained("base")
base = transformers.LlamaForCausalLM.from_pretrained("base")
model = peft.get_peft_model(base, peft.LoraConfig(target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
trained = Trained(gather=True, model=model)
lora = {name.replace(".default", ""): tensor for name, tensor in trained.tensors.items() if "lora_" in name}
FILE = "adapter_model.safetensors"


def zero3_is_on_and_the_adapter_was_trained():
    """The step moves all 4 tensors of lora_B, and each parameter is partitioned."""
    assert sum("lora_B" in name for name in trained.moved) == 4, trained.moved
    assert trained.partitioned == len(trained.tensors), trained.partitioned


def save_pretrained_writes_an_empty_adapter():
    """Under ZeRO-3 `peft_model.save_pretrained()` returns and writes 8 of 8 tensors with shape [0]."""
    with printed() as lines:
        model.save_pretrained("empty")
    saved = load_file(f"empty/{FILE}")
    print(lines[0])
    assert saved.keys() == lora.keys() and shapes(saved) == {EMPTY}, shapes(saved)


def it_prints_nothing():
    """While it does so, it prints nothing."""
    with printed() as lines:
        model.save_pretrained("quiet")
    assert shapes(load_file(f"quiet/{FILE}")) == {EMPTY}
    assert lines == [""], "a warning is printed"


def a_warning_says_that_it_was_not_gathered():
    """While it does so, a warning names the tensors and says that they "were not gathered before save_pretrained()"."""
    with printed() as lines:
        model.save_pretrained("warned")
    assert shapes(load_file(f"warned/{FILE}")) == {EMPTY}
    assert "were not gathered before save_pretrained()" in lines[0], "nothing is printed"


def saved_while_gathered_it_is_exact():
    """Inside `deepspeed.zero.GatheredParameters(list(model.parameters()), modifier_rank=None)` all 8 are exact, bit for bit."""
    with deepspeed.zero.GatheredParameters(list(model.parameters()), modifier_rank=None):
        model.save_pretrained("gathered")
    assert equal(load_file(f"gathered/{FILE}"), lora) == 8


def given_the_whole_state_dict_it_is_exact():
    """Given what was gathered, `save_pretrained(state_dict=engine._zero3_consolidated_16bit_state_dict())`, all 8 are exact."""
    model.save_pretrained("whole", state_dict=trained.engine._zero3_consolidated_16bit_state_dict())
    assert equal(load_file(f"whole/{FILE}"), lora) == 8


def the_empty_one_does_not_load():
    """`PeftModel.from_pretrained` of the empty adapter stops: "copying a param with shape torch.Size([0]) from checkpoint"."""
    model.save_pretrained("refused")
    try:
        peft.PeftModel.from_pretrained(llama(), "refused")
        message = "it loads"
    except RuntimeError as error:
        message = str(error)
    print(*message.splitlines()[:3], sep="\n")
    assert message.count("copying a param with shape torch.Size([0]) from checkpoint") == 8, message[:200]


if __name__ == "__main__":
    zero3_is_on_and_the_adapter_was_trained()
    save_pretrained_writes_an_empty_adapter()
    it_prints_nothing()
    a_warning_says_that_it_was_not_gathered()
    saved_while_gathered_it_is_exact()
    given_the_whole_state_dict_it_is_exact()
    the_empty_one_does_not_load()
