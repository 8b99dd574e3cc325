"""What a bundle holds, what is built and what is left out, and what is refused before anything is written."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from checks.decide import install
from checks.decide.bundle import _glibc

from ..conftest import BARE, ERRORS, clinic, contents
from .test_install import BACKEND, SYSTEM, make_wheel


def make_uv(folder: Path) -> str:
    """Write a wheel of this machine's uv; return its hash as a lock gives it."""
    folder.mkdir(exist_ok=True)
    info = "uv-0.0.1.dist-info"
    wheel = folder / "uv-0.0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-0.0.1.data/scripts/uv", Path(install._uv_binary()).read_bytes())
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.0.1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def make_source(folder: Path) -> str:
    """Write a source package `thing`, which has no wheel; return its pin."""
    source = folder / "thing-1.0.dev0"
    source.mkdir(parents=True)
    (source / "thing.py").write_text("VERSION = 'built'\n", encoding="utf-8")
    (source / "backend.py").write_text(BACKEND, encoding="utf-8")
    (source / "pyproject.toml").write_text(SYSTEM, encoding="utf-8")
    archive = Path(shutil.make_archive(str(source), "gztar", folder, source.name))
    shutil.rmtree(source)
    return f"thing==1.0.dev0 --hash=sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}\n"


def prepare(root: Path, wheels: Path, lock: str = "") -> None:
    """Give a miniature clinic an engine of one wheel, and its environment these pins."""
    (root / "requirements").mkdir()
    (root / "requirements/engine.txt").write_text(f"uv==0.0.1 {make_uv(wheels)}\n", encoding="utf-8")
    file = root / BARE / "lock.txt"
    file.write_text(file.read_text(encoding="utf-8") + lock, encoding="utf-8")


def bundle(root: Path, wheels: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = ["bundle", "--environment", "bare", "--out", str(out), *options]
    return clinic(root, *arguments, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))


def manifest(out: Path) -> dict[str, object]:
    text = (out / "manifest.json").read_bytes()
    assert (out / "manifest.sha256").read_text("utf-8") == f"{hashlib.sha256(text).hexdigest()}  manifest.json\n"
    return dict(json.loads(text))


def test_a_bundle_holds_engine_project_and_wheels_each_with_its_digest(example: Path, tmp_path: Path) -> None:
    wheels, out = tmp_path / "wheels", tmp_path / "bundle"
    prepare(example, wheels, f"other==1.0 {make_wheel(wheels, 'other', '1.0')}\n")
    done = bundle(example, wheels, out)
    assert done.returncode == 0, done.stderr
    files = manifest(out)["files"]
    assert isinstance(files, dict)
    laid = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert laid - files.keys() == {"manifest.json", "manifest.sha256"} and files.keys() <= laid
    assert {name for name in files if name.startswith("wheels/")} == {
        "wheels/other-1.0-py3-none-any.whl",
        "wheels/uv-0.0.1-py3-none-any.whl",
    }
    assert all(hashlib.sha256((out / name).read_bytes()).hexdigest() == digest for name, digest in files.items())
    assert (
        f"SHA-256 of its manifest.json, for whoever cannot trust the way: {(out / 'manifest.sha256').read_text()[:64]}"
        in done.stdout
    )
    packed = set(zipfile.ZipFile(out / "project.zip").namelist())
    assert {
        "checks/probe.py",
        "checks/commands/run.py",
        f"{ERRORS}/prefix-missing/load_renamed.py",
        "requirements/engine.txt",
    } <= packed
    assert not [name for name in packed if "/evidence/" in name or "__pycache__" in name]
    assert "-I run.py\n" in (out / "README.txt").read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".clinic-bundle-*"))


def test_the_same_project_gives_the_same_bytes(example: Path, tmp_path: Path) -> None:
    prepare(example, tmp_path / "wheels")
    for name in ("first", "second"):
        assert bundle(example, tmp_path / "wheels", tmp_path / name).returncode == 0
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_locks_of_other_environments_are_there_by_name_alone(example: Path, tmp_path: Path) -> None:
    prepare(example, tmp_path / "wheels")
    assert bundle(example, tmp_path / "wheels", tmp_path / "bundle").returncode == 0
    packed = zipfile.ZipFile(tmp_path / "bundle/project.zip")
    assert packed.read(f"{BARE}/lock.txt") == (example / BARE / "lock.txt").read_bytes()
    assert packed.read("checks/environments/bare-cuda/lock.txt") == b""


def test_what_has_no_wheel_is_built_and_its_hash_written_down(example: Path, tmp_path: Path) -> None:
    wheels, out = tmp_path / "wheels", tmp_path / "bundle"
    prepare(example, wheels, make_source(wheels))
    done = bundle(example, wheels, out)
    assert done.returncode == 0, done.stderr
    assert "building thing-1.0.dev0.tar.gz, which has no wheel" in done.stderr
    built = out / "wheels/thing-1.0.dev0-py3-none-any.whl"
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    assert (out / "wheels/built.txt").read_text("utf-8") == f"thing==1.0.dev0 --hash=sha256:{digest}\n"
    assert not list((out / "wheels").glob("*.tar.gz"))


