"""The real site: built from a copy of the project, and served as a host on the web serves it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
COMPRESSED = ("text/", "application/javascript", "application/json", "application/xml", "image/svg+xml")


def copy_project(target: Path) -> Path:
    """Copy what git would commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    return target


def dress(root: Path) -> None:
    """Give a miniature clinic the real site's configuration, so that it can be built."""
    for name in ("mkdocs.yml", "mkdocs.zh.yml", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(ROOT / "overrides", root / "overrides")
    for language in ("en", "zh"):
        for page in (ROOT / "docs" / language).glob("*.md"):
            shutil.copyfile(page, root / "docs" / language / page.name)


def build(root: Path, **variables: str) -> Path:
    """Build as a user does; the terminal's text is the failure's."""
    command = [sys.executable, "-m", "checks", "build"]
    done = subprocess.run(command, cwd=root, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "site"


class Host(SimpleHTTPRequestHandler):
    """Serves a folder: text compressed, 404.html for what is not there."""

    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a browser that has gone to another page
            super().handle()

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_dir() and not urlsplit(self.path).path.endswith("/"):
            super().do_GET()  # sends to the address with a slash
            return
        path = path / "index.html" if path.is_dir() else path
        found = path.is_file()
        self.answer(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND, path if found else Path(self.directory, "404.html"))

    def answer(self, status: HTTPStatus, path: Path) -> None:
        data, kind = path.read_bytes(), self.guess_type(str(path))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if kind.startswith(COMPRESSED) and "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve the folder while the context lasts, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
