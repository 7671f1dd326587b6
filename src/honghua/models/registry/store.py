"""SQL of the register."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import psycopg

from honghua.models.registry.records import LIVE, ActRow, Filing, Status, VersionRow
from honghua.models.registry.watching import WatchedDay, WatchedVintage

VERSION: Final = """
SELECT v.version_id, v.segment, v.purpose, v.number, v.kind, v.digest, v.columns, v.figures, v.passed, v.data_digest, v.run_id, v.parent,
  v.fitted_until, v.made_by, v.made_at, s.status, s.changed_at
FROM models_version AS v JOIN models_standing AS s USING (version_id)
"""
LISTED: Final = (
    VERSION
    + """
WHERE (%(segment)s::text IS NULL OR v.segment = %(segment)s) AND (%(purpose)s::text IS NULL OR v.purpose = %(purpose)s)
  AND (%(status)s::text IS NULL OR s.status = %(status)s) AND v.version_id > %(after)s
ORDER BY v.version_id LIMIT %(limit)s
"""
)
INSERT_VERSION: Final = """
INSERT INTO models_version (segment, purpose, number, kind, digest, files_digest, columns, figures, examination, passed, data_digest,
  run_id, parent, fitted_until, made_by, made_at)
SELECT %(segment)s, %(purpose)s, coalesce(max(number), 0) + 1, %(kind)s, %(digest)s, %(files_digest)s, %(columns)s, %(figures)s,
  %(examination)s, %(passed)s, %(data_digest)s, %(run_id)s, %(parent)s, %(fitted_until)s, %(made_by)s, %(made_at)s
FROM models_version WHERE segment = %(segment)s AND purpose = %(purpose)s
RETURNING version_id
"""
# Days of live versions whose batches the night has not counted, or not all of them.
OPEN_DAYS: Final = """
SELECT b.version_id, b.on_day FROM models_scored AS b JOIN models_standing AS s USING (version_id)
  LEFT JOIN models_watch AS w USING (version_id, on_day)
WHERE s.status = ANY(%(live)s) AND b.on_day > %(since)s AND b.version_id <> ALL(%(skipped)s::bigint[])
GROUP BY b.version_id, b.on_day, w.batches HAVING w.batches IS DISTINCT FROM count(*)
ORDER BY b.version_id, b.on_day LIMIT %(limit)s
"""
DAY_BATCHES: Final = """
SELECT b.version_id, b.on_day, b.content FROM models_scored AS b
  JOIN unnest(%(versions)s::bigint[], %(days)s::date[]) AS o (version_id, on_day) USING (version_id, on_day)
