"""The command `clinic` (= python -m checks).

Exit status: 0 all verified, 1 something failing, 2 usage or content error, 3 nothing selected, 4 something has no current
answer (undecided, stale or not run), 75 another run holds the lock, 130 interrupted.
"""

from __future__ import annotations

import sys

try:
    from .commands.main import main
except ModuleNotFoundError:  # a machine with Python and a folder of wheels, and nothing else
    from .decide.bootstrap import main

if __name__ == "__main__":
    sys.exit(main())