def test_another_source_package_than_the_lock_names_is_not_built(example: Path, tmp_path: Path) -> None:
    pin = make_source(tmp_path / "wheels")
    prepare(example, tmp_path / "wheels", f"{pin.partition('sha256:')[0]}sha256:{'0' * 64}\n")
    done = bundle(example, tmp_path / "wheels", tmp_path / "bundle")
    assert (done.returncode, "building thing" in done.stderr) == (2, False)
    assert "collecting the wheels of bare.txt failed" in done.stderr
    assert f"Expected sha256 {'0' * 64}" in " ".join(done.stderr.split())
    assert not (tmp_path / "bundle").exists()


def test_torch_and_its_wheels_are_left_out_when_asked(example: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    names = ("torch", "nvidia-nccl-cu13", "triton", "torchmetrics")
    pins = [f"{name}==1.0 {make_wheel(wheels, name.replace('-', '_'), '1.0')}\n" for name in names]
    prepare(example, wheels, "".join(pins))
    done = bundle(example, wheels, tmp_path / "without", "--without-torch")
    assert done.returncode == 0, done.stderr
    assert "Without nvidia-nccl-cu13==1.0, torch==1.0, triton==1.0: that machine needs their wheels" in done.stdout
    laid = {path.name.partition("-")[0] for path in (tmp_path / "without/wheels").iterdir()}
    assert laid == {"uv", "torchmetrics"}
    left_out = manifest(tmp_path / "without")["left_out"]
    assert left_out == {pin.split()[0]: [pin.strip()[-64:]] for pin in sorted(pins[:3])}
    assert "run.py --wheels FOLDER" in (tmp_path / "without/README.txt").read_text("utf-8")
    assert bundle(example, wheels, tmp_path / "with", "--with-torch").returncode == 0
    assert manifest(tmp_path / "with")["left_out"] == {}
    assert len(list((tmp_path / "with/wheels").iterdir())) == 5


def test_what_is_too_large_is_refused_in_one_message_and_leaves_nothing(example: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    prepare(example, wheels)
    done = bundle(example, wheels, tmp_path / "new/bundle", "--limit", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "bundle:1: expected at most 1 MB beside torch and CUDA; found " in done.stderr
    assert "uv-0.0.1-py3-none-any.whl " in done.stderr
    assert (
        "repair: bundle fewer environments at once, or allow more with --limit MB\n1 problem. Nothing was written."
        in done.stderr
    )
    assert not list((tmp_path / "new").iterdir())


def test_size_of_torch_does_not_count(example: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    digest = make_wheel(wheels, "torch", "1.0")
    prepare(example, wheels, f"torch==1.0 {digest}\n")
    beside = sum(path.stat().st_size for path in wheels.glob("uv-*"))
    with zipfile.ZipFile(wheels / "torch-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("large.bin", bytes(beside // 2))
    lock = example / BARE / "lock.txt"
    changed = hashlib.sha256((wheels / "torch-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    lock.write_text(lock.read_text("utf-8").replace(digest[-64:], changed), encoding="utf-8")
    limit = beside // 10**6 + 4  # the project is less than that
    assert bundle(example, wheels, tmp_path / "bundle", "--limit", str(limit)).returncode == 0
    assert (tmp_path / "bundle/wheels/torch-1.0-py3-none-any.whl").stat().st_size > 4 * 10**6


def test_every_reason_against_a_bundle_is_told_before_anything_is_collected(example: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/mine").touch()
    prepare(example, tmp_path / "wheels", f"thing @ git+https://git.example/me/thing@{'0' * 40}\n")
    before = contents(tmp_path / "bundle")
    done = bundle(example, tmp_path / "wheels", tmp_path / "bundle")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "--environment:1: expected environments of released packages alone; found bare, which takes one from a commit"
        in done.stderr
    )
    assert "--out:1: expected a folder that is new or empty" in done.stderr
    assert "2 problems. Nothing was written." in done.stderr
    assert contents(tmp_path / "bundle") == before


def test_unknown_environments_and_such_without_claims_are_told(example: Path, tmp_path: Path) -> None:
    assert (
        "expected an environment: bare, bare-cuda; found none"
        in clinic(example, "bundle", "-e", "none", "--out", str(tmp_path / "b")).stderr
    )
    shutil.copytree(example / BARE, example / f"{BARE}-2")
    done = clinic(example, "bundle", "-e", "bare-2", "--out", str(tmp_path / "b"))
    assert (done.returncode, "no claim is stated for these environments" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("names", "needed"),
    [
        ([], ""),
        (["a-1.0-py3-none-any.whl"], ""),
        (["a-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_28_x86_64.whl"], "2.17"),
        (["a-1.0-cp311-cp311-manylinux_2_34_x86_64.whl", "b-1.0-cp311-abi3-manylinux1_x86_64.whl"], "2.34"),
        (["a-1.0-py3-none-manylinux_2_5_x86_64.whl", "b-1.0-py3-none-any.whl"], "2.5"),
    ],
)
def test_the_oldest_glibc_is_that_on_which_every_wheel_can_be_used(names: list[str], needed: str) -> None:
    assert _glibc(names) == needed
