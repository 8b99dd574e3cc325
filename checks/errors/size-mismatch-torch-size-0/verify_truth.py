"""verify_loaded.py on right and wrong loads of many models, made by the installed transformers."""

import tempfile
from collections import Counter

import _loads
from _published_layout import save

from snippets.verify_loaded import compare

RIGHT = {"equal", "equal under other names"}


def no_right_load_is_called_different():
    """Of at least 30 right loads (19 models, shards, casts, a hub cache, wrappers) `verify_loaded.py` calls none wrong."""
    endings, alarms = Counter(), []
    for what, model, folder, options in _loads.right():
        report = compare(model, folder, **options)
        print(f"{report.ending:24}  {what}")
        endings[report.ending] += 1
        if report.ending not in RIGHT | ({"cast"} if "cast" in what else set()):
            alarms.append((what, [*report.lines()][-5:]))
    print(dict(endings))
    assert endings.total() >= 30, endings
    assert not alarms, alarms


def no_wrong_load_is_called_equal():
    """Of at least 40 wrong loads, each fault in two models, `verify_loaded.py` calls none equal."""
    endings, silent = Counter(), []
    for what, model, folder in _loads.wrong():
        report = compare(model, folder)
        print(f"{report.ending:30}  {what}")
        endings[report.ending] += 1
        if report.ending in RIGHT | {"cast"}:
            silent.append((what, [*report.lines()][-5:]))
    print(dict(endings))
    assert endings.total() >= 40, endings
    assert not silent, silent


def the_published_layout_is_equal():
    """Of Qwen2.5-VL in its published layout `verify_loaded.py` finds all 80 tensors equal, under the names of the library."""
    with tempfile.TemporaryDirectory() as folder:
        save(f"{folder}/Qwen2.5-VL")
        report = compare(_loads.loaded("Qwen2.5-VL", f"{folder}/Qwen2.5-VL"), f"{folder}/Qwen2.5-VL")
    print(*[*report.lines()][-3:], sep="\n")
    assert (report.ending, report.compared, report.unused) == ("equal under other names", 80, []), report.ending


if __name__ == "__main__":
    the_published_layout_is_equal()
    no_right_load_is_called_different()
    no_wrong_load_is_called_equal()
