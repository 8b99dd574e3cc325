"""Decide the claims of one check module, inside its environment. Standard library only; started by path, imported by nobody.

    python probe.py MODULE [--claim NAME]... [--before FILE]... [--root DIR] [--report FD] [--memory BYTES] [--loopback]

The module is executed once; then its claims are called in the order given, or all of them in the order of definition. Each
verdict is printed; with --report, what happens is also written to file descriptor FD, one JSON object a line. A claim that
returns holds; AssertionError of the check: refuted; anything else, an AssertionError from inside a library and a claim that
reached no assertion: undecided. Assertions are counted by adding a call behind every `assert` whose test is not a constant and
behind every call of a function named `assert_...`; the module is otherwise compiled as it stands.
"""

import argparse
import ast
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import runpy
import sys
import time
import traceback
import types
from pathlib import Path

COUNTER = "__assertion_reached__"


class Count(ast.NodeTransformer):
    """Add the counting to a module's syntax tree; line numbers stay."""

    def visit_Assert(self, node):
        """`assert x` becomes `assert x` followed by one count: only an assertion that passed counts."""
        self.generic_visit(node)
        if isinstance(node.test, (ast.Constant, ast.Tuple)):
            return node
        call = ast.Expr(ast.Call(ast.Name(COUNTER, ast.Load()), [], []))
        return [node, ast.fix_missing_locations(ast.copy_location(call, node))]

    def visit_Expr(self, node):
        """`torch.testing.assert_close(...)`, as a statement, is followed by one count."""
        self.generic_visit(node)
        function = node.value.func if isinstance(node.value, ast.Call) else None
        name = getattr(function, "attr", getattr(function, "id", ""))
        if not name.startswith("assert_"):
            return node
        call = ast.Expr(ast.Call(ast.Name(COUNTER, ast.Load()), [], []))
        return [node, ast.fix_missing_locations(ast.copy_location(call, node))]


def main():
    """Execute the module, decide its claims, report."""
    arguments = parse()
    report = Report(arguments.report)
    path = Path(arguments.module).absolute()
    claims = arguments.claim or public_functions(path)
    if arguments.memory:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (arguments.memory, arguments.memory))
    if arguments.loopback:
        bring_loopback_up()
    sys.path[:0] = [str(path.parent), arguments.root]
    sys.argv = [str(path)]
    reached = [0]
    report.send(event="setup")
    try:
        for prelude in arguments.before:
            runpy.run_path(prelude, run_name=Path(prelude).stem)
        module = execute(path, lambda: reached.__setitem__(0, reached[0] + 1))
    except BaseException as error:
        traceback.print_exc()
        failed = f"the module did not start: {type(error).__name__}: {error}"
        for name in claims:
            report.send(event="claim", name=name, verdict="undecided", reason=failed[:500], seconds=0.0, assertions=0)
        report.send(event="seen", **seen())
        return
    report.send(event="seen", **seen())
    for name in claims:
        report.send(event="start", name=name)
        print(f"--- {path.stem}.{name}", flush=True)
        outcome = decide(getattr(module, name, None), reached, arguments.root)
        sys.stdout.flush()
        sys.stderr.flush()
        print(f"--- {outcome['verdict']}" + (f": {outcome['reason']}" if outcome["reason"] else ""), flush=True)
        report.send(event="claim", name=name, **outcome)
    report.send(event="seen", **seen())


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("--report", type=int)
    parser.add_argument("--before", action="append", default=[])
    parser.add_argument("--claim", action="append", default=[])
    parser.add_argument("--root", default=str(Path.cwd()))
    parser.add_argument("--memory", type=int)
    parser.add_argument("--loopback", action="store_true")
    return parser.parse_args()


class Report:
    """The pipe to the runner, if there is one; not inherited by what the check starts."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)

    def send(self, **event):
        """Write one event."""
        if self.descriptor is not None:
            os.write(self.descriptor, (json.dumps(event) + "\n").encode())


def public_functions(path):
    """Return the names of the functions that can be claims: public, without arguments."""
    functions = (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef))
    return [one.name for one in functions if not one.name.startswith("_") and not ast.unparse(one.args)]


def execute(path, count):
    """Execute the check module with its assertions counted, under its own name so that child processes can import it."""
    tree = Count().visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    module.__spec__ = importlib.util.spec_from_file_location(path.stem, path)
    setattr(module, COUNTER, count)
    sys.modules[path.stem] = module
    exec(compile(tree, str(path), "exec"), module.__dict__)  # noqa: S102  the check is the project's own file
    return module


def decide(function, reached, root):
    """Call one claim and say what was observed."""
    reached[0] = 0
    started = time.perf_counter()
    verdict, reason = "holds", ""
    try:
        if function is None:
            raise LookupError("the module defines no such function")
        function()
    except AssertionError as error:
        traceback.print_exc()
        frames = traceback.extract_tb(error.__traceback__)
        if is_ours(frames, root):
            verdict, reason = (
                "refuted",
                f"{error}".strip() or f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}",
            )
        else:
            verdict, reason = "undecided", f"the library itself raised AssertionError in {frames[-1].name}: {error}"
    except BaseException as error:
        traceback.print_exc()
        verdict, reason = "undecided", f"{type(error).__name__}: {error}"
    if verdict == "holds" and not reached[0]:
        verdict, reason = "undecided", "no assertion was reached: the claim decided nothing"
    seconds = round(time.perf_counter() - started, 3)
    return {"verdict": verdict, "reason": reason[:500], "seconds": seconds, "assertions": reached[0]}


def is_ours(frames, root):
    """Tell an assertion of the check (or of an `assert_...` function that it calls) from one inside the library under test."""
    ours = [Path(root, folder) for folder in ("checks/errors", "snippets")] + [Path(sys.argv[0]).parent]
    inside = any(Path(frames[-1].filename).is_relative_to(folder) for folder in ours)
    return inside or any(frame.name.startswith("assert_") for frame in frames)


def seen():
    """Return what this environment really is: packages as importlib.metadata finds them, Python, machine, device."""
    packages = {}
    for distribution in importlib.metadata.distributions():
        with contextlib.suppress(Exception):
            name = distribution.metadata["Name"].lower().replace("_", "-").replace(".", "-")
            packages.setdefault(name, distribution.version)  # the first on sys.path is the one that is imported
    facts = {"packages": dict(sorted(packages.items())), "python": platform.python_version()}
    facts["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU"
    torch = sys.modules.get("torch")
    if os.environ.get("CLINIC_DEVICE") == "cuda" and torch is not None and torch.cuda.is_available():
        facts["device"] = torch.cuda.get_device_name()
        with contextlib.suppress(OSError):
            facts["driver"] = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()[0]
    return facts


def bring_loopback_up():
    """Set the loopback interface up: a new network namespace has it down, and gloo needs it."""
    import fcntl
    import socket
    import struct

    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, get_flags, struct.pack("16sh", b"lo", 0))
        flags = struct.unpack("16sh", request)[1] | up
        fcntl.ioctl(control, set_flags, struct.pack("16sh", b"lo", flags))


if __name__ == "__main__":
    if not __debug__:
        sys.exit("probe.py: assertions are switched off (-O), so nothing could be decided")
    main()
