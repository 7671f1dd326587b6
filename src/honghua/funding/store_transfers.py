"""SQL of transfers: who sells what to whom, who allowed it, how far it is, and what each loan moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.funding.core.splitting import Position
from honghua.funding.core.transferring import KeptLoan, SoldPart

TRANSFER: Final = """
SELECT t.transfer_id, t.seller, t.buyer, t.price_ppm, t.agreement, t.person, t.why, t.proposed_at,
  coalesce(w.word, '') AS word, coalesce(w.person, '') AS second_person, coalesce(w.why, '') AS second_why,
  coalesce(r.sold, 0) AS sold, coalesce(r.kept, 0) AS kept, coalesce(r.principal_minor, 0) AS principal_minor,
  coalesce(r.price_minor, 0) AS price_minor, r.done_at
FROM funding_transfer AS t LEFT JOIN funding_transfer_word AS w USING (transfer_id) LEFT JOIN funding_transfer_run AS r USING (transfer_id)
"""
MOVE: Final = """
WITH sold AS (
  SELECT * FROM unnest(%(loans)s::text[], %(shares)s::int[], %(out)s::bigint[], %(lost)s::bigint[], %(earned)s::bigint[])
    AS s (loan, share_ppm, out_minor, lost_minor, earned_minor)),
given AS (
  UPDATE funding_position AS p SET is_held = false, share_ppm = 0, outstanding_minor = 0, written_off_minor = 0, earned_minor = 0,
    held_from = %(day)s FROM sold WHERE p.loan = sold.loan AND p.lender = %(seller)s)
INSERT INTO funding_position AS p
  (loan, lender, place, partner_group, share_ppm, outstanding_minor, written_off_minor, earned_minor, held_from)
SELECT sold.loan, %(buyer)s, (SELECT max(place) + 1 FROM funding_position AS q WHERE q.loan = sold.loan), %(group)s, share_ppm, out_minor,
  lost_minor, earned_minor, %(day)s FROM sold
ON CONFLICT (loan, lender) DO UPDATE SET is_held = true, share_ppm = p.share_ppm + EXCLUDED.share_ppm,
  outstanding_minor = p.outstanding_minor + EXCLUDED.outstanding_minor,
  written_off_minor = p.written_off_minor + EXCLUDED.written_off_minor,
  earned_minor = p.earned_minor + EXCLUDED.earned_minor, held_from = EXCLUDED.held_from
"""
TELL: Final = """
INSERT INTO funding_movement (key, loan, lender, kind, amount_minor, whole_minor, day, at)
SELECT 'transfer:' || %(transfer)s || ':' || m.loan || ':' || m.what, m.loan, side.lender, side.kind, m.minor, m.minor, %(day)s, %(now)s
FROM unnest(%(loans)s::text[], %(whats)s::text[], %(amounts)s::bigint[]) AS m (loan, what, minor)
CROSS JOIN LATERAL (VALUES
  (%(seller)s, CASE m.what WHEN 'principal' THEN 'sold' WHEN 'loss' THEN 'loss_sold' WHEN 'earned' THEN 'earned_sold' ELSE 'price_got' END),
  (%(buyer)s, CASE m.what WHEN 'principal' THEN 'bought' WHEN 'loss' THEN 'loss_bought' WHEN 'earned' THEN 'earned_bought'
    ELSE 'price_paid' END)) AS side (lender, kind)
"""


@dataclass(frozen=True, slots=True)
class Transfer:
    """All parts of one lender for another. word: of the second person, '' = none yet; minor units of what has gone so far.

    kept: loans that it had to leave. done_at: None until every loan was looked at.
    """

    transfer_id: int
    seller: str
    buyer: str
    price_ppm: int
    agreement: str
    person: str
    why: str
    proposed_at: dt.datetime
    word: str
    second_person: str
    second_why: str
    sold: int
    kept: int
    principal_minor: int
    price_minor: int
    done_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        """Whether something of it is still to be said or done."""
        return self.word == "" or (self.word == "approve" and self.done_at is None)


@dataclass(frozen=True, slots=True)
class TransferNotice:
    """What a customer is told of one transfer."""

    notice_id: int
    transfer_id: int
    account_id: int
    customer: str
    chinese: str
    english: str
    made_at: dt.datetime


@dataclass(frozen=True, slots=True)
class HeldPart:
    """One lender's part of one loan, with its group ('' = ourselves)."""

    loan: str
    group: str
    position: Position


def insert_transfer(conn: psycopg.Connection, row: Mapping[str, object]) -> int:
    """Propose one; its number."""
    found = conn.execute(
        "INSERT INTO funding_transfer (seller, buyer, price_ppm, agreement, person, why, proposed_at) VALUES"
        " (%(seller)s, %(buyer)s, %(price_ppm)s, %(agreement)s, %(person)s, %(why)s, %(now)s) RETURNING transfer_id",
        row,
    ).fetchone()
    assert found is not None, "INSERT … RETURNING"
    return int(found[0])


