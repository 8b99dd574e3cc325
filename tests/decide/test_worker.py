"""What a worker does with an order: content by its digest, a folder of its own, and every hindrance said of its job."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checks.decide import worker
from checks.decide.pack import content_files, engine_digest, pack
from checks.decide.plan import load_project
from checks.decide.worker import Order, carry_out, name_of, own_folder

from ..conftest import ERRORS, contents, edit, job_of


def order_of(root: Path, slug: str = "prefix-missing") -> tuple[bytes, Order]:
    archive = pack(content_files(root), load_project(root).environments.values())
    names = (name_of(job_of(root, slug)),)
    return archive, Order(hashlib.sha256(archive).hexdigest(), engine_digest(), names)


def test_same_content_is_the_same_archive_and_one_byte_another(example: Path) -> None:
    first, order = order_of(example)
    assert order_of(example)[0] == first
    edit(example, f"{ERRORS}/prefix-missing/article.toml", 'harm = "', 'harm  = "')
    assert order_of(example)[1].content != order.content


def test_content_is_laid_out_once_and_only_if_it_has_its_digest(example: Path, tmp_path: Path) -> None:
    archive, order = order_of(example)
    with pytest.raises(ValueError, match="another digest"):
        worker._lay_out(archive + b"x", order.content, tmp_path / "there")
    assert not contents(tmp_path / "there")
    place = worker._lay_out(archive, order.content, tmp_path / "there")
    (place / "mark").touch()
    assert worker._lay_out(b"", order.content, tmp_path / "there") == place and (place / "mark").exists()


def test_threads_of_a_worker_share_what_one_of_them_lays_out(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(example, f"{ERRORS}/prefix-missing/article.toml", 'harm = "', 'harm   = "')  # content that nobody has laid out yet
    archive, order = order_of(example)
    lay_out = worker._lay_out
    monkeypatch.setattr(worker, "_lay_out", lambda *given: (time.sleep(0.05), lay_out(*given))[1])
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: carry_out(archive, order)[0].reason, range(8)))
    assert found == [""] * 8


def test_hindrances_are_said_of_the_job(example: Path) -> None:
    archive, order = order_of(example)
    (damaged,) = carry_out(archive[:-1], order)
    assert damaged.reason == "its worker has no place to work: the content that came has another digest"
    (unknown,) = carry_out(archive, Order(order.content, order.engine, (("CC999", "module", "bare"),)))
    assert unknown.reason == "its worker finds no such job in the content"
    edit(example, f"{ERRORS}/prefix-missing/article.toml", "id = ", "idd = ")
    broken = pack(content_files(example), ())
    (invalid,) = carry_out(broken, Order(hashlib.sha256(broken).hexdigest(), engine_digest(), order.jobs))
    assert invalid.reason.startswith("its worker cannot read the content: ")


def test_environment_that_cannot_be_had_is_said_of_the_job(example: Path) -> None:
    lock = example / "checks/environments/bare/lock.txt"
    lock.write_text("no-such-thing==9 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    (returned,) = carry_out(*order_of(example))
    assert returned.reason.startswith("its worker cannot enter the environment: ") and not returned.record


def test_processes_that_share_a_home_have_folders_of_their_own(tmp_path: Path) -> None:
    code = "from checks.decide.worker import own_folder; print(own_folder(), flush=True); input()"
    environment = {"CLINIC_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    found = {process.stdout.readline().strip() for process in started if process.stdout}
    for process in started:
        process.communicate("\n")
    assert found == {str(tmp_path / "workers/1"), str(tmp_path / "workers/2")}
    assert own_folder() == own_folder()
