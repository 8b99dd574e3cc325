"""Load folders by another release of transformers, in a process of its own. Started by back_to_four.py.

    python _four.py KIND FOLDER...

For each folder a line of JSON: the names that differ from what is published, what was printed, or the error.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import transformers
from _moe import model_class, printed, published, values


def main(kind, *folders):
    for folder in folders:
        answer = {"transformers": transformers.__version__}
        try:
            with printed() as lines:
                model = model_class(kind).from_pretrained(folder)
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        else:
            tensors, held = published(kind), dict(values(model))
            answer |= {"total": len(held), "printed": lines[0]}
            answer["wrong"] = sorted(n for n, one in held.items() if n not in tensors or not one.equal(tensors[n]))
        print(f"answer {json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
