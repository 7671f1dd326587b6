"""SQL of joint lending."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.funding.core.bounds import FundingBase, LenderShare, Standing
from honghua.funding.core.comparing import FundingDifference
from honghua.funding.core.splitting import Position

ALL: Final = ""  # the row of all joint loans
MOVEMENTS: Final = "SELECT movement_id, key, loan, lender, kind, amount_minor, whole_minor, day FROM funding_movement"


@dataclass(frozen=True, slots=True)
class FundedLoan:
    """One loan as it was shared. reasons: why not as its channel says."""

    loan: str
    channel: str
    principal_minor: int
    lent_on: dt.date
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class FundingMovement:
    """What one event did to one lender. key: of the event; whole_minor: of all lenders together."""

    movement_id: int
    key: str
    loan: str
    lender: str
    kind: str
    amount_minor: int
    whole_minor: int
    day: dt.date


def lock_loan(conn: psycopg.Connection, loan: str) -> None:
    """This loan is ours until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('funding_loan:' || %s, 0))", [loan])


def lock_loans(conn: psycopg.Connection, loans: Sequence[str]) -> set[str]:
    """These loans are ours until the transaction ends, locked in one order; which of them are known."""
    conn.execute(
        "SELECT count(pg_advisory_xact_lock(hashtextextended('funding_loan:' || loan, 0)))"
        " FROM (SELECT loan FROM unnest(%s::text[]) AS l (loan) ORDER BY hashtextextended('funding_loan:' || loan, 0)) AS sorted",
        [list(loans)],
    )
    rows = conn.execute("SELECT loan FROM funding_loan WHERE loan = ANY(%s)", [list(loans)])
    return {str(row[0]) for row in rows}


def find_loan(conn: psycopg.Connection, loan: str) -> FundedLoan | None:
    """One loan."""
    with conn.cursor(row_factory=class_row(FundedLoan)) as cursor:
        return cursor.execute(
            "SELECT loan, channel, principal_minor, lent_on, reasons FROM funding_loan WHERE loan = %s", [loan]
        ).fetchone()


def list_shares(conn: psycopg.Connection, loan: str) -> list[LenderShare]:
    """The shares of a loan, in the order in which remainders are given out."""
    rows = conn.execute(
        "SELECT lender, share_ppm, principal_minor FROM funding_share WHERE loan = %s ORDER BY place", [loan]
    )
    return [LenderShare(lender=n, share_ppm=p, principal_minor=m) for n, p, m in rows]


@dataclass(frozen=True, slots=True)
class NewLoan:
    """A loan to be written. shares: each with its group, '' = ourselves; base: by which it was allowed."""

    loan: FundedLoan
    shares: Sequence[tuple[LenderShare, str]]
    base: FundingBase | None


def insert_loans(conn: psycopg.Connection, made: Sequence[NewLoan], *, now: dt.datetime) -> None:
    """Loans with their shares, positions and the movement `lent`: five statements, however many they are."""
    bases = [None if one.base is None else (one.base.tier1_minor, one.base.loans_minor) for one in made]
    conn.execute(
        "INSERT INTO funding_loan (loan, channel, principal_minor, lent_on, reasons, tier1_minor, loans_minor, made_at)"
        " SELECT loan, channel, principal, lent_on, ARRAY(SELECT jsonb_array_elements_text(reasons::jsonb)), tier1, loans, %s"
        " FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::date[], %s::text[], %s::bigint[], %s::bigint[])"
        " AS l (loan, channel, principal, lent_on, reasons, tier1, loans)",
        [
            now, [one.loan.loan for one in made], [one.loan.channel for one in made], [one.loan.principal_minor for one in made],
            [one.loan.lent_on for one in made], [json.dumps(one.loan.reasons) for one in made],
            [None if base is None else base[0] for base in bases], [None if base is None else base[1] for base in bases],
        ],
    )  # fmt: skip
    parts = [(one, place, share, group) for one in made for place, (share, group) in enumerate(one.shares)]
    names, lenders = [one.loan.loan for one, *_ in parts], [share.lender for _, _, share, _ in parts]
    minor = [share.principal_minor for _, _, share, _ in parts]
    conn.execute(
        "INSERT INTO funding_share (loan, place, lender, partner_group, share_ppm, principal_minor)"
        " SELECT * FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::int[], %s::bigint[])",
        [
            names, [place for _, place, _, _ in parts], lenders, [group for *_, group in parts],
            [share.share_ppm for _, _, share, _ in parts], minor,
        ],
    )  # fmt: skip
    conn.execute(
        "INSERT INTO funding_position (loan, place, lender, partner_group, share_ppm, outstanding_minor)"
        " SELECT * FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::int[], %s::bigint[])",
        [
            names, [place for _, place, _, _ in parts], lenders, [group for *_, group in parts],
            [share.share_ppm for _, _, share, _ in parts], minor,
        ],
    )  # fmt: skip
    conn.execute(
        "INSERT INTO funding_movement (key, loan, lender, kind, amount_minor, whole_minor, day, at)"
        " SELECT loan || ':lent', loan, lender, 'lent', minor, whole, day, %s"
        " FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::date[]) AS m (loan, lender, minor, whole, day)",
        [
            now, names, lenders, minor, [one.loan.principal_minor for one, *_ in parts], [one.loan.lent_on for one, *_ in parts],
        ],
    )  # fmt: skip