def lock_seller(conn: psycopg.Connection, seller: str) -> None:
    """Nobody else proposes or decides about this seller until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('funding_seller:' || %s, 0))", [seller])


def find_transfer(conn: psycopg.Connection, transfer_id: int) -> Transfer | None:
    """One transfer."""
    with conn.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(TRANSFER + " WHERE t.transfer_id = %s", [transfer_id]).fetchone()


def list_transfers(conn: psycopg.Connection, *, limit: int) -> list[Transfer]:
    """The newest first."""
    with conn.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(TRANSFER + " ORDER BY t.transfer_id DESC LIMIT %s", [limit]).fetchall()


def list_open(conn: psycopg.Connection, *, seller: str | None = None) -> list[Transfer]:
    """Transfers of which something is still to be said or done, the oldest first; of one seller or of all."""
    with conn.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(
            TRANSFER + " WHERE (%(seller)s::text IS NULL OR t.seller = %(seller)s)"
            " AND (w.word IS NULL OR w.word = 'approve' AND r.done_at IS NULL) ORDER BY t.transfer_id",
            {"seller": seller},
        ).fetchall()


def insert_word(
    conn: psycopg.Connection, transfer_id: int, word: str, *, said: tuple[str, str], now: dt.datetime
) -> None:
    """The second person's word; said: (person, why)."""
    conn.execute(
        "INSERT INTO funding_transfer_word (transfer_id, word, person, why, said_at) VALUES (%s, %s, %s, %s, %s)",
        [transfer_id, word, *said, now],
    )
    if word == "approve":
        conn.execute("INSERT INTO funding_transfer_run (transfer_id) VALUES (%s)", [transfer_id])


def lock_run(conn: psycopg.Connection, transfer_id: int) -> tuple[str, bool]:
    """(the last loan that was looked at, whether all were); ours until the transaction ends."""
    row = conn.execute(
        "SELECT after_loan, done_at IS NOT NULL FROM funding_transfer_run WHERE transfer_id = %s FOR UPDATE",
        [transfer_id],
    ).fetchone()
    assert row is not None, "made with the second person's word"
    return str(row[0]), bool(row[1])


def end_run(conn: psycopg.Connection, transfer_id: int, *, now: dt.datetime) -> None:
    """Every loan was looked at."""
    conn.execute("UPDATE funding_transfer_run SET done_at = %s WHERE transfer_id = %s", [now, transfer_id])


def list_held(conn: psycopg.Connection, transfer: Transfer, *, after: str, limit: int) -> list[str]:
    """Loans of which the seller holds a part and that the transfer has not left, by name behind one."""
    rows = conn.execute(
        "SELECT loan FROM funding_position AS p WHERE lender = %s AND is_held AND loan > %s AND NOT EXISTS ("
        "SELECT FROM funding_transfer_kept AS k WHERE k.transfer_id = %s AND k.loan = p.loan) ORDER BY loan LIMIT %s",
        [transfer.seller, after, transfer.transfer_id, limit],
    )
    return [str(loan) for (loan,) in rows]


