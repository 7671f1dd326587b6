"""The tidy rules of STYLE §2, §4, §9 and §11 as functions: each takes the sources and returns problems as sentences.

`python -m tools.tidy` prints them; tests/test_tidy.py runs them on the tree and on planted sins.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools import sql_names

FUNCTION_LINES_MAX = 60
KERNEL_LINES_MAX = 100
MODULE_LINES_MAX = 500
PARAMETERS_MAX = 6
FOLDER_FILES_MAX = 20
CODE_FOLDERS = ("src", "tests", "tools")
CODE_SUFFIXES = (".py", ".sql", ".sh")
NAMES_WITHOUT_MEANING = {"utils", "util", "helpers", "helper", "common", "misc", "v2"}
KERNEL_DECORATORS = {"njit", "jit", "vectorize", "guvectorize"}
COMMIT_ROOMS = {"app", "store"}  # the edge: where a request or a job begins and ends its one transaction

# Sizes that stood over a limit before it was set: "path::function" lines, "path::function()" parameters, "path" lines,
# "folder/" files. A size here may only fall, and what has fallen below its limit leaves the list.
OLD_SINS: dict[str, int] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: `path` is relative to the repository."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file; a syntax error is ruff's to report, so it raises here."""
        return ast.parse(self.text, str(self.path))

    @property
    def room(self) -> str:
        """The room of honghua that the file stands in, or ""."""
        parts = self.path.parts
        return parts[2] if parts[:2] == ("src", "honghua") and len(parts) > 3 else ""

    @property
    def is_test(self) -> bool:
        """Whether the file is a test or lies among tests."""
        return "tests" in self.path.parts or self.path.name == "conftest.py"

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its dotted name inside the file."""
        yield from _walk_functions(self.tree, "")


def load_sources(root: Path) -> list[Source]:
    """All Python files of the code folders, in order."""
    files = (
        p for folder in CODE_FOLDERS for p in sorted((root / folder).rglob("*.py")) if "__pycache__" not in p.parts
    )
    return [Source(path.relative_to(root), path.read_text(encoding="utf-8")) for path in files]


def check_all(root: Path) -> list[str]:
    """Every problem of the tree under `root`."""
    sources = load_sources(root)
    problems = check_sizes(measure_sizes(root, sources), OLD_SINS) + check_names(root)
    for check in (check_imports, check_commits, check_docstrings, check_defaults, check_refusal_codes, check_rooms):
        problems += check(sources)
    return problems + sql_names.check_tables(root, [(s.path, s.room, s.tree) for s in sources if not s.is_test])


def measure_sizes(root: Path, sources: list[Source]) -> dict[str, tuple[int, int]]:
    """What is measured, as key → (size, limit); the keys are those of OLD_SINS."""
    sizes: dict[str, tuple[int, int]] = {}
    for source in sources:
        sizes[str(source.path)] = (len(source.text.splitlines()), MODULE_LINES_MAX)
        for name, function in source.functions():
            key = f"{source.path}::{name}"
            kernel = is_kernel(function)
            assert function.end_lineno is not None
            lines = function.end_lineno - function.lineno + 1
            sizes[key] = (lines, KERNEL_LINES_MAX if kernel else FUNCTION_LINES_MAX)
            if not kernel and not source.is_test:
                sizes[key + "()"] = (count_parameters(function), PARAMETERS_MAX)
    for folder in CODE_FOLDERS:
        for path in [root / folder, *(root / folder).rglob("*/")]:
            files = (
                [f for f in path.iterdir() if f.suffix in CODE_SUFFIXES and f.name != "__init__.py"]
                if path.is_dir()
                else []
            )
            if files:
                sizes[f"{path.relative_to(root)}/"] = (len(files), FOLDER_FILES_MAX)
    return sizes


def check_sizes(sizes: dict[str, tuple[int, int]], old_sins: dict[str, int]) -> list[str]:
    """Sizes over their limit, and old sins that grew, fell or are gone."""
    problems = []
    for key, (size, limit) in sizes.items():
        allowed = old_sins.get(key)
        if allowed is None and size > limit:
            problems.append(f"{key}: {size} is over the limit of {limit}")
        elif allowed is not None and size > max(allowed, limit):
            problems.append(f"{key}: grew from {allowed} to {size}; old sins only fall")
        elif allowed is not None and size < allowed:
            problems.append(
                f"{key}: fell from {allowed} to {size}; write that into OLD_SINS (or drop it: limit {limit})"
            )
    problems += [f"{key}: is gone; drop it from OLD_SINS" for key in old_sins.keys() - sizes.keys()]
    return problems


def check_names(root: Path) -> list[str]:
    """Files and folders whose name says nothing."""
    return [
        f"{path.relative_to(root)}: split by topic instead; the name {path.stem!r} says nothing"
        for folder in CODE_FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.stem.removeprefix("test_") in NAMES_WITHOUT_MEANING and "__pycache__" not in path.parts
    ]


def check_imports(sources: list[Source]) -> list[str]:
    """Imports inside functions."""
    return [
        f"{source.path}:{node.lineno}: an import inside {name}; imports stand at the top of the file"
        for source in sources
        for name, function in source.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def check_commits(sources: list[Source]) -> list[str]:
    """Transactions ended inside a room instead of at the edge (STYLE §4)."""
    problems = []
    for source in sources:
        if not source.room or source.is_test or source.room in COMMIT_ROOMS:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _ends_transaction(node):
                problems.append(f"{source.path}:{node.lineno}: ends a transaction; only {sorted(COMMIT_ROOMS)} do")
    return problems


def check_docstrings(sources: list[Source]) -> list[str]:
    """Public functions of api.py and kernels.py, and public kernels anywhere, without a docstring."""
    problems = []
    for source in sources:
        if source.is_test or not source.room:
            continue
        door = source.path.name in {"api.py", "kernels.py"} or source.path.parent.name == "kernels"
        for name, function in source.functions():
            public = not any(part.startswith("_") for part in name.split("."))
            if public and (door or is_kernel(function)) and not ast.get_docstring(function):
                problems.append(f"{source.path}:{function.lineno}: {name} has no docstring")
    return problems


def check_defaults(sources: list[Source]) -> list[str]:
    """Public functions of the rooms with a default that can be given by position (STYLE §5); `main(argv)` may."""
    problems = []
    for source in sources:
        if source.is_test or not source.room:
            continue
        for name, function in source.functions():
            private = any(part.startswith("_") for part in name.split("."))
            if function.args.defaults and not private and not is_kernel(function) and name != "main":
                problems.append(
                    f"{source.path}:{function.lineno}: {name} has a positional default; make it keyword-only"
                )
    return problems


def check_refusal_codes(sources: list[Source]) -> list[str]:
    """Codes of refusals and errors declared in two places (a code means one thing), or used without a sentence."""
    declared: dict[str, str] = {}
    problems = []
    product = [source for source in sources if source.room and not source.is_test]
    for source in product:
        for code, line in _declared_codes(source.tree):
            place = f"{source.path}:{line}"
            if code in declared:
                problems.append(f"{place}: the code {code} is already declared at {declared[code]}")
            declared.setdefault(code, place)
    for source in product:
        for code, line in _used_codes(source.tree):
            if code not in declared:
                problems.append(f"{source.path}:{line}: the code {code} has no sentence in any REFUSALS table")
    return problems


def check_rooms(sources: list[Source]) -> list[str]:
    """Rooms whose __init__.py holds more than its docstring (STYLE §2)."""
    return [
        f"{source.path}: a room's __init__.py is its docstring and nothing else"
        for source in sources
        if source.room and len(source.path.parts) == 4 and source.path.name == "__init__.py"
        if not ast.get_docstring(source.tree) or len(source.tree.body) != 1
    ]


def is_kernel(function: Function) -> bool:
    """Whether numba compiles the function."""
    return any(_last_name(decorator) in KERNEL_DECORATORS for decorator in function.decorator_list)


def count_parameters(function: Function) -> int:
    """All parameters, keyword-only ones too, without self and cls."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    stars = [star for star in (arguments.vararg, arguments.kwarg) if star is not None]
    return sum(argument.arg not in {"self", "cls"} for argument in named) + len(stars)


def _walk_functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
            yield from _walk_functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _walk_functions(child, f"{prefix}{child.name}.")
        else:
            yield from _walk_functions(child, prefix)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _ends_transaction(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr in {"commit", "rollback"}:
        return True
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return any(text.strip().upper().startswith(("COMMIT", "ROLLBACK", "BEGIN")) for text in texts)


def _declared_codes(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "REFUSALS" for target in targets):
                values = [key for key in node.value.keys if key is not None]
        elif isinstance(node, ast.Call) and _last_name(node) == "Refusal":
            values = [k.value for k in node.keywords if k.arg == "code"] or node.args[:1]
        elif isinstance(node, ast.ClassDef):
            values = [
                statement.value
                for statement in node.body
                if isinstance(statement, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == "code" for target in statement.targets)
            ]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value, value.lineno


def _used_codes(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last_name(node) == "refusal" and node.args:
            code = node.args[0]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value, node.lineno


def main() -> int:
    """Print every problem of this repository; 1 when there is one."""
    problems = check_all(Path(__file__).resolve().parents[1])
    for problem in problems:
        print(problem)
    print(f"tidy: {len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