ORDER BY b.version_id, b.on_day, b.batch_id
"""
# Live versions with outcomes that no vintage has counted yet.
OPEN_OUTCOMES: Final = """
SELECT o.version_id, max(o.outcome_id) FROM models_outcome AS o JOIN models_standing AS s USING (version_id)
WHERE s.status = ANY(%(live)s)
GROUP BY o.version_id
HAVING max(o.outcome_id) > coalesce((SELECT c.outcome_id FROM models_counted AS c WHERE c.version_id = o.version_id), 0)
ORDER BY o.version_id LIMIT %(limit)s
"""
BROKEN: Final = """
SELECT v.version_id, v.month AS at, v.alarms, 1 AS place FROM models_vintage AS v JOIN models_standing AS s USING (version_id)
WHERE s.status = ANY(%(live)s) AND v.month + interval '1 month' > %(since)s AND v.alarms <> '{}'
UNION ALL
SELECT w.version_id, w.on_day, w.alarms, 2 FROM models_watch AS w JOIN models_standing AS s USING (version_id)
WHERE s.status = ANY(%(live)s) AND w.on_day > %(since)s AND w.alarms <> '{}'
ORDER BY version_id, place, at DESC
"""


def lock_seat(conn: psycopg.Connection, segment: str, purpose: str) -> None:
    """Until the transaction ends nobody else files or moves versions of this segment and purpose."""
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"models:{segment}\0{purpose}".replace("\0", "/")]
    )


def insert_version(conn: psycopg.Connection, filing: Filing, files_digest: bytes, *, now: dt.datetime) -> int:
    """A new version with its files; its id."""
    found = filing.examination
    row = conn.execute(
        INSERT_VERSION,
        {
            "segment": filing.segment, "purpose": filing.purpose, "kind": filing.kind, "digest": filing.digest,
            "files_digest": files_digest, "columns": list(filing.columns), "figures": json.dumps(dict(filing.figures), allow_nan=False),
            "examination": None if found is None else json.dumps(found.as_json(), allow_nan=False),
            "passed": found is not None and found.passed, "data_digest": filing.data_digest, "run_id": filing.run_id,
            "parent": filing.parent, "fitted_until": filing.fitted_until, "made_by": filing.made_by, "made_at": now,
        },
    ).fetchone()  # fmt: skip
    assert row is not None, "INSERT RETURNING"
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO models_file (version_id, path, content) VALUES (%s, %s, %s)",
            [(row[0], path, content) for path, content in sorted(filing.files.items())],
        )
    conn.execute(
        "INSERT INTO models_standing (version_id, segment, purpose, status, changed_at) VALUES (%s, %s, %s, %s, %s)",
        [row[0], filing.segment, filing.purpose, Status.CANDIDATE.value, now],
    )
    return int(row[0])


def find_filed(conn: psycopg.Connection, filing: Filing) -> int | None:
    """The version that the same run filed of the same model before."""
    row = conn.execute(
        "SELECT version_id FROM models_version WHERE segment = %s AND purpose = %s AND run_id = %s AND digest = %s",
        [filing.segment, filing.purpose, filing.run_id, filing.digest],
    ).fetchone()
    return None if row is None else int(row[0])


def find_version(conn: psycopg.Connection, version_id: int) -> VersionRow | None:
    """One version as it stands."""
    row = conn.execute(VERSION + " WHERE v.version_id = %s", [version_id]).fetchone()
    return None if row is None else _version(row)


def list_versions(
    conn: psycopg.Connection, *, segment: str | None, purpose: str | None, status: str | None, after: int, limit: int
) -> list[VersionRow]:
    """Versions by id."""
    told = {"segment": segment, "purpose": purpose, "status": status, "after": after, "limit": limit}
    return [_version(row) for row in conn.execute(LISTED, told)]


def find_champion(conn: psycopg.Connection, segment: str, purpose: str) -> VersionRow | None:
    """Whoever holds the seat."""
    where = " WHERE s.segment = %s AND s.purpose = %s AND s.status = 'champion'"
    row = conn.execute(VERSION + where, [segment, purpose]).fetchone()
    return None if row is None else _version(row)


def find_champion_before(conn: psycopg.Connection, champion: VersionRow) -> int | None:
    """The version that became champion last before this one did."""
    row = conn.execute(
        "SELECT a.version_id FROM models_act AS a JOIN models_version AS v USING (version_id)"
        " WHERE v.segment = %s AND v.purpose = %s AND a.after = 'champion' AND a.version_id <> %s ORDER BY a.act_id DESC LIMIT 1",
        [champion.segment, champion.purpose, champion.version_id],
    ).fetchone()
    return None if row is None else int(row[0])


def set_status(conn: psycopg.Connection, version_id: int, status: Status, *, now: dt.datetime) -> None:
    """Where it stands from here on."""
    conn.execute(
        "UPDATE models_standing SET status = %s, changed_at = %s WHERE version_id = %s", [status.value, now, version_id]
    )


def insert_act(conn: psycopg.Connection, version_id: int, change: tuple[str, str], told: Mapping[str, Any]) -> None:
    """A change of standing (before, after); told: person, why, evidence, at."""
    conn.execute(
        "INSERT INTO models_act (version_id, before, after, person, why, evidence, at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [version_id, *change, told["person"], told["why"], json.dumps(told["evidence"], allow_nan=False), told["at"]],
    )


def list_acts(conn: psycopg.Connection, version_id: int) -> list[ActRow]:
    """All changes of a version, in order."""
    rows = conn.execute(
        "SELECT act_id, version_id, before, after, person, why, evidence, at FROM models_act WHERE version_id = %s ORDER BY act_id",
        [version_id],
    )
    return [ActRow(*row) for row in rows]


def load_files(conn: psycopg.Connection, version_id: int) -> dict[str, bytes]:
    """Path → content."""
    rows = conn.execute("SELECT path, content FROM models_file WHERE version_id = %s", [version_id])
    return {path: bytes(content) for path, content in rows}


def find_files_digest(conn: psycopg.Connection, version_id: int) -> bytes | None:
    """Under which digest a version's files were filed."""
    row = conn.execute("SELECT files_digest FROM models_version WHERE version_id = %s", [version_id]).fetchone()
    return None if row is None else bytes(row[0])


