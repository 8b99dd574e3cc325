"""`clinic here`: what is said of versions and a model, in words, JSON and exit status; the atlas is a small one."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from checkpoint_clinic import command
from checkpoint_clinic.atlas import packed
from checkpoint_clinic.commands.list import SCHEMA
from checkpoint_clinic.library import Library

from .asked import ask
from .small_atlas import DATA, environment

FILES = {
    "atlas.json": json.dumps(packed(DATA)),
    "about.json": json.dumps({"site": {"en": "https://clinic.example/", "zh": ""}}),
}
LIBRARY = Library(FILES.__getitem__)
SCHEMAS = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
_ACROSS_EXACT = {"architecture": "mixtral", "way": "from_other", "recorded": "2026-11-30"}
MEASURED = "transformers 5.0.0, deepspeed 0.19.8"


def here(*arguments: str) -> tuple[int, str]:
    return ask(lambda line: command.main(line, LIBRARY), ["here", *arguments])


def data(*arguments: str) -> dict[str, Any]:
    status, printed = here(*arguments, "--json")
    found: dict[str, Any] = json.loads(printed)
    Draft202012Validator({"$defs": SCHEMAS, "$ref": "#/$defs/here"}).validate(found)
    assert found["status"] == status
    return found


def ways(*arguments: str) -> dict[str, str]:
    """Return each way's outcome, of the one architecture that is answered."""
    (one,) = data(*arguments)["architectures"]
    return {way["way"]: way["outcome"] for way in one["ways"]}


def reasons(*arguments: str) -> dict[str, str]:
    (one,) = data(*arguments)["architectures"]
    return {way["way"]: way.get("reason", "") for way in one["ways"]}


