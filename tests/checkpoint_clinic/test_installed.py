"""Versions as they are noted: by pip, uv, conda and transformers, by people, and in metadata."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from checkpoint_clinic import installed
from checkpoint_clinic.installed import NotRead, Package, of_python, of_text

BAD = ("{", "[]", '"x"', '{"vcs_info": 1}', "[" * 9**5)
NAMES = ("transformers", "deepspeed", "torch")


@pytest.mark.parametrize(
    ("text", "version", "note"),
    [
        ("transformers 5.4.0, deepspeed 0.18.5", "5.4.0", ""),
        ("DeepSpeed 0.18.5 with Transformers v5.4.0.", "5.4.0", ""),
        ("transformers==5.4.0", "5.4.0", ""),
        ("transformers[torch,sentencepiece]==5.4.0 ; python_version >= '3.9' \\\n    --hash=sha256:ab", "5.4.0", ""),
        ("transformers=5.4.0=pyhd8ed1ab_0", "5.4.0", ""),
        ("  - transformers=5.4.0", "5.4.0", ""),
        ("transformers                  5.4.0", "5.4.0", ""),
        ("transformers   5.4.0   pyhd8ed1ab_0    conda-forge", "5.4.0", ""),
        ("Name: transformers\nVersion: 5.4.0\nSummary: x", "5.4.0", ""),
        ("- `transformers` version: 5.4.0\n- Platform: Linux", "5.4.0", ""),
        ('[{"name": "Transformers", "version": "5.4.0"}]', "5.4.0", ""),
        ("transformers @ https://x.example/transformers-5.4.0-py3-none-any.whl#sha256=ab", "5.4.0", ""),
        ("transformers==5.0.0rc1", "5.0.0rc1", ""),
        ("transformers==5.4.0.dev0", "5.4.0.dev0", "dev"),
        ("transformers==5.4.0+a1b2c3d", "5.4.0+a1b2c3d", "local"),
        ("transformers          5.4.0   /home/me/transformers", "5.4.0", "editable"),
        ("transformers          5.4.0   C:\\src\\transformers", "5.4.0", "editable"),
        ("# Editable install with no version control (transformers==5.4.0)\n-e /home/me/transformers", "5.4.0", "editable"),
        ("Name: transformers\nVersion: 5.4.0\nEditable project location: /src", "5.4.0", "editable"),
        ('[{"name": "transformers", "version": "5.4.0", "editable_project_location": "/src"}]', "5.4.0", "editable"),
        ("-e git+https://github.com/huggingface/transformers@abc123#egg=transformers", "", "commit"),
        ("transformers @ git+https://github.com/huggingface/transformers@abc123", "", "commit"),
        ("-e file:///home/me/transformers", "", "editable"),
        ("transformers @ file:///home/conda/feedstock_root/build_artifacts/transformers_17/work", "", "folder"),
        ("transformers>=5.0", "", "range"),
        ("transformers~=5.4.0", "", "range"),
        ("transformers==5.*", "", "range"),
    ],
)
def test_however_it_is_written(text: str, version: str, note: str) -> None:
    found = of_text(text, NAMES).packages["transformers"]
    assert (found.version, found.note) == (version, note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sentence-transformers==5.4.0\nadapter-transformers 3.1.0\ntransformers-stream-generator==0.0.4\ntransformers_x 1.0",
        "    # via transformers\n# transformers==5.4.0",
        "transformers 5 is out",
        "site-packages/transformers/modeling_utils.py:5.4",
        "[{]",
        "[1, [], {}, {'name': 'transformers'}]",
        "[" * 100_000,
        "Name: torch\nVersion: 2.13.0",
    ],
)
def test_what_names_no_version_of_it(text: str) -> None:
    assert "transformers" not in of_text(text, NAMES).packages


def test_each_package_by_the_names_it_goes_by() -> None:
    freeze = "accelerate==1.2.0\ndeepspeed==0.18.5\ntorch==2.8.0+cu128\ntorchvision==0.23.0\ntransformers==5.4.0\n"
    found = of_text(freeze, NAMES).packages
    assert {name: one.version for name, one in found.items()} == {
        "transformers": "5.4.0",
        "deepspeed": "0.18.5",
        "torch": "2.8.0+cu128",
    }
    told = "- `transformers` version: 5.4.0\n- PyTorch version (accelerator?): 2.8.0+cu128 (CUDA)\n- DeepSpeed version: 0.18.5"
    assert of_text(told, NAMES).packages == found
    assert of_text("pytorch  2.8.0  py3.11_cuda12.8", NAMES).packages["torch"].version == "2.8.0"


def test_two_versions_are_none() -> None:
    with pytest.raises(NotRead, match=r"two versions of transformers: 5\.4\.0, 5\.5\.4"):
        of_text("transformers==5.4.0\ntransformers==5.5.4", NAMES)
    assert (
        of_text("transformers>=5.0\ntransformers==5.4.0\ntransformers 5.4.0", NAMES).packages["transformers"].version == "5.4.0"
    )


def test_a_list_that_somebody_made_long_is_read_in_its_time() -> None:
    for text in (
        "transformers " * 200_000,
        "transformers[" + "a," * 500_000,
        "transformers " + "9." * 500_000,
        "=" * 1_000_000,
    ):
        assert len(repr(of_text(text, NAMES))) < 1000
    assert len(of_text("transformers " + "1." * 900, NAMES).packages["transformers"].version) <= installed.SHOWN


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        ({"versions": ["5.4.0"]}, Package("5.4.0")),
        ({"versions": ["5.0.0rc1"]}, Package("5.0.0rc1")),
        ({"versions": ["5.4.0.dev0"]}, Package("5.4.0.dev0", "dev")),
        ({"versions": ["5.4.0"], "origin": '{"vcs_info": {"commit_id": "abc"}}'}, Package("5.4.0", "commit", "abc")),
        ({"versions": ["5.4.0"], "origin": '{"url": "u", "vcs_info": {"vcs": "git"}}'}, Package("5.4.0", "commit", "u")),
        ({"versions": ["5.4.0"], "origin": '{"url": "u", "dir_info": {"editable": true}}'}, Package("5.4.0", "editable", "u")),
        ({"versions": ["5.4.0"], "origin": '{"url": "u", "dir_info": {}}'}, Package("5.4.0", "folder", "u")),
        ({"versions": ["5.4.0"], "origin": '{"url": "u", "dir_info": {}}', "installer": "conda"}, Package("5.4.0")),
        ({"versions": ["5.4.0"], "origin": '{"url": "u", "archive_info": {}}'}, Package("5.4.0")),
        ({"versions": ["5.4.0"], "source": "/src"}, Package("5.4.0", "editable", "/src")),
        ({"versions": ["5.4.0"], "module": "/src/x.py"}, Package("5.4.0", "elsewhere", "/src/x.py")),
        ({"versions": [], "module": "/x.py"}, Package("", "elsewhere", "/x.py")),
        ({"versions": []}, Package("", "none")),
        ({"versions": ["5.4.0", "5.5.4"]}, Package("5.4.0, 5.5.4", "several")),
        *(({"versions": ["5.4.0"], "origin": bad}, Package("5.4.0")) for bad in BAD),
    ],
)  # fmt: skip
def test_what_metadata_say_against_a_number(seen: dict[str, object], wanted: Package) -> None:
    assert installed._noted(seen) == wanted


def test_this_python_is_asked_without_a_process_and_another_by_one(tmp_path: Path) -> None:
    here, there = of_python(None, ["packaging", "absent-package"]), of_python(sys.executable, ["packaging", "absent-package"])
    assert here.packages.keys() == there.packages.keys() == {"packaging"}
    assert here.packages == there.packages and here.python_version == there.python_version


@pytest.mark.skipif(sys.platform == "win32", reason="a script with #!")
@pytest.mark.parametrize("printed", ["", "nothing", "[]", "{}", '{"packages": []}', "exit 3"])
def test_a_program_that_is_no_python_is_refused(tmp_path: Path, printed: str) -> None:
    file = tmp_path / "python"
    file.write_text(f"#!/bin/sh\n{printed if printed.startswith('exit') else f'echo {json.dumps(printed)}'}\n")
    file.chmod(0o755)
    with pytest.raises(NotRead, match="did not say what is installed for it"):
        of_python(str(file), ["transformers"])