def load_examination(conn: psycopg.Connection, version_id: int) -> dict[str, Any] | None:
    """What the examination said when it was filed."""
    row = conn.execute("SELECT examination FROM models_version WHERE version_id = %s", [version_id]).fetchone()
    return None if row is None else row[0]


def load_one_file(conn: psycopg.Connection, versions: Sequence[int], path: str) -> dict[int, bytes]:
    """The same file of many versions."""
    rows = conn.execute(
        "SELECT version_id, content FROM models_file WHERE version_id = ANY(%s) AND path = %s", [list(versions), path]
    )
    return {version_id: bytes(content) for version_id, content in rows}


def insert_batch(
    conn: psycopg.Connection, table: str, told: tuple[int, dt.date, int, bytes], *, now: dt.datetime
) -> None:
    """A packed batch (version, day, rows, content) of scores or outcomes."""
    query = {
        "scored": "INSERT INTO models_scored (version_id, on_day, rows, content, noted_at) VALUES (%s, %s, %s, %s, %s)",
        "outcome": "INSERT INTO models_outcome (version_id, as_of, rows, content, noted_at) VALUES (%s, %s, %s, %s, %s)",
    }[table]
    conn.execute(query, [*told, now])


def list_open_days(
    conn: psycopg.Connection, *, since: dt.date, skipped: Sequence[int], limit: int
) -> list[tuple[int, dt.date]]:
    """(version, day) that the night must count, but for versions that it cannot."""
    told = {"live": [status.value for status in LIVE], "since": since, "skipped": list(skipped), "limit": limit}
    return conn.execute(OPEN_DAYS, told).fetchall()


def read_days(conn: psycopg.Connection, days: Sequence[tuple[int, dt.date]]) -> list[tuple[int, dt.date, bytes]]:
    """Batches of these days."""
    told = {"versions": [version for version, _ in days], "days": [day for _, day in days]}
    return [(version, day, bytes(content)) for version, day, content in conn.execute(DAY_BATCHES, told)]


def list_open_outcomes(conn: psycopg.Connection, *, limit: int) -> list[tuple[int, int]]:
    """(version, newest outcome batch) whose vintages must be counted again."""
    live = [status.value for status in LIVE]
    return conn.execute(OPEN_OUTCOMES, {"live": live, "limit": limit}).fetchall()


def read_outcomes(conn: psycopg.Connection, version_id: int) -> list[bytes]:
    """Outcome batches of a version, in the order in which they came."""
    rows = conn.execute("SELECT content FROM models_outcome WHERE version_id = %s ORDER BY outcome_id", [version_id])
    return [bytes(content) for (content,) in rows]


def read_scored(conn: psycopg.Connection, version_id: int, *, since: dt.date) -> list[tuple[dt.date, bytes]]:
    """Scored batches of a version after a day, with their days."""
    rows = conn.execute(
        "SELECT on_day, content FROM models_scored WHERE version_id = %s AND on_day > %s ORDER BY on_day, batch_id",
        [version_id, since],
    )
    return [(day, bytes(content)) for day, content in rows]


def list_broken(conn: psycopg.Connection, *, since: dt.date) -> list[tuple[int, dt.date, list[str]]]:
    """(version, day or month, alarms) of live versions, vintages first, the newest first; a vintage counts by its month's last day."""
    rows = conn.execute(BROKEN, {"live": [status.value for status in LIVE], "since": since})
    return [(version, when, alarms) for version, when, alarms, _ in rows]