def folder(place: Path, **config: object) -> str:
    (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return str(place)


def test_the_small_atlas_has_the_form_of_the_published_one() -> None:
    Draft202012Validator({"$defs": SCHEMAS, "$ref": "#/$defs/atlas"}).validate(DATA)


def test_what_is_silent_comes_first_with_its_numbers(tmp_path: Path) -> None:
    model = folder(tmp_path, model_type="mixtral", architectures=["MixtralForCausalLM"])
    status, shown = here(model, "--installed", f"{MEASURED}, torch 2.6.0+cu124")
    lines = shown.splitlines()
    assert status == 1
    assert lines[0] == "transformers 5.0.0, DeepSpeed 0.19.8; as you gave them"
    assert lines[2] == "Mixtral  mixtral, MixtralForCausalLM: per expert"
    assert lines[3] == "  silent         under ZeRO-3: 17 of 21 tensors differ from the files, and nothing stops"
    assert lines[4].startswith("  silent         saved by another release, which is 5.24.0: 3 of 21 tensors differ")
    assert "  exact          from_pretrained: 6 tensors under other names" in lines
    assert "  exact          under ZeRO-3, two ranks" in lines
    assert shown.count("tiny random models under the published names") == 1
    assert "torch 2.13.0 (yours: 2.6.0+cu124); by 2026-11-30." in shown
    assert lines[-2].endswith(f"&& python check_zero3_load.py {tmp_path}")
    assert lines[-1] == "read on: https://clinic.example/atlas/"


def test_exact_in_every_way_is_0_and_each_way_can_be_asked_alone() -> None:
    assert here("mixtral", "--installed", "transformers 5.4.0, deepspeed 0.19.8")[0] == 0
    assert here("mixtral", "--installed", MEASURED, "--way", "plain")[0] == 0
    assert here("mixtral", "--installed", MEASURED, "--way", "zero3")[0] == 1
    assert here("mixtral", "--installed", MEASURED, "--way", "plain", "--way", "zero3")[0] == 1
    assert ways("mixtral", "--installed", MEASURED, "--way", "plain") == {"plain": "exact"}


def test_an_error_is_told_in_its_words_and_a_class_that_is_not_there() -> None:
    status, shown = here("moe", "--installed", MEASURED)
    assert status == 1
    assert "error          under ZeRO-3: it stops: RuntimeError: shape mismatch" in shown
    assert max(map(len, shown.splitlines())) < 260
    assert "from_pretrained: 2 tensors of the files are nowhere in the model, and nothing stops" in shown
    assert "config.json does not tell which of these layouts" in shown
    status, shown = here("qwen3_5", "--installed", "transformers 5.1, deepspeed 0.19.8")
    assert status == 1
    assert "no such class  under ZeRO-3: transformers 5.1.0 does not know Qwen3_5ForConditionalGeneration" in shown


@pytest.mark.parametrize(
    ("installed", "reason", "near"),
    [
        ("transformers==5.2.0", "release", ["5.1.0", "5.4.0"]),
        ("transformers==5.0.0.post1", "release", ["5.0.0", "5.1.0"]),
        ("transformers==5.0.0rc1", "release", ["4.57.6", "5.0.0"]),
        ("transformers==4.40.0", "release", ["4.57.6"]),
        ("transformers==5.25.0", "newer", ["5.24.0"]),
        ("transformers==5.1.0.dev0", "dev", ["5.0.0", "5.1.0"]),
        ("transformers==5.4.0+abc", "local", ["5.4.0", "5.24.0"]),
        ("transformers 5.4.0 /home/me/transformers", "editable", ["5.4.0"]),
        ("-e git+https://x.example/transformers@abc#egg=transformers", "commit", []),
        ("transformers @ file:///src/transformers", "folder", []),
        ("transformers>=5.0", "range", []),
    ],
)
def test_what_was_not_measured_is_said_with_the_reason_and_no_comfort(installed: str, reason: str, near: list[str]) -> None:
    found = data("mixtral", "--installed", installed, "--way", "plain")
    assert found["status"] == 3
    (way,) = found["architectures"][0]["ways"]
    assert (way["outcome"], way["reason"]) == ("not measured", reason)
    assert [one["transformers"] for one in way["near"]] == near
    for language in ("en", "zh"):
        _, shown = here("mixtral", "--installed", installed, "--way", "plain", "--language", language)
        assert ("says nothing of yours" in shown or "不能说明你的情况" in shown) == bool(near)
        assert "{" not in shown


def test_deepspeed_matters_where_it_takes_part_and_nowhere_else() -> None:
    assert reasons("mixtral", "--installed", "transformers 5.4.0, deepspeed 0.18.5") == {
        "plain": "",
        "zero3": "package",
        "two_ranks": "sample",
        "from_other": "sample",
    }
    status, shown = here("mixtral", "--installed", "transformers 5.0.0, deepspeed 0.18.5", "--way", "zero3")
    assert status == 3
    assert "measured with DeepSpeed 0.19.8, not with 0.18.5" in shown
    assert "transformers 5.0.0  silent: under ZeRO-3 (17 of 21, DeepSpeed 0.19.8)" in shown
    assert here("mixtral", "--installed", "transformers 5.4.0, deepspeed 0.19.8+abc")[0] == 3


def test_each_deepspeed_that_was_measured_has_its_own_answer() -> None:
    for version, outcome in (("0.9.0", "silent"), ("0.16.9", "exact"), ("0.19.8", "exact")):
        assert ways("mixtral", "--installed", f"transformers 5.4.0, deepspeed {version}", "--way", "zero3") == {
            "zero3": outcome
        }
    status, shown = here("mixtral", "--installed", "transformers 5.4.0, deepspeed 0.18.5", "--way", "zero3")
    assert status == 3
    assert "measured with DeepSpeed 0.9.0, 0.16.9, 0.19.8, not with 0.18.5" in shown
    assert "transformers 5.4.0  silent: under ZeRO-3 (3 of 21, DeepSpeed 0.9.0)" in shown


def test_without_deepspeed_its_ways_are_left_out_unless_they_are_asked_for() -> None:
    assert ways("mixtral", "--installed", "transformers 5.4.0") == {
        "plain": "exact",
        "zero3": "left out",
        "two_ranks": "left out",
        "from_other": "left out",
    }
    status, shown = here("mixtral", "--installed", "transformers 5.4.0")
    assert status == 0 and "clinic verify --python python --model path/to/model" in shown
    status, shown = here("mixtral", "--installed", "transformers 5.4.0", "--way", "zero3")
    assert status == 3 and "not measured   under ZeRO-3: DeepSpeed is not there" in shown


def test_a_way_that_was_tried_with_some_releases_is_left_out_with_others_and_told() -> None:
    found = reasons("mixtral", "--installed", "transformers 5.24.0, deepspeed 0.19.8")
    assert found == {"plain": "", "zero3": "", "two_ranks": "sample", "from_other": "itself"}
    assert here("mixtral", "--installed", "transformers 5.24.0, deepspeed 0.19.8")[0] == 0
    asked = ("mixtral", "--installed", "transformers 5.24.0, deepspeed 0.19.8", "--way", "two_ranks")
    assert here(*asked)[0] == 3 and reasons(*asked) == {"two_ranks": "newer"}


def test_quantised_weights_have_an_answer_of_their_own_which_speaks_of_a_cpu(tmp_path: Path) -> None:
    more = json.loads(json.dumps(DATA))
    mixtral = next(one for one in more["architectures"] if one["id"] == "mixtral")
    more["architectures"].append({**mixtral, "id": "mixtral_fp8", "title": "Mixtral, FP8", "quantised": "fp8"})
    cell = {"architecture": "mixtral_fp8", "way": "plain", "environment": "atlas-5.0.0", "recorded": "2026-12-01"}
    more["cells"].append(
        {**cell, "outcome": "silent", "differ": 4, "of": 21, "words": "silent: 4 of 21 tensors differ from the files"}
    )
    library = Library({**FILES, "atlas.json": json.dumps(packed(more))}.__getitem__)

    def asked(**quantised: object) -> tuple[int, str]:
        model = folder(tmp_path, model_type="mixtral", architectures=["MixtralForCausalLM"], **quantised)
        return ask(lambda line: command.main(line, library), ["here", model, "--installed", MEASURED, "--way", "plain"])

    status, shown = asked(quantization_config={"quant_method": "fp8"})
    assert status == 3 and "measured on a CPU, which turns fp8 into bfloat16" in " ".join(shown.split())
    assert "silent: from_pretrained (4 of 21)" in shown, "what was seen there is told, and not as the answer"
    status, shown = asked()
    assert status == 0 and "FP8" not in shown
    status, shown = asked(quantization_config={"quant_method": "awq"})
    assert status == 3 and "FP8" not in shown and "not quantised; these are: awq" in " ".join(shown.split())


def test_between_several_releases_the_worst_is_told_to_who_asks_and_nobody_else_is_alarmed() -> None:
    two = json.loads(json.dumps(DATA))
    others = {"4.57.6": {"outcome": "exact"}, "4.49.0": {"outcome": "unknown", "words": "class not known: X"}}
    for other, seen in others.items():
        name = f"atlas-across-5.0.0-{other}"
        two["environments"].append(environment("5.0.0", other))
        two["cells"].append({**_ACROSS_EXACT, "environment": name, **seen})
        two["ways"][3]["environments"].append(name)
    library = Library({**FILES, "atlas.json": json.dumps(packed(two))}.__getitem__)
    asked = ["here", "mixtral", "--installed", MEASURED]
    _, shown = ask(lambda line: command.main(line, library), asked)
    assert "saved by another release: that depends on the other release: 4.49.0, 4.57.6, 5.24.0 were tried" in " ".join(
        shown.split()
    )
    status, shown = ask(lambda line: command.main(line, library), [*asked, "--way", "from_other"])
    assert status == 1 and "saved by another release, which is 5.24.0" in shown, shown
    two["cells"] = [one for one in two["cells"] if one.get("differ") != 3]
    library = Library({**FILES, "atlas.json": json.dumps(packed(two))}.__getitem__)
    status, shown = ask(lambda line: command.main(line, library), [*asked, "--way", "from_other"])
    assert status == 0 and "which is 4.57.6" in shown, "that another release has no such class is no harm here"


def test_a_cell_without_an_answer_is_not_measured() -> None:
    found = data("moe", "--installed", "transformers 5.1.0, deepspeed 0.19.8", "--way", "zero3")
    outcomes = {one["id"]: one["ways"][0]["outcome"] for one in found["architectures"]}
    assert (found["status"], outcomes) == (3, {"moe": "not measured", "moe_fused": "exact"})


def test_another_class_and_quantised_weights_are_not_what_was_measured(tmp_path: Path) -> None:
    asked = ("--installed", MEASURED, "--way", "zero3")
    other = folder(tmp_path, model_type="mixtral", architectures=["MixtralForSequenceClassification"])
    assert reasons(other, *asked) == {"zero3": "class"}
    status, shown = here(other, *asked)
    assert status == 3
    assert "measured was MixtralForCausalLM; config.json names MixtralForSequenceClassification" in shown
    assert "silent: under ZeRO-3 (17 of 21" in shown
    quantised = {"quant_method": "fp8"}
    model = folder(tmp_path, model_type="mixtral", architectures=["MixtralForCausalLM"], quantization_config=quantised)
    assert reasons(model, *asked) == {"zero3": "quantised"}
    assert "these are: fp8" in here(model, *asked)[1]


def test_a_config_that_names_no_class_is_answered_for_the_measured_one(tmp_path: Path) -> None:
    status, shown = here(folder(tmp_path, model_type="mixtral"), "--installed", MEASURED)
    assert status == 1 and "config.json names no class; measured was MixtralForCausalLM." in shown


def test_code_of_the_folder_is_mentioned(tmp_path: Path) -> None:
    model = folder(tmp_path, model_type="mixtral", architectures=["MixtralForCausalLM"], auto_map={"AutoModel": "x.Y"})
    assert "trust_remote_code=True" in here(model, "--installed", MEASURED)[1]


def test_an_architecture_that_the_atlas_lacks(tmp_path: Path) -> None:
    model = folder(tmp_path, model_type="\x1b[2Jof_somebody", text_config={"model_type": "mixtral"})
    status, shown = here(model, "--installed", MEASURED)
    assert status == 3
    assert "??2Jof_somebody: not measured with any version." in shown
    assert "A part of its config is of Mixtral" in shown
    assert "The load atlas has: Mixtral; Qwen3.5; Moe; Moe, fused." in shown
    assert "check_zero3_load.py" in shown
    assert data(model, "--installed", MEASURED)["architectures"] == []
    status, shown = here(folder(tmp_path), "--installed", MEASURED)
    assert status == 3 and "config.json names no model_type" in shown


def test_without_a_model_all_are_told_way_by_way_the_worst_first() -> None:
    status, shown = here("--installed", MEASURED)
    assert status == 1
    assert shown.index("No model named") < shown.index("silent         Mixtral (17 of 21)")
    assert "no such class  Qwen3.5" in shown and "exact          Mixtral; Moe, fused" in shown
    status, shown = here("--installed", "transformers 5.2.0, deepspeed 0.19.8", "--language", "zh")
    assert status == 3
    assert "没有实测过 transformers 5.2.0" in shown and "transformers 5.1.0" in shown
    assert data("--installed", MEASURED)["model"] is None


def test_chinese_says_it_in_chinese() -> None:
    _, shown = here("mixtral", "--installed", MEASURED, "--language", "zh")
    assert "静默出错       ZeRO-3 下：21 个张量中有 17 个与文件不同，加载不会停下" in shown
    assert "每个专家分开" in shown and "完全一致" in shown
    assert "nothing" not in shown and "read on" not in shown  # the address of the Chinese pages is not known here


def test_this_python_has_no_transformers_and_it_says_which_one_to_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "my env"))
    monkeypatch.setattr(
        "checkpoint_clinic.seen.seen", lambda names: {"python": "/x/python", "version": "3.12.1", "packages": {}}
    )
    status, shown = here("mixtral")
    assert status == 3
    assert shown.splitlines()[0].startswith("Not looked: transformers is not installed for /x/python (Python 3.12.1).")
    assert f"--python '{tmp_path}/my env/bin/python'" in shown and "pip freeze | " in shown
    assert data("mixtral")["architectures"] == []


