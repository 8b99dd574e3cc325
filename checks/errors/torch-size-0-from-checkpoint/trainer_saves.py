"""The Trainer of transformers under ZeRO-3, one step: what its checkpoint and its `save_model` write, flag or no flag."""

from pathlib import Path

import torch
import transformers
from _training import EMPTY, config, equal, llama, printed, shapes, whole
from safetensors.torch import load_file

TOKENS = torch.arange(64)


def _train(name, gather):
    arguments = transformers.TrainingArguments(
        output_dir=name,
        max_steps=1,
        save_steps=1,
        per_device_train_batch_size=1,
        learning_rate=0.1,
        deepspeed=config(gather=gather),
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    model = llama()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=[{"input_ids": TOKENS, "labels": TOKENS}] * 2)
    trainer.train()
    trainer.save_model(f"{name}/final")
    assert all(hasattr(parameter, "ds_tensor") for parameter in model.parameters()), "ZeRO-3 was not on"
    tensors = whole(model)
    assert not any(torch.equal(tensors[key], before[key]) for key in before), "nothing was trained"
    return trainer, model, tensors


with printed() as _lines:
    trainer, model, tensors = _train("without", gather=False)
said = _lines[0]
gathering, gathered_model, gathered = _train("with", gather=True)
PLACES = "checkpoint-1", "final"


def with_the_flag_both_are_exact():
    """With the flag, the checkpoint and `trainer.save_model()` each hold 21 of 21 tensors, bit for bit."""
    for place in PLACES:
        assert equal(load_file(f"with/{place}/model.safetensors"), gathered) == 21, place


def without_it_there_is_no_model_file():
    """Without it neither holds a file of weights, only global_step1 with zero_to_fp32.py, and a line says so."""
    for place in PLACES:
        files = {path.name for path in Path("without", place).iterdir()}
        print(place, *sorted(files))
        assert {"global_step1", "latest", "zero_to_fp32.py", "config.json"} <= files, files
        assert not [name for name in files if name.endswith((".safetensors", "model.bin"))], files
    line = "stage3_gather_16bit_weights_on_model_save=false. Saving the full checkpoint instead, use zero_to_fp32.py to recover"
    assert line in said, said


def its_model_saved_by_hand_is_empty():
    """`model.save_pretrained()` after `trainer.train()` prints nothing and writes 21 tensors of shape [0], flag or no flag."""
    for name, one in {"without": model, "with": gathered_model}.items():
        with printed() as lines:
            one.save_pretrained(f"{name}/by_hand")
        assert lines == [""], lines
        saved = load_file(f"{name}/by_hand/model.safetensors")
        assert shapes(saved) == {EMPTY} and len(saved) == 21, shapes(saved)


def accelerate_gives_the_whole_state_dict():
    """`accelerator.get_state_dict(model)` with the flag is 21 of 21 tensors, bit for bit; saved by save_pretrained, too."""
    state = gathering.accelerator.get_state_dict(gathering.model_wrapped)
    gathered_model.save_pretrained("with/by_accelerate", state_dict=state)
    assert equal(load_file("with/by_accelerate/model.safetensors"), gathered) == 21


def without_the_flag_accelerate_raises():
    """Without the flag `accelerator.get_state_dict(model)` raises: it "Cannot get 16bit model weights"."""
    try:
        trainer.accelerator.get_state_dict(trainer.model_wrapped)
    except ValueError as error:
        print(error)
        message = str(error)
    else:
        message = "no error"
    assert message.startswith("Cannot get 16bit model weights because `stage3_gather_16bit_weights_on_model_save`"), message


if __name__ == "__main__":
    with_the_flag_both_are_exact()
    without_it_there_is_no_model_file()
    its_model_saved_by_hand_is_empty()
    accelerate_gives_the_whole_state_dict()
    without_the_flag_accelerate_raises()
