"""The same values by SQL on DuckDB: point-in-time tables for training without running the stream, and the proof of the kernels.

Every row sees rows of its key up to itself: frames count back by row number to the first row of the oldest tile. What does not stand
in the order of time (late rows, and refunds that take back at their origin) is joined to the rows that may see it; a stream
without such strays is read without the joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from honghua.features.core import layout as at
from honghua.features.core.language import FeatureSet, Ratio
from honghua.features.core.schema import ASKED, FIXED, MISSING, EventKind, Ints, Schema
from honghua.features.core.terms import Term

READ: Final = f"kind IN ({EventKind.PURCHASE:d}, {EventKind.TRANSFER:d}, {ASKED})"
REFUND: Final = f"kind = {EventKind.REFUND:d}"
ESTIMATES: Final = "CAST([" + ", ".join(repr(float(x)) for x in at.DISTINCT) + "] AS DOUBLE[])"


def sql_values(feature_set: FeatureSet, events: Ints) -> NDArray[np.float32]:
    """float32[n, V]: what `FeatureStore.step` writes for events int64[n, C], by DuckDB. Equal in all bits; entropy within one ulp."""
    schema = feature_set.schema
    schema.check(events)
    strays = bool((np.diff(events[:, 0]) < 0).any() or any(term.reverse for term in feature_set.terms))
    out = np.full((len(events), len(feature_set.names)), np.nan, np.float32)
    with import_module("duckdb").connect() as base:  # loaded when asked: no decision needs it
        base.register("features_event", to_table(schema, events))
        told = base.execute(sql_of(feature_set, strays=strays)).fetchnumpy()
    rows = told["seq"]
    for place, name in enumerate(feature_set.names):
        out[rows, place] = np.ma.filled(told[name].astype(np.float32), np.nan)
    return out


def to_table(schema: Schema, events: Ints) -> pa.Table:
    """The relation that `sql_of` reads: a row number `seq` and the columns of the schema, NULL where a number is missing."""
    columns = {"seq": pa.array(np.arange(len(events), dtype=np.int64))}
    for place, name in enumerate(schema.columns):
        column = np.ascontiguousarray(events[:, place])
        columns[name] = pa.array(column, mask=column == MISSING)
    return pa.table(columns)


def sql_of(feature_set: FeatureSet, *, strays: bool = True) -> str:
    """One SELECT over features_event: seq and a FLOAT per value for each row that is read.

    strays=False leaves out the joins for late rows and reversals; right only where there are none.
    """
    schema = feature_set.schema
    keys = list(dict.fromkeys(term.key for term in feature_set.terms))
    parts, columns = [], {}
    for g, key in enumerate(keys):
        group = _Group(schema, g, key, strays=strays)
        terms = [term for term in feature_set.terms if term.key == key]
        said = [f'CAST({_value(group, term)} AS FLOAT) AS "{feature_set.names[term.place]}"' for term in terms]
        parts += group.said()
        parts.append(f"features_g{g} AS (SELECT i.seq, {', '.join(said)} FROM {group.source()})")  # noqa: S608
        for term in terms:
            columns[term.place] = f'"{feature_set.names[term.place]}"'
    for place, ratio in feature_set.quotients:
        columns[place] = f'CAST({_quotient(ratio)} AS FLOAT) AS "{ratio.name}"'
    joins = "".join(f" LEFT JOIN features_g{g} USING (seq)" for g in range(len(keys)))
    wanted = ", ".join(columns[place] for place in sorted(columns))
    head = "WITH " + ",\n".join(parts) + "\n" if parts else ""
    return f"{head}SELECT seq, {wanted}\nFROM features_event{joins}\nWHERE {READ}\nORDER BY seq"


@dataclass(slots=True)
class _Group:
    """What the terms of one key ask for: sums over frames, each once."""

    schema: Schema
    number: int
    key: tuple[int, ...]
    strays: bool = field(kw_only=True)
    sums: dict[tuple[str, str, str, str, str], int] = field(default_factory=dict)
    frames: dict[tuple[int, int, bool], str] = field(default_factory=dict)

    def keys(self, prefix: str = "") -> list[str]:
        return [prefix + self.schema.columns[place] for place in self.key]

    def sum(self, term: Term, aggregate: str, value: str, when: str) -> str:
        """SQL of `aggregate` (sum, max, min, bit_or, last) of `value` over the rows that a term sees."""
        frame = (term.span.hop_us, term.span.tiles, term.include_current)
        name = self.frames.setdefault(frame, f"w{len(self.frames)}")
        back = _when(self.schema, [c for c in term.where if c[0] != FIXED.index("kind")]) if term.reverse else ""
        number = self.sums.setdefault((name, aggregate, value, when, back), len(self.sums))
        if not self.strays or not term.span.hop_us:
            return f"i.s{number}"
        if aggregate == "sum":
            return f"(coalesce(i.s{number}, 0) + coalesce({name}.t{number}, 0))"
        if aggregate == "bit_or":
            return f"(coalesce(i.s{number}, 0::UBIGINT) | coalesce({name}.t{number}, 0::UBIGINT))"
        return f"{'greatest' if aggregate == 'max' else 'least'}(i.s{number}, {name}.t{number})"

    def said(self) -> list[str]:
        """The common tables: rows with their key's clock, how far frames go back, sums over frames, strays."""
        g, keys = self.number, ", ".join(self.keys())
        present = " AND ".join(f"{key} <> 0" for key in self.keys())
        spans = sorted({(hop, tiles) for hop, tiles, _ in self.frames if hop})
        backs = "".join(
            f", seq - min(seq) OVER (PARTITION BY {keys} ORDER BY now_us // {hop}"
            f" RANGE BETWEEN {tiles} PRECEDING AND CURRENT ROW) AS back_{hop}_{tiles}"
            for hop, tiles in spans
        )
        clock = f"max(at_us) OVER (PARTITION BY {keys} ORDER BY seq ROWS UNBOUNDED PRECEDING) AS now_us"
        sums = [self._framed(*said, number) for said, number in self.sums.items()]
        windows = [f"{name} AS (PARTITION BY {keys} ORDER BY seq {_frame(f)})" for f, name in self.frames.items()]
        parts = [
            f"features_seen{g} AS (SELECT *, {clock} FROM features_event WHERE {present})",  # noqa: S608
            f"features_back{g} AS (SELECT *{backs} FROM features_seen{g})",  # noqa: S608
            f"features_sums{g} AS (SELECT seq, now_us, {', '.join(sums)} FROM features_back{g} WINDOW {', '.join(windows)})",  # noqa: S608
        ]
        if self.strays:
            parts.append(
                f"features_stray{g} AS (SELECT *, 1 AS sign, at_us AS time_us FROM features_seen{g} WHERE at_us < now_us"  # noqa: S608
                f" UNION ALL SELECT *, -1, least(origin_at_us, now_us) FROM features_seen{g} WHERE {REFUND})"
            )
            parts += [self._strayed(frame, name) for frame, name in self.frames.items() if frame[0]]
        return parts

    def source(self) -> str:
        """Where a term's values are read: the sums, and the strays of each frame beside them."""
        joined = [name for frame, name in self.frames.items() if frame[0] and self.strays]
        joins = "".join(f" LEFT JOIN features_stray{self.number}_{name} {name} USING (seq)" for name in joined)
        return f"features_sums{self.number} i{joins}"

    def _framed(self, name: str, aggregate: str, value: str, when: str, back: str, number: int) -> str:
        hop = next(frame[0] for frame, known in self.frames.items() if known == name)
        fresh = f" AND at_us // {hop} = now_us // {hop}" if hop and self.strays else ""
        if aggregate == "last":
            return f"last_value(CASE WHEN {when} THEN {value} END IGNORE NULLS) OVER {name} AS s{number}"
        if back and not hop:
            value = f"CASE WHEN {when} THEN {value} ELSE -({value}) END"
            when = f"(({when}) OR ({back} AND {REFUND}))"
        return f"{aggregate}({value}) FILTER (WHERE {when}{fresh}) OVER {name} AS s{number}"

    def _strayed(self, frame: tuple[int, int, bool], name: str) -> str:
        hop, tiles, current = frame
        sums = [
            f"{aggregate}({value}) FILTER (WHERE sign = 1 AND {when}) AS t{number}"
            if not back
            else f"sum(sign * ({value})) FILTER (WHERE (sign = 1 AND {when}) OR (sign = -1 AND {back})) AS t{number}"
            for (of, aggregate, value, when, back), number in self.sums.items()
            if of == name
        ]
        same = " AND ".join(f"{a} = {b}" for a, b in zip(self.keys("j."), self.keys("r."), strict=True))
        seen = f"j.seq {'<=' if current else '<'} r.seq AND j.time_us // {hop} >= r.now_us // {hop} - {tiles}"
        late = f"(j.sign < 0 OR j.time_us // {hop} < j.now_us // {hop})"
        reader = f"(SELECT seq, now_us, {', '.join(self.keys())} FROM features_seen{self.number} WHERE {READ}) r"  # noqa: S608
        return (
            f"features_stray{self.number}_{name} AS (SELECT r_seq AS seq, {', '.join(sums)} FROM (SELECT r.seq AS r_seq, j.*"  # noqa: S608
            f" FROM {reader} JOIN features_stray{self.number} j ON {same} AND {seen} AND {late}) GROUP BY r_seq)"
        )


