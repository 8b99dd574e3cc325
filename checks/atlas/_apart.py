"""Each architecture in a process of its own, forked from the one that has imported the libraries: none spoils the next one's.

A load that fails under ZeRO-3 leaves torch patched, a load may change the class, one that crashes takes its process along.
"""

import traceback
from multiprocessing import get_context
from pathlib import Path


def apart(function, *arguments):
    """Return what a function returns, called in a process of its own; an assertion of ours is raised here again."""
    return _answer(_start(function, arguments))


def together(function, *several):
    """The same of several calls, at the same time."""
    return [_answer(one) for one in [_start(function, arguments) for arguments in several]]


def _start(function, arguments):
    ours, theirs = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=_call, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    return process, ours


def _answer(started):
    process, ours = started
    try:
        kind, answer = ours.recv()
    except EOFError:
        kind, answer = "ended", ""
    process.join()
    if kind == "ended":
        raise RuntimeError(f"the process of this architecture ended with status {process.exitcode}")
    if kind == "raised":
        raise RuntimeError(answer)
    assert kind == "returned", answer
    return answer


def _call(theirs, function, arguments):
    try:
        theirs.send(("returned", function(*arguments)))
    except AssertionError as error:
        traceback.print_exc()
        frames = traceback.extract_tb(error.__traceback__)
        is_ours = Path(frames[-1].filename).parent == Path(__file__).parent
        theirs.send(("asserted", str(error)) if is_ours else ("raised", f"a library asserts in {frames[-1].name}: {error}"))
    except BaseException as error:
        traceback.print_exc()
        theirs.send(("raised", f"{type(error).__name__}: {error}"))
