"""Which columns are used, and why the others are not; looked at on the fitting rows only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np

from honghua.base.rng import derive_rng
from honghua.lab.fitting.folds import draw_one_each, draw_sample, find_groups
from honghua.lab.fitting.leaks import Suspicion, find_leaks
from honghua.lab.fitting.singles import Single, look_at
from honghua.lab.tables.api import Column, Kind, Table, describe, encode
from honghua.models.api import train_forest

EVIDENCE_ROWS_MAX: Final = 150_000
GROUPS_MIN: Final = 200  # with fewer persons a row of each is too little to look at: then all rows are
P_MAX: Final = 0.01
ID_NAME: Final = re.compile(
    r"(^|_|\b)(id|ids|uuid|guid|key|no|nr|num|number|index|rowid|seq|serial)$|^(id|unnamed|index|row)(_|\b|:)|编号|序号",
    re.IGNORECASE,
)
ID_SHARE: Final = 0.5
WORDS_ID_SHARE: Final = 0.5
DENSE: Final = 1.5
SHADOW_ROUNDS: Final = 60
SHADOW_SEEDS: Final = 3
SHADOW_ROWS_MAX: Final = 60_000
SHADOW_CELLS_MAX: Final = 12_000_000
GAIN_OVER_SHADOW: Final = 1.3


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column that is not used: why (a word), and the evidence."""

    name: str
    why: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Screening:
    """accepted: columns that the models read; doubtful: those of them (at first: beside them) that chance may explain by themselves, read
    only because a forest foretells unseen rows better with them.
    """

    accepted: tuple[str, ...]
    doubtful: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    suspected: tuple[Suspicion, ...]
    singles: Mapping[str, Single]


def screen(
    table: Table, *, seed: int, leave_out: tuple[str, ...] = (), trust: tuple[str, ...] = (), threads: int = 2
) -> Screening:
    """Look at every column of a table of fitting rows."""
    dropped = [Dropped(one.name, "unreadable", one.why) for one in table.unread]
    dropped += [Dropped(name, "asked", "left out as asked") for name in leave_out if name in table.names]
    plain = table.without(leave_out)
    formal = {name: found for name, found in _find_formal(plain).items() if name not in trust}
    dropped += formal.values()
    left = plain.without(formal)
    left = _take_evidence(left, seed=seed)
    singles = {column.name: look_at(column, left.labels, seed=seed) for column in left.columns}
    suspected = find_leaks(left, list(singles.values()), trust=trust)
    dropped += [Dropped(one.name, "leak", one.evidence) for one in suspected if one.left_out]
    gone = {one.name for one in suspected if one.left_out}
    left = left.without(gone)
    sure = {name for name in left.names if singles[name].p <= P_MAX}
    unsure = [name for name in left.names if name not in sure]
    if unsure:
        sure |= _beat_shadows(left, seed=seed, threads=threads) & set(unsure)
    accepted = tuple(name for name in left.names if name in sure)
    doubtful = tuple(name for name in left.names if name not in sure)
    return Screening(accepted, doubtful, tuple(dropped), suspected, singles)


def _take_evidence(table: Table, *, seed: int) -> Table:
    """The rows that are looked at: one of each person, as eight rows of one say no more about chance than one does; a sample of many."""
    groups = find_groups(table)
    if groups is not None and len(np.unique(groups)) >= GROUPS_MIN:
        table = table.take(draw_one_each(groups, seed=seed, name="evidence"))
    return table.take(draw_sample(table.labels, rows=EVIDENCE_ROWS_MAX, seed=seed, name="evidence"))


def tell_noise(single: Single) -> Dropped:
    """What is said of a doubtful column that does not help."""
    return Dropped(
        single.name,
        "noise",
        f"chance explains its tie with the target (p = {single.p:.2g}, alone AUC {single.auc:.3f})",
    )


def _find_formal(table: Table) -> dict[str, Dropped]:
    """Columns that no look at the target is needed for: constant, copies of others, ids."""
    found: dict[str, Dropped] = {}
    seen: dict[bytes, str] = {}
    for column in table.columns:
        print_ = sha256(np.ascontiguousarray(column.values).tobytes() + "\0".join(column.words).encode()).digest()
        if _is_constant(column):
            found[column.name] = Dropped(column.name, "constant", "every row has the same value")
        elif print_ in seen:
            found[column.name] = Dropped(column.name, "duplicate", f"the same as {seen[print_]} in every row")
        else:
            told = _is_id(column)
            if told:
                found[column.name] = Dropped(column.name, "id", told)
        seen.setdefault(print_, column.name)
    return found


def _is_constant(column: Column) -> bool:
    lost = column.missing
    there = column.values[~lost]
    return bool(lost.all() or (not lost.any() and there.min() == there.max()))


def _is_id(column: Column) -> str:
    there = column.values[~column.missing]
    if not len(there):
        return ""
    if column.kind not in (Kind.WHOLE, Kind.CATEGORY):
        return ""
    distinct = len(np.unique(there))
    share = distinct / len(there)
    if column.kind.has_words:
        if share > WORDS_ID_SHARE and distinct > 50:
            return f"{distinct:,} different texts in {len(there):,} rows"
        return ""
    if share == 1.0 and np.ptp(there) + 1 <= DENSE * distinct:
        return "whole numbers, each once and nearly without gaps: a row's number"
    if share > ID_SHARE and ID_NAME.search(column.name):
        return f"its name is that of an id and {share:.0%} of its values are different"
    return ""


def _beat_shadows(table: Table, *, seed: int, threads: int) -> set[str]:
    """Columns that a forest uses more than any shuffled copy of a column: what two columns say only together is found so."""
    rng = derive_rng(seed, "shadows")
    schema = describe(table, table.names)
    rows = min(table.rows, SHADOW_ROWS_MAX, max(2_000, SHADOW_CELLS_MAX // max(1, 2 * len(table.names))))
    some = np.sort(rng.choice(table.rows, rows, replace=False))
    part = table.take(some)
    x, y = encode(part, schema), part.labels
    wins = np.zeros(len(table.names), np.int64)
    for k in range(SHADOW_SEEDS):
        shuffled = np.column_stack([x[rng.permutation(rows), j] for j in range(x.shape[1])])
        names = [*schema.names, *(f"shadow {name}" for name in schema.names)]
        trained = train_forest(
            np.ascontiguousarray(np.hstack([x, shuffled])), y, names=names, seed=seed + k, rounds=SHADOW_ROUNDS, num_threads=threads,
            params={"num_leaves": 8, "feature_fraction": 0.5, "learning_rate": 0.1, "cat_smooth": 20.0, "max_cat_to_onehot": 8},
        )  # fmt: skip
        gain = np.array(trained.gain)
        wins += gain[: len(schema.names)] > GAIN_OVER_SHADOW * gain[len(schema.names) :].max()
    return {name for name, won in zip(table.names, wins, strict=True) if won == SHADOW_SEEDS}


__all__ = ["Dropped", "Screening", "screen", "tell_noise"]