def test_another_python_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("transformers", "5.0.0"), ("deepspeed", "0.19.8")):
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    status, shown = here("mixtral", "--python", sys.executable, "--way", "zero3")
    assert status == 1
    assert f"transformers 5.0.0, DeepSpeed 0.19.8; {sys.executable}, Python 3." in shown.splitlines()[0]
    assert f"{sys.executable} check_zero3_load.py" in shown


def test_a_list_of_packages_is_piped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        buffer = io.BytesIO(b"accelerate==1.0\ntransformers==5.0.0\ndeepspeed==0.19.8\n")

    monkeypatch.setattr(sys, "stdin", Standard)
    assert here("mixtral", "--installed", "-", "--way", "zero3")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent/folder", "--installed", MEASURED], "no folder absent/folder"),
        (["mixtrol", "--installed", MEASURED], "known: mixtral, moe, qwen3_5"),
        (["mixtral", "--installed", "nothing"], "no version of transformers in what was given"),
        (["mixtral", "--installed", "transformers 5.0.0, transformers 5.1.0"], "two versions of transformers"),
        (["mixtral", "--installed", MEASURED, "--way", "zero4"], "no way zero4 (known: plain, zero3"),
        (["mixtral", "--installed", MEASURED, "--python", "x"], "not allowed with argument"),
        (["mixtral", "--python", "/no/such/python"], "cannot start /no/such/python"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert here(*arguments) == (2, "")
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1


def test_a_package_without_an_atlas_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    empty = {"version": 1, "ways": [], "architectures": [], "environments": [], "cells": [], "newest": {}}
    assert command.main(["here"], Library({"atlas.json": json.dumps(empty)}.__getitem__)) == 2
    assert "built without the load atlas" in capsys.readouterr().err
