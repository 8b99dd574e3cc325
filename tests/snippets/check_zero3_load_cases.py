"""What check_zero3_load.py must find and refuse; run by test_snippets.py with the default environment's Python.

transformers, accelerate and deepspeed are stand-ins here; the checks of CC002 run the program with the real ones.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from snippets import check_zero3_load, verify_loaded
from snippets.check_zero3_load import main

EMPTY = "from checkpoint, the shape in current model is torch.Size([0])."
MISMATCH = f"""Error(s) in loading state_dict for Loads:
\tsize mismatch for first.weight: copying a param with shape torch.Size([4, 3]) {EMPTY}
\tsize mismatch for first.bias: copying a param with shape torch.Size([4]) {EMPTY}
"""


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 4)
        self.register_buffer("steps", torch.zeros(2))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.dtype = torch.float32


@contextmanager
def gathered(parameters):
    for parameter in parameters:
        parameter.data = parameter.whole
    yield
    for parameter in parameters:
        parameter.data = torch.empty(0)


class StandIns:
    """The modules that the program imports, and what each of the two loads gives: a model, or what is raised."""

    def __init__(self) -> None:
        self.configs: list[dict] = []
        self.plain, self.change = Model(), lambda model: None

        class HfDeepSpeedConfig:
            def __init__(config, content: dict) -> None:
                self.configs.append(content)

        self.loads = SimpleNamespace(from_pretrained=self.load)
        quiet = SimpleNamespace(disable_progress_bar=lambda: None, set_verbosity_error=lambda: None)
        accelerator = SimpleNamespace(device_name=lambda: "cpu")
        self.modules = {
            "transformers": self.module("transformers", Loads=self.loads, utils=SimpleNamespace(logging=quiet)),
            "transformers.integrations": self.module("transformers.integrations", HfDeepSpeedConfig=HfDeepSpeedConfig),
            "accelerate": self.module("accelerate"),
            "deepspeed": self.module(
                "deepspeed",
                zero=SimpleNamespace(Init=type("Init", (), {}), GatheredParameters=gathered),
                accelerator=SimpleNamespace(get_accelerator=lambda: accelerator),
                init_distributed=lambda **_: None,
            ),
            "deepspeed.comm.torch": self.module("deepspeed.comm.torch"),
        }

    def module(self, name: str, **attributes: object) -> ModuleType:
        module = ModuleType(name)
        module.__dict__.update(__version__="1.2.3", **attributes)
        return module

    def load(self, folder: Path, output_loading_info: bool = False, **_: object) -> object:
        if output_loading_info:
            if isinstance(self.plain, Exception):
                raise self.plain
            return self.plain, {}
        model = Model()
        model.load_state_dict(self.plain.state_dict())
        self.change(model)
        for parameter in model.parameters():
            parameter.whole, parameter.ds_shape = parameter.data, parameter.shape
            parameter.data = torch.empty(0)
        return model


class CheckZero3Load(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name, "model")
        self.folder.mkdir()
        self.config({"architectures": ["Loads"]})
        self.stand_ins = StandIns()
        self.save(self.stand_ins.plain.state_dict())

    def save(self, tensors: dict[str, torch.Tensor]) -> None:
        save_file(tensors, self.folder / "model.safetensors")

    def config(self, content: object) -> None:
        (self.folder / "config.json").write_text(json.dumps(content), encoding="utf-8")

    def program(self, *arguments: object) -> tuple[int, list[str], list[str]]:
        out, errors = StringIO(), StringIO()
        with (
            redirect_stdout(out),
            redirect_stderr(errors),
            patch.dict(sys.modules, self.stand_ins.modules),
            patch.dict(os.environ),
        ):
            try:
                status = main([str(argument) for argument in arguments or [self.folder]])
            except SystemExit as left:
                status = left.code
        return status, out.getvalue().splitlines(), errors.getvalue().splitlines()

    def refused(self, expected: int, word: str, *arguments: object) -> None:
        status, _, errors = self.program(*arguments)
        self.assertEqual(status, expected, errors)
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(word, errors[0])

    def change(self, change) -> None:
        self.stand_ins.change = change

    def test_equal_ends_with_0(self) -> None:
        status, printed, errors = self.program()
        self.assertEqual((status, errors), (0, []))
        self.assertEqual(printed[0].split(", ")[::3], ["transformers 1.2.3", "1 rank"])
        self.assertEqual(printed[1:], ["equal: all 3 tensors, bit for bit"])

    def test_a_changed_value_is_named_and_ends_with_1(self) -> None:
        self.change(lambda model: model.first.weight.data[1].add_(1))
        status, printed, errors = self.program()
        self.assertEqual((status, errors), (1, []))
        self.assertEqual(printed[2].split(), ["first.weight", "[4,", "3]", "values:", "3", "of", "12", "differ"])
        self.assertEqual(printed[3], "different: 1 of 3 tensors")

    def test_a_changed_buffer_is_named(self) -> None:
        self.change(lambda model: model.steps.add_(1))
        self.assertEqual(self.program()[1][2].split()[0], "steps")

    def test_a_buffer_that_is_not_saved_is_not_compared(self) -> None:
        self.change(lambda model: model.scratch.add_(1))
        self.assertEqual(self.program()[0], 0)

    def test_another_shape_and_another_dtype_are_named(self) -> None:
        def change(model: Model) -> None:
            model.first.weight = torch.nn.Parameter(torch.zeros(4, 2))
            model.first.bias.data = model.first.bias.data.double()

        self.change(change)
        status, printed, _ = self.program()
        self.assertEqual(status, 1)
        text = "\n".join(printed)
        self.assertIn("shape: [4, 2] under ZeRO-3, [4, 3] without DeepSpeed", text)
        self.assertIn("cast: torch.float32 without DeepSpeed, torch.float64 under ZeRO-3; equal after the cast", text)

    def test_a_tensor_that_one_load_lacks_is_named(self) -> None:
        def change(model: Model) -> None:
            del model.first.bias
            model.first.register_parameter("scale", torch.nn.Parameter(torch.zeros(1)))

        self.change(change)
        text = "\n".join(self.program()[1])
        self.assertRegex(text, r"first\.bias +absent under ZeRO-3")
        self.assertRegex(text, r"first\.scale +\[1\] +absent without DeepSpeed")

    def without(self, name: str) -> None:
        self.save({one: tensor for one, tensor in self.stand_ins.plain.state_dict().items() if one != name})

    def test_what_no_file_has_is_not_equal_unless_it_is_named_as_new(self) -> None:
        self.without("first.bias")
        self.change(lambda model: model.first.bias.data.add_(1))
        status, printed, _ = self.program()
        self.assertEqual(status, 5)
        self.assertIn("not the files: ZeRO-3 loads the same", printed[-1])
        self.assertIn("1 in the model but in no file", printed[-1])
        status, printed, _ = self.program(self.folder, "--new", "first.bias")
        self.assertEqual((status, printed[-1]), (0, "equal: all 2 tensors, bit for bit"))
        self.assertIn("not compared: first.bias: named as new", printed[-2])

    def test_two_loads_that_lose_the_same_end_with_5(self) -> None:
        self.save({f"module.{name}": tensor + 1 for name, tensor in self.stand_ins.plain.state_dict().items()})
        status, printed, _ = self.program()
        self.assertEqual(status, 5)
        self.assertIn("3 in the model but in no file, 3 in a file but not in the model", printed[-1])
        self.save(self.stand_ins.plain.state_dict() | {"second.weight": torch.zeros(2)})
        self.assertEqual(self.program()[0], 5)
        self.assertEqual(self.program(self.folder, "--without", "second")[0], 0)
        self.save({name: tensor + 1 for name, tensor in self.stand_ins.plain.state_dict().items()})
        self.assertEqual(self.program()[0], 5)

    def test_what_is_wrong_in_both_ways_ends_with_1_and_says_both(self) -> None:
        self.without("first.bias")
        self.change(lambda model: model.first.weight.data.add_(1))
        status, printed, _ = self.program()
        self.assertEqual(status, 1)
        self.assertTrue(printed[-1].startswith("different: 1 of 2 tensors; and the load without DeepSpeed is not"), printed[-1])

    def test_other_names_in_the_files_are_said_and_equal(self) -> None:
        self.save({f"net.{name}": tensor for name, tensor in self.stand_ins.plain.state_dict().items()})
        status, printed, _ = self.program()
        self.assertEqual((status, printed[-1]), (0, "equal: all 3 tensors, bit for bit"))
        self.assertIn("first.weight  <-  net.first.weight  (1)", printed)

    def test_a_cast_that_both_loads_make_is_said(self) -> None:
        self.save({name: tensor.double() for name, tensor in self.stand_ins.plain.state_dict().items()})
        status, printed, _ = self.program()
        self.assertEqual((status, printed[-1]), (0, "equal: all 3 tensors, 3 of them cast, as without DeepSpeed"))

    def test_files_that_cannot_be_compared_are_not_equal(self) -> None:
        (self.folder / "model.safetensors").unlink()
        self.refused(4, "not compared with the files")

    def test_a_model_that_is_not_partitioned_is_not_compared(self) -> None:
        load = self.stand_ins.loads.from_pretrained
        self.stand_ins.loads.from_pretrained = lambda *a, **o: (
            load(*a, **o) if "output_loading_info" in o else self.stand_ins.plain
        )
        self.refused(4, "ZeRO-3 has partitioned no parameter")

    def test_sizes_that_a_report_alone_tells_are_named(self) -> None:
        def load(folder: Path, ignore_mismatched_sizes: bool = False, **_: object) -> object:
            if not ignore_mismatched_sizes:
                raise RuntimeError("For details look at the above report!")
            return self.stand_ins.plain, {"mismatched_keys": {("first.bias", (5,), (4,))}}

        self.stand_ins.loads.from_pretrained = load
        self.refused(2, "1 sizes differ, that of first.bias: [5] in the files, [4] in the model")

    def test_its_classes_are_those_of_verify_loaded(self) -> None:
        for name in ("Difference", "Found", "Files", "Report"):
            self.assertEqual(*(inspect.getsource(getattr(one, name)) for one in (check_zero3_load, verify_loaded)))
        for name in ("MERGED", "WRAPPERS", "INSERTED", "ORDERS", "ROLES", "FIRST"):
            self.assertEqual(*(getattr(one, name) for one in (check_zero3_load, verify_loaded)))

    def test_the_verdict_is_the_status_whatever_happens_at_the_end_of_the_process(self) -> None:
        code = f"import atexit, os, runpy, sys; atexit.register(os.abort); sys.argv = ['x', {str(self.folder / 'absent')!r}]; "
        code += f"runpy.run_path({check_zero3_load.__file__!r}, run_name='__main__')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("is no folder", done.stderr)

    def test_partitions_get_the_dtype_of_the_load_without_deepspeed(self) -> None:
        self.program()
        self.stand_ins.plain.dtype = torch.bfloat16
        self.program()
        self.assertEqual([config.get("bf16") for config in self.stand_ins.configs], [None, {"enabled": True}])

    def test_a_load_that_raises_under_zero3_ends_with_1_and_names_a_tensor(self) -> None:
        def change(model: Model) -> None:
            raise RuntimeError(MISMATCH)

        self.change(change)
        self.refused(1, "size mismatch for first.weight: copying a param with shape torch.Size([4, 3])")
        self.assertTrue(self.program()[2][0].endswith("(2 such lines)"))

    def test_a_load_that_raises_without_deepspeed_is_no_model(self) -> None:
        self.stand_ins.plain = OSError("Error while deserializing header: invalid header length\nmore")
        self.refused(2, "cannot be loaded, even without DeepSpeed: OSError: Error while deserializing header")

    def test_an_error_of_the_comparison_ends_with_4(self) -> None:
        self.stand_ins.modules["deepspeed"].zero.GatheredParameters = lambda _: (_ for _ in ()).throw(RuntimeError("gather"))
        self.refused(4, "not compared to the end")

    def test_a_folder_that_is_none_is_refused(self) -> None:
        self.refused(2, "is no folder", self.folder / "absent")
        self.refused(2, "is no folder", self.folder / "config.json")
        (self.folder / "config.json").unlink()
        self.refused(2, "no config.json")

    def test_a_config_without_a_class_is_refused(self) -> None:
        for content in ({}, [], {"architectures": []}, {"architectures": None}):
            self.config(content)
            self.refused(2, "architectures")
        for content in (b"", b"\xff\xfe{", b"[" * 100_000):
            (self.folder / "config.json").write_bytes(content)
            self.refused(2, "architectures")

    def test_a_pipe_is_not_waited_for(self) -> None:
        (self.folder / "config.json").unlink()
        os.mkfifo(self.folder / "config.json")
        self.refused(2, "no config.json")

    def test_wrong_arguments_are_refused(self) -> None:
        self.assertEqual(self.program("--wrong")[0], 2)
        self.assertEqual(self.program(self.folder, self.folder)[0], 2)

    def test_what_is_absent_is_named(self) -> None:
        for package in ("transformers", "accelerate", "deepspeed"):
            with self.subTest(package):
                self.stand_ins = StandIns()
                self.stand_ins.modules[package] = None
                self.refused(3, f"{package} is not installed")

    def test_a_class_that_transformers_has_not_is_named(self) -> None:
        self.config({"architectures": ["Qwen9ForCausalLM"]})
        self.refused(3, "transformers 1.2.3 has no Qwen9ForCausalLM")

    def test_a_package_that_cannot_be_imported_is_named_with_the_reason(self) -> None:
        folder = self.folder.parent
        (folder / "deepspeed.py").write_text("raise RuntimeError('0 active drivers ([]). There should only be one.')")
        del self.stand_ins.modules["deepspeed"]
        with patch.object(sys, "path", [str(folder), *sys.path]):
            self.refused(3, "deepspeed is installed but cannot be imported: RuntimeError: 0 active drivers")

    def test_without_torch_one_sentence_says_so(self) -> None:
        command = [sys.executable, "-I", "-S", check_zero3_load.__file__, str(self.folder)]  # -S: no packages at all
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertRegex(done.stderr, r"\Atorch is not installed for .*\.\n\Z")

    def test_a_gather_of_several_becomes_several_gathers_where_deepspeed_waits_for_the_last(self) -> None:
        calls = []

        class Waits:
            def _allgather_params_coalesced(self, params, hierarchy=0, quantize=False):
                calls.append((params, hierarchy, quantize))
                launch_handles = [SimpleNamespace(wait=lambda: None)]
                launch_handles[-1].wait()

        class WaitsForAll:
            def _allgather_params_coalesced(self, params):
                calls.append(params)

        self.assertTrue(check_zero3_load._wait_for_each_gather(SimpleNamespace(zero=SimpleNamespace(Init=Waits))))
        Waits()._allgather_params_coalesced(["a", "b"], 1, quantize=True)
        self.assertEqual(calls, [(["a"], 1, True), (["b"], 1, True)])
        for other in (WaitsForAll, object):
            self.assertFalse(check_zero3_load._wait_for_each_gather(SimpleNamespace(zero=SimpleNamespace(Init=other))))


if __name__ == "__main__":
    unittest.main()
