"""What audit_checkpoint.py must find, and what must not stop it; run by test_snippets.py in the default environment."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "audit_checkpoint.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets.audit_checkpoint import Report, asked, audit  # noqa: E402  it lies two folders up

FIRST, SECOND, INDEX = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"
V2 = {"architectures": ["DeepseekV2ForCausalLM"], "model_type": "deepseek_v2", "torch_dtype": "float32"}
V2 |= {"vocab_size": 8, "hidden_size": 4, "intermediate_size": 6, "moe_intermediate_size": 3, "num_hidden_layers": 2}
V2 |= {"num_attention_heads": 2, "kv_lora_rank": 2, "q_lora_rank": None, "qk_rope_head_dim": 2, "qk_nope_head_dim": 2}
V2 |= {"v_head_dim": 2, "n_routed_experts": 4, "n_shared_experts": 1, "first_k_dense_replace": 1}
V3 = V2 | {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "q_lora_rank": 2}


def header(text: str | bytes, data: int = 0, length: int | None = None) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return (len(raw) if length is None else length).to_bytes(8, "little") + raw + bytes(data)


def entry(name: str, begin: int, end: int, dtype: str = "U8", shape: str | None = None) -> str:
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape or [end - begin]},"data_offsets":[{begin},{end}]}}'


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def save(self, config: dict | None = None, second: str = "") -> dict[str, torch.Tensor]:
        """A sound checkpoint in two files, with the tensors that config.json asks for; the second file begins with one."""
        config = config or V2
        tensors = {name: torch.rand(shape) for name, shape in asked(config, config["architectures"][0]).items()}
        names = list(tensors)
        cut = names.index(second) if second else len(names) // 2
        self.files = {FIRST: names[:cut], SECOND: names[cut:]}
        for file, held in self.files.items():
            save_file({name: tensors[name] for name in held}, self.folder / file, {"format": "pt"})
        self.write(INDEX, {"metadata": {}, "weight_map": {name: file for file, held in self.files.items() for name in held}})
        self.write("config.json", config)
        return tensors

    def write(self, file: str, content: object) -> None:
        (self.folder / file).write_text(json.dumps(content), encoding="utf-8")

    def index(self) -> dict:
        return json.loads((self.folder / INDEX).read_text(encoding="utf-8"))

    def program(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SNIPPET), str(self.folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)

    def problem(self, *expected: str) -> Report:
        """Exactly one problem, one line, that names the file and all that is expected of the sentence; no traceback."""
        report = audit(self.folder)
        self.assertEqual(len(report.problems), 1, report.problems)
        sentence = str(report.problems[0])
        for text in expected:
            self.assertIn(text, sentence)
        self.assertTrue(sentence.isprintable() and len(sentence) < 900, sentence)
        done = self.program()
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn(sentence, done.stdout)
        return report


class Sound(Case):
    def test_a_sound_checkpoint_is_sound(self) -> None:
        tensors = self.save()
        report = audit(self.folder, 2)
        self.assertEqual((report.problems, report.files, report.tensors), ([], 2, len(tensors)))
        self.assertEqual((report.xtuner.stop, report.xtuner.wrong, report.xtuner.experts_per_shard), (None, [], 2))
        self.assertTrue(report.sound)

    def test_deepseek_v3_is_sound_but_xtuner_has_no_shard_mode_for_it(self) -> None:
        self.save(V3)
        report = audit(self.folder, 2)
        self.assertEqual((report.problems, report.xtuner), ([], None))
        self.assertTrue(any("XTuner" in what for what in report.not_looked_at))

    def test_deepseek_v3_in_fp8_needs_its_scales(self) -> None:
        quantized = {"quant_method": "fp8", "weight_block_size": [2, 2]}
        tensors = self.save(V3 | {"quantization_config": quantized})
        for file, names in self.files.items():
            held = {}
            for name in names:
                if "_proj" in name:
                    held[name] = tensors[name].to(torch.float8_e4m3fn)
                    rows, columns = tensors[name].shape
                    held[f"{name}_scale_inv"] = torch.ones(-(-rows // 2), -(-columns // 2))
                else:
                    held[name] = tensors[name]
            self.files[file] = list(held)
            save_file(held, self.folder / file, {"format": "pt"})
        index = {name: file for file, held in self.files.items() for name in held}
        self.write(INDEX, {"metadata": {}, "weight_map": index})
        self.assertEqual(audit(self.folder).problems, [])
        held = load_file(self.folder / FIRST)
        gone = next(name for name in held if name.endswith("_scale_inv"))
        del held[gone], index[gone]
        save_file(held, self.folder / FIRST, {"format": "pt"})
        self.write(INDEX, {"metadata": {}, "weight_map": index})
        self.problem("config.json", gone, "no such tensor")

    def test_a_single_file_of_another_model_is_sound(self) -> None:
        save_file({"a": torch.zeros(3), "b": torch.zeros(())}, self.folder / "model.safetensors")
        report = audit(self.folder)
        self.assertEqual((report.problems, report.tensors, report.xtuner), ([], 2, None))
        self.assertTrue(any(what.startswith("shapes:") for what in report.not_looked_at), report.not_looked_at)

    def test_a_hub_cache_made_of_links_is_sound(self) -> None:
        self.save()
        blobs = self.folder / "blobs"
        blobs.mkdir()
        for number, path in enumerate(sorted(self.folder.glob("*.*"))):
            path.rename(blobs / str(number))
            path.symlink_to(Path("blobs", str(number)))
        self.assertEqual(audit(self.folder).problems, [])

    def test_the_form_of_a_header_does_not_matter(self) -> None:
        text = ' {"a": {"shape": [2], "data_offsets": [0, 2], "dtype": "U8"},' + entry("\\u00e9", 2, 2, "F4", "[0,2]") + "}"
        (self.folder / "model.safetensors").write_bytes(header(text, 2))
        self.assertEqual((audit(self.folder).problems, audit(self.folder).tensors), ([], 2))

    def test_a_mixture_of_experts_of_another_kind_is_sound_if_its_experts_are_alike(self) -> None:
        tensors = {f"block.{i}.experts.{e}.w1.weight": torch.zeros(2, 2) for i in range(2) for e in range(3)}
        save_file(tensors, self.folder / "model.safetensors")
        self.assertEqual(audit(self.folder).problems, [])
        self.write("config.json", {"architectures": ["MixtralForCausalLM"], "num_local_experts": 4})
        self.assertEqual(len(audit(self.folder).problems), 2)
        (self.folder / "config.json").unlink()
        save_file(tensors | {"block.1.experts.1.w1.weight": torch.zeros(3, 2)}, self.folder / "model.safetensors")
        self.problem("alike in block.1.experts", "block.1.experts.1")
        del tensors["block.0.experts.1.w1.weight"]
        save_file(tensors, self.folder / "model.safetensors")
        self.problem("3 experts in block.0.experts", "found 2")


class BrokenFiles(Case):
    def bad(self, content: bytes, *expected: str) -> None:
        """A file that is refused with one sentence, and that safetensors refuses as well."""
        self.save()
        (self.folder / FIRST).write_bytes(content)
        self.problem(FIRST, *expected)
        with self.assertRaises(SafetensorError), safe_open(self.folder / FIRST, "pt"):
            pass

    def test_cut_off(self) -> None:
        self.save()
        content = (self.folder / FIRST).read_bytes()
        self.bad(content[:-5], f"expected {len(content):,} bytes", "cut off")
        self.bad(content + b"more", "behind the tensors")
        self.bad(content[:100], "a header of at most")

    def test_empty(self) -> None:
        self.bad(b"", "0 bytes")
        self.bad(b"1234567", "7 bytes")

    def test_git_lfs_pointer(self) -> None:
        self.bad(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "a Git LFS pointer", "git lfs pull")

    def test_html_page_and_pytorch_file(self) -> None:
        self.bad(b"<!DOCTYPE html><html><body>Not found</body></html>", "a web page")
        self.bad(b"PK\x03\x04" + bytes(100), "a zip or PyTorch file")

    def test_a_header_of_two_to_the_63_bytes_needs_no_memory(self) -> None:
        self.bad(header("{}", length=2**63), "at most 100,000,000 bytes", f"{2**63:,}")
        self.bad(header("{}", length=2**64 - 1), f"{2**64 - 1:,}")
        with (self.folder / FIRST).open("wb") as file:
            file.write(header("", length=100_000_001))
            file.truncate(2**40)
        limit = (300_000_000, 300_000_000)
        done = self.program(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("at most 100,000,000 bytes", done.stdout)

    def test_offsets(self) -> None:
        self.bad(header("{" + entry("a", 0, 4) + "," + entry("b", 2, 6) + "}", 6), "b from byte 4", "2, an overlap")
        self.bad(header("{" + entry("a", 0, 4) + "," + entry("b", 5, 6) + "}", 6), "b from byte 4", "5, a gap")
        self.bad(header("{" + entry("a", 1, 4) + "}", 4), "a from byte 0", "a gap")
        self.bad(header("{" + entry("a", 0, 4, "F32", "[2]") + "}", 4), "8 bytes between the offsets")
        self.bad(header("{" + entry("a", 0, 4, "F32", "[1.0]") + "}", 4), "a shape")
        self.bad(header("{" + entry("a", 0, 0, "U8", "[-0]") + "}"), "a shape")
        self.bad(header("{" + entry("a", 0, 0, "U8", f"[0,{2**64}]") + "}"), "a shape")
        self.bad(header("{" + entry("a", 0, 0, "F4", "[1]") + "}"), "0.5 bytes")
        self.bad(header("{" + entry("a", 0, 4, "FLOAT") + "}", 4), "a dtype")
        self.bad(header("{" + entry("a", 0, 4).replace("[0, 4]", "[0]").replace("[0,4]", "[0]") + "}", 4), "two offsets")

    def test_what_is_no_json_of_the_right_form(self) -> None:
        self.bad(header(b'{"\xff":1}'), "UTF-8")
        self.bad(header("[]"), "a JSON object")
        self.bad(header('{"a":NaN}'), "JSON")
        self.bad(header('{"a":{}}'), "dtype, shape and data_offsets")
        self.bad(header('{"__metadata__":{"a":1}}'), "__metadata__")
        self.bad(header('{"__metadata__":{"a":"b"}x' + entry("a", 0, 4) + "}", 4), "JSON")
        self.bad(header("{" + entry("\\ud800", 0, 4) + "}", 4), "UTF-8")
        self.bad(header("{" + entry("a\nb", 0, 4) + "}", 4), "JSON")
        self.bad(header("{" + entry("a", 0, 4, shape="[4]\x15").replace("\x15,", "\x15") + "}", 4), "JSON")

    def test_the_first_character(self) -> None:
        self.bad(header("x" + entry("a", 0, 4) + "}", 4), "JSON")

    def test_millions_of_digits_take_no_hours(self) -> None:
        self.bad(header('{"a":' + "1" * 5_000_000 + "}"), "dtype, shape and data_offsets")

    def test_deep_json(self) -> None:
        self.bad(header('{"a":' + "[" * 200_000 + "]" * 200_000 + "}"), "nested too deeply")

    def test_duplicate_names(self) -> None:
        """safetensors opens these, and takes one of the two."""
        self.save()
        (self.folder / FIRST).write_bytes(header("{" + entry("a", 0, 4) + "," + entry("a", 0, 4) + "}", 4))
        self.problem(FIRST, "each name once", "a twice")

    def test_names_that_a_terminal_would_obey_are_shown_as_text(self) -> None:
        text = "{" + entry("\\u001b[31m\\u202e" + "x" * 9999, 0, 4) + "," + entry("b", 3, 6) + "}"
        (self.folder / "model.safetensors").write_bytes(header(text, 6))
        self.problem("\\x1b[31m\\u202exxx")

    def test_what_is_no_regular_file(self) -> None:
        self.save()
        file = self.folder / FIRST
        file.unlink()
        for make, what in (
            (lambda: os.mkfifo(file), "a device, pipe or socket"),
            (lambda: file.symlink_to("/dev/zero"), "a device, pipe or socket"),
            (lambda: file.mkdir(), "a folder"),
            (lambda: file.symlink_to("nowhere"), "a link to nothing"),
            (lambda: file.symlink_to(FIRST), "a link to nothing"),
        ):
            make()
            self.problem(FIRST, what)
            file.rmdir() if file.is_dir() else file.unlink()
        self.problem(FIRST, "No such file")


class Folder(Case):
    def test_shards_that_leave_the_folder(self) -> None:
        for name in ("../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", "a\\b.safetensors", "", "a\0.safetensors"):
            self.save()
            index = self.index()
            index["weight_map"]["model.norm.weight"] = name
            self.write(INDEX, index)
            problems = [str(problem) for problem in audit(self.folder).problems]
            self.assertTrue(any("in this folder" in one and "Do not load" in one for one in problems), (name, problems))
            self.assertEqual(self.program().returncode, 1)

    def test_broken_indices(self) -> None:
        self.save()
        for content, expected in (
            (b"{}", "weight_map"),
            (b'{"weight_map": []}', "weight_map"),
            (b'{"weight_map": {"a": 1}}', "weight_map"),
            (b"[1]", "a JSON object"),
            (b"\xff", "UTF-8"),
            (b'{"a":' + b"[" * 200_000, "nested too deeply"),
            (b"", "JSON"),
        ):
            (self.folder / INDEX).write_bytes(content)
            self.problem(INDEX, expected)
        (self.folder / INDEX).unlink()
        self.problem(INDEX, "an index beside numbered files")
        os.mkfifo(self.folder / INDEX)
        self.problem(INDEX, "a regular file")

    def test_index_and_headers_that_do_not_agree(self) -> None:
        self.save()
        index = self.index()
        index["weight_map"]["more"] = FIRST
        self.write(INDEX, index)
        self.problem(FIRST, "expected more", "no such tensor")
        del index["weight_map"]["more"], index["weight_map"]["lm_head.weight"]
        self.write(INDEX, index)
        self.problem(SECOND, "lm_head.weight unlisted")

    def test_the_form_and_size_of_an_index_do_not_matter(self) -> None:
        tensors = {f"block.{i}.{'long' * 20}.weight": torch.zeros(1) for i in range(3000)}
        names = list(tensors)
        index = {}
        for file, part in ((FIRST, names[:1000]), (SECOND, names[1000:])):
            save_file({name: tensors[name] for name in part}, self.folder / file)
            index |= dict.fromkeys(part, file)
        for options in ({}, {"indent": 2, "sort_keys": True}, {"separators": (",", ":")}):
            text = json.dumps({"metadata": {}, "weight_map": index}, **options)
            (self.folder / INDEX).write_text(text, encoding="utf-8")
            self.assertEqual((audit(self.folder).problems, audit(self.folder).tensors), ([], 3000))
            (self.folder / INDEX).write_text(text.replace(names[2000], names[1000]), encoding="utf-8")
            self.problem(SECOND, f"{names[2000][:40]}", "unlisted")
            (self.folder / INDEX).write_text(text.replace(SECOND, FIRST), encoding="utf-8")
            self.assertGreater(len(audit(self.folder).problems), 0)
            (self.folder / INDEX).write_text(text[:-1] + ",}", encoding="utf-8")
            self.problem(INDEX, "JSON")
            comma = text[: text.rindex(SECOND)] + SECOND + '",}}'
            (self.folder / INDEX).write_text(comma, encoding="utf-8")
            self.problem(INDEX, "JSON")
            (self.folder / INDEX).write_text(text[: text.rindex(SECOND)], encoding="utf-8")
            self.problem(INDEX, "JSON")

    def test_an_index_that_names_one_tensor_twice(self) -> None:
        names = [f"block.{i}.{'long' * 20}.weight" for i in range(3000)]
        save_file({name: torch.zeros(1) for name in names[:1000]}, self.folder / FIRST)
        save_file({name: torch.zeros(1) for name in [names[0], *names[1000:]]}, self.folder / SECOND)
        text = json.dumps({"metadata": {}, "weight_map": {n: SECOND if i >= 1000 else FIRST for i, n in enumerate(names)}})
        (self.folder / INDEX).write_text(text.replace("}}", f', "{names[0]}": "{SECOND}"}}}}'), encoding="utf-8")
        self.assertGreater(len(text), 2 * 10**5)  # read in pieces
        self.problem(SECOND, "each tensor in one file", names[0][:40])
        save_file({names[0]: torch.zeros(1)}, self.folder / SECOND)
        text = json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names[:1000], FIRST)})
        (self.folder / INDEX).write_text(text.replace("}}", f', "{names[0]}": "{SECOND}"}}}}'), encoding="utf-8")
        self.problem(SECOND, "each tensor in one file", names[0][:40])

    def test_another_file_beside_a_single_one_does_not_count(self) -> None:
        save_file({"a": torch.zeros(3)}, self.folder / "model.safetensors")
        save_file({"a": torch.zeros(5), "b": torch.zeros(1)}, self.folder / "other.safetensors")
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files, report.tensors), ([], 1, 1))

    def test_a_tensor_in_two_files(self) -> None:
        tensors = self.save(second="model.norm.weight")
        held = load_file(self.folder / FIRST) | {"model.norm.weight": tensors["model.norm.weight"] + 1}
        save_file(held, self.folder / FIRST, {"format": "pt"})
        report = self.problem("model.norm.weight in", FIRST, SECOND, "stale")
        self.assertEqual(report.xtuner.wrong, ["model.norm.weight"])

    def test_files_that_are_not_part_of_it_are_said(self) -> None:
        self.save()
        save_file({"a": torch.zeros(1)}, self.folder / "adapter.safetensors")
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files), ([], 2))
        self.assertTrue(any("adapter.safetensors" in what for what in report.not_looked_at))
        save_file({"a": torch.zeros(1)}, self.folder / "model.safetensors")
        self.assertIn("Remove the stale one", str(audit(self.folder).problems[0]))

    def test_an_empty_folder(self) -> None:
        self.problem("safetensors files", "none")


class Config(Case):
    def test_another_size(self) -> None:
        self.save()
        self.write("config.json", V2 | {"moe_intermediate_size": 5})
        report = audit(self.folder, 2)
        self.assertEqual(len(report.problems), 6)  # three linears of routed and three of shared experts
        self.assertIn("expected [5, 4] in model.layers.1.mlp.experts.0.gate_proj.weight", "".join(map(str, report.problems)))
        self.assertEqual((report.xtuner.stop, len(report.xtuner.lines), len(report.xtuner.wrong)), (None, 2, 7))

    def test_more_and_fewer_layers(self) -> None:
        self.save()
        self.write("config.json", V2 | {"num_hidden_layers": 3})
        self.assertTrue(all("no such tensor" in str(problem) for problem in audit(self.folder).problems))
        self.write("config.json", V2 | {"num_hidden_layers": 1})
        self.assertTrue(all("besides" in str(problem) for problem in audit(self.folder).problems))
        self.assertGreater(len(audit(self.folder).problems), 3)

    def test_the_layer_that_predicts_a_further_token(self) -> None:
        tensors = self.save(V3 | {"num_hidden_layers": 3})
        self.write("config.json", V3 | {"num_nextn_predict_layers": 1})
        report = audit(self.folder)
        self.assertEqual((report.problems, report.tensors), ([], len(tensors)))
        said = "".join(what for what in report.not_looked_at if "a further token" in what)
        self.assertIn("model.layers.2.input_layernorm.weight", said)
        self.assertNotIn("model.layers.1.", said)
        self.write("config.json", V3 | {"num_nextn_predict_layers": 1, "num_hidden_layers": 1})
        self.assertTrue(all("besides" in str(problem) for problem in audit(self.folder).problems))
        self.assertGreater(len(audit(self.folder).problems), 3)
        self.write("config.json", V3 | {"num_nextn_predict_layers": 1})
        for file in (FIRST, SECOND):  # of any dtype: nobody loads it
            held = load_file(self.folder / file)
            cast = {name: tensor.half() if name.startswith("model.layers.2.") else tensor for name, tensor in held.items()}
            save_file(cast, self.folder / file, {"format": "pt"})
        self.assertEqual(audit(self.folder).problems, [])

    def test_a_missing_expert(self) -> None:
        tensors = self.save()
        file = next(file for file, names in self.files.items() if "model.layers.1.mlp.experts.2.up_proj.weight" in names)
        self.files[file].remove("model.layers.1.mlp.experts.2.up_proj.weight")
        save_file({name: tensors[name] for name in self.files[file]}, self.folder / file, {"format": "pt"})
        self.write(INDEX, {"metadata": {}, "weight_map": {name: file for file, held in self.files.items() for name in held}})
        report = self.problem("config.json", "model.layers.1.mlp.experts.2.up_proj.weight", "no such tensor")
        self.assertIsNotNone(report.xtuner.stop)

    def test_other_dtypes(self) -> None:
        tensors = self.save()
        for dtype, repair in (
            (torch.int8, "same place"),
            (torch.float8_e4m3fn, "same place"),
            (torch.bfloat16, "casts in silence"),
        ):
            held = {name: tensors[name] for name in self.files[SECOND]}
            held["lm_head.weight"] = held["lm_head.weight"].to(dtype)
            save_file(held, self.folder / SECOND, {"format": "pt"})
            self.problem(SECOND, "F32 in lm_head.weight", repair)

    def test_sizes_that_are_none(self) -> None:
        self.save()
        for value in (None, "4", 0, -1, 1.5, True, [4], 2**40):
            self.write("config.json", V2 | {"hidden_size": value})
            self.problem("config.json", "a whole number above 0 for hidden_size")
        self.write("config.json", V2 | {"num_hidden_layers": 2**31})
        self.problem("config.json", "layers and experts")
        (self.folder / "config.json").write_bytes(b"{" * 100_000)
        self.problem("config.json", "JSON")

    def test_xtuner_stops(self) -> None:
        for change, n, expected in (
            ({}, 3, "3 does not divide 4 experts"),
            ({"ep_size": 2}, 2, "ep_size"),
            ({"quantization_config": {"quant_method": "int8"}}, 2, "quantization_config"),
            ({"rope_scaling": {"rope_type": "yarn"}}, 2, "rope_scaling"),
        ):
            self.save(V2 | change)
            self.assertIn(expected, audit(self.folder, n).xtuner.stop)
            self.assertIn("XTuner", str(audit(self.folder, n).problems))
            self.assertTrue(audit(self.folder).sound or n == 3)
        self.save()
        (self.folder / FIRST).rename(self.folder / "z.safetensors")
        weight_map = {name: "z.safetensors" if file == FIRST else file for name, file in self.index()["weight_map"].items()}
        self.write(INDEX, {"metadata": {}, "weight_map": weight_map})
        self.assertTrue(audit(self.folder).sound)
        self.assertIn("model-00002", audit(self.folder, 2).xtuner.stop)


class Program(Case):
    def test_exit_status(self) -> None:
        self.save()
        self.assertEqual((self.program().returncode, self.program("--experts-per-shard", "3").returncode), (0, 1))
        for arguments in (["--experts-per-shard", "0"], ["--experts-per-shard", "many"], ["--what"]):
            self.assertEqual(self.program(*arguments).returncode, 2, arguments)
        self.folder = self.folder / FIRST
        self.assertEqual(self.program().returncode, 2)
        self.folder = self.folder / "nowhere"
        self.assertEqual((self.program().returncode, "Traceback" in self.program().stderr), (2, False))

    def test_json(self) -> None:
        self.save()
        done = json.loads(self.program("--json", "--experts-per-shard", "2").stdout)
        keys = {"sound", "folder", "files", "tensors", "bytes", "problems", "not_looked_at", "xtuner"}
        self.assertEqual((set(done), done["sound"], done["problems"]), (keys, True, []))
        self.assertEqual(set(done["xtuner"]), {"experts_per_shard", "lines", "stop", "wrong"})
        (self.folder / FIRST).unlink()
        [problem] = json.loads(self.program("--json").stdout)["problems"]
        self.assertEqual(set(problem), {"file", "expected", "found", "repair"})

    def test_text(self) -> None:
        self.save()
        done = self.program("--experts-per-shard", "2")
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("SOUND: "), lines)
        line = f"model.embed_tokens.weight not in state_dict, loading {self.folder}/{FIRST}"
        self.assertEqual(next(text.strip() for text in lines if "not in state_dict" in text), line)
        self.assertEqual((done.stderr, "\x1b" in done.stdout, "Not looked at:" in lines), ("", False, True))

    def test_it_prints_on_any_terminal(self) -> None:
        save_file({"权重.experts.0.w": torch.zeros(1), "权重.experts.2.w": torch.zeros(1)}, self.folder / "model.safetensors")
        done = self.program(env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("\\u6743", done.stdout)


if __name__ == "__main__":
    unittest.main()
