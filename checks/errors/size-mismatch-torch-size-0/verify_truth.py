"""verify_loaded.py on right and wrong loads of many models, made by the installed transformers."""

from collections import Counter

import _loads

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


if __name__ == "__main__":
    no_right_load_is_called_different()
    no_wrong_load_is_called_equal()