def list_labelled(conn: psycopg.Connection, *, since: dt.date) -> list[int]:
    """Live versions with outcomes known since a day."""
    rows = conn.execute(
        "SELECT DISTINCT o.version_id FROM models_outcome AS o JOIN models_standing AS s USING (version_id)"
        " WHERE s.status = ANY(%s) AND o.as_of > %s",
        [[status.value for status in LIVE], since],
    )
    return [version for (version,) in rows]


def save_days(conn: psycopg.Connection, days: Iterable[WatchedDay], *, now: dt.datetime) -> None:
    """What the night found of days."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO models_watch (version_id, on_day, rows, batches, score_psi, score_shift_sd, null_change, column_psi, worst_column,"
            " alarms, watched_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (version_id, on_day) DO UPDATE SET"
            " rows = EXCLUDED.rows, batches = EXCLUDED.batches, score_psi = EXCLUDED.score_psi, score_shift_sd = EXCLUDED.score_shift_sd,"
            " null_change = EXCLUDED.null_change, column_psi = EXCLUDED.column_psi, worst_column = EXCLUDED.worst_column,"
            " alarms = EXCLUDED.alarms, watched_at = EXCLUDED.watched_at",
            [
                (d.version_id, d.on_day, d.rows, d.batches, d.score_psi, d.score_shift_sd, d.null_change, d.column_psi, d.worst_column,
                 list(d.alarms), now)
                for d in days
            ],
        )  # fmt: skip


def save_vintages(conn: psycopg.Connection, vintages: Iterable[WatchedVintage], *, now: dt.datetime) -> None:
    """What the night found of vintages."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO models_vintage (version_id, month, labelled, ones, said, auc, auc_low, auc_high, alarms, watched_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (version_id, month) DO UPDATE SET"
            " labelled = EXCLUDED.labelled, ones = EXCLUDED.ones, said = EXCLUDED.said, auc = EXCLUDED.auc, auc_low = EXCLUDED.auc_low,"
            " auc_high = EXCLUDED.auc_high, alarms = EXCLUDED.alarms, watched_at = EXCLUDED.watched_at",
            [(v.version_id, v.month, v.labelled, v.ones, v.said, *_figures(v), list(v.alarms), now) for v in vintages],
        )


def save_counted(conn: psycopg.Connection, counted: Iterable[tuple[int, int]]) -> None:
    """Up to which batch of outcomes the vintages of versions know."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO models_counted (version_id, outcome_id) VALUES (%s, %s)"
            " ON CONFLICT (version_id) DO UPDATE SET outcome_id = EXCLUDED.outcome_id",
            list(counted),
        )


def list_days(conn: psycopg.Connection, version_id: int, *, limit: int) -> list[WatchedDay]:
    """A version's newest days, the newest first."""
    rows = conn.execute(
        "SELECT version_id, on_day, rows, batches, score_psi, score_shift_sd, null_change, column_psi, worst_column, alarms"
        " FROM models_watch WHERE version_id = %s ORDER BY on_day DESC LIMIT %s",
        [version_id, limit],
    )
    return [_day(row) for row in rows]


def list_vintages(conn: psycopg.Connection, version_id: int) -> list[tuple[Any, ...]]:
    """(version, month, labelled, ones, said, auc, low, high, alarms) by month."""
    return conn.execute(
        "SELECT version_id, month, labelled, ones, said, auc, auc_low, auc_high, alarms"
        " FROM models_vintage WHERE version_id = %s ORDER BY month",
        [version_id],
    ).fetchall()


def _figures(vintage: WatchedVintage) -> list[float | None]:
    if vintage.auc is None:
        return [None, None, None]
    low, mid, high = (value if value == value else None for value in vintage.auc.as_list())  # NaN is none
    return [mid, low, high]


def _day(row: tuple[Any, ...]) -> WatchedDay:
    told = list(row)
    told[9] = tuple(row[9])
    return WatchedDay(*told)


def _version(row: tuple[Any, ...]) -> VersionRow:
    told = list(row)
    told[5], told[6], told[9] = bytes(row[5]), tuple(row[6]), bytes(row[9])
    told[15] = Status(row[15])
    return VersionRow(*told)
