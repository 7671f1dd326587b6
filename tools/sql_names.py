"""Each room's SQL touches its own tables only: a table's name begins with its room's (STYLE §1)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

SQL_VERB = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|COPY|TRUNCATE|CREATE|ALTER|GRANT|REVOKE|LOCK|DROP)\b")
SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_KEYWORD = (
    "AS|CASCADE|CROSS|EXISTS|FROM|FULL|GROUP|IF|INNER|INTO|JOIN|LATERAL|LEFT|NATURAL|NOT|ON|ONLY|ORDER|REFERENCES|RIGHT"
    "|SEQUENCE|SET|TABLE|UPDATE|USING|VIEW|WHERE"
)
_NAME = rf'(?!(?:{_KEYWORD})\b)"?[a-z_][a-z0-9_.]*"?'
_ITEM = rf"{_NAME}(?:\s+(?:AS\s+)?{_NAME})?"
# Words that a table's name follows; `FROM a x, b` and `ON a, b TO` name several.
TABLE_PLACE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|COPY|TRUNCATE|REFERENCES|ON|VIEW|SEQUENCE|EXISTS|ONLY)\s+"
    rf"({_ITEM}(?:\s*,\s*{_ITEM})*)",
    re.IGNORECASE,
)
SEQUENCE_CALL = re.compile(r"\b(?:nextval|setval|currval)\s*\(\s*'([a-z0-9_]+)'", re.IGNORECASE)
CREATED = re.compile(
    r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+|MATERIALIZED\s+)?(TABLE|VIEW|SEQUENCE|FUNCTION|PROCEDURE|TYPE|DOMAIN)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?([a-z0-9_.]+)",
    re.IGNORECASE,
)
CALLS_WITH_TABLE = {
    "copy_in"
}  # functions of `store` that are handed a table's name; `allocate` is store's own door to ids


def check_tables(root: Path, files: Iterable[tuple[Path, str, ast.Module]]) -> list[str]:
    """Tables of another room in a room's Python or migrations, and things created without the room's prefix."""
    package = root / "src" / "honghua"
    rooms = {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
    problems = []
    for path, room, tree in files:
        if room:
            for line, name in tables_of_python(tree):
                problems += _problem(path, line, room, name, rooms)
    for file in sorted(package.glob("*/migrations/*.sql")):
        path, room = file.relative_to(root), file.parts[-3]
        sql = _blank_comments(file.read_text(encoding="utf-8"))
        for line, name in tables_of_sql(sql):
            problems += _problem(path, line, room, name, rooms)
        for match in CREATED.finditer(sql):
            if not match[2].startswith(f"{room}_"):
                line = sql.count("\n", 0, match.start()) + 1
                problems.append(f"{path}:{line}: {match[1].lower()} {match[2]} must be named {room}_…")
    return problems


def tables_of_python(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of what stands in a table's place in the SQL texts of a file."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = _text_of(node)
        if text is not None and id(node) not in docstrings and SQL_VERB.search(text):
            for line, name in tables_of_sql(_blank_comments(text)):
                yield getattr(node, "lineno", 0) + line - 1, name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            for argument in node.args if called in CALLS_WITH_TABLE else []:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.lineno, argument.value


def tables_of_sql(sql: str) -> Iterator[tuple[int, str]]:
    """(line, name) of what stands in a table's place; names that are no tables at all may be among them."""
    for match in TABLE_PLACE.finditer(sql):
        line = sql.count("\n", 0, match.start()) + 1
        for item in match[1].split(","):
            yield line, item.split()[0].strip('"').partition(".")[0]
    for match in SEQUENCE_CALL.finditer(sql):
        yield sql.count("\n", 0, match.start()) + 1, match[1]


def _text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else " … " for part in node.values)  # type: ignore[misc]
    return None


def _blank_comments(sql: str) -> str:
    return SQL_COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sql)


def _problem(path: Path, line: int, room: str, name: str, rooms: set[str]) -> list[str]:
    owner = next((other for other in rooms if name.startswith(f"{other}_")), room)
    return [] if owner == room else [f"{path}:{line}: {room} touches {name}, a table of {owner}; ask {owner}'s api"]