def _frame(frame: tuple[int, int, bool]) -> str:
    hop, tiles, current = frame
    end = "CURRENT ROW" if current else "1 PRECEDING"
    start = f"(back_{hop}_{tiles}) PRECEDING" if hop else "UNBOUNDED PRECEDING"
    return f"RANGE BETWEEN {start} AND {end}"


def _when(schema: Schema, where: Iterable[tuple[int, str, int]]) -> str:
    said = [
        f"{schema.columns[column]} % {constant} = 0"
        if op == "multiple_of"
        else f"{schema.columns[column]} {'=' if op == '==' else op} {constant}"
        for column, op, constant in where
    ]
    return " AND ".join(said) or "true"


def _mixed(x: str, depth: str = "x") -> str:
    """SQL of kernels.rows.mix32: a chain of lambdas, as SQL has no let."""
    steps = (
        f"xor({depth}, {depth} >> 16)",
        f"({depth} * {0x7FEB352D}) & 4294967295",
        f"xor({depth}, {depth} >> 15)",
        f"({depth} * {0x31848BAB}) & 4294967295",
        f"xor({depth}, {depth} >> 16)",
    )
    said = f"[{x}]"
    for step in steps:
        said = f"list_transform({said}, lambda {depth}: {step})"
    return f"({said})[1]"


