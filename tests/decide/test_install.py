"""Environments: what cannot be entered says what to do, what is half built is built again, layers hide and share."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import urllib.request
import zipfile
from pathlib import Path

import pytest

from checks.content.environment import Environment, load_environments
from checks.decide import install
from checks.decide.install import Installed, Unavailable

FOLDER = "checks/environments"
CLOSED = "http://127.0.0.1:9/simple"  # the discard port: nobody listens


def quiet(_: str) -> None:
    pass


def make_wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel with one module that says its version; return its hash as a lock gives it."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def environment(root: Path, name: str, lock: str, toml: str = "", python: str = "system") -> Environment:
    folder = root / FOLDER / name
    folder.mkdir(parents=True)
    (folder / "environment.toml").write_text(f'python = "{python}"\ndevice = "cpu"\n{toml}', encoding="utf-8")
    (folder / "lock.txt").write_text(lock, encoding="utf-8")
    return load_environments(root / FOLDER, root)[name]


def imported(installed: Installed, module: str) -> str:
    code = f"import {module}; print({module}.VERSION)"
    return subprocess.run([installed.python, "-I", "-c", code], capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


def test_upper_layer_hides_the_version_below_and_shares_the_rest(tmp_path: Path, wheels: Path) -> None:
    thing, newer, other = (make_wheel(wheels, *one) for one in (("thing", "1.0"), ("thing", "2.0"), ("other", "1.0")))
    environment(tmp_path, "lower", f"thing==1.0 {thing}\nother==1.0 {other}\n")
    upper = environment(tmp_path, "upper", f"thing==2.0 {newer}\n", 'base = "lower"\n')
    said: list[str] = []
    above = install.install(upper, tmp_path / "home", wheels, said.append)
    below = install.install(upper.layers[0], tmp_path / "home", wheels, said.append)
    assert said == ["building lower: 2 packages from its lock", "building upper: 1 packages from its lock"]
    assert [imported(below, "thing"), imported(above, "thing"), imported(above, "other")] == ["1.0", "2.0", "1.0"]
    assert not (above.packages / "other.py").exists()


def test_no_file_of_a_layer_is_linked_to_the_cache_or_to_another_layer(tmp_path: Path, wheels: Path) -> None:
    lock = f"thing==1.0 {make_wheel(wheels, 'thing', '1.0')}\n"
    first = install.install(environment(tmp_path, "first", lock), tmp_path / "home", wheels, quiet)
    second = install.install(environment(tmp_path, "second", lock), tmp_path / "home", wheels, quiet)
    assert {path.stat().st_nlink for path in first.packages.rglob("*") if path.is_file()} == {1}
    (first.packages / "thing.py").write_text("VERSION = 'tampered'\n", encoding="utf-8")
    assert imported(second, "thing") == "1.0"


@pytest.mark.parametrize(
    ("hashes", "words"), [(f" --hash=sha256:{'0' * 64}", "Hash mismatch"), ("", "requirements must have a hash")]
)
def test_wheel_without_the_hash_of_the_lock_is_not_installed(tmp_path: Path, wheels: Path, hashes: str, words: str) -> None:
    make_wheel(wheels, "thing", "1.0")
    one = environment(tmp_path, "one", f"thing==1.0{hashes}\n")
    with pytest.raises(Unavailable, match=rf"building one failed: .*{words}"):
        install.install(one, tmp_path / "home", wheels, quiet)
    assert list((tmp_path / "home").iterdir()) == []


BACKEND = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    name, info = "thing-1.0.dev0-py3-none-any.whl", "thing-1.0.dev0.dist-info"
    files = {"thing.py": open("thing.py").read()}
    files[f"{info}/METADATA"] = "Metadata-Version: 2.1\\nName: thing\\nVersion: 1.0.dev0\\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[f"{info}/RECORD"] = "".join(f"{file},,\\n" for file in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return name
"""
SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
SOURCE = "https://git.example/me/thing"


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three commits of a package `thing`, oldest first, which git finds at SOURCE."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "backend.py").write_text(BACKEND, encoding="utf-8")
    (repository / "pyproject.toml").write_text(SYSTEM, encoding="utf-8")
    settings = {f"url.file://{repository}.insteadOf": SOURCE, "user.name": "me", "user.email": "me@example.org"}
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "--quiet")
    made = []
    for version in ("before", "merged", "after"):
        (repository / "thing.py").write_text(f"VERSION = {version!r}\n", encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", version)
        made.append(git("rev-parse", "HEAD"))
    return made


def test_commit_of_the_lock_is_installed_beside_hashed_wheels(tmp_path: Path, wheels: Path, commits: list[str]) -> None:
    lock = f"other==1.0 {make_wheel(wheels, 'other', '1.0')}\nthing @ git+{SOURCE}@{commits[1]}\n"
    toml = f'requires = ["thing @ git+{SOURCE}@pull/7"]\nbuild_isolation = false\n'
    installed = install.install(environment(tmp_path, "one", lock, toml), tmp_path / "home", wheels, quiet)
    assert [imported(installed, "thing"), imported(installed, "other")] == ["merged", "1.0"]


def test_commit_that_is_not_recorded_is_asked_for_before_anything_is_built(tmp_path: Path) -> None:
    one = environment(tmp_path, "one", "# asked for later\n", f'requires = ["thing @ git+{SOURCE}@pull/7"]\n')
    with pytest.raises(Unavailable, match="not recorded yet\n    Where there is a network: clinic lock one"):
        install.install(one, tmp_path / "home", None, quiet)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("isolation", [True, False])
def test_source_package_is_collected_for_a_layer_that_builds_it(
    tmp_path: Path, wheels: Path, isolation: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (wheels / "thing-1.0.dev0").mkdir(parents=True)
    (wheels / "thing-1.0.dev0/thing.py").write_text("VERSION = 'built'\n", encoding="utf-8")
    (wheels / "thing-1.0.dev0/backend.py").write_text(BACKEND, encoding="utf-8")
    (wheels / "thing-1.0.dev0/pyproject.toml").write_text(SYSTEM, encoding="utf-8")
    source = shutil.make_archive(str(wheels / "thing-1.0.dev0"), "gztar", wheels, "thing-1.0.dev0")
    shutil.rmtree(wheels / "thing-1.0.dev0")
    lock = f"thing==1.0.dev0 --hash=sha256:{hashlib.sha256(Path(source).read_bytes()).hexdigest()}\n"
    one = environment(tmp_path, "one", lock, f"build_isolation = {str(isolation).lower()}\n")
    (tmp_path / "engine.txt").touch()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    if isolation:
        with pytest.raises(Unavailable, match=r"collecting the wheels of lock\.txt failed"):
            install.collect_wheels([one], tmp_path / "engine.txt", tmp_path / "carried", "3.11")
        return
    install.collect_wheels([one], tmp_path / "engine.txt", tmp_path / "carried", "3.11")
    assert imported(install.install(one, tmp_path / "home", tmp_path / "carried", quiet), "thing") == "built"


def test_what_builds_a_source_package_is_that_of_the_layer_even_where_it_is_not_in_the_cache(
    tmp_path: Path, wheels: Path
) -> None:
    place = wheels / "thing-1.0.dev0"
    place.mkdir(parents=True)
    backend = BACKEND.replace('open("thing.py").read()', 'f"VERSION = {setuptools.VERSION!r}"').replace(
        "import z", "import setuptools, z"
    )
    (place / "backend.py").write_text(backend, encoding="utf-8")
    (place / "pyproject.toml").write_text(SYSTEM, encoding="utf-8")
    source = shutil.make_archive(str(place), "gztar", wheels, place.name)
    shutil.rmtree(place)
    thing = f"thing==1.0.dev0 --hash=sha256:{hashlib.sha256(Path(source).read_bytes()).hexdigest()}\n"
    below = environment(tmp_path, "below", f"setuptools==8.0 {make_wheel(wheels, 'setuptools', '8.0')}\n")
    assert imported(install.install(below, tmp_path / "home", wheels, quiet), "setuptools") == "8.0"
    lock = f"setuptools==9.0 {make_wheel(wheels, 'setuptools', '9.0')}\n{thing}"
    one = environment(tmp_path, "one", lock, 'base = "below"\nbuild_isolation = false\n')
    assert imported(install.install(one, tmp_path / "home", wheels, quiet), "thing") == "9.0"


@pytest.fixture
def asked(commits: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked; a pull request answers that it is merged, unless it is number 8."""
    addresses: list[str] = []

    def answer(address: str, timeout: float) -> io.BytesIO:
        addresses.append(address)
        return io.BytesIO(json.dumps({"merged": not address.endswith("/8"), "merge_commit_sha": commits[1]}).encode())

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    return addresses


def test_pull_request_is_asked_for_once_and_then_recorded(tmp_path: Path, commits: list[str], asked: list[str]) -> None:
    toml = f'requires = ["thing @ git+{SOURCE}@pull/7"]\ndependencies = false\nbuild_isolation = false\n'
    one = environment(tmp_path, "one", "", toml)
    for _ in range(2):
        install.lock(one, "2026-11-21")
        assert one.lock().read_text("utf-8") == f"# for {one.lock_key}\nthing @ git+{SOURCE}@{commits[1]}\n"
    assert asked == [f"{SOURCE}/pulls/7"]


def test_pull_request_that_was_not_merged_has_no_commit(tmp_path: Path, asked: list[str]) -> None:
    one = environment(tmp_path, "one", "", f'requires = ["thing @ git+{SOURCE}@pull/8"]\n')
    with pytest.raises(Unavailable, match=r"pulls/8 .*was not merged"):
        install.lock(one, "2026-11-21")
    assert asked == [f"{SOURCE}/pulls/8"]
    assert one.lock().read_text("utf-8") == ""


def test_source_that_does_not_answer_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(address: str, timeout: float) -> None:
        raise OSError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", silent)
    one = environment(tmp_path, "one", "", 'requires = ["thing @ git+https://github.com/me/thing@pull/7"]\n')
    with pytest.raises(Unavailable, match=r"asking https://api.github.com/repos/me/thing/pulls/7 .*: no route\n .*run again"):
        install.lock(one, "2026-11-21")


@pytest.mark.parametrize("stamp", [None, "", "{}", '{"key": "of another lock"}'])
def test_layer_without_its_stamp_is_built_again(tmp_path: Path, wheels: Path, stamp: str | None) -> None:
    one = environment(tmp_path, "one", f"thing==1.0 {make_wheel(wheels, 'thing', '1.0')}\n")
    installed = install.install(one, tmp_path / "home", wheels, quiet)
    (installed.packages / "thing.py").unlink()
    file = installed.python.parents[1] / install.STAMP
    file.unlink() if stamp is None else file.write_text(stamp, encoding="utf-8")
    assert imported(install.install(one, tmp_path / "home", wheels, quiet), "thing") == "1.0"


def test_whole_layer_is_not_touched(tmp_path: Path, wheels: Path) -> None:
    one = environment(tmp_path, "one", f"thing==1.0 {make_wheel(wheels, 'thing', '1.0')}\n")
    installed = install.install(one, tmp_path / "home", wheels, quiet)
    before = {path: path.stat().st_mtime_ns for path in installed.packages.rglob("*")}
    said: list[str] = []
    assert install.install(one, tmp_path / "home", None, said.append) == installed
    assert said == []
    assert {path: path.stat().st_mtime_ns for path in installed.packages.rglob("*")} == before


@pytest.mark.parametrize("changed", ["lower/lock.txt", "upper/lock.txt"])
def test_lock_of_any_layer_names_another_place(tmp_path: Path, changed: str) -> None:
    environment(tmp_path, "lower", "")
    upper = environment(tmp_path, "upper", "", 'base = "lower"\n')
    before = install.install(upper, tmp_path / "home", None, quiet)
    (tmp_path / FOLDER / changed).write_text("# changed\n", encoding="utf-8")
    assert install.install(upper, tmp_path / "home", None, quiet) != before


def test_index_that_does_not_answer_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", CLOSED)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    install._index.cache_clear()
    one = environment(tmp_path, "one", f"nobody-has-this==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Unavailable) as error:
        install.install(one, tmp_path / "home", None, quiet)
    install._index.cache_clear()
    assert "The package index did not answer: run again later, or give --wheels DIR with the wheels." in str(error.value)
    assert list((tmp_path / "home").iterdir()) == []


def fake_uv(folder: Path, words: str) -> str:
    """Write a uv that fails with these words, where it is asked to install."""
    uv = folder / "uv"
    script = f'#!/bin/sh\ncase "$1" in pip) echo "{words}" >&2; exit 2;; esac\nexec "{install._uv_binary()}" "$@"\n'
    uv.write_text(script, encoding="utf-8")
    uv.chmod(0o755)
    return str(uv)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("No space left on device (os error 28)", "or set CLINIC_HOME to a folder on another disk."),
        ("dns error: failed to lookup address", "The package index did not answer: run again later"),
        (
            "Git operation failed: failed to fetch commit",
            "The source repository did not answer: run again where git reaches it.",
        ),
        ("no wheel for this platform", "Nothing was changed; the evidence that exists stays."),
    ],
)
def test_advice_fits_the_cause(tmp_path: Path, words: str, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = environment(tmp_path, "one", "thing==1.0\n")
    uv = fake_uv(tmp_path, words)
    monkeypatch.setattr(install, "_uv_binary", lambda: uv)
    with pytest.raises(Unavailable) as error:
        install.install(one, tmp_path / "home", None, quiet)
    assert words in str(error.value)
    assert advice in str(error.value)


def test_missing_interpreter_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", CLOSED)
    one = environment(tmp_path, "one", "", python="3.99")
    with pytest.raises(Unavailable, match=r"Python 3\.99 is not installed here\. Install it \(for example: uv python install"):
        install.install(one, tmp_path / "home", None, quiet)


def test_interpreter_on_path_is_found_and_a_shim_that_fails_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, script in (("shims", "exit 127"), ("bin", "echo 3.98")):
        python = tmp_path / folder / "python3.98"
        python.parent.mkdir()
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "shims"), str(tmp_path / "bin"), os.environ["PATH"])))
    assert install.find_python("3.98") == tmp_path / "bin" / "python3.98"


def test_builds_of_find_links_are_taken_only_where_all_are_known(tmp_path: Path, wheels: Path, monkeypatch) -> None:
    make_wheel(wheels, "thing", "1.0+cpu")
    monkeypatch.setattr(install, "find_links", lambda: (f"file://{wheels}",))
    known = environment(tmp_path, "known", "", 'local_builds = ["thing==1.0+cpu"]\n')
    unknown = environment(tmp_path, "unknown", "", 'local_builds = ["thing==1.0+cpu", "other==1.0+cpu"]\n')
    assert [install.uses_local_builds(one) for one in (known, unknown)] == [True, False]


def test_bytecode_is_written_past_what_has_none(tmp_path: Path, wheels: Path) -> None:
    thing, other = make_wheel(wheels, "thing", "1.0"), make_wheel(wheels, "other", "1.0")
    one = environment(tmp_path, "one", f"thing==1.0 {thing}\nother==1.0 {other}\n")
    installed = install.install(one, tmp_path / "home", wheels, quiet)
    broken, native = installed.packages / "broken.py", installed.packages / "native.so"
    broken.write_text("def (", encoding="utf-8")
    native.write_bytes(b"\x7fELF\x00")
    files = [str(native), str(broken), str(tmp_path / "elsewhere.py"), str(installed.packages / "other.py")]
    install.compile_modules(installed, files)
    compiled = {path.name.partition(".")[0] for path in installed.packages.glob("__pycache__/*.pyc")}
    assert "other" in compiled
    assert not compiled & {"broken", "native"}
