"""The target as 0 and 1, and the time as whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.lab.tables.columns import code_texts, flatten, infer_column
from honghua.lab.tables.records import Int64, Kind, Target, Unread

SHOWN: Final = 8
MILLIONTHS: Final = 1_000_000
# Words for the event that a credit model foretells, and for its absence; in small letters. Elsewhere the rarer word is the event.
EVENTS: Final = frozenset(
    {"yes", "y", "true", "t", "bad", "default", "defaulted", "fraud", "late", "denied", "deny", "rejected",
     "charged off", "charged_off", "charge off", "churn", "positive", "event", "delinquent", "overdue", "是", "坏", "违约", "逾期"}
)  # fmt: skip
CALMS: Final = frozenset(
    {"no", "n", "false", "f", "good", "paid", "fully paid", "fully_paid", "repaid", "current", "ok", "normal",
     "approved", "negative", "non-event", "否", "好", "正常"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ReadTarget:
    """values uint8[m] of the rows int64[m] that have one; words of 0 and 1; why they are so."""

    values: Target
    rows: Int64
    words: tuple[str, str]
    note: str


def read_target(name: str, data: pa.ChunkedArray, *, positive: str | None = None) -> ReadTarget:
    """0 and 1 of a column with two values; `positive` names the one that is 1. BadInput says what is wrong with it."""
    unique, places = code_texts(flatten(data))
    spelled, merged = _merge_spellings(unique)
    counts = np.bincount(places, minlength=len(unique))
    ones: dict[str, int] = {}
    for text, rows_of in zip(spelled, counts.tolist(), strict=True):
        if text is not None:
            ones[text] = ones.get(text, 0) + rows_of
    words = sorted(ones)
    if len(words) != 2:
        shown = ", ".join(words[:SHOWN]) + (" …" if len(words) > SHOWN else "")
        told = f"the target {name} has {len(words):,} different values ({shown}); exactly two are wanted"
        raise BadInput(told, code="BAD_TARGET")
    one, why = _choose_one(words, ones, positive=positive)
    zero = next(word for word in words if word != one)
    code = np.array([-1 if text is None else int(text == one) for text in spelled], np.int64)[places]
    rows = np.flatnonzero(code >= 0)
    note = f"1 of the target {name} is {one!r} and 0 is {zero!r}: {why}"
    if merged:
        note += f"; spellings of one value were taken together ({merged})"
    if len(rows) < len(code):
        note += f"; {len(code) - len(rows):,} rows without a target were left out"
    return ReadTarget(code[rows].astype(np.uint8), rows, (zero, one), note)


def _merge_spellings(unique: Sequence[str | None]) -> tuple[list[str | None], str]:
    """Each text as the first spelling of its value where many spellings are two values (Yes, yes, No); and what was merged."""
    texts = sorted(text for text in unique if text is not None)
    first: dict[str | float, str] = {}
    for text in texts:
        first.setdefault(_meaning(text), text)
    if len(texts) <= 2 or len(first) != 2:
        return list(unique), ""
    merged = [f"{text} = {first[_meaning(text)]}" for text in texts if first[_meaning(text)] != text]
    return [None if text is None else first[_meaning(text)] for text in unique], ", ".join(merged[:SHOWN])


def _meaning(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return " ".join(text.casefold().split())


def _choose_one(words: list[str], counts: dict[str, int], *, positive: str | None) -> tuple[str, str]:
    if positive is not None:
        named = [word for word in words if word == positive] or [w for w in words if _meaning(w) == _meaning(positive)]
        if len(named) != 1:
            raise BadInput(f"the target is never {positive!r}; it is {words[0]!r} or {words[1]!r}", code="BAD_TARGET")
        return named[0], "as asked for"
    try:
        return max(words, key=float), "the larger number is the event"
    except ValueError:
        pass  # they are words
    known = [word for word in words if word.lower() in EVENTS]
    calm = [word for word in words if word.lower() in CALMS]
    if len(known) == 1:
        return known[0], "that word names the event"
    if len(calm) == 1:
        return next(word for word in words if word not in calm), "the other word names its absence"
    return min(words, key=lambda word: (counts[word], word)), "the rarer word is the event"


def read_time(name: str, data: pa.ChunkedArray) -> Int64:
    """Microseconds UTC of dates; whole numbers as they are, other numbers in millionths; a missing time is before all others."""
    column = infer_column(name, data)
    if isinstance(column, Unread) or column.kind.has_words:
        raise BadInput(f"the time column {name} holds neither dates nor numbers", code="BAD_TIME")
    if column.missing.all():
        raise BadInput(f"the time column {name} is empty", code="BAD_TIME")
    scale = {Kind.DATE: DAY_US, Kind.WHOLE: 1}.get(column.kind, MILLIONTHS)
    there = np.where(column.missing, np.nanmin(column.values), column.values)
    return np.round(there * scale).astype(np.int64)


__all__ = ["ReadTarget", "read_target", "read_time"]
