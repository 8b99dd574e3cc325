"""A check's source -> its mutants: changes that its claims must notice, found by ast, each an edit of one place in one file.

Only what readers would be misled by: a remedy left out, an effect that did not happen, a value, a reason or a message that is
another one, a setting switched off, a warning under a sentence that promises silence. Left out is what changes nothing (paths,
logs, progress bars, ports), or can fail by a missing name or file alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..content.article import Article, Claim, Mutant, imported_files
from ..content.problem import relative

Kind = Literal["removed", "message", "not loaded", "value", "emptied", "reason", "switched off", "loud", "stated"]
HELPER = "_mutant."
LOADS = {"from_pretrained"}
NO_REMEDY = {  # calls that stand alone and whose absence changes nothing, or ends the check before it begins
    *("print", "chdir", "freeze", "mkdir", "disable", "disable_progress_bar", "set_verbosity_error", "simplefilter", "bind"),
    *("addFilter", "addHandler", "destroy_process_group", "init_process_group", "init_distributed", "manual_seed", "close"),
    *("append", "add", "update", "clear", "callback", "setdefault", "save", "save_file", "write_text", "write_bytes", "rename"),
    *("copytree", "exit", "main", "print_exc", "_rank", "setrlimit", "kill", "communicate", "write_config", "_listens", "eval"),
    *("_wait", "synchronize", "insert", "extend", "fill_", "zero_grad", "step", "warn", "warning"),
}
NO_SETTING = {
    "text",
    "check",
    "strict",
    "exist_ok",
    "dirs_exist_ok",
    "parents",
    "capture_output",
    "shell",
    "use_cache",
    "device",
    "flush",
}
SWITCHES = {"Init", "GatheredParameters", "gather", "state_dict_type", "sdpa_kernel", "_every_gather_waited_for"}
NO_CONTEXT = "_mutant.nullcontext()"
SILENT = re.compile(r"silen|(?<!Error )without a word|nothing is raised|prints nothing", re.IGNORECASE)
WAYS = ("another", "transformers.modeling_utils", "warnings", "print")
ERRORS = {"error_of", "_error", "_load_error"}


@dataclass(frozen=True)
class Edit:
    """A mutant: the bytes of `file` between `start` and `end` are replaced; `claims` of the module must notice it.

    `each`: every one of them; else one of them is enough, because they share the place. `within`: the function of the claim
    in which it is.
    """

    file: str
    line: int
    start: int
    end: int
    new: str
    kind: Kind
    what: str
    claims: tuple[str, ...]
    each: bool = True
    within: str = ""

    @property
    def name(self) -> str:
        """What it is called on the page: without a line, which moves."""
        return f"{self.file.rpartition('/')[2]}: {self.what}"

    def apply(self, source: bytes) -> bytes:
        """Return the file's content with this one place changed."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutants(article: Article, module: str, claims: Iterable[Claim], root: Path) -> list[Edit]:
    """Return the mutants of a check module, its neighbours and the marked sections that it imports, without repetition."""
    chosen = tuple(claims)
    names = {claim.name for claim in chosen}
    path = article.folder / f"{module}.py"
    found = list(_Source(path, root, module, chosen).of_the_module())
    files = [_Source(file, root, module, chosen) for file in imported_files(path, root)]
    used = {name for one in files for name in one.used() if one.file.startswith("checks/")}
    for one in files:
        if one.file != relative(path, root):
            found += one.of_what_it_imports(used)
    found += [edit for stated in article.toml.mutant if stated.claim in names for edit in _stated(article, stated, root)]
    return _named_apart(found)


def _stated(article: Article, one: Mutant, root: Path) -> Iterator[Edit]:
    path = mutant_file(article, one, root)
    source = path.read_bytes() if path.is_file() else b""
    if source.count(one.old.encode()) == 1:  # lint says so where it is not
        start = source.index(one.old.encode())
        line = source.count(b"\n", 0, start) + 1
        yield Edit(relative(path, root), line, start, start + len(one.old.encode()), one.new, "stated", one.why, (one.claim,))


