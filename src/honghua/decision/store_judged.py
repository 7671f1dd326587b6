"""SQL of whole judgements: records by COPY, layouts, regimes, models, shadows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros
from honghua.decision.core.freezing import Frozen, join_rows
from honghua.decision.core.records import Bits, JudgedColumns, Layout, ShadowColumns
from honghua.store.copybin import Bytes, Column, Int2, Int4, Int8, Int8Array, Text, Timestamp, copy_in, copy_out

Ints = NDArray[np.int64]
PAGE_BLOCKS: Final = 4_096  # 32 MB of the table at a time
NAMES: Final = (
    "account_id", "decision_id", "happened_at", "regime_id", "bundle_id", "outcome", "reason", "amount_minor",
    "extra_minor", "fired", "muted", "arms", "shadows", "frozen", "event",
)  # fmt: skip
PAGE: Final = f"SELECT {', '.join(NAMES)} FROM decision_judged"  # noqa: S608 — our own constant names
KINDS: Final = (
    Int8, Int8, Timestamp, Int4, Int2, Int2, Text, Int8, Int8, Bytes, Bytes, Bytes, Bytes, Bytes, Int8Array,
)  # fmt: skip


class FlatBytes(Bytes):
    """bytea out of memory that already lies behind one another: no Python object per row."""

    __slots__ = ()

    def __init__(self, data: Bits, offsets: NDArray[np.int64]) -> None:
        self.data, self.offsets, self.valid = data, offsets, np.empty(0, np.bool_)

    @classmethod
    def of_rows(cls, rows: Bits) -> FlatBytes:
        """uint8[n, w]: w bytes a row."""
        n, width = rows.shape
        return cls(np.ascontiguousarray(rows).reshape(-1), np.arange(n + 1, dtype=np.int64) * width)


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """Records as they are stored, of one regime or of several, in columns."""

    account_id: NDArray[np.int64]
    decision_id: NDArray[np.int64]
    at_us: NDArray[np.int64]
    regime_id: NDArray[np.int64]
    bundle_id: NDArray[np.int64]
    outcome: NDArray[np.int64]
    reason: list[str | None]
    amount_minor: NDArray[np.int64]
    extra_minor: NDArray[np.int64]
    fired: list[bytes]
    muted: list[bytes]
    arms: list[bytes]
    shadows: list[bytes]
    frozen: list[bytes]
    event: tuple[NDArray[np.int64], NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.decision_id)

    def frozen_of(self, rows: NDArray[np.int64]) -> Frozen:
        """The frozen vectors of some rows."""
        return join_rows([self.frozen[i] for i in rows.tolist()])


def insert_judged(conn: psycopg.Connection, regime_id: int, columns: JudgedColumns) -> None:
    """Append records, and what the shadows said of them."""
    n = len(columns)
    if not n:
        return
    shadows = np.zeros((n, len(columns.shadows)), np.uint8)
    for j, shadow in enumerate(columns.shadows):
        shadows[:, j] = shadow.outcomes
    width = columns.event.shape[1]
    rows: list[Column] = [
        Int8(columns.account_id), Int8(columns.decision_id), Timestamp(columns.at_us), Int4(np.full(n, regime_id)),
        Int2(columns.bundle_id), Int2(columns.outcome), Text(columns.reason), Int8(columns.amount_minor),
        Int8(columns.extra_minor), FlatBytes.of_rows(columns.fired), FlatBytes.of_rows(columns.muted),
        FlatBytes.of_rows(columns.arms), FlatBytes.of_rows(shadows), FlatBytes(columns.frozen.data, columns.frozen.offsets),
        Int8Array(columns.event.reshape(-1), np.arange(n + 1, dtype=np.int64) * width),
    ]  # fmt: skip
    copy_in(conn, "decision_judged", NAMES, rows)
    _insert_shadows(conn, columns)


def _insert_shadows(conn: psycopg.Connection, columns: JudgedColumns) -> None:
    for shadow in columns.shadows:
        asked = shadow.outcomes > 0
        for live in np.unique(columns.bundle_id[asked]).tolist():
            mine = asked & (columns.bundle_id == live)
            met, counts = np.unique(columns.outcome[mine] * 256 + shadow.outcomes[mine], return_counts=True)
            pairs = np.stack([met // 256, met % 256, counts], axis=1).reshape(-1).astype(np.int32)
            conn.execute(
                "INSERT INTO decision_shadow_count (shadow_id, live_id, happened_at, pairs, scores) VALUES (%s, %s, %s, %s, %s)",
                [shadow.bundle_id, live, from_micros(int(columns.at_us[mine][-1])), pairs, _sum_scores(shadow, mine)],
            )
        rows = shadow.rows
        if len(rows):
            found: list[Column] = [
                Int8(columns.decision_id[rows]), Int8(columns.account_id[rows]),
                Int2(np.full(len(rows), shadow.bundle_id)), Int2(columns.bundle_id[rows]), Int2(columns.outcome[rows]),
                Int2(shadow.outcomes[rows].astype(np.int64)), Text(shadow.reasons), Int8(shadow.amounts),
            ]  # fmt: skip
            names = ("decision_id", "account_id", "shadow_id", "live_id", "outcome_live", "outcome", "reason")
            copy_in(conn, "decision_shadow_difference", (*names, "amount_minor"), found)


def _sum_scores(shadow: ShadowColumns, mine: NDArray[np.bool_]) -> list[float] | None:
    """Rows where both models spoke, the sums of what they said, and of the distances; None for a shadow without a model of its own."""
    if shadow.scores is None:
        return None
    live, own = shadow.scores[mine].T
    both = ~(np.isnan(live) | np.isnan(own))
    live, own = live[both], own[both]
    return [float(both.sum()), float(live.sum()), float(own.sum()), float(np.abs(live - own).sum())]


def read_page(conn: psycopg.Connection, where: str, params: Sequence[Any] | dict[str, Any]) -> JudgedPage:
    """Records that a condition of ours selects (with its ORDER BY and LIMIT)."""
    return JudgedPage(*copy_out(conn, f"{PAGE} {where}", KINDS, params))


def iterate_pages(conn: psycopg.Connection, *, ids: Sequence[int] | None, sample: int | None) -> Iterator[JudgedPage]:
    """Those named, or a spread sample, or all: a page of the table at a time, so memory is bounded."""
    if ids is not None:
        yield read_page(conn, "WHERE decision_id = ANY(%s::bigint[])", [np.array(ids, np.int64)])
        return
    if sample is not None:
        yield read_page(conn, "ORDER BY hashint8(decision_id) LIMIT %s", [sample])
        return
    # The table only grows, so a range of its blocks is a page that nothing moves out of: no sort, no index.
    row = conn.execute("SELECT pg_relation_size('decision_judged') / current_setting('block_size')::bigint").fetchone()
    assert row is not None
    for block in range(0, int(row[0]), PAGE_BLOCKS):
        page = read_page(
            conn,
            "WHERE ctid >= format('(%%s,0)', %s)::tid AND ctid < format('(%%s,0)', %s)::tid",
            [block, block + PAGE_BLOCKS],
        )
        if len(page):
            yield page


def read_outcomes(conn: psycopg.Connection, account_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """(account id, decision id, outcome) of every judgement on these accounts, in parallel columns."""
    query = "SELECT account_id, decision_id, outcome FROM decision_judged WHERE account_id = ANY(%s::bigint[])"
    return tuple(copy_out(conn, query, [Int8, Int8, Int2], [account_ids]))


def ensure_layout(conn: psycopg.Connection, layout: Layout) -> int:
    """The number of a layout, given when it is met first."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('decision_layout'))")
    conn.execute(
        "INSERT INTO decision_layout (layout_id, digest, inputs, signals, events)"
        " SELECT coalesce(max(layout_id), 0) + 1, %s, %s, %s, %s FROM decision_layout ON CONFLICT (digest) DO NOTHING",
        [layout.digest, list(layout.inputs), list(layout.signals), list(layout.events)],
    )
    row = conn.execute("SELECT layout_id FROM decision_layout WHERE digest = %s", [layout.digest]).fetchone()
    assert row is not None
    return int(row[0])


