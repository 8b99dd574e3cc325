"""What require_versions.py must answer; run by test_snippets.py with the default environment's Python.

That one has neither transformers nor DeepSpeed: those that are found here only look installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from snippets import require_versions
from snippets.require_versions import answer, check, expanded, main

TABLE = {("4.49.0", "0.15.4"): False, ("4.50.3", "0.15.4"): True, ("4.50.3", "0.19.8"): False, ("5.0.0", "0.19.8"): False}
MEASURED = {"kind": TABLE, "other": {("4.49.0", "0.15.4"): True}}


class RequireVersions(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        sys.path.insert(0, temporary.name)
        self.addCleanup(sys.path.remove, temporary.name)

    def install(self, package: str, version: str | None, origin: bytes | None = None) -> None:
        info = self.folder / f"{package}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {package}", *([f"Version: {version}"] if version else []), ""]
        (info / "METADATA").write_text("\n".join(lines), encoding="utf-8")
        if origin is not None:
            (info / "direct_url.json").write_bytes(origin)

    def answers(self, transformers: str, deepspeed: str, status: int, *words: str, origin: bytes | None = None) -> str:
        self.install("transformers", transformers, origin)
        self.install("deepspeed", deepspeed)
        given = answer("kind", MEASURED)
        self.assertEqual(given.status, status, given.sentence)
        for word in words:
            self.assertIn(word, given.sentence)
        self.assertNotIn("\n", given.sentence)
        return given.sentence

    def test_measured_and_exact_is_not_affected(self) -> None:
        self.answers("4.49.0", "0.15.4", 0, "not affected: transformers 4.49.0 with DeepSpeed 0.15.4", require_versions.DATE)

    def test_the_same_version_written_in_another_way_is_the_same(self) -> None:
        self.answers("4.49", "0.15.4", 0, "not affected")

    def test_measured_and_not_exact_is_affected(self) -> None:
        self.answers("4.50.3", "0.15.4", 1, "affected: transformers 4.50.3", "4.49.0 with DeepSpeed 0.15.4 not affected")

    def test_between_two_measured_nothing_is_claimed(self) -> None:
        sentence = self.answers("4.50.0", "0.15.4", 2, "not measured", "4.49.0 with DeepSpeed 0.15.4 not affected")
        self.assertIn("transformers 4.50.3 with DeepSpeed 0.15.4 affected", sentence)

    def test_above_all_measured_one_neighbour_is_named(self) -> None:
        sentence = self.answers("5.1.0", "0.19.8", 2, "next to it: transformers 5.0.0 with DeepSpeed 0.19.8 not affected.")
        self.assertNotIn("4.50.3", sentence)

    def test_another_deepspeed_is_not_measured_and_its_neighbours_are_named(self) -> None:
        self.answers("4.50.3", "0.16.9", 2, "DeepSpeed 0.15.4 affected", "DeepSpeed 0.19.8 not affected")

    def test_where_neither_was_measured_the_neighbours_of_transformers_are_named(self) -> None:
        self.answers("4.51.0", "0.17.0", 2, "transformers 4.50.3 with", "transformers 5.0.0 with")

    def test_numbers_are_compared_as_numbers(self) -> None:
        self.answers("4.9.0", "0.15.4", 2, "next to it: transformers 4.49.0 with DeepSpeed 0.15.4 not affected.")

    def test_a_pre_release_and_a_build_of_ones_own_are_not_the_release(self) -> None:
        self.answers("4.49.0", "0.15.4+a1b2c3d", 2, "not measured")
        self.assertLess(require_versions._key("5.0.0rc1"), require_versions._key("5.0.0"))
        self.assertLess(require_versions._key("5.0.0.dev0"), require_versions._key("5.0.0rc1"))

    def test_a_development_version_names_the_recorded_commit(self) -> None:
        origin = json.dumps({"url": "https://example.org/t.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}}).encode()
        self.answers("4.50.0.dev0", "0.15.4", 2, "36335", "36455", "pip recorded commit abc123.", origin=origin)

    def test_a_development_version_from_a_folder_names_it(self) -> None:
        self.answers("5.1.0.dev0", "0.19.8", 2, "file:///src", origin=b'{"url": "file:///src", "dir_info": {}}')

    def test_a_development_version_without_a_record_says_so(self) -> None:
        sentence = self.answers("5.1.0.dev0", "0.19.8", 2, "pip recorded none")
        self.assertNotIn("36335", sentence)

    def test_a_record_that_is_none_is_no_record(self) -> None:
        for number, origin in enumerate((b"", b"{", b"[]", b'"x"', b'{"vcs_info": 1}', b'{"url": 1}', b"\xff\xfe")):
            with self.subTest(origin=origin):
                version = f"4.5{number}.0.dev0"
                self.install("transformers", version, origin)
                self.assertIn("pip recorded none", require_versions._commit(version))
                (self.folder / f"transformers-{version}.dist-info" / "METADATA").unlink()
                (self.folder / f"transformers-{version}.dist-info" / "direct_url.json").unlink()
                (self.folder / f"transformers-{version}.dist-info").rmdir()

    def test_a_version_that_is_none_is_not_measured(self) -> None:
        self.answers("unknown", "0.15.4", 2, "not measured: transformers unknown")

    def test_what_is_not_installed_is_named(self) -> None:
        self.assertIn("transformers and deepspeed not installed", answer("kind", MEASURED).sentence)
        self.install("transformers", "4.49.0")
        self.assertIn("not measured: deepspeed not installed", answer("kind", MEASURED).sentence)
        self.install("deepspeed", None)
        self.assertIn("not measured: deepspeed not installed", answer("kind", MEASURED).sentence)

    def test_a_range_is_of_the_releases_that_were_measured_with_that_deepspeed_alone(self) -> None:
        table = """
