"""Makes what the wheel carries beside its code: dictionaries, articles and snippets (checks/show/package.py)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Articles(BuildHookInterface):  # type: ignore[type-arg]
    """The one hook; an editable installation lies in a clone, whose engine makes these files as they are asked for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files into a temporary folder and add it to the wheel."""
        if version == "editable":
            return
        if sys.version_info < (3, 11):
            raise SystemExit("Building the wheel needs Python 3.11 or newer; the wheel runs on 3.10, too.")
        sys.path.insert(0, self.root)
        from checks.show.package import write

        self.folder = tempfile.TemporaryDirectory(prefix="clinic-wheel-")
        write(Path(self.root), Path(self.folder.name))
        build_data["force_include"][self.folder.name] = "checkpoint_clinic/data"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if version != "editable":
            self.folder.cleanup()
