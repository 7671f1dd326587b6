"""Does a complaint or an objection read like the script of a “credit repair” agent? A weight for each short piece of text, summed. Pure.

What it says never changes how a complaint is treated: its clock runs, a person answers it. It makes us warn the customer, at once, that
nobody can be paid to clean a record, and show the free way.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

GRAM_MIN: Final = 2
GRAM_MAX: Final = 4
TEXT_MAX: Final = 4_000
SIGNS_SHOWN: Final = 5
NUMBERS: Final = re.compile(r"[0-9]+([.,][0-9]+)*")
BLANKS: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ScriptModel:
    """weights: log-odds of a script for each piece; bias: of a text without any; bound: the chance from which we warn. name: in records."""

    name: str
    bias: float
    bound: float
    weights: Mapping[str, float] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ScriptReading:
    """chance 0 … 1; is_scripted: at or above the model's bound; signs: the pieces that spoke for it most."""

    chance: float
    is_scripted: bool
    signs: tuple[str, ...]
    model: str


def normalise_words(text: str) -> str:
    """One way of writing: width, case and blanks do not matter, a number is 0."""
    plain = unicodedata.normalize("NFKC", text[:TEXT_MAX]).lower()
    return NUMBERS.sub("0", BLANKS.sub(" ", plain)).strip()


def find_grams(text: str) -> set[str]:
    """All pieces of 2 … 4 characters, each once however often it stands there."""
    plain = normalise_words(text)
    return {plain[k : k + n] for n in range(GRAM_MIN, GRAM_MAX + 1) for k in range(len(plain) - n + 1)}


def read_script(model: ScriptModel, text: str) -> ScriptReading:
    """The chance that a text is an agent's script. Long texts do not weigh more: pieces share one unit of length."""
    grams = find_grams(text)
    known = {gram: model.weights[gram] for gram in grams if gram in model.weights}
    scale = 1.0 / math.sqrt(max(len(known), 1))
    chance = 1.0 / (
        1.0 + math.exp(-max(-40.0, min(40.0, model.bias + scale * sum(known[one] for one in sorted(known)))))
    )
    signs = sorted((gram for gram, weight in known.items() if weight > 0), key=lambda one: (-known[one], one))
    return ScriptReading(chance, chance >= model.bound, tuple(signs[:SIGNS_SHOWN]), model.name)


__all__ = ["ScriptModel", "ScriptReading", "find_grams", "normalise_words", "read_script"]