def insert_movements(
    conn: psycopg.Connection,
    parts: Sequence[tuple[str, int]],
    what: tuple[str, str, str],
    day: dt.date,
    *,
    now: dt.datetime,
) -> None:
    """(lender, part) of one event. what: (key, loan, kind)."""
    whole = sum(part for _, part in parts)
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO funding_movement (key, loan, lender, kind, amount_minor, whole_minor, day, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(what[0], what[1], lender, what[2], part, whole, day, now) for lender, part in parts],
        )


def list_of_key(conn: psycopg.Connection, key: str) -> list[FundingMovement]:
    """What an event did, lender by lender."""
    with conn.cursor(row_factory=class_row(FundingMovement)) as cursor:
        return cursor.execute(MOVEMENTS + " WHERE key = %s ORDER BY movement_id", [key]).fetchall()


def list_of_lender(conn: psycopg.Connection, lender: str, *, days: tuple[dt.date, dt.date]) -> list[FundingMovement]:
    """One lender's movements of some days (both inside)."""
    with conn.cursor(row_factory=class_row(FundingMovement)) as cursor:
        return cursor.execute(
            MOVEMENTS + " WHERE lender = %s AND day BETWEEN %s AND %s ORDER BY movement_id", [lender, *days]
        ).fetchall()


def lock_positions(conn: psycopg.Connection, loan: str) -> list[Position]:
    """The part of everybody who holds one of a loan, in the order in which remainders are given out."""
    rows = conn.execute(
        "SELECT lender, share_ppm, outstanding_minor, earned_minor, written_off_minor FROM funding_position"
        " WHERE loan = %s AND is_held ORDER BY place FOR UPDATE",
        [loan],
    )
    return [
        Position(lender=n, share_ppm=ppm, outstanding_minor=out, earned_minor=earned, written_off_minor=lost)
        for n, ppm, out, earned, lost in rows
    ]


def save_positions(conn: psycopg.Connection, loan: str, positions: Iterable[Position]) -> None:
    """Everybody's part after an event."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "UPDATE funding_position SET outstanding_minor = %s, earned_minor = %s, written_off_minor = %s WHERE loan = %s AND lender = %s",
            [(p.outstanding_minor, p.earned_minor, p.written_off_minor, loan, p.lender) for p in positions],
        )


def list_groups(conn: psycopg.Connection, loans: Sequence[str]) -> list[str]:
    """The groups of partners that hold a part of one of these loans."""
    rows = conn.execute(
        "SELECT DISTINCT partner_group FROM funding_position WHERE loan = ANY(%s) AND is_held AND partner_group <> ''",
        [list(loans)],
    )
    return sorted(str(group) for (group,) in rows)


def list_held_from(conn: psycopg.Connection, loan: str) -> list[dt.date]:
    """Since when parts of a loan are held by others than those who lent it; [] where nobody sold any."""
    rows = conn.execute(
        "SELECT held_from FROM funding_position WHERE loan = %s AND held_from IS NOT NULL ORDER BY held_from", [loan]
    )
    return [on for (on,) in rows]


def find_holders(conn: psycopg.Connection, loan: str) -> dict[str, str]:
    """lender that lent a part -> who holds that part now."""
    found = {
        str(lender): str(lender)
        for (lender,) in conn.execute("SELECT lender FROM funding_share WHERE loan = %s", [loan])
    }
    rows = conn.execute(
        "SELECT t.seller, t.buyer FROM funding_transfer_loan AS l JOIN funding_transfer AS t USING (transfer_id)"
        " WHERE l.loan = %s ORDER BY l.transfer_id",
        [loan],
    )
    for seller, buyer in rows:
        found = {lent: str(buyer) if holder == seller else holder for lent, holder in found.items()}
    return found


def lock_exposures(conn: psycopg.Connection, groups: Sequence[str]) -> dict[str, int]:
    """group -> our own parts out, with the row of all joint loans; locked in one order."""
    wanted = sorted({ALL, *groups})
    conn.execute(
        "INSERT INTO funding_exposure (partner_group, own_minor) SELECT g, 0 FROM unnest(%s::text[]) AS g ON CONFLICT DO NOTHING",
        [wanted],
    )
    rows = conn.execute(
        "SELECT partner_group, own_minor FROM funding_exposure WHERE partner_group = ANY(%s) ORDER BY partner_group FOR UPDATE",
        [wanted],
    )
    return {str(group): int(minor) for group, minor in rows}


def add_exposure(conn: psycopg.Connection, groups: Sequence[str], minor: int) -> None:
    """Our own part of loans with these groups grows (or shrinks) by so much; in the order in which exposures are locked."""
    if groups:
        save_exposures(conn, dict.fromkeys({ALL, *groups}, minor))


def save_exposures(conn: psycopg.Connection, grown: Mapping[str, int]) -> None:
    """group (ALL too) -> by how much our own part out has grown; the rows are locked."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "UPDATE funding_exposure SET own_minor = own_minor + %s WHERE partner_group = %s",
            [(minor, group) for group, minor in sorted(grown.items()) if minor],
        )


