"""One way of an architecture in a process of its own: under another release, or as one of several ranks. Started by _ways.py.

    python _elsewhere.py MODULE save|load|zero3 [FOLDER]

The last line printed is JSON: what was seen, or what an assertion says.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import _ways
import transformers


def main(name, what, *folder):
    published = import_module(name).PUBLISHED
    answer = {"transformers": transformers.__version__}
    try:
        answer["seen"] = getattr(_ways, what)(published, *folder)
    except AssertionError as error:
        answer["asserts"] = str(error)
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