def find_inputs(conn: psycopg.Connection) -> frozenset[str]:
    """The inputs of the layout that an engine registered last; empty where none ever ran."""
    row = conn.execute(
        "SELECT inputs FROM decision_regime JOIN decision_layout USING (layout_id) ORDER BY regime_id DESC LIMIT 1"
    ).fetchone()
    return frozenset() if row is None else frozenset(row[0])


def list_layouts(conn: psycopg.Connection) -> dict[int, Layout]:
    """All layouts by number."""
    rows = conn.execute("SELECT layout_id, inputs, signals, events FROM decision_layout")
    return {number: Layout(tuple(inputs), tuple(signals), tuple(events)) for number, inputs, signals, events in rows}


def ensure_regime(conn: psycopg.Connection, digest: bytes, row: Mapping[str, Any]) -> int:
    """The number of a regime, given when it is met first. row: its columns by name."""
    names = ("change_id", "lineup_id", "layout_id", "lists_digest", "model_digest", "experiments", "score_version")
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('decision_regime'))")
    conn.execute(
        "INSERT INTO decision_regime (regime_id, digest, change_id, lineup_id, layout_id, lists_digest, model_digest,"
        " experiments, score_version) SELECT coalesce(max(regime_id), 0) + 1, %s, %s, %s, %s, %s, %s, %s, %s FROM decision_regime"
        " ON CONFLICT (digest) DO NOTHING",
        [digest, *(row[name] for name in names)],
    )
    found = conn.execute("SELECT regime_id FROM decision_regime WHERE digest = %s", [digest]).fetchone()
    assert found is not None
    return int(found[0])