def _scattered(column: str) -> str:
    high = _mixed(f"({column} >> 32) & 4294967295")
    return _mixed(f"xor({column} & 4294967295, {high})")


def _value(group: _Group, term: Term) -> str:
    """SQL of a term's value: the kernels' expressions in the kernels' order."""
    column = group.schema.columns[term.column]
    when = f"kind <> {ASKED} AND {_when(group.schema, term.where)}"
    if term.of_entity:
        when += f" AND {column} <> 0"
    elif term.column >= len(FIXED):
        when += f" AND {column} IS NOT NULL"

    def total(value: str) -> str:
        return f"CAST(CAST(coalesce({group.sum(term, 'sum', value, when)}, 0) AS BIGINT) AS DOUBLE)"

    told, empty = "", "0.0" if term.zero_when_empty else "NULL"
    match term.aggregate:
        case "count":
            return f"CASE WHEN {total('1')} > 0 THEN {total('1')} ELSE {total('1') if term.zero_when_empty else 'NULL'} END"
        case "sum" if term.zero_when_empty:
            return total(column)
        case "sum":
            told = f"CASE WHEN {total('1')} > 0 THEN {total(column)} END"
        case "mean":
            told = f"CASE WHEN {total('1')} > 0 THEN {total(column)} / {total('1')} END"
        case "std":
            held = f"least(greatest({column}, {-at.ROOT}), {at.ROOT})"
            high, low = total(f"({held} * {held}) >> 32"), total(f"({held} * {held}) & 4294967295")
            n, s = total("1"), total(held)
            squares = f"({high} * 4294967296.0::DOUBLE + {low})"
            told = f"CASE WHEN {n} > 0 THEN sqrt(greatest(0.0::DOUBLE, {n} * {squares} - {s} * {s}) / ({n} * {n})) END"
        case "entropy":
            told = _entropy([total(f"CASE WHEN {_scattered(column)} & 15 = {k} THEN 1 ELSE 0 END") for k in range(16)])
        case "distinct":
            bits = group.sum(term, "bit_or", f"1::UBIGINT << CAST({_scattered(column)} & 63 AS UBIGINT)", when)
            told = f"{ESTIMATES}[nullif(bit_count({bits}), 0) + 1]"
        case "since":
            told = f"CAST(i.now_us - {group.sum(term, 'max', 'at_us', when)} AS DOUBLE) / 1e6::DOUBLE"
        case "first_seen":
            told = f"CAST(i.now_us - {group.sum(term, 'min', 'at_us', when)} AS DOUBLE) / 1e6::DOUBLE"
        case aggregate:
            told = f"CAST({group.sum(term, aggregate, column, when)} AS DOUBLE)"
    return f"coalesce({told}, {empty})"


def _entropy(counts: list[str]) -> str:
    n = "(" + " + ".join(counts) + ")"
    heard = " + ".join(
        f"CASE WHEN {c} > 0 THEN {c} * ln(greatest({c}, 1.0::DOUBLE)) ELSE 0.0::DOUBLE END" for c in counts
    )
    return f"CASE WHEN {n} > 0 THEN greatest(0.0::DOUBLE, ln(greatest({n}, 1.0::DOUBLE)) - ({heard}) / {n}) END"


def _quotient(ratio: Ratio) -> str:
    def operand(name: str) -> str:
        return f'CAST("{name}" AS DOUBLE)'

    weight = f"{ratio.weight!r}::DOUBLE"
    under = operand(ratio.under) + (f" - {operand(ratio.less)}" if ratio.less else "") + f" + {weight}"
    whole = f"({under}) <> 0.0"
    if ratio.support:
        whole += f" AND {operand(ratio.support)} >= {ratio.support_min!r}::DOUBLE"
    return f"CASE WHEN {whole} THEN ({operand(ratio.over)} + {weight} * {ratio.prior!r}::DOUBLE) / ({under}) END"


__all__ = ["sql_of", "sql_values", "to_table"]
