"""The wheel, built and installed into bare environments outside the clone: what readers get."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator

from checkpoint_clinic import command
from checkpoint_clinic.commands.list import SCHEMA
from checks.content.vectors import load_vectors
from checks.decide.install import Unavailable, find_python
from checks.decide.plan import load_project
from checks.show.package import library

from .asked import ask

ROOT = Path(__file__).resolve().parents[2]
PROJECT = load_project(ROOT)
OLDEST, NEWER = "3.10", ("3.14", "3.13", "3.12")
CC002 = (
    "size mismatch for a.b: copying a param with shape torch.Size([3]) from checkpoint, "
    "the shape in current model is torch.Size([0]).\n"
)
Bare = Callable[[str], Path]


def outside(**variables: str) -> dict[str, str]:
    """Return variables without what would lead back into the clone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "CLINIC"))}
    return {**kept, **variables}


def build(target: str, folder: Path, root: Path = ROOT, **variables: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=root, env=outside(**variables), check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """Return a function from "oldest" or "newest" to the folder of scripts of an environment that has the wheel alone."""

    @cache
    def made(which: str) -> Path:
        place = tmp_path_factory.mktemp("bare") / "environment"
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", str(interpreter(which)), str(place)], check=True)
        install = [
            *uv,
            "pip",
            "install",
            "--quiet",
            "--offline",
            "--no-index",
            "--python",
            str(place / "bin/python"),
            str(wheel),
        ]
        subprocess.run(install, check=True)
        return place / "bin"

    return made


def interpreter(which: str) -> Path:
    for version in (OLDEST,) if which == "oldest" else NEWER:
        with contextlib.suppress(Unavailable):
            return find_python(version)
    pytest.skip(f"no Python {OLDEST if which == 'oldest' else ' or '.join(NEWER)} on this machine")


def run(scripts: Path, *arguments: str, cwd: Path, text: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [str(scripts / "clinic"), *arguments], cwd=cwd, env=outside(**variables), input=text.encode(), capture_output=True
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def questions(folder: Path) -> list[list[str]]:
    """Return every text of the vectors as a file to diagnose, every article and claim, every snippet."""
    asked = [["--version"], ["--help"], ["list"], ["list", "--json", "--language", "zh"], ["list", "--schema"]]
    for article in PROJECT.articles:
        vectors = load_vectors(article, ROOT)
        texts = [(vector.text, "en") for kind in ("match", "lookalike", "other") for vector in getattr(vectors, kind)]
        texts += [(query.text, query.language) for query in vectors.query]
        for number, (text, language) in enumerate(texts):
            file = folder / f"{article.id}-{number}.log"
            file.write_text(text, encoding="utf-8")
            asked.append(["diagnose", str(file), "--json", "--language", language])
            asked.append(["diagnose", str(file), "--language", "zh" if number % 2 else "en"])
        for language in ("en", "zh"):
            asked.append(["explain", article.id, "--language", language])
            asked.append(["explain", article.slug, "--language", language, "--json"])
            asked.append(["explain", article.id, "--language", language, "--evidence"])
            asked.append(["explain", article.id, "--language", language, "--evidence", "--json"])
            asked += [["explain", article.id, "--claim", claim.name, "--language", language] for claim in article.claims]
    for snippet in sorted((ROOT / "snippets").glob("*.py")):
        asked += [["snippet", snippet.name], ["snippet", snippet.stem, "--json"]]
    for number, architecture in enumerate(PROJECT.atlas.architectures if PROJECT.atlas else ()):
        versions = ("transformers 5.0.0, deepspeed 0.19.8", "transformers 5.0.1", "transformers==5.4.0.dev0")[number % 3]
        line = ["here", architecture.model_type, "--installed", versions, "--language", "zh" if number % 2 else "en"]
        asked += [line, [*line, "--json"]]
    return asked


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_the_installed_package_answers_as_the_clone_does(bare: Bare, tmp_path: Path, which: str) -> None:
    python = bare(which) / "python"
    asked = questions(tmp_path)
    (tmp_path / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    driver = Path(__file__).with_name("asked.py").read_bytes()
    (tmp_path / "driver.py").write_bytes(driver)
    strict = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning"]  # a file opened without an encoding fails
    command_line = [str(python), *strict, "driver.py", "asked.json", "told.json", "hidden"]
    done = subprocess.run(command_line, cwd=tmp_path, env=outside(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert Path(told["where"]).is_relative_to(python.parents[1])
    assert not [place for place in told["path"] if Path(place).resolve() == ROOT]
    ours = library(PROJECT)
    assert len(asked) == len(told["answers"]) > 300
    for arguments, (status, printed) in zip(asked, told["answers"], strict=True):
        assert (status, printed) == ask(lambda line: command.main(line, ours), arguments), arguments


def test_what_is_printed_as_json_fits_its_schema(tmp_path: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    ours, kinds = library(PROJECT), set()
    names = {"list": "list", "diagnose": "diagnose", "snippet": "snippet", "audit": "started", "here": "here", "skill": "skill"}
    asked = [one for one in questions(tmp_path) if "--json" in one]
    asked += [[*one, "--json"] for one in questions(tmp_path) if "--claim" in one]
    for arguments in [*asked, ["audit", "--json", str(tmp_path)], ["skill", "--json"]]:
        _, printed = ask(lambda line: command.main(line, ours), arguments)
        name = names.get(arguments[0]) or ("explain-claim" if "--claim" in arguments else "explain")
        kinds.add(name)
        Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{name}"}).validate(json.loads(printed))
    elsewhere = {"article", "articles", "atlas", "sarif"}  # tests/show/test_machine.py, test_atlas.py; test_formats.py
    assert kinds | elsewhere == {one["$ref"].rpartition("/")[2] for one in schema["anyOf"]}


def test_a_snippet_is_the_very_file(bare: Bare, tmp_path: Path) -> None:
    for snippet in sorted((ROOT / "snippets").glob("*.py")):
        assert run(bare("oldest"), "snippet", snippet.name, cwd=tmp_path).stdout == snippet.read_bytes()
        assert run(bare("oldest"), "snippet", snippet.stem, "-o", snippet.name, cwd=tmp_path).returncode == 0
        assert (tmp_path / snippet.name).read_bytes() == snippet.read_bytes()
    again = run(bare("oldest"), "snippet", snippet.name, "-o", snippet.name, cwd=tmp_path)
    assert again.returncode == 0  # the line of a page can be run twice
    (tmp_path / snippet.name).write_bytes(b"mine")
    again = run(bare("oldest"), "snippet", snippet.name, "-o", snippet.name, cwd=tmp_path)
    assert again.returncode == 2
    assert (tmp_path / snippet.name).read_bytes() == b"mine"
    assert b"exists and was kept" in again.stderr


def write_safetensors(path: Path, shape: tuple[int, ...] = (2, 3)) -> None:
    size = 4 * shape[0] * shape[1]
    info = {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "layer.weight": info}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(range(size)))


def test_audit_looks_into_a_folder(bare: Bare, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write_safetensors(folder / "model.safetensors")
    whole = run(bare("oldest"), "audit", str(folder), cwd=tmp_path)
    assert b"1 file" in whole.stdout and b"1 tensor" in whole.stdout
    cut = (folder / "model.safetensors").read_bytes()[:-1]
    (folder / "model.safetensors").write_bytes(cut)
    done = run(bare("oldest"), "audit", str(folder), cwd=tmp_path)
    told = json.loads(run(bare("oldest"), "audit", str(folder), "--json", cwd=tmp_path).stdout)
    assert (done.returncode, told["status"], told["snippet"]) == (1, 1, "audit_checkpoint.py")
    assert "model.safetensors" in json.dumps(told["report"])


def test_verify_needs_the_python_that_trains(bare: Bare, tmp_path: Path) -> None:
    done = run(bare("oldest"), "verify", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert b"does not have torch, safetensors, transformers" in done.stderr and b"--python" in done.stderr
    done = run(bare("oldest"), "verify", "--python", str(tmp_path / "python"), str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert b"cannot start" in done.stderr


STANDS_IN = """
from types import SimpleNamespace

import torch
from safetensors.torch import load_file

class Tiny(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.layer = torch.nn.Linear(3, 2, bias=False)
        self.register_buffer("table", torch.arange(4.0), persistent=False)

    @classmethod
    def from_pretrained(cls, folder, **options):
        model = cls(SimpleNamespace(hidden_size=HIDDEN))
        model.table[0] += GARBAGE
        if LOADS:
            model.load_state_dict(load_file(f"{folder}/model.safetensors"))
        return model
"""


@pytest.fixture
def loadable(tmp_path: Path) -> Path:
    """A folder, and the place of a library whose class stands in for those of transformers."""
    folder = tmp_path / "model"
    folder.mkdir()
    write_safetensors(folder / "model.safetensors")
    (folder / "config.json").write_text('{"architectures": ["Tiny"], "hidden_size": 3}', encoding="utf-8")
    (tmp_path / "with").mkdir()
    return folder


@pytest.mark.parametrize(
    ("stated", "status", "words"),
    [
        ("LOADS, HIDDEN, GARBAGE = True, 3, 0", 0, (b"equal: all 1 tensors", b"the same: 1 non-persistent buffer")),
        ("LOADS, HIDDEN, GARBAGE = False, 3, 0", 1, (b"layer.weight values", b"the same: 1 non-persistent buffer")),
        ("LOADS, HIDDEN, GARBAGE = True, 4, 0", 1, (b"equal: all", b"hidden_size: config.json says 3, the model has 4")),
        ("LOADS, HIDDEN, GARBAGE = True, 3, 1", 1, (b"equal: all", b"differs: table: 1 of 4 values")),
    ],
)
def test_verify_compares_a_model_with_its_files_and_its_config(
    bare: Bare, python: Path, tmp_path: Path, loadable: Path, stated: str, status: int, words: tuple[bytes, ...]
) -> None:
    """By the Python of the default environment; both answers are printed, and the worse exit status counts."""
    (tmp_path / "with/transformers.py").write_text(f"{stated}\n{STANDS_IN}", encoding="utf-8")
    line = ["verify", "--python", str(python), "--model", str(loadable)]
    done = run(bare("oldest"), *line, cwd=tmp_path, PYTHONPATH=str(tmp_path / "with"))
    assert done.returncode == status, done.stderr.decode()
    assert all(word in done.stdout for word in words), done.stdout.decode()


def test_verify_as_json_has_both_answers(bare: Bare, python: Path, tmp_path: Path, loadable: Path) -> None:
    (tmp_path / "with/transformers.py").write_text(f"LOADS, HIDDEN, GARBAGE = True, 4, 0\n{STANDS_IN}", encoding="utf-8")
    line = ["verify", "--python", str(python), str(loadable), "--json"]
    done = run(bare("oldest"), *line, cwd=tmp_path, PYTHONPATH=str(tmp_path / "with"))
    told = json.loads(done.stdout)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator({"$defs": schema["$defs"], "$ref": "#/$defs/started"}).validate(told)
    assert (done.returncode, told["status"]) == (1, 1)
    parts = [(part["snippet"], part["status"]) for part in told["parts"]]
    assert parts == [("verify_loaded.py", 0), ("verify_built.py", 1)]
    assert told["output"] == [line for part in told["parts"] for line in part["output"]]


def test_verify_says_of_wrong_arguments_what_its_snippet_says(bare: Bare, python: Path, tmp_path: Path, loadable: Path) -> None:
    (tmp_path / "with/transformers.py").write_text(f"LOADS, HIDDEN, GARBAGE = True, 3, 0\n{STANDS_IN}", encoding="utf-8")
    for rest in ([], ["--model", str(loadable), str(loadable)], [str(loadable), "--unknown"]):
        done = run(bare("oldest"), "verify", "--python", str(python), *rest, cwd=tmp_path, PYTHONPATH=str(tmp_path / "with"))
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"verify_loaded.py" in done.stderr and b"verify_built.py" not in done.stderr


def test_the_console_may_be_narrower_than_unicode(bare: Bare, tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(CC002, encoding="utf-8")
    line = ["diagnose", "run.log", "--language", "zh"]
    whole = json.loads(run(bare("oldest"), *line, "--json", cwd=tmp_path, PYTHONIOENCODING="utf-8").stdout)
    for encoding in ("cp1252", "gbk", "ascii"):
        done = run(bare("oldest"), *line, cwd=tmp_path, PYTHONIOENCODING=encoding)
        assert done.returncode == 0
        assert ("模型中" in done.stdout.decode(encoding)) == (encoding == "gbk")
        told = run(bare("oldest"), *line, "--json", cwd=tmp_path, PYTHONIOENCODING=encoding)
        assert json.loads(told.stdout.decode(encoding)) == whole


@pytest.mark.parametrize("arguments", [["diagnose"], ["diagnose", "--json"], ["explain", "CC001"], ["list"]])
def test_a_closed_pipe_changes_no_exit_status(bare: Bare, tmp_path: Path, arguments: list[str]) -> None:
    log = tmp_path / "run.log"
    log.write_text(CC002 * 1000, encoding="utf-8")
    for read in [0] * 10 + [1] * 10:  # nothing of it; as `head -1` does
        process = subprocess.Popen(
            [str(bare("newest") / "clinic"), *arguments, *([str(log)] if "diagnose" in arguments else [])],
            cwd=tmp_path,
            env=outside(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout and process.stderr
        if read:
            process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        assert (process.wait(), said) == (0, b"")


def test_maintainers_commands_say_what_they_need(bare: Bare, tmp_path: Path) -> None:
    for name in command.MAINTAINERS:
        done = run(bare("oldest"), name, cwd=tmp_path)
        assert done.returncode == 2
        assert b"inside a clone" in done.stderr and len(done.stderr.splitlines()) == 1
    done = run(bare("oldest"), "plan", cwd=ROOT)
    assert done.returncode == 2
    assert b"needs Python 3.11" in done.stderr


def test_it_is_small(wheel: Path, bare: Bare) -> None:
    (package,) = (bare("oldest").parent / "lib").glob("python*/site-packages/checkpoint_clinic")
    files = [path for path in package.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1.5e6 + 0.3e6 * len(PROJECT.articles)
    written = [path for path in files if path.suffix != ".pyc"]  # compiled when the tests ran them
    assert len(written) < 60 + 6 * len(PROJECT.articles)  # two pages and an object in each language
    names = ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"checkpoint_clinic", "checkpoint_clinic-0.1.0.dist-info"}
    assert {"articles/CC001.en.md", "articles/CC002.zh.md"} <= {name.removeprefix("checkpoint_clinic/data/") for name in names}


def test_the_same_bytes_come_again_also_from_the_source_archive(wheel: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    for number, variables in enumerate(({}, {"TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONHASHSEED": "7"})):
        assert hashlib.sha256(build("wheel", tmp_path / str(number), **variables).read_bytes()).hexdigest() == digest
    archive = build("sdist", tmp_path / "source")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    assert not [path.name for path in root.iterdir() if path.name.endswith("_cache")]
    assert hashlib.sha256(build("wheel", tmp_path / "again", root).read_bytes()).hexdigest() == digest


def test_addresses_are_given_when_it_is_built(tmp_path: Path) -> None:
    made = build("wheel", tmp_path, CLINIC_SITE_URL="https://clinic.example/", CLINIC_SITE_URL_ZH="https://clinic.example/zh/")
    about = json.loads(ZipFile(made).read("checkpoint_clinic/data/about.json"))
    assert about["site"] == {"en": "https://clinic.example/", "zh": "https://clinic.example/zh/"}