def lock_quotas(conn: psycopg.Connection, days: Sequence[tuple[str, dt.date]]) -> dict[tuple[str, dt.date], int]:
    """(channel, day) -> what its partners lent on it, minor units; locked in one order, under the exposures."""
    wanted = sorted(set(days))
    channels, on = [channel for channel, _ in wanted], [day for _, day in wanted]
    conn.execute(
        "INSERT INTO funding_quota (channel, day, lent_minor) SELECT c, d, 0 FROM unnest(%s::text[], %s::date[]) AS w (c, d)"
        " ON CONFLICT DO NOTHING",
        [channels, on],
    )
    rows = conn.execute(
        "SELECT channel, day, lent_minor FROM funding_quota WHERE (channel, day) IN (SELECT * FROM unnest(%s::text[], %s::date[]))"
        " ORDER BY channel, day FOR UPDATE",
        [channels, on],
    )
    return {(str(channel), day): int(minor) for channel, day, minor in rows}


def save_quotas(conn: psycopg.Connection, lent: Mapping[tuple[str, dt.date], int]) -> None:
    """What partners lent now."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "UPDATE funding_quota SET lent_minor = %s WHERE channel = %s AND day = %s",
            [(minor, channel, day) for (channel, day), minor in lent.items()],
        )


def read_exposures(conn: psycopg.Connection) -> dict[str, int]:
    """group -> our own parts out; '' = all joint loans."""
    rows = conn.execute("SELECT partner_group, own_minor FROM funding_exposure ORDER BY partner_group")
    return {str(group): int(minor) for group, minor in rows}


def find_base(conn: psycopg.Connection, on: dt.date) -> FundingBase | None:
    """The newest base of a day or before."""
    row = conn.execute(
        "SELECT on_day, tier1_minor, loans_minor FROM funding_base WHERE on_day <= %s ORDER BY on_day DESC LIMIT 1",
        [on],
    ).fetchone()
    return None if row is None else FundingBase(on=row[0], tier1_minor=int(row[1]), loans_minor=int(row[2]))


def insert_base(conn: psycopg.Connection, base: FundingBase, *, source: str, now: dt.datetime) -> bool:
    """A day's base; False when the day has one."""
    done = conn.execute(
        "INSERT INTO funding_base (on_day, tier1_minor, loans_minor, source, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [base.on, base.tier1_minor, base.loans_minor, source, now],
    )
    return done.rowcount == 1


def read_standings(conn: psycopg.Connection) -> dict[str, Standing]:
    """Partners that do not simply stand as `active`, and those that did once."""
    return {str(n): Standing(s) for n, s in conn.execute("SELECT lender, standing FROM funding_standing")}


