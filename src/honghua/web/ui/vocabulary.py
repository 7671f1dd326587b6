"""The words of all consoles, looked up by key and language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, tuple[str, str]]
LANGUAGES: Final = ("zh", "en")
PLURAL: Final = "|"  # "{n} day|{n} days": the first for one, the second for every other number


def look_up(words: Words, language: str, key: str, values: Mapping[str, object]) -> str:
    """The words under a key with their values filled in; KeyError for a key that nobody wrote."""
    text = words[key][LANGUAGES.index(language)]
    if PLURAL in text and "n" in values:
        one, other = text.split(PLURAL)
        text = one if values["n"] == 1 else other
    return text.format(**values) if values else text