def mutant_file(article: Article, one: Mutant, root: Path) -> Path:
    """Return the file that a stated mutant changes: below the root, or in the article's folder."""
    return root / one.file if "/" in one.file else article.folder / one.file


def _named_apart(edits: list[Edit]) -> list[Edit]:
    seen: dict[str, int] = {}
    places: set[tuple[object, ...]] = set()
    named = []
    for edit in edits:
        if (place := (edit.file, edit.start, edit.end, edit.new, edit.claims)) in places:
            continue
        places.add(place)
        seen[edit.name] = seen.get(edit.name, 0) + 1
        named.append(replace(edit, what=f"{edit.what} ({seen[edit.name]})") if seen[edit.name] > 1 else edit)
    return named


def with_helper(source: bytes) -> bytes:
    """Return a file that imports what a mutant calls, in a line that it has already."""
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            continue
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        simple = not hasattr(node, "body")
        return b"".join([*lines[: first - 1], b"import _mutant; " if simple else b"import _mutant\n", *lines[first - 1 :]])
    return source


class _Source:
    """One file, read once, and the places in it."""

    def __init__(self, path: Path, root: Path, module: str, claims: tuple[Claim, ...]) -> None:
        self.file, self.module, self.claims = relative(path, root), module, claims
        self.source = path.read_bytes()
        self.tree = ast.parse(self.source)
        self.lines = [0]
        for line in self.source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        self.names = tuple(claim.name for claim in claims)
        self.thrown_away = {node.value for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        self.contexts = {item.context_expr for node in ast.walk(self.tree) if isinstance(node, ast.With) for item in node.items}

    # Where an edit is

    def text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        text = " ".join(self.source[start:end].decode().split())
        return text if len(text) <= 70 else f"{text[:67]}..."

    def _span(self, node: ast.AST) -> tuple[int, int]:
        start, end = self.lines[node.lineno - 1] + node.col_offset, 0  # type: ignore[attr-defined]
        end = self.lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return start, end

    def edit(self, node: ast.AST, new: str, kind: Kind, what: str, claims: tuple[str, ...], each: bool = True) -> Edit:
        start, end = self._span(node)
        return Edit(self.file, node.lineno, start, end, new, kind, what, claims, each)  # type: ignore[attr-defined]

    def wrapped(self, node: ast.AST, function: str, more: str = "") -> str:
        start, end = self._span(node)
        return f"{HELPER}{function}({self.source[start:end].decode()}{more})"

    # What the places of a check module are

    def of_the_module(self) -> Iterator[Edit]:
        """Yield the mutants of the claims, then of what they share."""
        for claim in self.claims:
            for edit in self._of_claim(self.functions[claim.function], claim):
                yield replace(edit, within=claim.function)
        for name, node in self.functions.items():
            if users := self._users(name):
                yield from self._of_code(node, name, users, len(users) == 1)
        for statement in self.top():
            yield from self._of_code(statement, "set-up", self.names, False)
        yield from self._of_constants(self.top())

    def _of_claim(self, node: ast.FunctionDef, claim: Claim) -> Iterator[Edit]:
        own = (claim.name,)
        for statement in ast.walk(node):
            if isinstance(statement, ast.Assert):
                yield from self._of_assertion(statement.test, claim.function, own)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                yield from self._of_assert_call(statement.value, claim.function, own)
        yield from self._of_code(node, claim.function, own, True)

    def _users(self, name: str) -> tuple[str, ...]:
        """Return the claims whose functions reach a helper of the module; a claim is no helper."""
        if any(claim.function == name for claim in self.claims) or not name.startswith("_"):
            return ()
        if any(name in self._reached(node, set()) for node in self.top()):
            return self.names
        return tuple(claim.name for claim in self.claims if name in self._reached(self.functions[claim.function], set()))

    def top(self) -> list[ast.stmt]:
        """What is executed when the file is imported."""
        return [node for node in self.tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.If))]

    def _reached(self, start: ast.AST, seen: set[str]) -> set[str]:
        for node in ast.walk(start):
            if isinstance(node, ast.Name) and node.id in self.functions and node.id not in seen:
                seen.add(node.id)
                self._reached(self.functions[node.id], seen)
        return seen

    def _of_assertion(self, test: ast.expr, where: str, own: tuple[str, ...]) -> Iterator[Edit]:
        if isinstance(test, ast.BoolOp):
            for value in test.values:
                yield from self._of_assertion(value, where, own)
        elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            if not isinstance(test.operand, (ast.Constant, ast.Compare, ast.Call)):
                yield self._value(test.operand, "==", where, own)
        elif isinstance(test, ast.Compare):
            yield from self._of_comparison(test, where, own)
        elif isinstance(test, ast.Call):
            yield from self._of_tested_call(test, where, own)

    def _of_comparison(self, test: ast.Compare, where: str, own: tuple[str, ...]) -> Iterator[Edit]:
        operands = [test.left, *test.comparators]
        for number, operator in enumerate(test.ops):
            left, right = operands[number], operands[number + 1]
            how = {ast.Eq: "==", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}.get(type(operator))
            if isinstance(operator, ast.Eq) and isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple):
                for part in left.elts:
                    yield self._value(part, "==", where, own)
            elif how and not isinstance(left, ast.Constant):
                yield self._value(left, how, where, own)
            elif isinstance(operator, ast.In) and not isinstance(left, (ast.Constant, ast.JoinedStr)):
                yield self._value(left, "==", where, own)
            if isinstance(operator, (ast.Eq, ast.In)):
                yield from self._messages(left if isinstance(operator, ast.In) else right, where, own)

    def _of_tested_call(self, test: ast.Call, where: str, own: tuple[str, ...]) -> Iterator[Edit]:
        name = getattr(test.func, "attr", getattr(test.func, "id", ""))
        if name in ("startswith", "endswith"):
            yield from self._messages(test.args[0], where, own)
        elif name == "equal" and test.args:
            yield self._value(test.args[0], "==", where, own)
        elif name in ("all", "any") and test.args and isinstance(test.args[0], ast.GeneratorExp):
            yield from self._of_assertion(test.args[0].elt, where, own)

    def _of_assert_call(self, call: ast.Call, where: str, own: tuple[str, ...]) -> Iterator[Edit]:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name == "assert_close":
            yield self._value(call.args[0], "close", where, own)

    def _value(self, node: ast.expr, how: str, where: str, own: tuple[str, ...]) -> Edit:
        more = "" if how == "==" else f', "{how}"'
        what = f"{where}: {self.text(node)} is another value"
        return self.edit(node, self.wrapped(node, "changed", more), "value", what, own)

    def _messages(self, node: ast.AST, where: str, own: tuple[str, ...]) -> Iterator[Edit]:
        """Yield an edit of each text of at least four letters in what is expected: one letter in its middle is another."""
        for part in _constants(node):
            span = self._span(part)
            text = self.source[span[0] : span[1]].decode()
            filled = text if isinstance(part, ast.JoinedStr) else ""
            letters = [
                at
                for at, letter in enumerate(text)
                if letter.isalpha() and at > 1 and filled.count("{", 0, at) == filled.count("}", 0, at)
            ]
            if len(letters) >= 4:
                yield self._other_text(part, text, letters[len(letters) // 2], where, own)

    def _other_text(self, node: ast.AST, text: str, at: int, where: str, own: tuple[str, ...]) -> Edit:
        other = text[:at] + ("X" if text[at] != "X" else "Y") + text[at + 1 :]
        return self.edit(node, other, "message", f"{where}: another text than {text}", own)

    # What the places of any code are

    def _of_code(self, node: ast.AST, where: str, claims: tuple[str, ...], each: bool) -> Iterator[Edit]:
        """Yield what can be left out, not happen, be switched off, or say something else."""
        said = {id(one) for part in ast.walk(node) if isinstance(part, ast.Assert) and part.msg for one in ast.walk(part.msg)}
        for part in (one for one in ast.walk(node) if id(one) not in said):  # what is said of a failure is not executed
            if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call) and self._name(part.value) not in NO_REMEDY:
                if not self._name(part.value).startswith(("assert_", "write_", "_write")):
                    yield self.edit(part, "pass", "removed", f"{where}: without {self.text(part)}", claims, each=each)
            elif isinstance(part, ast.With):
                yield from self._of_context(part, where, claims, each)
            elif isinstance(part, ast.Call):
                yield from self._of_call(part, where, claims, each)
            elif isinstance(part, ast.Dict):
                yield from self._of_setting(part, where, claims, each)
            elif isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Attribute) and where == "set-up":
                yield self.edit(part, "pass", "removed", f"{where}: without {self.text(part)}", claims, each=each)

    def _name(self, call: ast.Call) -> str:
        return str(getattr(call.func, "attr", getattr(call.func, "id", "")))

    def _of_context(self, node: ast.With, where: str, claims: tuple[str, ...], each: bool) -> Iterator[Edit]:
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and self._name(call) in SWITCHES and item.optional_vars is None:
                what = f"{where}: not inside {self.text(call)}"
                yield self.edit(call, NO_CONTEXT, "switched off", what, claims, each=each)

    def _of_call(self, call: ast.Call, where: str, claims: tuple[str, ...], each: bool) -> Iterator[Edit]:
        name, text = self._name(call), self.text(call)
        if call in self.thrown_away and name in ("load", "load_without_shard_mode", "loaded"):
            return  # left out as a whole already; what it returns is read by nobody
        for keyword in call.keywords:
            value = keyword.value
            if (
                keyword.arg
                and keyword.arg not in NO_SETTING
                and isinstance(value, ast.Constant)
                and isinstance(value.value, bool)
            ):
                what = f"{where}: {keyword.arg}={not value.value} in {text}"
                yield self.edit(value, str(not value.value), "switched off", what, claims, each=each)
        if name in LOADS and isinstance(call.func, ast.Attribute) and not re.search("Config|Auto", self.text(call.func)):
            yield from self._of_load(call, where, claims, each)
        elif name in ERRORS:
            yield self._wrapping(call, "another_reason", "reason", f"{where}: {text} says something else", claims, each)
            if name == "error_of":
                yield self._wrapping(call, "another_type", "reason", f"{where}: {text} is another error", claims, each)
        elif name in self._ours() and name != "main":
            if name in ("load", "load_without_shard_mode", "loaded"):
                if not claims[1:] and not self._compares(claims[0].partition(".")[2]):
                    return  # the claim is about something else than values
                yield self._wrapping(call, "flipped", "value", f"{where}: one bit differs after {text}", claims, each)
                last = self.wrapped(call, "flipped", ", -1")
                yield self.edit(
                    call, last, "value", f"{where}: one bit of the last tensor differs after {text}", claims, each=each
                )
            elif call not in self.thrown_away and call not in self.contexts:  # of what nobody reads, nothing can be missed
                yield self._wrapping(call, "emptied", "emptied", f"{where}: {text} returns nothing", claims, each)

    def _compares(self, function: str) -> bool:
        node = self.functions.get(function, self.tree)
        return any(
            re.search(r"\b(verify|compare|equal|_equal)\b", self._name(one))
            for one in ast.walk(node)
            if isinstance(one, ast.Call)
        )

    def _ours(self) -> set[str]:
        """Return the functions that the file imports from snippets and neighbours, and its own helpers."""
        imported = {
            alias.asname or alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module and (node.module.startswith(("snippets", "_")))
            for alias in node.names
        }
        drawn = {
            "save",
            "split",
            "tensors",
            "shapes",
            "write_config",
            "as_in_a_new_process",
            "published",
            "make",
            "known",
            "gather",
        }
        return {name for name in imported | set(self.functions) if name.islower() or "_" in name} - drawn

    def _of_load(self, call: ast.Call, where: str, claims: tuple[str, ...], each: bool) -> Iterator[Edit]:
        """Yield a load that loads nothing, one that leaves a bit wrong, and, where a sentence promises silence, loud ones."""
        assert isinstance(call.func, ast.Attribute)  # the caller has looked
        text, owner = self.text(call), self.text(call.func.value)
        arguments = self.source[self._span(call.func)[1] + 1 : self._span(call)[1]].decode()
        nothing = f"{HELPER}built({owner}, {arguments}"
        yield self.edit(call, nothing, "not loaded", f"{where}: {text} builds the model and loads nothing", claims, each=each)
        yield self._wrapping(call, "flipped", "value", f"{where}: {text} leaves one bit wrong", claims, each)
        about = [claim for claim in self.claims if claim.name in claims and where != "load_without_shard_mode"]
        silent = tuple(claim.name for claim in about if SILENT.search(claim.sentence))
        for way in WAYS if silent else ():
            what = f"{where}: {text} is loud ({way})"
            yield self.edit(call, self.wrapped(call, "loud", f', "{way}"'), "loud", what, silent)

    def _wrapping(self, call: ast.Call, function: str, kind: Kind, what: str, claims: tuple[str, ...], each: bool) -> Edit:
        return self.edit(call, self.wrapped(call, function), kind, what, claims, each=each)

    def _of_setting(self, node: ast.Dict, where: str, claims: tuple[str, ...], each: bool) -> Iterator[Edit]:
        """Yield ZeRO-3 as ZeRO-2, and as nothing."""
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "stage" and isinstance(value, ast.Constant) and value.value == 3:
                for stage in (2, 0):
                    yield self.edit(
                        value, str(stage), "switched off", f"{where}: ZeRO stage {stage} in place of 3", claims, each=each
                    )

    def _of_constants(self, top: list[ast.stmt]) -> Iterator[Edit]:
        """Yield other texts for the module's constants that an assertion compares with."""
        compared = {
            node.id
            for function in self.functions.values()
            for one in ast.walk(function)
            if isinstance(one, ast.Assert)
            for node in ast.walk(one.test)
            if isinstance(node, ast.Name)
        }
        for statement in top:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if (
                isinstance(statement, ast.Assign)
                and isinstance(target, ast.Name)
                and target.id in compared
                and target.id.isupper()
            ):
                yield from self._messages(statement.value, "set-up", self._naming(target.id))

    def _naming(self, constant: str) -> tuple[str, ...]:
        return tuple(
            claim.name
            for claim in self.claims
            if any(isinstance(node, ast.Name) and node.id == constant for node in ast.walk(self.functions[claim.function]))
        )

    # What is shared

    def _imported(self, used: set[str]) -> list[str]:
        """Return the functions of this file that a module reaches which uses these names."""
        first = [name for name in self.functions if name in used]
        reached = {one for name in first for one in self._reached(self.functions[name], {name})}
        return [name for name in self.functions if name in reached]

    def used(self) -> set[str]:
        """Return every name that the file mentions, and what it takes out of a module that it imports whole."""
        return {str(getattr(node, "attr", getattr(node, "id", ""))) for node in ast.walk(self.tree)}

    def of_what_it_imports(self, used: set[str]) -> Iterator[Edit]:
        """Yield the mutants of a neighbour's or a snippet's places: loads, switches, and what stands in a marked section."""
        marked = [
            (self.source.count(b"\n", 0, start.start()) + 1, self.source.count(b"\n", 0, end.start()) + 1)
            for start, end in self._marks()
        ]
        snippet = self.file.startswith("snippets/")
        for name in self._imported(used):
            for edit in self._of_code(self.functions[name], name, self.names, False):
                shared = edit.kind in ("not loaded", "loud") or re.search("ZeRO stage|not inside|leaves one bit", edit.what)
                if any(first < edit.line < last for first, last in marked) or (shared and not snippet):
                    yield edit
        if not snippet:
            for statement in self.top():
                found = self._of_code(statement, "set-up", self.names, False)
                yield from (edit for edit in found if "ZeRO stage" in edit.what)

    def _marks(self) -> Iterator[tuple[re.Match[bytes], re.Match[bytes]]]:
        for start in re.finditer(rb"--8<-- \[start:(\w+)\]", self.source):
            end = re.search(rb"--8<-- \[end:" + start[1] + rb"\]", self.source)
            if end:
                yield start, end


def _constants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the texts that are compared as they stand: not those inside calls and subscripts."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield node
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for part in node.elts:
            yield from _constants(part)
    elif isinstance(node, ast.BinOp):
        yield from _constants(node.left)
        yield from _constants(node.right)