transformers 0.15.4: 4.49.0 4.50.3
transformers 0.15.4: 5.0.0
one 0.15.4: 4.49.0..4.50.3 !5.0.0
transformers 0.19.8: 4.49.0 5.0.0 5.1.0
one 0.19.8: 4.49.0..5.0.0
other 0.19.8: !5.1.0
"""
        older = {("4.49.0", "0.15.4"): False, ("4.50.3", "0.15.4"): False, ("5.0.0", "0.15.4"): True}
        newer = {("4.49.0", "0.19.8"): False, ("5.0.0", "0.19.8"): False}
        self.assertEqual(expanded(table), {"one": older | newer, "other": {("5.1.0", "0.19.8"): True}})
        self.assertEqual(expanded(""), {})

    def test_an_empty_table_says_no_more_than_not_measured(self) -> None:
        self.install("transformers", "4.49.0")
        self.install("deepspeed", "0.15.4")
        self.assertEqual(
            answer("kind", {"kind": {}}), (2, "not measured: transformers 4.49.0 with DeepSpeed 0.15.4 with kind.")
        )

    def test_each_model_has_its_own_answer(self) -> None:
        self.install("transformers", "4.49.0")
        self.install("deepspeed", "0.15.4")
        self.assertEqual([answer(kind, MEASURED).status for kind in ("kind", "other", "another")], [0, 1, 2])
        self.assertNotIn("not affected", answer("another", MEASURED).sentence)
        self.assertIn("Measured: kind, other", answer("another", MEASURED).sentence)
        named = answer(None, MEASURED)
        self.assertEqual(named.status, 2)
        self.assertIn("affected: other; not affected: kind.", named.sentence)

    def test_a_folder_is_read_for_its_model_type(self) -> None:
        self.install("transformers", "4.49.0")
        self.install("deepspeed", "0.15.4")
        file = self.folder / "config.json"
        for content, status in (
            (b'{"model_type": "kind"}', 0),
            (b'{"model_type": "other"}', 1),
            (b'{"model_type": "\\u001b[2J"}', 2),
            (b"{}", 2),
            (b"[]", 2),
            (b"{", 2),
            (b"[" * 100_000, 2),
            (b'{"model_type": 1}', 2),
        ):
            file.write_bytes(content)
            given = answer(self.folder, MEASURED)
            self.assertEqual(given.status, status, content)
            self.assertTrue(given.sentence.isprintable())

    def called(self, status: int, strict: bool = False, **variables: str) -> tuple[object, str]:
        errors = StringIO()
        given = patch.object(require_versions, "answer", lambda model: require_versions.Answer(status, f"said of {model}"))
        with given, redirect_stderr(errors), patch.dict(os.environ, variables):
            try:
                return check("kind", strict), errors.getvalue()
            except SystemExit as left:
                return left.code, errors.getvalue()

    def test_check_ends_a_script_only_where_it_has_to(self) -> None:
        self.assertEqual(self.called(0), (None, ""))
        self.assertEqual(self.called(1), (1, "require_versions.py: said of kind\n"))
        self.assertEqual(self.called(2), (None, "require_versions.py: said of kind\n"))
        self.assertEqual(self.called(2, strict=True), (2, "require_versions.py: said of kind\n"))
        self.assertEqual(self.called(1, LOCAL_RANK="3"), (1, ""))

    def test_as_a_process_it_answers_by_its_exit_status(self) -> None:
        program = str(Path(require_versions.__file__))
        done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (2, ""))
        self.assertIn("not installed", done.stdout)

    def test_with_arguments_it_says_what_it_is_for(self) -> None:
        out = StringIO()
        with patch.object(sys, "argv", ["require_versions.py", "--help"]), redirect_stdout(out):
            self.assertEqual(main(), 2)
        self.assertIn("Exit status: 0 not affected", out.getvalue())


if __name__ == "__main__":
    unittest.main()