def sum_held(conn: psycopg.Connection, lender: str) -> tuple[int, int]:
    """(loans, principal out) of the parts that a lender holds."""
    row = conn.execute(
        "SELECT count(*), coalesce(sum(outstanding_minor), 0)::bigint FROM funding_position WHERE lender = %s AND is_held",
        [lender],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def lock_parts(conn: psycopg.Connection, loans: Sequence[str]) -> list[HeldPart]:
    """Every held part of some loans, by loan and place; theirs until the transaction ends."""
    rows = conn.execute(
        "SELECT loan, partner_group, lender, share_ppm, outstanding_minor, earned_minor, written_off_minor FROM funding_position"
        " WHERE loan = ANY(%s) AND is_held ORDER BY loan, place FOR UPDATE",
        [list(loans)],
    )
    return [
        HeldPart(
            loan, group,
            Position(lender=lender, share_ppm=ppm, outstanding_minor=out, earned_minor=earned, written_off_minor=lost),
        )
        for loan, group, lender, ppm, out, earned, lost in rows
    ]  # fmt: skip


def list_accounts(conn: psycopg.Connection, loans: Sequence[str]) -> dict[str, int]:
    """loan -> account, of loans that are purchases."""
    rows = conn.execute("SELECT loan, account_id FROM funding_purchase WHERE loan = ANY(%s)", [list(loans)])
    return {str(loan): int(account) for loan, account in rows}


def move_parts(
    conn: psycopg.Connection,
    transfer: Transfer,
    sold: Sequence[SoldPart],
    *,
    group: str,
    day: dt.date,
    now: dt.datetime,
) -> None:
    """The seller holds nothing of these loans any more, the buyer does; both are told. group: the buyer's."""
    parts = [one.part for one in sold]
    who = {"seller": transfer.seller, "buyer": transfer.buyer, "day": day, "now": now, "transfer": transfer.transfer_id}
    conn.execute(
        MOVE,
        {
            **who, "group": group, "loans": [one.loan for one in sold], "shares": [one.share_ppm for one in parts],
            "out": [one.outstanding_minor for one in parts], "lost": [one.written_off_minor for one in parts],
            "earned": [one.earned_minor for one in parts],
        },
    )  # fmt: skip
    told = [
        (one.loan, what, minor)
        for one in sold
        for what, minor in (
            ("principal", one.part.outstanding_minor), ("loss", one.part.written_off_minor), ("earned", one.part.earned_minor),
            ("price", one.price_minor),
        )
        if minor
    ]  # fmt: skip
    conn.execute(
        TELL,
        {
            **who, "loans": [loan for loan, *_ in told], "whats": [what for _, what, _ in told],
            "amounts": [minor for *_, minor in told],
        },
    )  # fmt: skip
    conn.execute(
        "INSERT INTO funding_transfer_loan"
        " (transfer_id, loan, share_ppm, principal_minor, loss_minor, earned_minor, price_minor, day)"
        " SELECT %s, s.*, %s FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS s",
        [
            transfer.transfer_id, day, [one.loan for one in sold], [one.share_ppm for one in parts],
            [one.outstanding_minor for one in parts], [one.written_off_minor for one in parts],
            [one.earned_minor for one in parts], [one.price_minor for one in sold],
        ],
    )  # fmt: skip


def keep_parts(conn: psycopg.Connection, transfer_id: int, kept: Sequence[KeptLoan]) -> None:
    """Loans that stay where they are, and why."""
    conn.execute(
        "INSERT INTO funding_transfer_kept (transfer_id, loan, why) SELECT %s, * FROM unnest(%s::text[], %s::text[])",
        [transfer_id, [one.loan for one in kept], [one.why for one in kept]],
    )


def insert_over(conn: psycopg.Connection, transfer_id: int, over: Sequence[KeptLoan]) -> None:
    """Loans that came back to us although a bound is passed by it."""
    conn.execute(
        "INSERT INTO funding_transfer_over (transfer_id, loan, bound) SELECT %s, * FROM unnest(%s::text[], %s::text[])",
        [transfer_id, [one.loan for one in over], [one.why for one in over]],
    )


def count_over(conn: psycopg.Connection, transfer_id: int) -> list[tuple[str, int]]:
    """(bound, loans) that a buy-back at an exit passed."""
    rows = conn.execute(
        "SELECT bound, count(*) FROM funding_transfer_over WHERE transfer_id = %s GROUP BY bound ORDER BY 2 DESC, 1",
        [transfer_id],
    )
    return [(str(bound), int(count)) for bound, count in rows]


def move_run(
    conn: psycopg.Connection, transfer_id: int, sold: Sequence[SoldPart], kept: int, *, after_loan: str
) -> None:
    """How far it is."""
    conn.execute(
        "UPDATE funding_transfer_run SET after_loan = %s, sold = sold + %s, kept = kept + %s, principal_minor = principal_minor + %s,"
        " price_minor = price_minor + %s WHERE transfer_id = %s",
        [
            after_loan, len(sold), kept, sum(one.part.outstanding_minor for one in sold), sum(one.price_minor for one in sold), transfer_id,
        ],
    )  # fmt: skip


def count_kept(conn: psycopg.Connection, transfer_id: int) -> list[tuple[str, int]]:
    """(why, loans) that a transfer had to leave."""
    rows = conn.execute(
        "SELECT why, count(*) FROM funding_transfer_kept WHERE transfer_id = %s GROUP BY why ORDER BY 2 DESC, 1",
        [transfer_id],
    )
    return [(str(why), int(count)) for why, count in rows]


def insert_notices(
    conn: psycopg.Connection,
    transfer_id: int,
    to: Sequence[tuple[int, str]],
    words: tuple[str, str],
    *,
    now: dt.datetime,
) -> list[TransferNotice]:
    """(account, customer) told of a transfer, each once; those told now. words: (Chinese, English)."""
    with conn.cursor(row_factory=class_row(TransferNotice)) as cursor:
        return cursor.execute(
            "INSERT INTO funding_transfer_notice (transfer_id, account_id, customer, chinese, english, made_at)"
            " SELECT %s, account, customer, %s, %s, %s FROM unnest(%s::bigint[], %s::text[]) AS t (account, customer)"
            " ON CONFLICT (transfer_id, account_id) DO NOTHING"
            " RETURNING notice_id, transfer_id, account_id, customer, chinese, english, made_at",
            [transfer_id, *words, now, [account for account, _ in to], [customer for _, customer in to]],
        ).fetchall()


def list_notices(conn: psycopg.Connection, customers: Sequence[str], *, limit: int) -> list[TransferNotice]:
    """What customers were told of transfers, the newest first."""
    with conn.cursor(row_factory=class_row(TransferNotice)) as cursor:
        return cursor.execute(
            "SELECT notice_id, transfer_id, account_id, customer, chinese, english, made_at FROM funding_transfer_notice"
            " WHERE customer = ANY(%s) ORDER BY notice_id DESC LIMIT %s",
            [list(customers), limit],
        ).fetchall()
