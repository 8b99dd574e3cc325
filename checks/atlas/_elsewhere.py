"""All architectures, one after the other, in a Python of its own: that of another release, which lies below."""

import json
import os
import subprocess
import sys
import traceback
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from _apart import apart
from _architectures import PUBLISHED

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
START = "import sys; sys.path[:0] = sys.argv[1:3]; import _elsewhere; _elsewhere.answer(*sys.argv[3:])"


def python_below(package):
    """Return the interpreter of the layer that holds the other release of a package."""
    return [Path(one) for one in sys.path if Path(one, package).is_dir()][1].parents[2] / "bin" / "python"


def elsewhere(package, module, function, name):
    """Return what a function of one of our modules returns under the other release, or assert what it asserts.

    All architectures are asked for at once, when the first one is.
    """
    answers = _all(package, module, function)
    if name not in answers:
        raise RuntimeError(f"{module}.{function} under the other release gave no answer")
    print(f"under {answers[name]['under']}")
    if "raised" in answers[name]:
        raise RuntimeError(answers[name]["raised"])
    assert "asserted" not in answers[name], answers[name]["asserted"]
    return answers[name]["returned"]


@cache
def _all(package, module, function):
    own = [str(HERE), str(ROOT), str(Path.cwd()), package, module, function]
    command = [str(python_below(package)), "-I", "-B", "-c", START, *own]
    ran = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    print(ran.stderr, end="")
    answers = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('{"name"')]
    if not answers:
        raise RuntimeError(f"{module}.{function} under the other release ended with status {ran.returncode}")
    return {one["name"]: one for one in answers}


def answer(place, package, module, function):
    """Print a line of JSON for each architecture: what the function returns of it, asserts or raises. Called by `_all`."""
    asked = getattr(import_module(module), function)
    os.chdir(place)
    under = ", ".join(f"{one} {version(one)}" for one in dict.fromkeys(["transformers", package]))
    for name, published in PUBLISHED.items():
        said = {"name": name, "under": under}
        try:
            said["returned"] = apart(partial(asked, published))
        except AssertionError as error:
            said["asserted"] = str(error)
        except Exception as error:
            traceback.print_exc()
            said["raised"] = f"{type(error).__name__}: {error}"
        print(json.dumps(said), flush=True)
