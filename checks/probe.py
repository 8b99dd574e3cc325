"""Decide the claims of one check module, inside its environment. Standard library only; started by path, imported by nobody.

    python probe.py MODULE [--claim NAME]... [--before FILE]... [--root DIR] [--report FD] [--memory BYTES]
                    [--processes N] [--loopback]

The module is executed once; then its claims are called in the order given, or all of them in the order of definition. Each
verdict is printed; with --report, what happens is also written to the socket FD, one JSON object a line, each behind a word
that the other end has sent first: a line without it was not written by the probe.

A claim that returns holds; AssertionError of the check: refuted; anything else, an AssertionError from inside a library, an
assertion that did not pass and was swallowed, and a claim that reached no assertion: undecided. Assertions are counted by a
call before and behind every `assert` that something could refute, and behind every call of a function named `assert_...`; the
module is otherwise compiled as it stands.
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

WRITE, QUOTED = os.write, json.encoder.encode_basestring_ascii  # as they are now, whatever a check makes of the modules


class Count(ast.NodeTransformer):
    """Add the counting to a module's syntax tree; line numbers stay."""

    def __init__(self, begun, reached):
        self.begun, self.reached = begun, reached

    def call(self, name, node):
        """Return the call that notes the line of an assertion."""
        made = ast.Expr(ast.Call(ast.Name(name, ast.Load()), [ast.Constant(node.lineno)], []))
        return ast.fix_missing_locations(ast.copy_location(made, node))

    def visit_Assert(self, node):
        """`assert x` is noted before it is tried and once it has passed, unless nothing could refute it."""
        self.generic_visit(node)
        return node if is_vacuous(node.test) else [self.call(self.begun, node), node, self.call(self.reached, node)]

    def visit_Expr(self, node):
        """`torch.testing.assert_close(...)`, as a statement, is an assertion, too."""
        self.generic_visit(node)
        function = node.value.func if isinstance(node.value, ast.Call) else None
        name = getattr(function, "attr", getattr(function, "id", ""))
        if not name.startswith("assert_"):
            return node
        return [self.call(self.begun, node), node, self.call(self.reached, node)]


def is_vacuous(test):
    """Tell whether nothing could refute a test: made of constants, with such an alternative, or a thing against itself."""
    if isinstance(test, ast.Tuple):
        return True
    if isinstance(test, ast.BoolOp):
        return (any if isinstance(test.op, ast.Or) else all)(is_vacuous(one) for one in test.values)
    if isinstance(test, ast.Compare) and ast.dump(test.left) == ast.dump(test.comparators[0]):
        return True
    return not any(isinstance(one, (ast.Name, ast.Attribute, ast.Call, ast.Await)) for one in ast.walk(test))


def main():
    """Execute the module, decide its claims, report."""
    arguments = parse()
    report = Report(arguments.report)
    path = Path(arguments.module).absolute()
    claims = arguments.claim or public_functions(path)
    if arguments.memory:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (arguments.memory, arguments.memory))
    if arguments.processes:
        import resource

        resource.setrlimit(resource.RLIMIT_NPROC, (arguments.processes, arguments.processes))
    if arguments.loopback:
        bring_loopback_up()
    sys.path[:0] = [str(path.parent), arguments.root]
    sys.argv = [str(path)]
    own = sys.modules["__main__"]  # kept, or its functions would lose their names
    sys.modules["__main__"] = types.ModuleType("__main__")  # a check that looks for who started it finds nobody
    begun, reached = [], []
    report.send(event="setup")
    try:
        for prelude in arguments.before:
            runpy.run_path(prelude, run_name=Path(prelude).stem)
        module = execute(path, begun, reached)
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
        outcome = decide(getattr(module, name, None), begun, reached, arguments.root)
        sys.stdout.flush()
        sys.stderr.flush()
        print(f"--- {outcome['verdict']}" + (f": {outcome['reason']}" if outcome["reason"] else ""), flush=True)
        report.send(event="claim", name=name, **outcome)
    report.send(event="seen", **seen(), compiled=compiled())
    sys.modules["__main__"] = own


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("--report", type=int)
    parser.add_argument("--before", action="append", default=[])
    parser.add_argument("--claim", action="append", default=[])
    parser.add_argument("--root", default=str(Path.cwd()))
    parser.add_argument("--memory", type=int)
    parser.add_argument("--processes", type=int)
    parser.add_argument("--loopback", action="store_true")
    return parser.parse_args()


class Report:
    """The socket to the runner, if there is one; not inherited by what the check starts."""

    def __init__(self, descriptor):
        self.descriptor, self.word = descriptor, b""
        if descriptor is not None:
            os.set_inheritable(descriptor, False)
            while not self.word.endswith(b" "):
                self.word += os.read(descriptor, 1) or b" "

    def send(self, **event):
        """Write one event."""
        if self.descriptor is not None:
            line = self.word + as_json(event).encode() + b"\n"
            while line:
                line = line[WRITE(self.descriptor, line) :]


def as_json(value):
    """Return text, numbers, and lists and dictionaries of them as JSON."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{QUOTED(str(key))}: {as_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return QUOTED(value) if isinstance(value, str) else repr(value)


def public_functions(path):
    """Return the names of the functions that can be claims: public, without arguments."""
    functions = (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef))
    return [one.name for one in functions if not one.name.startswith("_") and not ast.unparse(one.args)]


def execute(path, begun, reached):
    """Execute the check module with its assertions counted, under its own name so that child processes can import it."""
    names = [f"__{name}_{os.urandom(8).hex()}" for name in ("begun", "reached")]
    tree = Count(*names).visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    module.__spec__ = importlib.util.spec_from_file_location(path.stem, path)
    for name, lines in zip(names, (begun, reached), strict=True):
        setattr(module, name, lines.append)
    sys.modules[path.stem] = module
    exec(compile(tree, str(path), "exec"), module.__dict__)  # noqa: S102  the check is the project's own file
    return module


def decide(function, begun, reached, root):
    """Call one claim and say what was observed."""
    begun.clear()
    reached.clear()
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
    if verdict == "holds" and (swallowed := next((line for line in begun if begun.count(line) > reached.count(line)), None)):
        verdict, reason = "undecided", f"the assertion in line {swallowed} did not pass, and what it raised was swallowed"
    if verdict == "holds" and not reached:
        verdict, reason = "undecided", "no assertion was reached: the claim decided nothing"
    seconds = round(time.perf_counter() - started, 3)
    return {"verdict": verdict, "reason": reason[:500], "seconds": seconds, "assertions": len(reached)}


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


def compiled():
    """Return the files of the modules that had to be compiled, as no bytecode lies beside them."""
    modules = [module for module in list(sys.modules.values()) if isinstance(module, types.ModuleType)]
    pairs = [(getattr(module, "__file__", None), getattr(module, "__cached__", None)) for module in modules]
    return [file for file, cached in pairs if isinstance(cached, str) and isinstance(file, str) and not Path(cached).exists()]


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
