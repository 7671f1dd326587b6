"""What a page of docs may say: every path, name and command in it exists, so that pages cannot rot (STYLE §12)."""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ADR_LINES_MAX = 50
ADR_HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TICKED = re.compile(r"`([^`\n]+)`")
FILE_NAME = re.compile(r"^[\w.*-]+(/[\w.*-]+)*/?(::?[\w.]+)?$")
DOTTED = re.compile(r"^[a-z_]\w*(\.[A-Za-z_]\w*)+(\(\))?$")
CALLED = re.compile(r"^([A-Za-z_]\w*)\(\)$")
SETTING = re.compile(r"^HONGHUA_[A-Z_]+$")
SUFFIXES = (".py", ".md", ".sql", ".toml", ".sh", ".lock")

Parser = Callable[[], argparse.ArgumentParser]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def commands_of(block: Block) -> list[str]:
    """The command lines of a bash block, without prompts, comments and continued lines."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [bare for line in lines if (bare := re.sub(r"(^|\s+)#.*$", "", line).removeprefix("$ ").strip())]


def check_page(root: Path, page: Path, parser: Parser) -> list[str]:
    """Ticked paths, dotted names, calls and commands of a page that do not exist, and bash lines that do not parse."""
    text = page.read_text(encoding="utf-8")
    problems = []
    for block in blocks_of(text):
        for command in commands_of(block) if block.language in {"bash", "sh"} else []:
            problems += check_command(root, command, parser)
    prose = FENCE.sub("", text)
    for token in dict.fromkeys(TICKED.findall(prose)):
        problems += check_token(root, token, parser)
    return [f"{page.relative_to(root)}: {problem}" for problem in problems]


def check_token(root: Path, token: str, parser: Parser) -> list[str]:
    """One ticked word of prose: command, setting, path, dotted name, call `f()`; a plain word proves nothing."""
    if token.startswith(("honghua ", "make ")):
        return check_command(root, token, parser)
    if SETTING.match(token):
        known = token in (root / "src/honghua/app/settings.py").read_text(encoding="utf-8")
        return [] if known else [f"there is no setting {token}"]
    if FILE_NAME.match(token) and ("/" in token or token.partition("::")[0].partition(":")[0].endswith(SUFFIXES)):
        return check_path(root, token)
    if called := CALLED.match(token):
        return [] if called[1] in _defined_names(root) else [f"nothing is called {token}"]
    if DOTTED.match(token):
        return check_dotted(root, token.removesuffix("()"))
    return []


def check_command(root: Path, command: str, parser: Parser) -> list[str]:
    """A command line: `make` verbs stand in the Makefile, `honghua …` parses; other programs are not ours to check."""
    words = shlex.split(command, comments=True)
    while words and re.match(r"^[A-Z_]+=", words[0]):
        words.pop(0)
    if words[:1] == ["make"]:
        verbs = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        return [f"make has no verb {word}" for word in words[1:] if "=" not in word and word not in verbs]
    if words and Path(words[0]).name == "honghua":
        for end, word in enumerate(words):
            if word in {"|", ">", "&&", ";"}:
                words = words[:end]
                break
        return _parse(words[1:], command, parser)
    return []


def check_path(root: Path, token: str) -> list[str]:
    """A path from the repository or from the package, `*` allowed, optionally `file.py::name` or `file.py:name`."""
    path, _, name = token.replace("::", ":").partition(":")
    for base in (root, root / "src" / "honghua", root / "docs"):
        found = [file for file in base.glob(path.rstrip("/")) if file.exists()]
        if found:
            missing = name and not any(name.split(".")[0] in _names_in(file) for file in found if file.suffix == ".py")
            return [f"{path} has no {name}"] if missing else []
    return [f"there is no {path}"]


def check_dotted(root: Path, token: str) -> list[str]:
    """`room.module.name`, with or without `honghua.`; a dotted word of no room (`numpy.int64`) proves nothing."""
    parts = token.split(".")
    package = root / "src" / "honghua"
    if parts[0] == "honghua":
        parts = parts[1:]
    elif not (package / parts[0]).is_dir():
        return []
    place = package
    for index, part in enumerate(parts):
        if (place / part).is_dir():
            place = place / part
        elif (file := place / f"{part}.py").is_file():
            rest = parts[index + 1 :]
            return [] if not rest or rest[0] in _names_in(file) else [f"{token}: {file.name} has no {rest[0]}"]
        else:
            known = (place / "__init__.py").is_file() and part in _names_in(place / "__init__.py")
            return [] if known else [f"{token}: there is no {part}"]
    return []


def check_adr(path: Path) -> list[str]:
    """An ADR's name, title, length, headings, and a decision of one paragraph."""
    lines = path.read_text(encoding="utf-8").splitlines()
    headings = [line[3:] for line in lines if line.startswith("## ")]
    problems = []
    if not re.match(r"^\d{4}-[a-z0-9-]+\.md$", path.name):
        problems.append("is not named NNNN-title.md")
    if not lines or not lines[0].startswith(f"# {path.name[:4]} "):
        problems.append(f"does not begin with '# {path.name[:4]} Title'")
    if len(lines) > ADR_LINES_MAX:
        problems.append(f"has {len(lines)} lines; {ADR_LINES_MAX} are the limit")
    if headings != ADR_HEADINGS:
        problems.append(f"has the headings {headings}, not {ADR_HEADINGS}")
    else:
        start, end = lines.index("## Decision") + 1, lines.index("## Consequences")
        paragraph = "\n".join(lines[start:end]).strip()
        if not paragraph or "\n\n" in paragraph or len(re.findall(r"\.(?:\s|$)", paragraph)) != 1:
            problems.append("does not say its decision in one sentence")
    return [f"{path.name} {problem}" for problem in problems]


def check_adr_numbers(folder: Path) -> list[str]:
    """ADR numbers that are missing or used twice."""
    numbers = Counter(int(path.name[:4]) for path in folder.glob("[0-9][0-9][0-9][0-9]-*.md"))
    twice = [f"ADR {number:04d} stands there twice" for number, count in numbers.items() if count > 1]
    return twice + [f"ADR {number:04d} is missing" for number in range(1, max(numbers) + 1) if number not in numbers]


def check_glossary(text: str) -> list[str]:
    """Terms that stand twice, or without a meaning; a term is the first cell of a table row, meaning the last."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    terms = [row[0] for row in rows if not set(row[0]) <= set("-: ") and row[0] != "term"]
    twice = [f"{term!r} stands there twice" for term, count in Counter(map(str.lower, terms)).items() if count > 1]
    return twice + [f"{row[0]!r} has no meaning" for row in rows if not row[-1]]


def _parse(words: list[str], command: str, parser: Parser) -> list[str]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            parser().parse_args(words)
        except SystemExit as stop:
            if stop.code:
                return [f"`{command}` does not parse: {said.getvalue().strip().splitlines()[-1]}"]
    return []


def _names_in(file: Path) -> frozenset[str]:
    return _names_bound(file.read_text(encoding="utf-8")) if file.suffix == ".py" else frozenset()


@cache  # the tree's files are asked for every name without a path
def _names_bound(text: str) -> frozenset[str]:
    return frozenset(_bound_names(ast.parse(text)))


def _defined_names(root: Path) -> set[str]:
    files = [file for folder in ("src", "tools") for file in (root / folder).rglob("*.py")]
    return {name for file in files for name in _names_in(file)}


def _bound_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
