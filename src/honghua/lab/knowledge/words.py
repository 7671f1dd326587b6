"""Meaning by words: English by stems and three-letter parts, Chinese by characters side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

CHINESE: Final = re.compile(r"[\u4e00-\u9fff]+")
ENGLISH: Final = re.compile(r"[a-z]+|[0-9]+[a-z]?")
_SILENT: Final = """
    a an the of in on at to for and or is was were did do does by with from within during over that this which
    what who it its their his her how many much last past some somebody someone had has have be been so far
"""
STOP: Final = frozenset(_SILENT.split())
ALIKE: Final = 0.72  # of the three-letter parts of two words: one means the other, with an ending or a slip
ENDINGS: Final = ("ings", "ing", "ies", "ied", "ments", "ment", "es", "ed", "s", "e", "y")
STEM_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Said:
    """A text taken apart: English words without those that say nothing, as stems, and runs of Chinese."""

    stems: tuple[str, ...]
    chinese: str


@lru_cache(maxsize=20_000)
def take_apart(text: str) -> Said:
    """The meaningful parts of a text."""
    low = text.lower()
    stems = tuple(stem(word) for word in ENGLISH.findall(low) if word not in STOP)
    return Said(stems, " ".join(CHINESE.findall(low)))


def stem(word: str) -> str:
    """A word without its commonest ending."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM_MIN:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=20_000)
def _parts(word: str) -> frozenset[str]:
    padded = f"^{word}$"
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))


def likeness(one: str, other: str) -> float:
    """0 … 1: how much of their three-letter parts two stems share; 0 below ALIKE."""
    if one == other:
        return 1.0
    first, second = _parts(one), _parts(other)
    share = 2 * len(first & second) / max(1, len(first) + len(second))
    return share if share >= ALIKE else 0.0


def meant(question: Said, alias: str) -> float:
    """How strongly a question says an alias: 0, or its number of words (characters) times how well each is met."""
    told = take_apart(alias)
    score = 0.0
    if told.stems:
        met = [max((likeness(word, asked) for asked in question.stems), default=0.0) for word in told.stems]
        if all(met):
            score = sum(met)
    if told.chinese:
        score = max(score, _meant_in_chinese(question.chinese, told.chinese))
    return score


def _meant_in_chinese(question: str, alias: str) -> float:
    if alias in question:
        return len(alias) / 2 + 0.5
    pairs = [alias[place : place + 2] for place in range(len(alias) - 1)]
    met = sum(pair in question for pair in pairs)
    return met / 2 if len(pairs) > 1 and met * 2 > len(pairs) else 0.0


def without(question: Said, alias: str) -> Said:
    """The question without the words of an alias that it says."""
    told = take_apart(alias)
    left = tuple(asked for asked in question.stems if not any(likeness(word, asked) for word in told.stems))
    return Said(left, question.chinese.replace(told.chinese, " ") if told.chinese else question.chinese)


def best(question: Said, aliases: Iterable[str]) -> float:
    """The strongest of several aliases, and a little for each further one that is said."""
    scores = sorted((meant(question, alias) for alias in aliases), reverse=True)
    return scores[0] + 0.1 * sum(score > 0 for score in scores[1:]) if scores else 0.0


def aliases_of(en: str, zh: str, meaning: str) -> Sequence[str]:
    """What a described thing may be called: its names, and each saying of its meaning (by commas, and Chinese by spaces)."""
    said = [en, zh]
    for part in re.split(r"[,;、,]", meaning):
        words = part.split()
        chinese = [word for word in words if CHINESE.search(word)]
        english = " ".join(word for word in words if not CHINESE.search(word))
        said += [english, *chinese]
    return tuple(one for one in said if one)


__all__ = ["Said", "aliases_of", "best", "likeness", "meant", "stem", "take_apart", "without"]
