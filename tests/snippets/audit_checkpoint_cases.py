"""What audit_checkpoint.py must find, and what must not stop it; run by test_snippets.py in the default environment."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save, save_file

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
    SNIPPET = SNIPPET

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
        command = [sys.executable, str(self.SNIPPET), str(self.folder), *arguments]
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
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files, report.tensors), ([], 2, len(tensors)))
        self.assertEqual((report.sound, report.status), (True, 0))
        self.assertEqual([report.looked[what] for what in ("whole", "names", "shapes")], ["yes"] * 3)

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
        self.assertEqual((report.problems, report.tensors, report.status), ([], 2, 3))
        self.assertTrue(any(what.startswith("names and shapes") for what in report.not_looked_at), report.not_looked_at)

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

    def test_other_formats_and_texts_are_named(self) -> None:
        self.bad(b"\n\n <html></html>", "a web page")
        self.bad(b"GGUF\3" + bytes(90), "a GGUF file")
        self.bad(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + bytes(90), "a pickle")
        self.bad(b"\x1f\x8b\x08\x08abcd" + bytes(90), "a gzip file")
        self.bad(b"Entry not found", "15 bytes that begin as text: Entry not found.")
        self.bad('{"error": "gesperrt für Sie"}\n'.encode(), "begin as text", "gesperrt für Sie")
        self.bad(b"\x1b[31mNo entry for you", "21 bytes that announce")

    def test_zeros_at_the_beginning(self) -> None:
        self.bad(bytes(1000), "a header", "zeros at the beginning")

    def test_a_header_that_is_too_large_is_no_damage(self) -> None:
        self.bad(header("{}" + " " * 100_000_000), "at most 100,000,000 bytes", "one of 100,000,002", "need not be damaged")

    def test_a_dtype_that_older_releases_refuse_is_said(self) -> None:
        file = self.folder / "model.safetensors"
        for dtype, since in (("F8_E8M0", "0.6.1"), ("C64", "0.7.0"), ("F8_E4M3FNUZ", "0.8.0"), ("F8_E4M3", None)):
            size = 8 if dtype == "C64" else 1
            file.write_bytes(header("{" + entry("a", 0, size, dtype, "[1]") + "}", size))
            report = audit(self.folder)
            told = [note for note in report.notes if note.startswith(f"{dtype}: safetensors before")]
            self.assertEqual((report.problems, len(told)), ([], 1 if since else 0), dtype)
            self.assertTrue(all(str(since) in note for note in told), told)

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
            repair = "beside the index" if name == "a/b.safetensors" else "Do not load"
            self.assertTrue(any("in this folder" in one and repair in one for one in problems), (name, problems))
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
        self.problem("model.norm.weight in", FIRST, SECOND, "stale")

    def test_files_that_are_not_part_of_it_are_said(self) -> None:
        self.save()
        save_file({"a": torch.zeros(1)}, self.folder / "adapter.safetensors")
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files), ([], 2))
        self.assertTrue(any("adapter.safetensors" in what for what in report.not_looked_at))
        save_file({"a": torch.zeros(1)}, self.folder / "model.safetensors")
        self.assertIn("Remove the stale one", str(audit(self.folder).problems[0]))

    def test_an_empty_folder(self) -> None:
        self.problem("files of weights", "none")


class Config(Case):
    def test_another_size(self) -> None:
        self.save()
        self.write("config.json", V2 | {"moe_intermediate_size": 5})
        report = audit(self.folder)
        self.assertEqual(len(report.problems), 6)  # three linears of routed and three of shared experts
        self.assertIn("expected [5, 4] in model.layers.1.mlp.experts.0.gate_proj.weight", "".join(map(str, report.problems)))

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
        self.problem("config.json", "model.layers.1.mlp.experts.2.up_proj.weight", "no such tensor")

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


LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float32", "vocab_size": 16}
LLAMA |= {"hidden_size": 8, "num_hidden_layers": 4, "tie_word_embeddings": False}


def llama(layers: int = 4, prefix: str = "model.", dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """The tensors of a small Llama by their published names."""
    shapes: dict[str, tuple[int, ...]] = {f"{prefix}embed_tokens.weight": (16, 8)}
    for i in range(layers):
        layer = f"{prefix}layers.{i}"
        shapes |= {f"{layer}.{norm}_layernorm.weight": (8,) for norm in ("input", "post_attention")}
        shapes |= {f"{layer}.self_attn.{part}_proj.weight": (8, 8) for part in "qkvo"}
        shapes |= {f"{layer}.mlp.{part}_proj.weight": (12, 8) for part in ("gate", "up")}
        shapes |= {f"{layer}.mlp.down_proj.weight": (8, 12)}
    shapes |= {f"{prefix}norm.weight": (8,), "lm_head.weight": (16, 8)}
    return {name: torch.rand(shape).to(dtype) for name, shape in shapes.items()}


def experts(layers: int, first: int, names: tuple[str, ...], prefix: str = "mlp") -> dict[str, torch.Tensor]:
    return {
        f"model.layers.{i}.{prefix}.experts.{e}.{name}.weight": torch.rand(8, 8)
        for i in range(first, layers)
        for e in range(4)
        for name in names
    }


def without(tensors: dict[str, torch.Tensor], *parts: str) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not any(part in name for part in parts)}


def renamed(tensors: dict[str, torch.Tensor], old: str, new: str) -> dict[str, torch.Tensor]:
    return {name.replace(old, new, 1): tensor for name, tensor in tensors.items()}


class AnyArchitecture(Case):
    """Folders that people have. What is right raises no alarm; what is wrong is never sound."""

    def put(self, tensors: dict[str, torch.Tensor], config: dict | None = None, file: str = "model.safetensors") -> None:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, self.folder / file, {"format": "pt"})
        if config is not None:
            self.write("config.json", config)

    def right(self, tensors: dict[str, torch.Tensor], config: dict | None = None, **options: object) -> Report:
        self.put(tensors, config)
        report = audit(self.folder, **options)
        self.assertEqual(report.problems, [])
        self.assertEqual(report.status, 3)
        self.assertEqual(report.looked["names"], "in part")
        return report

    def wrong(self, tensors: dict[str, torch.Tensor], *said: str, config: dict | None = None) -> None:
        self.put(tensors, LLAMA if config is None else config)
        report = audit(self.folder)
        self.assertFalse(report.sound)
        self.assertEqual(report.status, 1)
        told = "\n".join(map(str, report.problems))
        for part in said:
            self.assertIn(part, told)

    def test_right_folders_of_many_kinds(self) -> None:
        plain, names = llama(), list(llama())
        moe = LLAMA | {"architectures": ["MixtralForCausalLM"], "num_local_experts": 4}
        vision = {f"model.visual.blocks.{i}.{part}.weight": torch.rand(6, 6) for i in range(3) for part in ("qkv", "proj")}
        text = {"vocab_size": 16, "hidden_size": 8, "num_hidden_layers": 4}
        headless, quantised = without(plain, "lm_head"), [name for name in names if "_proj" in name]
        fused = {f"model.layers.{i}.mlp.experts.gate_up_proj": torch.rand(4, 8, 8) for i in range(4)}
        dense_first = without(plain, *(f"layers.{i}.mlp" for i in (1, 2, 3)))
        linear = {f"model.layers.{i}.linear_attn.{part}.weight": torch.rand(8, 8) for i in (0, 1, 2) for part in ("in", "out")}
        mtp = {f"model.layers.4.{part}.weight": torch.rand(8, 8) for part in ("eh_proj", "self_attn.q_proj", "mlp.gate_proj")}
        queries = {f"model.layers.{i}.self_attn.q_proj.weight": torch.rand(16, 8) for i in (1, 3)}
        integers = {name.replace(".weight", ".qweight"): plain[name].to(torch.int32) for name in quantised}
        of_integers = {name.replace(".weight", ".scales"): torch.rand(1, 8) for name in quantised}
        scaled = {name: plain[name].to(torch.float8_e4m3fn) for name in quantised}
        scales = {f"{name}_scale_inv": torch.ones(1, 1) for name in quantised}
        cases: dict[str, tuple[dict[str, torch.Tensor], dict | None]] = {
            "untied": (plain, LLAMA),
            "tied, one copy": (headless, LLAMA | {"tie_word_embeddings": True}),
            "tied, both": (plain, LLAMA | {"tie_word_embeddings": True}),
            "it is not said whether it is tied": (headless, {"architectures": ["GemmaForCausalLM"]}),
            "no config": (plain, None),
            "bfloat16": (llama(dtype=torch.bfloat16), LLAMA | {"torch_dtype": "bfloat16"}),
            "a base model": (without(llama(prefix=""), "lm_head"), LLAMA | {"architectures": ["LlamaModel"]}),
            "a head for classes": (
                headless | {"score.weight": torch.rand(2, 8)},
                LLAMA | {"architectures": ["LlamaForSequenceClassification"]},
            ),
            "experts one by one": (
                without(plain, ".mlp.") | experts(4, 0, ("w1", "w2", "w3"), "block_sparse_moe"),
                moe,
            ),
            "experts fused": (without(plain, ".mlp.") | fused, moe),
            "the first layer dense": (
                dense_first | experts(4, 1, ("gate_proj", "up_proj", "down_proj")),
                LLAMA | {"num_experts": 4},
            ),
            "every fourth layer another attention": (
                without(plain, *(f"layers.{i}.self_attn" for i in (0, 1, 2))) | linear,
                LLAMA,
            ),
            "a layer that predicts a further token": (plain | mtp, LLAMA | {"num_nextn_predict_layers": 1}),
            "ModernBERT's first layer has no norm": (without(plain, "layers.0.input_layernorm"), LLAMA),
            "T5's first layer has the positions": (
                plain | {"model.layers.0.relative_attention_bias.weight": torch.rand(4, 2)},
                LLAMA,
            ),
            "two stacks": (
                renamed(plain, "model.", "model.language_model.") | vision,
                {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "text_config": text, "vision_config": {"depth": 3}},
            ),
            "widths that differ on purpose": (
                plain | {"model.layers.1.mlp.up_proj.weight": torch.rand(6, 8)},
                LLAMA | {"block_configs": [{}]},
            ),
            "heads of two sizes": (plain | queries, LLAMA),
            "modules of a Sequential": (
                plain | {f"multi_modal_projector.mlp.{i}.weight": torch.rand(4, 4) for i in (0, 2)},
                LLAMA,
            ),
            "GPTQ": (
                without(plain, "_proj") | integers | of_integers,
                LLAMA | {"quantization_config": {"quant_method": "gptq"}},
            ),
            "FP8 with scales": (plain | scaled | scales, LLAMA),
            "an empty extra state": (
                plain | {"model.layers.0.mlp._extra_state": torch.zeros(0, dtype=torch.uint8)},
                LLAMA,
            ),
            "a part that is called module": (plain | {"module.extra.weight": torch.rand(2)}, LLAMA),
        }
        for name, (tensors, config) in cases.items():
            with self.subTest(name):
                for path in self.folder.iterdir():
                    path.unlink()
                self.right(tensors, config)

    def test_what_lies_beside_is_no_alarm(self) -> None:
        self.put(llama(), LLAMA)
        (self.folder / "model.gguf").write_bytes(b"GGUF" + bytes(20))
        (self.folder / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
        (self.folder / "consolidated.safetensors").write_bytes((self.folder / "model.safetensors").read_bytes())
        (self.folder / "model.fp16.safetensors").write_bytes((self.folder / "model.safetensors").read_bytes())
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files), ([], 1))
        self.put(
            {"base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight": torch.rand(2, 8)},
            file="adapter_model.safetensors",
        )
        self.assertEqual(audit(self.folder).problems, [])

    def test_an_adapter_of_some_layers(self) -> None:
        names = [f"base_model.model.model.layers.{i}.self_attn.q_proj.lora_{x}.weight" for i in (2, 5) for x in "AB"]
        self.put({name: torch.rand(2, 2) for name in names}, file="adapter_model.safetensors")
        self.write("adapter_config.json", {})
        self.assertEqual(audit(self.folder).problems, [])

    def test_empty_tensors_of_a_save_that_did_not_gather(self) -> None:
        for part in ("", "layers.1."):
            tensors = {name: torch.empty(0) if part in name else tensor for name, tensor in llama().items()}
            self.wrong(tensors, "shape [0]", "without gathering", "zero_to_fp32.py")
        self.setUp()
        self.put({"base_model.model.a.lora_A.weight": torch.empty(0)}, file="adapter_model.safetensors")
        self.assertIn("shape [0]", str(audit(self.folder).problems))

    def test_names_that_a_wrapper_left(self) -> None:
        for prefix in ("module.", "_orig_mod.", "_fsdp_wrapped_module.", "base_model.model."):
            self.wrong({f"{prefix}{name}": tensor for name, tensor in llama().items()}, prefix.rstrip("."))
        self.wrong(renamed(llama(), ".self_attn.", "._checkpoint_wrapped_module.self_attn."), "_checkpoint_wrapped_module")
        thrice = renamed(llama(), "model.", "model.language_model.language_model.language_model.")
        self.wrong(thrice, "language_model", config=LLAMA | {"architectures": ["Qwen3_5ForConditionalGeneration"]})

    def test_layers_that_are_not_there(self) -> None:
        self.wrong(llama(3), "expected 3 layers, as the files have, found 4 for model.layers", "stays random")
        self.wrong(llama(5), "expected 5 layers, as the files have, found 4 for model.layers", "dropped without a word")
        self.wrong(without(llama(), "layers.2."), "none of number 2")
        nested = {"architectures": ["GemmaForConditionalGeneration"], "text_config": {"num_hidden_layers": 4, "vocab_size": 16}}
        self.wrong(renamed(llama(3), "model.", "model.language_model."), "3 layers", config=nested)

    def test_a_layer_that_is_not_like_the_others(self) -> None:
        self.wrong(without(llama(), "layers.2.mlp.up_proj"), "none of mlp.up_proj.weight in layer 2")
        self.wrong(without(llama(), "layers.0.self_attn"), "in layer 0")
        self.wrong(
            llama() | {"model.layers.3.mlp.up_proj.weight": torch.rand(13, 8)}, "[12, 8]", "as in the other layers", "[13, 8]"
        )

    def test_a_head_and_an_embedding(self) -> None:
        self.wrong(without(llama(), "lm_head"), "tie_word_embeddings is false", "makes a random one")
        self.wrong(llama(), "[17, 8] in model.embed_tokens.weight", config=LLAMA | {"vocab_size": 17})
        self.wrong(llama(), "[16, 9] in model.embed_tokens.weight", config=LLAMA | {"hidden_size": 9})

    def test_files_that_transformers_does_not_open(self) -> None:
        for file, repair in (("consolidated.safetensors", "vLLM"), ("model.fp16.safetensors", "variant='fp16'")):
            self.setUp()
            self.put(llama(), LLAMA, file)
            [problem] = audit(self.folder).problems
            self.assertIn("which transformers opens", str(problem))
            self.assertIn(repair, str(problem))

    def test_relatives_of_llama_are_answered_by_config_json_alone(self) -> None:
        whole = LLAMA | {"intermediate_size": 12, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 2}
        self.put(llama(), whole)
        report = audit(self.folder)
        self.assertEqual((report.problems, report.status, report.looked["shapes"]), ([], 0, "yes"))
        biases = {f"model.layers.{i}.self_attn.{one}_proj.bias": torch.rand(8) for i in range(4) for one in "qkv"}
        norms = {f"model.layers.{i}.self_attn.{one}_norm.weight": torch.rand(2) for i in range(4) for one in "qk"}
        mixtral = without(llama(), ".mlp.") | {
            f"model.layers.{i}.block_sparse_moe.gate.weight": torch.rand(4, 8) for i in range(4)
        }
        mixtral |= {
            f"model.layers.{i}.block_sparse_moe.experts.{e}.{name}.weight": torch.rand(*((8, 12) if name == "w2" else (12, 8)))
            for i in range(4) for e in range(4) for name in ("w1", "w2", "w3")
        }  # fmt: skip
        moe = without(llama(), ".mlp.") | norms | {f"model.layers.{i}.mlp.gate.weight": torch.rand(4, 8) for i in range(4)}
        moe |= {
            f"model.layers.{i}.mlp.experts.{e}.{name}_proj.weight": torch.rand(*((8, 6) if name == "down" else (6, 8)))
            for i in range(4) for e in range(4) for name in ("gate", "up", "down")
        }  # fmt: skip
        for name, tensors, config in (
            ("MistralForCausalLM", llama(), {}),
            ("Qwen2ForCausalLM", llama() | biases, {}),
            ("Qwen3ForCausalLM", llama() | norms, {}),
            ("MixtralForCausalLM", mixtral, {"num_local_experts": 4}),
            ("Qwen3MoeForCausalLM", moe, {"num_experts": 4, "moe_intermediate_size": 6}),
            ("LlamaForCausalLM", without(llama(), "lm_head"), {"tie_word_embeddings": True}),
        ):
            self.put(tensors, whole | config | {"architectures": [name]})
            report = audit(self.folder)
            self.assertEqual((report.problems, report.status), ([], 0), name)
            gone = list(tensors)[-3]
            self.wrong(without(tensors, gone), gone, "no such tensor", config=whole | config | {"architectures": [name]})
            odd = tensors | {gone: torch.rand(7, 3)}
            self.wrong(odd, gone, "[7, 3]", config=whole | config | {"architectures": [name]})

    def test_a_whole_file_that_releases_read_differently_gets_a_note(self) -> None:
        for prefix, tied in (("model.", LLAMA), ("model.language_model.", {"text_config": LLAMA})):
            head = f"lm_head.weight and {prefix}embed_tokens.weight are both in the files"
            for config, noted in ((tied, False), (tied | {"tie_word_embeddings": True}, True)):
                self.put(llama(prefix=prefix), config)
                report = audit(self.folder)
                self.assertEqual((report.problems, head in str(report.notes)), ([], noted))
                self.assertIn("check_lm_head.py" if noted else "[", str(report.notes))
            self.put(without(llama(prefix=prefix), "lm_head"), tied | {"tie_word_embeddings": True})
            self.assertNotIn("check_lm_head.py", str(audit(self.folder).notes))
        fused = without(llama(), ".mlp.") | {
            f"model.layers.{i}.mlp.experts.{name}": torch.rand(4, *shape)
            for i in range(4) for name, shape in (("gate_up_proj", (12, 8)), ("down_proj", (8, 6)))
        }  # fmt: skip
        moe = LLAMA | {"architectures": ["MixtralForCausalLM"], "num_local_experts": 4}
        for kind, noted in (("mixtral", True), ("gpt_oss", False)):  # the latter is published so
            self.put(fused, moe | {"model_type": kind})
            report = audit(self.folder)
            said = "releases of transformers 4 leave such experts random" in str(report.notes)
            self.assertEqual((report.problems, said), ([], noted))

    def test_quantised_weights_have_their_scales(self) -> None:
        quantised = LLAMA | {"quantization_config": {"quant_method": "gptq"}}
        self.wrong(llama(), "packed weights", config=quantised)
        packed = {
            name.replace(".weight", ".qweight"): torch.ones(2, 2, dtype=torch.int32) for name in llama() if "_proj" in name
        }
        self.wrong(without(llama(), "_proj") | packed, "the scales of each quantised weight", config=quantised)
        self.wrong(llama(), "FP8 weights", config=LLAMA | {"quantization_config": {"quant_method": "fp8"}})

    def test_a_config_of_anything_needs_no_traceback(self) -> None:
        keys = [*LLAMA, "text_config", "quantization_config", "num_experts", "num_nextn_predict_layers", "block_configs"]
        keys += ["intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim", "mlp_only_layers"]
        whole = LLAMA | {"intermediate_size": 12, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 2}
        for value in (None, 0, -1, 2**40, 2**70, 1.5, "text", [], [1], {}, {"a": 1}, True, [[]], "\x1b[2J"):
            for key in keys:
                self.put(llama(2), whole | {key: value})
                self.assertIn(audit(self.folder, model=True).status, (0, 1, 3), (key, value))

    def test_many_strange_layers_take_no_hours(self) -> None:
        names = [f"a{i}.layers.{j * 10**6}.b{i * j}.weight" for i in range(40) for j in range(100)]
        names += [f"layers.{i}.b{i}.weight" for i in range(5000)]
        self.put({name: torch.rand(1) for name in names}, LLAMA)
        self.assertEqual(audit(self.folder).status, 1)

    def test_independent_files_are_not_called_copies(self) -> None:
        for file in ("one.safetensors", "two.safetensors"):
            self.put({"lora_unet_a.alpha": torch.rand(2)}, file=file)
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files), ([], 2))
        self.assertIn("independent files", str(report.notes))

    def test_downloads_that_were_not_finished(self) -> None:
        for ending in (".aria2", ".incomplete", ".part"):
            self.setUp()
            self.put(llama(), LLAMA)
            (self.folder / f"model.safetensors{ending}").write_bytes(b"")
            self.problem("a finished download", ending)

    def test_a_file_without_its_format(self) -> None:
        save_file(llama(), self.folder / "model.safetensors")
        self.assertIn("some releases of transformers 4 refuse", str(audit(self.folder).notes))

    def test_other_formats_are_named(self) -> None:
        torch.save({"a": torch.rand(3)}, self.folder / "pytorch_model.bin")
        report = audit(self.folder)
        self.assertEqual((report.problems, report.status), ([], 3))
        self.assertIn("nothing was unpickled", str(report.notes))
        whole = (self.folder / "pytorch_model.bin").read_bytes()
        for content in (whole[:-30], b"<html>", b"version https://git-lfs.github.com/spec/v1", b"", b"hello"):
            (self.folder / "pytorch_model.bin").write_bytes(content)
            self.assertEqual(audit(self.folder).status, 1, content)
        (self.folder / "pytorch_model.bin").write_bytes(whole)
        self.write("pytorch_model.bin.index.json", {"weight_map": {"a": "pytorch_model-00001-of-00002.bin"}})
        self.problem("pytorch_model-00001-of-00002.bin", "found none")

    def test_a_file_of_torch_save_is_looked_into_and_not_unpickled(self) -> None:
        file, tensors = self.folder / "pytorch_model.bin", {f"w{number}": torch.rand(16, 16) for number in range(4)}
        torch.save(tensors, file)
        whole = file.read_bytes()
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files, report.looked["whole"], report.status), ([], 1, "yes", 3))
        self.assertIn("--sha256 compares the CRC-32", str(report.not_looked_at))
        with zipfile.ZipFile(file) as packed:
            second = next(entry for entry in packed.infolist() if entry.filename.endswith("data/1"))
        begin = second.header_offset
        again = io.BytesIO()
        torch.save(tensors, again, _use_new_zipfile_serialization=False)
        packed_again = io.BytesIO()
        with zipfile.ZipFile(packed_again, "w") as packed:
            packed.writestr("pytorch_model.bin", whole)
        for content, said in {
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n": "a Git LFS pointer (git lfs pull)",
            b"\n<!DOCTYPE html>": "a web page",
            b"Entry not found": "text: Entry not found",
            b"": "an empty or unreadable file",
            bytes(len(whole)): "zeros at the beginning",
            bytes(1000) + whole[1000:]: "zeros at the beginning",
            save({"a": torch.rand(3)}): "a safetensors file",
            b"GGUF" + bytes(30): "a GGUF file",
            pickle.dumps({"a": 1}, 4): "a pickle that torch.save did not write",
            packed_again.getvalue(): "a zip that holds pytorch_model.bin",
            whole[:-1]: "it is cut off or damaged",
            whole[: len(whole) // 2]: "it is cut off or damaged",
            whole[:begin] + bytes(400) + whole[begin + 400 :]: "no beginning of pytorch_model/data/1",
        }.items():
            file.write_bytes(content)
            self.problem("pytorch_model.bin", said)
            self.assertEqual(audit(self.folder).looked["whole"], "no")
        for content in (whole + b"\0", whole + whole):  # torch.load takes them as they are
            file.write_bytes(content)
            self.assertEqual(audit(self.folder, sha256="").problems, [], len(content))
        file.write_bytes(again.getvalue())
        report = audit(self.folder, sha256="")
        self.assertEqual((report.problems, report.looked["whole"], report.looked["hashes"]), ([], "in part", "not looked at"))
        self.assertIn("wrote it before 1.6", str(report.not_looked_at))

    def test_a_damaged_entry_has_another_crc(self) -> None:
        file = self.folder / "pytorch_model.bin"
        torch.save({f"w{number}": torch.rand(16, 16) for number in range(4)}, file)
        whole = file.read_bytes()
        report = audit(self.folder, sha256="")
        self.assertEqual((report.problems, report.looked["hashes"]), ([], "yes"))
        self.assertIn("not a file that somebody replaced", str(report.notes))
        with zipfile.ZipFile(file) as packed:
            place = whole.index(packed.read("pytorch_model/data/2"))
        for content in (
            whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
            whole[:place] + bytes(1024) + whole[place + 1024 :],
        ):
            file.write_bytes(content)
            self.assertEqual(audit(self.folder).problems, [])
            report = audit(self.folder, sha256="")
            self.assertEqual([problem.found for problem in report.problems], ["others in pytorch_model/data/2"])
            self.assertEqual((report.looked["hashes"], report.status), ("no", 1))
            done = self.program("--sha256")
            self.assertEqual((done.returncode, done.stderr), (1, ""))
        manifest = self.folder / "SHA256SUMS"
        manifest.write_text(f"{hashlib.sha256(whole).hexdigest()}  pytorch_model.bin\n", encoding="utf-8")
        self.assertIn("SHA-256", audit(self.folder, sha256=str(manifest)).problems[0].expected)
        file.write_bytes(whole)
        report = audit(self.folder, sha256=str(manifest))
        self.assertEqual((report.problems, report.looked["hashes"]), ([], "yes"))

    def test_a_file_that_was_saved_without_crc_is_no_alarm(self) -> None:
        torch.serialization.set_crc32_options(False)
        self.addCleanup(torch.serialization.set_crc32_options, True)
        torch.save({"a": torch.rand(3)}, self.folder / "pytorch_model.bin")
        report = audit(self.folder, sha256="")
        self.assertEqual((report.problems, report.looked["hashes"]), ([], "not looked at"))

    def test_pickled_files_beside_safetensors(self) -> None:
        self.put(llama(), LLAMA)
        (self.folder / "pytorch_model.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
        (self.folder / "openvino_model.bin").write_bytes(bytes(100))
        torch.save({"state": {}}, self.folder / "optimizer.pt")
        report = audit(self.folder)
        self.assertEqual((report.problems, report.files, report.looked["whole"]), ([], 1, "yes"))
        self.assertIn("found a Git LFS pointer", str(report.notes))
        self.assertNotIn("openvino", str(report.notes))
        content = (self.folder / "optimizer.pt").read_bytes()
        (self.folder / "optimizer.pt").write_bytes(content[:-50])
        self.problem("optimizer.pt", "it is cut off or damaged", "the checkpoint before it")

    def test_parts_of_a_checkpoint_of_many_ranks(self) -> None:
        for files, said in (
            ([".metadata", "__0_0.distcp", "__1_0.distcp"], "distributed checkpoint"),
            (["iter_0000100/mp_rank_00/model_optim_rng.pt"], "Megatron"),
            (["model_index.json", "unet/diffusion_pytorch_model.safetensors", "vae/x.safetensors"], "unet, vae"),
            (["latest", *(f"global_step10/zero_pp_rank_{r}_mp_rank_00_optim_states.pt" for r in (0, 1))], "zero_to_fp32.py"),
            (["weights.gguf"], "llama.cpp"),
        ):
            self.setUp()
            for file in files:
                (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / file).write_bytes(b"global_step10" if file == "latest" else b"GGUF" + bytes(20))
            report = audit(self.folder)
            self.assertEqual((report.problems, report.status), ([], 3), files)
            self.assertIn(said, str(report.notes))
            self.assertTrue(self.program().stdout.startswith("NOT LOOKED AT"))
        (self.folder / "weights.gguf").write_bytes(b"what")
        self.problem("a GGUF file")
        for files, said in (
            ([".metadata", "__0_0.distcp", "__2_0.distcp"], "none of [1]"),
            (["__0_0.distcp"], ".metadata"),
            (["global_step10/zero_pp_rank_1_mp_rank_00_optim_states.pt"], "none of [0]"),
            (["latest", "global_step9/zero_pp_rank_0_mp_rank_00_optim_states.pt"], "the name of a folder beside it"),
        ):
            self.setUp()
            for file in files:
                (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / file).write_bytes(b"global_step10")
            self.problem(said)


class AskedFor(Case):
    """What is looked at when it is asked for."""

    def put(self, tensors: dict[str, torch.Tensor]) -> None:
        save_file(tensors, self.folder / "model.safetensors", {"format": "pt"})

    def values(self, tensors: dict[str, torch.Tensor]) -> Report:
        self.put(tensors)
        return audit(self.folder, values=True)

    def test_values(self) -> None:
        for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.float8_e5m2, torch.float8_e4m3fn):
            whole = {"a": torch.rand(40, 50).to(dtype), "bias": torch.zeros(4).to(dtype), "norm": torch.ones(4).to(dtype)}
            report = self.values(whole)
            self.assertEqual((report.problems, report.looked["values"]), ([], "yes"), dtype)
            bad = whole["a"].to(torch.float32)
            for value, said in ((float("nan"), "NaN"), (float("inf"), "NaN")):
                bad[39, 49] = value
                if dtype != torch.float8_e4m3fn or value != value:  # this type has no infinity
                    self.assertIn(said, str(self.values(whole | {"a": bad.to(dtype)}).problems), (dtype, value))
            self.assertIn("zeros alone", str(self.values(whole | {"a": torch.zeros(4, 5).to(dtype)}).problems))
            self.assertIn("one value", str(self.values(whole | {"a": torch.full((4, 5), 0.5).to(dtype)}).problems))
        report = self.values({"a": torch.rand(4, 5), "b": torch.zeros(4, dtype=torch.int32)})
        self.assertEqual((report.problems, report.looked["values"]), ([], "in part"))

    def test_values_of_more_than_one_piece(self) -> None:
        large = torch.rand(5_000_001)
        self.assertEqual(self.values({"a": large}).problems, [])
        large[-1] = float("inf")
        self.assertEqual(len(self.values({"a": large}).problems), 1)

    def test_hashes(self) -> None:
        self.put({"a": torch.rand(3)})
        file = self.folder / "model.safetensors"
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        report = audit(self.folder, sha256="")
        self.assertEqual((report.problems, report.looked["hashes"]), ([], "not looked at"))
        manifest = self.folder / "SHA256SUMS"
        for wanted, looked in ((digest, "yes"), ("0" * 64, "no")):
            manifest.write_text(f"{wanted}  ./model.safetensors\n", encoding="utf-8")
            report = audit(self.folder, sha256=str(manifest))
            self.assertEqual((report.looked["hashes"], bool(report.problems)), (looked, looked == "no"))
        known = self.folder / ".cache/huggingface/download/model.safetensors.metadata"
        known.parent.mkdir(parents=True)
        for wanted, looked in ((digest, "yes"), ("0" * 64, "no")):
            known.write_text(f"{'a' * 40}\n{wanted}\n1700000000.0\n", encoding="utf-8")
            self.assertEqual(audit(self.folder, sha256="").looked["hashes"], looked)
        known.unlink()
        for name, looked in ((digest, "yes"), ("0" * 64, "no")):
            blob = file.resolve().rename(self.folder / name)
            file.unlink(missing_ok=True)
            file.symlink_to(blob)
            self.assertEqual(audit(self.folder, sha256="").looked["hashes"], looked)
        self.assertEqual(audit(self.folder, sha256=str(self.folder / "none")).status, 1)

    def test_without_transformers_the_model_was_not_looked_at(self) -> None:
        self.put(llama())
        self.write("config.json", LLAMA)
        report = audit(self.folder, model=True)
        self.assertEqual((report.status, report.looked["shapes"]), (3, "in part"))
        self.assertIn("transformers is not installed", str(report.not_looked_at))


class Program(Case):
    def test_exit_status(self) -> None:
        self.save()
        self.assertEqual(self.program().returncode, 0)
        self.write("config.json", V2 | {"num_hidden_layers": 3})
        self.assertEqual(self.program().returncode, 1)
        self.write("config.json", {"architectures": ["LlamaForCausalLM"]})
        self.assertEqual(self.program().returncode, 3)
        for arguments in (["--sha256", "a", "b"], ["--what"]):
            self.assertEqual(self.program(*arguments).returncode, 2, arguments)
        self.folder = self.folder / FIRST
        self.assertEqual(self.program().returncode, 2)
        self.folder = self.folder / "nowhere"
        self.assertEqual((self.program().returncode, "Traceback" in self.program().stderr), (2, False))

    def test_json(self) -> None:
        self.save()
        done = json.loads(self.program("--json").stdout)
        keys = {"sound", "status", "folder", "files", "tensors", "bytes", "problems", "notes", "not_looked_at", "looked"}
        self.assertEqual((set(done), done["sound"], done["problems"]), (keys, True, []))
        (self.folder / FIRST).unlink()
        [problem] = json.loads(self.program("--json").stdout)["problems"]
        self.assertEqual(set(problem), {"file", "expected", "found", "repair"})

    def test_text(self) -> None:
        self.save()
        done = self.program()
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("SOUND: "), lines)
        self.assertEqual((done.stderr, "\x1b" in done.stdout), ("", False))
        last = "Looked at: whole yes, names yes, shapes yes, values not looked at, hashes not looked at"
        self.assertEqual(lines[-1], last)

    def test_it_prints_on_any_terminal(self) -> None:
        save_file({"权重.experts.0.w": torch.zeros(1), "权重.experts.2.w": torch.zeros(1)}, self.folder / "model.safetensors")
        done = self.program(env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("\\u6743", done.stdout)


if __name__ == "__main__":
    unittest.main()
