"""What a language model's words may hold: plain text of bounded length, no code, no address, no figure that nobody measured."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

from honghua.agents.core.figures import find_unsupported

TEXT_CHARS_MAX: Final = 4_000
TEXTS_MAX: Final = 200
CODE: Final = (
    ("a fence of code", re.compile(r"```|~~~|`[^`\n]+`")),
    ("a tag", re.compile(r"<\s*/?\s*[a-zA-Z!?][^>]*>|&#?\w+;|javascript:", re.IGNORECASE)),
    ("an address", re.compile(r"\b[a-z][a-z0-9+.-]*://|\bwww\.", re.IGNORECASE)),
    ("a statement of SQL", re.compile(
        r"\b(?:select\b.{1,200}\bfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|drop\s+(?:table|database)|union\s+select)\b",
        re.IGNORECASE | re.DOTALL)),
    ("a statement of a program", re.compile(
        r"(?m)^\s*(?:import\s+\w+|from\s+\w[\w.]*\s+import|def\s+\w+\s*\(|class\s+\w+\s*[:(]|return\b|#!/)|\b\w+\s*=\s*lambda\b"
        r"|\b(?:exec|eval|__import__|os\.system|subprocess)\b\s*[.(]|[;{}]\s*$|=>|\$\(|&&|\|\|")),
)  # fmt: skip


def list_texts(value: Any) -> Iterator[str]:
    """Every text of an answer: of a dataclass, list, tuple or mapping, at any depth; AssertionError for what is no text."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from list_texts(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from list_texts(key)
            yield from list_texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from list_texts(inner)
    else:
        assert value is None or isinstance(value, bool), (
            f"{type(value).__name__} in an answer: a model gives texts, never numbers"
        )


def find_objections(value: Any, shown: Mapping[str, str]) -> tuple[str, ...]:
    """Why these words may not be used, as sentences; () when they may."""
    texts = list(list_texts(value))
    problems = [f"{len(texts)} texts, more than {TEXTS_MAX}"] if len(texts) > TEXTS_MAX else []
    for text in texts[:TEXTS_MAX]:
        if len(text) > TEXT_CHARS_MAX:
            problems.append(f"a text of {len(text):,} characters, more than {TEXT_CHARS_MAX:,}")
            continue
        if any(unicodedata.category(one) in ("Cc", "Cf", "Co", "Cn") and one != "\n" for one in text):
            problems.append("a character that cannot be seen")
        problems += [f"{what} in {text[:60]!r}" for what, pattern in CODE if pattern.search(text)]
        missing = find_unsupported(text, shown.values())
        if missing:
            problems.append(f"{', '.join(missing)}: no artefact that was shown holds this figure")
    return tuple(dict.fromkeys(problems))


__all__ = ["find_objections", "list_texts"]