def set_standing(
    conn: psycopg.Connection, lender: str, *, after: Standing, act: str, said: tuple[str, str], now: dt.datetime
) -> None:
    """Where a partner stands from now on; said: (person, why)."""
    before = read_standings(conn).get(lender, Standing.ACTIVE)
    conn.execute(
        "INSERT INTO funding_standing (lender, standing, changed_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (lender) DO UPDATE SET standing = EXCLUDED.standing, changed_at = EXCLUDED.changed_at",
        [lender, after.value, now],
    )
    conn.execute(
        "INSERT INTO funding_standing_act (lender, act, before, after, person, why, at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [lender, act, before.value, after.value, *said, now],
    )


def count_acts(conn: psycopg.Connection, lender: str, act: str) -> int:
    """How often something was written down about a partner."""
    row = conn.execute(
        "SELECT count(*) FROM funding_standing_act WHERE lender = %s AND act = %s", [lender, act]
    ).fetchone()
    assert row is not None
    return int(row[0])


def list_acts(conn: psycopg.Connection, lender: str) -> list[tuple[str, str, str, str]]:
    """(act, after, person, why) of a partner, in order."""
    rows = conn.execute(
        "SELECT act, after, person, why FROM funding_standing_act WHERE lender = %s ORDER BY act_id", [lender]
    )
    return [(str(a), str(b), str(p), str(w)) for a, b, p, w in rows]


def sum_outstanding(conn: psycopg.Connection, lender: str) -> int:
    """What a lender has out, minor units."""
    row = conn.execute(
        "SELECT coalesce(sum(outstanding_minor), 0)::bigint FROM funding_position WHERE lender = %s", [lender]
    ).fetchone()
    assert row is not None
    return int(row[0])


def insert_revenue(conn: psycopg.Connection, key: str, rows: Sequence[tuple[str, int, int]], *, sign: int) -> None:
    """(party, ppm, part) of what one event earned (sign 1) or gave back (−1)."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO funding_revenue (key, party, share_ppm, amount_minor, sign) VALUES (%s, %s, %s, %s, %s)",
            [(key, party, ppm, part, sign) for party, ppm, part in rows],
        )


def sum_revenue(conn: psycopg.Connection, days: tuple[dt.date, dt.date]) -> dict[str, int]:
    """party -> what it is due of what was earned on some days (both inside), given back deducted."""
    rows = conn.execute(
        "SELECT r.party, sum(r.sign * r.amount_minor)::bigint FROM funding_revenue AS r"
        " JOIN (SELECT DISTINCT key, day FROM funding_movement WHERE day BETWEEN %s AND %s) AS m USING (key)"
        " GROUP BY r.party ORDER BY r.party",
        [*days],
    )
    return {str(party): int(minor) for party, minor in rows}


def insert_reconciliation(
    conn: psycopg.Connection,
    lender: str,
    day: dt.date,
    counts: tuple[int, int, int],
    found: Sequence[FundingDifference],
    *,
    now: dt.datetime,
) -> None:
    """counts: (try, ours, theirs)."""
    conn.execute(
        "INSERT INTO funding_reconciliation (lender, day, try, ours, theirs, differences, reconciled_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [lender, day, *counts, len(found), now],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO funding_difference (lender, day, try, key, kind, ours_minor, theirs_minor) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(lender, day, counts[0], d.key, d.kind, d.ours_minor, d.theirs_minor) for d in found],
        )


def count_tries(conn: psycopg.Connection, lender: str, day: dt.date) -> int:
    """How often a day was reconciled with a partner."""
    row = conn.execute(
        "SELECT count(*) FROM funding_reconciliation WHERE lender = %s AND day = %s", [lender, day]
    ).fetchone()
    assert row is not None
    return int(row[0])


def list_days_to_reconcile(conn: psycopg.Connection, *, until: dt.date, limit: int) -> list[tuple[str, dt.date]]:
    """(partner, day) with movements whose last reconciliation found a difference, or knew fewer of them, or that have none.

    Ourselves left out. A movement may come to a day after it was reconciled: the follower was behind.
    """
    rows = conn.execute(
        "SELECT m.lender, m.day FROM (SELECT lender, day, count(*) AS told FROM funding_movement WHERE lender <> 'own' AND day <= %s"
        " GROUP BY lender, day) AS m LEFT JOIN LATERAL (SELECT differences, ours FROM funding_reconciliation AS r"
        " WHERE r.lender = m.lender AND r.day = m.day ORDER BY try DESC LIMIT 1) AS last ON true"
        " WHERE last.differences IS DISTINCT FROM 0 OR last.ours <> m.told ORDER BY m.day, m.lender LIMIT %s",
        [until, limit],
    )
    return [(str(lender), day) for lender, day in rows]
