"""Does a DeepSpeed engine hold the weights of the checkpoint that load_checkpoint was to load? Call it on every rank.

    from check_engine_load import compare_engine
    path, _ = engine.load_checkpoint(folder, tag=tag, load_module_only=True)
    answer = compare_engine(engine, folder, tag)  # tag as in the load: None for the one that `latest` names
    print(answer.text)
    assert answer.status == 0

Each parameter is gathered by itself and compared, bit for bit, with what DeepSpeed's zero_to_fp32 makes of the checkpoint,
cast to the parameter's type. Rank 0 reads the files: it needs memory for the weights in float32. If they differ, the folder's
other tags are looked at, too. status: 0 equal, 1 some differ, 2 something was not looked at. Buffers are not compared, and a
checkpoint that ZeRO has not written is not read. Needs torch and deepspeed.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import torch

SHOWN = 3  # names in the text


class Answer(NamedTuple):
    """0 equal, 1 some differ, 2 not looked at; the same in words; and the parameters that differ."""

    status: int
    text: str
    differ: list[str]


# --8<-- [start:compare]
def compare_engine(engine: Any, folder: str | Path, tag: str | None = None) -> Answer:
    """Compare the engine's parameters with a checkpoint of ZeRO, on every rank; each gets the answer."""
    answer = [None]
    parameters = _Gathered(engine)
    if parameters.rank == 0:
        try:
            answer = [_answer(parameters, Path(folder), tag)]
        except Exception as error:  # the other ranks wait: they get it, too
            why = " ".join(str(error).split())[:300]
            answer = [Answer(2, f"not looked at: {type(error).__name__}: {why}", [])]
        parameters.end()
    else:
        parameters.serve()
    if parameters.ranks > 1:
        torch.distributed.broadcast_object_list(answer, src=0)
    return answer[0]
    # --8<-- [end:compare]


class _Gathered:
    """The engine's parameters, whole, one at a time. Rank 0 says which one; the others take part in its gather."""

    def __init__(self, engine: Any) -> None:
        spread = torch.distributed.is_available() and torch.distributed.is_initialized()
        self.rank = torch.distributed.get_rank() if spread else 0
        self.ranks = torch.distributed.get_world_size() if spread else 1
        self.named = dict(engine.module.named_parameters())
        self.names = list(self.named)

    def whole(self, name: str) -> torch.Tensor:
        """Return a copy in the memory of the CPU."""
        self._say(self.names.index(name))
        return self._gather(name)

    def serve(self) -> None:
        """Take part in what rank 0 gathers, until it ends."""
        while (number := self._say(None)) is not None:
            self._gather(self.names[number])

    def end(self) -> None:
        """Let the other ranks go on."""
        self._say(None)

    def _say(self, number: int | None) -> int | None:
        said = [number]
        if self.ranks > 1:
            torch.distributed.broadcast_object_list(said, src=0)
        return said[0]

    def _gather(self, name: str) -> torch.Tensor:
        import deepspeed

        with deepspeed.zero.GatheredParameters([self.named[name]]):
            return self.named[name].detach().cpu().clone()


def _answer(parameters: _Gathered, folder: Path, tag: str | None) -> Answer:
    tag = str(tag) if tag is not None else (folder / "latest").read_text("utf-8").strip()
    compared, differ, unknown = _compare(parameters, folder, tag)
    if not compared:
        return Answer(2, f"not looked at: {tag} has none of the engine's {len(parameters.names)} parameters", [])
    rest = f"; {len(unknown)} are not in it and were not looked at: {_few(unknown)}" if unknown else ""
    if not differ:
        return Answer(2 if unknown else 0, f"equal: all {compared} parameters are those of {tag}{rest}", [])
    others = (one.name for one in sorted(folder.iterdir()) if one.name != tag and any(one.glob("*_optim_states.pt")))
    found = next((other for other in others if not _compare(parameters, folder, other)[1]), None)
    instead = f"all {compared} equal those of {found}" if found else "they equal no other checkpoint in the folder"
    return Answer(1, f"{len(differ)} of {compared} parameters differ from {tag} ({_few(differ)}): {instead}{rest}", differ)


def _compare(parameters: _Gathered, folder: Path, tag: str) -> tuple[int, list[str], list[str]]:
    """How many were compared with a checkpoint, those that differ, and those that it does not have."""
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

    with redirect_stdout(io.StringIO()):
        expected = get_fp32_state_dict_from_zero_checkpoint(str(folder), tag=tag)
    known = [name for name in parameters.names if name in expected]
    differ = []
    for name in known:
        ours = parameters.whole(name)
        if not _equal(ours, expected[name].to(ours.dtype)):
            differ.append(name)
    return len(known), differ, [name for name in parameters.names if name not in expected]


def _equal(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether shape and all bytes are the same: NaN equals NaN, and 0 differs from -0."""
    ours, theirs = ours.contiguous(), theirs.cpu().contiguous()
    return ours.shape == theirs.shape and torch.equal(ours.reshape(-1).view(torch.uint8), theirs.reshape(-1).view(torch.uint8))


def _few(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
