"""Find Chromium, or install it: Playwright's own build, else the system's package. Run by `make test` before the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# The first draws pages as the others do, without a window for each: half the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def find() -> str | None:
    """Return the path of a Chromium: on PATH, or the one that Playwright installed."""
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    if on_path:
        return on_path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def install() -> None:
    """Try what can install it here, in order, until one is found."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-qq"]]
        attempts += [["apt-get", "install", "-y", "-qq", "--no-install-recommends", name] for name in NAMES[:2]]
    for command in attempts:
        print(f"Chromium is not installed; trying: {' '.join(command)}", flush=True)
        log = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
        if log.returncode:
            print(f"    {(log.stderr.strip() or log.stdout.strip()).splitlines()[-1:]}")
        if find():
            return


def ensure() -> str:
    """Return the path of a Chromium, installed if need be.

    Raises:
        SystemExit: if none can be had; the tests never run without one.
    """
    if not find():
        install()
    found = find()
    if not found:
        sys.exit("The site's tests need Chromium. Install it with your system's packages (Debian: apt-get install chromium).")
    return found


if __name__ == "__main__":
    print(f"Chromium: {ensure()}")