@dataclass(frozen=True, slots=True)
class Regime:
    """What was in force for many records. score_version: of the arithmetic that scored them (fraud.core.version)."""

    change_id: int
    lineup_id: int
    layout_id: int
    lists_digest: bytes
    model_digest: bytes
    experiments: tuple[int, ...]
    score_version: int


def list_regimes(conn: psycopg.Connection) -> dict[int, Regime]:
    """All regimes by number."""
    rows = conn.execute(
        "SELECT regime_id, change_id, lineup_id, layout_id, lists_digest, model_digest, experiments, score_version"
        " FROM decision_regime"
    )
    return {r[0]: Regime(r[1], r[2], r[3], bytes(r[4]), bytes(r[5]), tuple(r[6]), r[7]) for r in rows}


def save_model(conn: psycopg.Connection, digest: bytes, files: Mapping[str, bytes]) -> None:
    """Keep a model's files under its digest; once kept they stay as they are."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO decision_model (digest, path, content) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [(digest, path, content) for path, content in sorted(files.items())],
        )


def load_model(conn: psycopg.Connection, digest: bytes) -> dict[str, bytes]:
    """A model's files; empty when it is not kept."""
    rows = conn.execute("SELECT path, content FROM decision_model WHERE digest = %s", [digest], binary=True)
    return {path: bytes(content) for path, content in rows}


def has_model(conn: psycopg.Connection, digest: bytes) -> bool:
    """Whether a model is kept."""
    return conn.execute("SELECT FROM decision_model WHERE digest = %s LIMIT 1", [digest]).fetchone() is not None


def load_model_file(conn: psycopg.Connection, digest: bytes, path: str) -> bytes | None:
    """One of a model's files, or None."""
    row = conn.execute(
        "SELECT content FROM decision_model WHERE digest = %s AND path = %s", [digest, path], binary=True
    ).fetchone()
    return None if row is None else bytes(row[0])


def find_signals(conn: psycopg.Connection) -> tuple[str, ...]:
    """The values that the engine which registered last senses; none where none ever ran."""
    row = conn.execute(
        "SELECT signals FROM decision_regime JOIN decision_layout USING (layout_id) ORDER BY regime_id DESC LIMIT 1"
    ).fetchone()
    return () if row is None else tuple(row[0])


def insert_waiver(conn: psycopg.Connection, change_id: int, digest: bytes, problems: Sequence[str]) -> None:
    """Note that a model may judge although its battery says no: whose word it is stands in the change."""
    conn.execute(
        "INSERT INTO decision_model_waiver (change_id, digest, problems) VALUES (%s, %s, %s)",
        [change_id, digest, list(problems)],
    )


def find_waiver(conn: psycopg.Connection, digest: bytes) -> tuple[str, str] | None:
    """(person, why) of the newest word that lets a model judge although its battery says no."""
    row = conn.execute(
        "SELECT person, why FROM decision_model_waiver JOIN decision_change USING (change_id) WHERE digest = %s"
        " ORDER BY change_id DESC LIMIT 1",
        [digest],
    ).fetchone()
    return None if row is None else (row[0], row[1])


def sum_shadow_scores(conn: psycopg.Connection) -> list[tuple[int, int, int, float, float, float]]:
    """(shadow, live bundle, rows, mean live score, its mean score, mean distance) of shadows with models of their own."""
    return conn.execute(
        "SELECT shadow_id, live_id, sum(scores[1])::bigint, sum(scores[2]) / sum(scores[1]), sum(scores[3]) / sum(scores[1]),"
        " sum(scores[4]) / sum(scores[1]) FROM decision_shadow_count WHERE scores[1] > 0 GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()


def sum_shadows(conn: psycopg.Connection) -> list[tuple[int, int, int, int, int]]:
    """(shadow, live bundle, live outcome, shadow outcome, how many) over everything recorded."""
    return conn.execute(
        "SELECT shadow_id, live_id, pairs[3 * i + 1], pairs[3 * i + 2], sum(pairs[3 * i + 3])::bigint"
        " FROM decision_shadow_count, generate_series(0, cardinality(pairs) / 3 - 1) AS i GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    ).fetchall()


def read_events(conn: psycopg.Connection, ids: Ints, columns: Sequence[str]) -> tuple[Ints, Ints]:
    """The events of recorded decisions as they were sensed: (ids int64[k], rising, events int64[k, C]) of those that had these columns."""
    query = (
        "SELECT j.decision_id, j.event FROM decision_judged AS j JOIN decision_regime USING (regime_id)"
        " JOIN decision_layout AS l USING (layout_id) WHERE j.decision_id = ANY(%s::bigint[]) AND l.events = %s::text[]"
        " ORDER BY j.decision_id"
    )
    found, (values, _) = copy_out(conn, query, [Int8, Int8Array], [ids, list(columns)])
    return found, values.reshape(-1, len(columns))
