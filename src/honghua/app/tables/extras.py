"""Columns that serve no purpose of their own and still tell something: each becomes a number or a category of the event, or is left out.

What is decided looks only at rows up to the end of the fitting time, so that a file cut off there is read alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_table import scale_times
from honghua.app.tables.columns import plain_name
from honghua.app.tables.file import as_floats, as_texts
from honghua.app.tables.guard import looks_label_derived, tells_label
from honghua.app.tables.times import iso_micros
from honghua.base.clock import DAY_US
from honghua.fraud.core import LEVELS_MAX, Family, Value

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
NUMBER_SHARE: Final = 0.99  # of the texts of a column of numbers that must read as numbers
LEVELS_SHARE: Final = 0.5  # of the rows that the commonest values must cover
SAMPLE: Final = 200_000  # rows that a decision looks at
CLOCK_SHARE: Final = 0.999  # of neighbours in time that rise, in a column that is a clock or a counter
CLOCK_VALUES: Final = 100
ID_SHARE: Final = 0.9  # different values among the rows, in a column of ids
ID_FROM: Final = 1_000
MONEY_WORDS: Final = ("balance", "limit", "available", "credit", "income", "余额", "额度")
MONEY_MAX: Final = 6
AFTER_WORDS: Final = ("new", "after", "post")


@dataclass(frozen=True, slots=True)
class Extra:
    """One value of the event itself. kind: number; category (levels: the commonest texts, code 1, 2 …); since (days from that time to
    the event's); part (amount against a sum of money, in amounts); change (what one sum differs from the other, in amounts);
    negative (whether the amount is)."""

    name: str
    kind: str
    columns: tuple[str, ...]
    levels: tuple[str, ...] = ()

    @property
    def value(self) -> Value:
        """As the model describes it: only the fusion reads it. A name that begins with level_ is a category to the forest."""
        return Value(f"{'level' if self.kind == 'category' else 'number'}_{self.name}", Family.PLAIN)


@dataclass(frozen=True, slots=True, eq=False)
class Fitting:
    """What decisions look at: rows of the fitting time in order of time, their labels int8 (1, 0, −1), their number in all."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int8]

    def of(self, column: pa.Array) -> pa.Array:
        """These rows of a column."""
        return column.take(pa.array(self.rows))


def choose_extras(
    columns: Mapping[str, pa.Array],
    fitting: Fitting,
    *,
    numbers: Sequence[str],
    categories: Sequence[str],
    notices: list[str],
) -> tuple[Extra, ...]:
    """Which of these columns are read, and as what. Named ones are taken as named; of the others, what is an id, a clock, constant,
    free text or a consequence of the label is left out, and told."""
    found: list[Extra] = []
    left: list[str] = []
    for column, values in columns.items():
        seen = fitting.of(values)
        named = column in numbers or column in categories
        kind = "number" if column in numbers else "category" if column in categories else ""
        why = ""
        if not kind:
            kind, why = kind_of(column, seen)
        if not why and (sure := tells_label(seen, kind, fitting.labels)):
            text = f"{column} alone tells the label almost always ({sure:.0%} of frauds with hardly an error): a consequence of it"
            if named:
                notices.append(f"beware: {text}? It is read because the map names it")
            else:
                notices.append(
                    f"{text}, most likely. It is not read; name it in the map under numbers or categories if it is known in time"
                )
                why = "tells the label"
        if not named and not why and looks_label_derived(column):
            why = "named as a consequence of the label"
        if why:
            left.append(f"{column} ({why})")
            continue
        levels = common_texts(seen) if kind == "category" else ()
        found.append(Extra(_slug(column, found), kind, (column,), levels))
    found += money_parts(found)
    tell(found, left, notices)
    return tuple(found)


def tell(found: Sequence[Extra], left: Sequence[str], notices: list[str]) -> None:
    """Which columns are read as what."""
    said = {
        "number": "numbers",
        "category": "categories",
        "since": "times, as days before the event",
        "part": "sums set against the amount",
    }
    for kind, words in said.items():
        names = [extra.columns[0] for extra in found if extra.kind == kind]
        if names:
            notices.append(f"read as {words}: {', '.join(names)}")
    if left:
        notices.append(f"not read: {', '.join(left)}")
    late = [e.columns[0] for e in found if e.kind == "part" and plain_name(e.columns[0]).startswith(AFTER_WORDS)]
    if late:
        text = "may be known only after the event: if so, name them in the map under [columns] ignore"
        notices.append(f"{', '.join(late)} {text}")


def kind_of(column: str, seen: pa.Array) -> tuple[str, str]:
    """What a column is, or why it's left out. seen: values of the fitting time in order of time."""
    known = seen.drop_null()
    why = ""
    if len(known) == 0:
        why = "empty"
    elif pa.types.is_nested(seen.type) or pa.types.is_time(seen.type) or pa.types.is_duration(seen.type):
        why = f"of type {seen.type}"
    elif pc.count_distinct(known).as_py() == 1 and len(known) == len(seen):
        why = "always the same"
    if why:
        return "", why
    if pa.types.is_temporal(seen.type):
        return "since", ""
    values = as_floats(known)
    values = values[np.isfinite(values)]
    if pa.types.is_string(seen.type) and len(values) < NUMBER_SHARE * len(known):
        return kind_of_texts(known)
    return ("", "an id or a clock") if is_id_or_clock(column, values) else ("number", "")


def kind_of_texts(known: pa.Array) -> tuple[str, str]:
    """Of texts that aren't numbers."""
    if np.isfinite(iso_micros(known)).mean() >= NUMBER_SHARE:
        return "since", ""
    return ("category", "") if covered(as_texts(known)) >= LEVELS_SHARE else ("", "too many different texts")


def is_id_or_clock(column: str, values: Doubles) -> bool:
    """Whether whole numbers run with time, or name each row."""
    if len(values) == 0:
        return False
    distinct = len(np.unique(values))
    if distinct > CLOCK_VALUES:
        steps = np.diff(values)
        if max((steps >= 0).mean(), (steps <= 0).mean()) >= CLOCK_SHARE:
            return True
    whole = bool((values == np.rint(values)).all())
    plain = column.lower().rstrip("0123456789").replace("-", "_").replace(" ", "_")
    says_id = plain.startswith(("unnamed", "column_")) or (
        plain.endswith(("id", "_no", "number", "_key", "index", "hash", "phone", "account"))
        and not plain.endswith("paid")
    )
    unique = len(values) >= ID_FROM and distinct >= ID_SHARE * len(values)
    return whole and ((unique and float(np.abs(values).min()) >= ID_FROM) or (says_id and distinct > LEVELS_MAX))


def covered(texts: pa.Array) -> float:
    """The share of the rows that the commonest values make up."""
    counts = np.sort(np.asarray(pc.value_counts(texts).field(1)))[::-1]
    return float(counts[:LEVELS_MAX].sum() / max(counts.sum(), 1))


def common_texts(seen: pa.Array) -> tuple[str, ...]:
    """The commonest values, the commonest first; ties by text."""
    counts = pc.value_counts(as_texts(seen).drop_null())
    pairs = sorted((-c.as_py(), v.as_py()) for v, c in zip(counts.field(0), counts.field(1), strict=True))
    return tuple(text for _, text in pairs[:LEVELS_MAX])


def money_parts(found: Sequence[Extra]) -> list[Extra]:
    """Sums of money beside the amount: the amount against each, and what each two differ by, in amounts."""
    sums = [e for e in found if e.kind == "number" and any(word in plain_name(e.columns[0]) for word in MONEY_WORDS)][
        :MONEY_MAX
    ]
    parts = [Extra(f"amount_beyond_{e.name}", "part", e.columns) for e in sums]
    for k, one in enumerate(sums):
        parts += [Extra(f"{one.name}_to_{e.name}", "change", (*one.columns, *e.columns)) for e in sums[k + 1 :]]
    return parts


def _slug(column: str, found: Sequence[Extra]) -> str:
    slug = "".join(c if c.isalnum() and c.isascii() else "_" for c in column)[:50].strip("_") or "x"
    taken = {extra.name for extra in found}
    return slug if slug not in taken else f"{slug}_{len(found)}"


def extra_values(
    extras: Sequence[Extra], columns: Mapping[str, pa.Array], amounts: Doubles, at_us: NDArray[np.int64]
) -> Floats:
    """float32[n, E]; NaN where the value, or the whole column, is missing."""
    out = np.full((len(at_us), len(extras)), np.nan, np.float32)
    sums = {c: as_floats(columns[c]) for e in extras if e.kind in ("part", "change") for c in e.columns if c in columns}
    unit = np.maximum(np.abs(amounts), 0.01)
    for k, extra in enumerate(extras):
        if any(column not in columns for column in extra.columns):
            continue
        found: Doubles
        if extra.kind == "negative":
            found = np.where(amounts < 0, 1.0, 0.0)
        elif extra.kind == "part":
            found = (amounts - sums[extra.columns[0]]) / unit
        elif extra.kind == "change":
            found = (sums[extra.columns[1]] - sums[extra.columns[0]]) / unit
        elif extra.kind == "since":
            found = (at_us - micros_of(columns[extra.columns[0]])) / DAY_US
        elif extra.kind == "category":
            found = codes_of(columns[extra.columns[0]], extra.levels)
        else:
            found = sums[extra.columns[0]] if extra.columns[0] in sums else as_floats(columns[extra.columns[0]])
        with np.errstate(over="ignore"):
            out[:, k] = found
    return out


def micros_of(column: pa.Array) -> Doubles:
    """float64[n] microseconds since 1970, NaN where there is no time."""
    if pa.types.is_string(column.type):
        return iso_micros(column)
    if not pa.types.is_temporal(column.type) or pa.types.is_time(column.type) or pa.types.is_duration(column.type):
        return np.full(len(column), np.nan)
    micros, _, missing = scale_times(column)
    return np.where(missing, np.nan, micros)


def codes_of(column: pa.Array, levels: Sequence[str]) -> Doubles:
    """float64[n]: 1, 2 … as in levels, 0 for any other, NaN where missing."""
    coded = as_texts(column).dictionary_encode()
    code = {text: float(k + 1) for k, text in enumerate(levels)}
    words = np.array([*(code.get(word, 0.0) for word in coded.dictionary.to_pylist()), np.nan])
    found: Doubles = words[np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)]
    return found


__all__ = ["SAMPLE", "Extra", "Fitting", "choose_extras", "common_texts", "covered", "extra_values"]
