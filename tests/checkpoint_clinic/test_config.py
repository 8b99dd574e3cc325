"""config.json, as it is published and as nobody should write it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from checkpoint_clinic import config
from checkpoint_clinic.config import Model, NoModel, read

MIXTRAL = {"model_type": "mixtral", "architectures": ["MixtralForCausalLM"]}


def write(folder: Path, value: object = MIXTRAL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    (folder / "config.json").write_bytes(data)
    return folder


def test_a_folder_and_its_file_say_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "model")
    wanted = Model(str(folder), "mixtral", ("MixtralForCausalLM",))
    assert read(str(folder)) == read(str(folder / "config.json")) == wanted


def test_what_is_nested_quantised_and_brought_along(tmp_path: Path) -> None:
    value = {
        "model_type": "a_vl",
        "text_config": {"model_type": "mixtral"},
        "vision_config": {"model_type": "siglip"},
        "audio_config": None,
        "quantization_config": {"quant_method": "fp8"},
        "auto_map": {"AutoModel": "modeling.A"},
    }
    found = read(str(write(tmp_path, value)))
    assert found and (found.parts, found.quantised, found.own_code) == (("mixtral", "siglip"), "fp8", True)
    assert found.classes == ()


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"model_type": 1, "architectures": "A"},
        {"model_type": None, "architectures": [None, 1, {}]},
        {"model_type": "\x1b[2J\u202ex\n" + "a" * 1000, "architectures": ["\x1b]0;x\x07"] * 1000, "text_config": []},
        {"model_type": {"model_type": "x"}, "quantization_config": [], "x_config": {"model_type": "\x00"}},
        {f"{number}_config": {"model_type": f"{number}"} for number in range(2000)},
        b'\xef\xbb\xbf{"model_type": "mixtral"}',
        b'{"model_type": "a", "size": ' + b"9" * 1_000_000 + b', "model_type": "mixtral", "nan": NaN}',
        b'{"model_type": "\\ud800"}',
    ],
)
def test_whatever_it_holds_can_be_printed(tmp_path: Path, value: object) -> None:
    found = read(str(write(tmp_path, value)))
    assert found
    for name in (found.model_type, found.quantised, *found.classes, *found.parts):
        assert name.isprintable() and name.isascii() and len(name) <= config.SHOWN
    assert len(found.classes) <= 8


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[" * 200_000, "is no JSON"),
        (b'{"a":' * 200_000, "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[]", "holds no JSON object"),
        (b'"x"', "holds no JSON object"),
        (b" " * (config.MOST + 1), "has more than 16 MB"),
    ],
)
def test_what_is_none_is_refused_in_one_line(tmp_path: Path, value: bytes, words: str) -> None:
    with pytest.raises(NoModel, match=words) as refused:
        read(str(write(tmp_path, value)))
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_nothing_of_that_name_is_no_model() -> None:
    for name in ("absent", "owner/absent", "mixtral", "~nobody_of_this_name/x", "", "a\0b"):
        assert name == "" or read(name) is None


@pytest.mark.skipif(os.name == "nt", reason="POSIX has pipes with names")
def test_what_never_ends_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(NoModel, match=r"no config\.json"):
        read(str(tmp_path))
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").symlink_to("/dev/zero")
    with pytest.raises(NoModel, match=r"no config\.json"):
        read(str(tmp_path))
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").symlink_to("config.json")
    with pytest.raises(NoModel, match=r"no config\.json"):
        read(str(tmp_path))


def test_an_adapter_names_its_base(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "owner/base\\u001b[2J"}')
    with pytest.raises(NoModel, match=r"is an adapter: name the folder of its base model \(owner/base\?\?2J\)"):
        read(str(tmp_path))
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(NoModel, match="it names none"):
        read(str(tmp_path))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match=r"no config\.json in"):
        read(str(tmp_path))
    file = tmp_path / "model.safetensors"
    file.touch()
    with pytest.raises(NoModel, match=r"neither a folder nor a config\.json"):
        read(str(file))


def test_the_hubs_cache_is_read_by_its_main_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--owner--name"
    old = write(cached / "snapshots/aaaa")
    for named in ("owner/name", str(cached)):
        found = read(named)
        assert found and found.folder == str(old)  # the only one
    new = write(cached / "snapshots/bbbb", {"model_type": "newer"})
    with pytest.raises(NoModel, match="has 2 snapshots, and none is main's"):
        read("owner/name")
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text("bbbb\n")
    for named in ("owner/name", str(cached), str(new)):
        found = read(named)
        assert found and found.model_type == "newer"
    (cached / "refs/main").write_text("../../../elsewhere")
    with pytest.raises(NoModel, match="2 snapshots"):
        read("owner/name")
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert read("owner/name") is None
