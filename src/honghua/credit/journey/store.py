"""All SQL about contracts, their steps and contacts with debtors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.credit.core.journey import Channel, ContactDone, Move, Step, StepOutcome
from honghua.credit.core.lines.purposes import Purpose, line_of, purpose_of_product

SYSTEM: Final = "system"
STEP: Final = (
    "contract_id, number, step, outcome, subject, at, business_on, finding, decided, risk, fact, account_id, fact_id,"
    " decided_by, key"
)


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract in the making or in force; its customer and product never change."""

    contract_id: int
    customer: str
    product: str
    begun_at: dt.datetime

    @property
    def purpose(self) -> Purpose:
        """What it lends for."""
        return purpose_of_product(self.product)

    @property
    def line(self) -> str:
        """The reference of the account that it opens."""
        return line_of(self.customer, self.purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One row of a contract: the step's fact. risk: `RiskVerdict.body()`; decided: plain JSON values."""

    contract_id: int
    number: int
    step: Step
    outcome: StepOutcome
    subject: str
    at: dt.datetime
    business_on: dt.date
    finding: str
    decided: dict[str, Any] = field(default_factory=dict)
    risk: dict[str, Any] = field(default_factory=dict)
    fact: str
    account_id: int | None = None
    fact_id: int | None = None
    decided_by: str = SYSTEM
    key: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", Step(self.step))
        object.__setattr__(self, "outcome", StepOutcome(self.outcome))

    def move(self) -> Move:
        """The row as the machine reads it."""
        return Move(self.step, self.outcome, self.subject, self.finding, self.decided_by != SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact with a debtor. party answers for it; clause: the duty or contract clause; evidence: where its record lies."""

    contract_id: int
    customer_ref: str
    channel: str
    at: dt.datetime
    is_effective: bool
    actor: str
    party: str
    clause: str
    evidence: str
    key: str


def insert_contract(conn: psycopg.Connection, customer: str, product: str, *, key: str, now: dt.datetime) -> int:
    """The contract of a key, made where there is none."""
    row = conn.execute(
        "INSERT INTO credit_contract (customer_ref, product, key, begun_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (key) DO NOTHING RETURNING contract_id",
        [customer, product, key, now],
    ).fetchone()
    if row is None:
        row = conn.execute("SELECT contract_id FROM credit_contract WHERE key = %s", [key]).fetchone()
    assert row is not None, "inserted, or there before"
    return int(row[0])


def find_contract(conn: psycopg.Connection, contract_id: int, *, lock: bool = False) -> Contract | None:
    """A contract; held against other writers of its steps until the transaction ends, if so wished."""
    if lock:
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('credit_contract', %s))", [contract_id])
    row = conn.execute(
        "SELECT contract_id, customer_ref, product, begun_at FROM credit_contract WHERE contract_id = %s", [contract_id]
    ).fetchone()
    return None if row is None else Contract(*row)


def list_contracts(conn: psycopg.Connection, customer: str) -> list[Contract]:
    """A customer's contracts, the oldest first."""
    rows = conn.execute(
        "SELECT contract_id, customer_ref, product, begun_at FROM credit_contract WHERE customer_ref = %s ORDER BY 1",
        [customer],
    )
    return [Contract(*row) for row in rows]


def list_after(conn: psycopg.Connection, contract_id: int, *, limit: int) -> list[tuple[int, str]]:
    """(contract, customer) of the next contracts after one, by rising number."""
    rows = conn.execute(
        "SELECT contract_id, customer_ref FROM credit_contract WHERE contract_id > %s ORDER BY 1 LIMIT %s",
        [contract_id, limit],
    )
    return [(int(number), str(customer)) for number, customer in rows]


def insert_step(conn: psycopg.Connection, row: StepRow) -> None:
    """Append a row."""
    names = STEP.split(", ")
    values = [
        msgspec.json.encode(value).decode() if name in ("decided", "risk") else value
        for name in names
        for value in [getattr(row, name)]
    ]
    conn.execute(
        f"INSERT INTO credit_contract_steps ({STEP}) VALUES ({', '.join(['%s'] * len(names))})",  # noqa: S608
        values,
    )


def list_steps(conn: psycopg.Connection, contract_id: int) -> list[StepRow]:
    """A contract's rows in order."""
    with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        query = f"SELECT {STEP} FROM credit_contract_steps WHERE contract_id = %s ORDER BY number"  # noqa: S608
        return cursor.execute(query, [contract_id]).fetchall()


def list_waiting(conn: psycopg.Connection, *, limit: int) -> list[StepRow]:
    """What waits for a person: rows whose question nobody has answered since, the oldest first."""
    with conn.cursor(row_factory=class_row(StepRow)) as cursor:
        query = (
            f"SELECT {STEP} FROM credit_contract_steps AS asked WHERE outcome IN ('referred', 'appealed') AND NOT EXISTS ("  # noqa: S608
            "SELECT FROM credit_contract_steps AS later WHERE later.contract_id = asked.contract_id AND later.step = asked.step"
            " AND later.subject = asked.subject AND later.number > asked.number) ORDER BY at, contract_id LIMIT %s"
        )
        return cursor.execute(query, [limit]).fetchall()


def find_account_contract(conn: psycopg.Connection, account_id: int) -> int | None:
    """The contract that opened an account; None for one opened without."""
    row = conn.execute(
        "SELECT contract_id FROM credit_contract_steps WHERE account_id = %s AND step = 5 AND outcome = 'passed'",
        [account_id],
    ).fetchone()
    return None if row is None else int(row[0])


def find_contracts_of(conn: psycopg.Connection, account_ids: Sequence[int]) -> dict[int, int]:
    """The contract that opened each account; accounts opened without are not in it."""
    rows = conn.execute(
        "SELECT account_id, contract_id FROM credit_contract_steps WHERE account_id = ANY(%s) AND step = 5 AND outcome = 'passed'",
        [list(account_ids)],
    )
    return {int(account_id): int(contract_id) for account_id, contract_id in rows}


def find_subject(conn: psycopg.Connection, contract_id: int, purchase_id: int) -> str | None:
    """By which name a contract's rows know a purchase; None where it was not drawn yet."""
    row = conn.execute(
        "SELECT subject FROM credit_contract_steps WHERE contract_id = %s AND step = 6 AND outcome = 'passed'"
        " AND decided->>'purchase_id' = %s LIMIT 1",
        [contract_id, str(purchase_id)],
    ).fetchone()
    return None if row is None else str(row[0])


def has_step(conn: psycopg.Connection, contract_id: int, step: Step, subject: str, fact_id: int) -> bool:
    """Whether a contract has a row of a step about a subject, or about a fact."""
    row = conn.execute(
        "SELECT 1 FROM credit_contract_steps WHERE contract_id = %s AND step = %s AND (subject = %s OR fact_id = %s) LIMIT 1",
        [contract_id, int(step), subject, fact_id],
    ).fetchone()
    return row is not None


@dataclass(frozen=True, slots=True)
class BookedRow:
    """A purchase that stands in the books of a contract, and whose shop no row says to be paid."""

    contract_id: int
    number: int
    business_on: dt.date
    subject: str
    purchase_id: int
    account_id: int
    fact_id: int

    @property
    def place(self) -> tuple[dt.date, int, int]:
        """Where it stands in the order of `list_unpaid`."""
        return self.business_on, self.contract_id, self.number


def list_unpaid(conn: psycopg.Connection, *, after: tuple[dt.date, int, int], limit: int) -> list[BookedRow]:
    """Purchases booked behind a place (business day, contract, row) without a row of their payout, the oldest first."""
    query = (
        "SELECT contract_id, number, business_on, subject, (decided->>'purchase_id')::bigint AS purchase_id, account_id, fact_id"
        " FROM credit_contract_steps AS booked WHERE step = 8 AND outcome = 'passed' AND (business_on, contract_id, number) > (%s, %s, %s)"
        " AND fact_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM credit_contract_steps AS paid WHERE paid.contract_id = booked.contract_id AND paid.step = 7"
        " AND paid.subject = booked.subject) ORDER BY business_on, contract_id, number LIMIT %s"
    )
    with conn.cursor(row_factory=class_row(BookedRow)) as cursor:
        return cursor.execute(query, [*after, limit]).fetchall()


def list_signed(conn: psycopg.Connection, *, after: int, limit: int) -> list[tuple[int, int, str]]:
    """(account, contract, what the last monitoring found and why, "" where there was none) of signed contracts by rising account."""
    return conn.execute(
        "SELECT signed.account_id, signed.contract_id, coalesce((SELECT seen.finding || ' ' || (seen.decided->>'signals')"
        " FROM credit_contract_steps AS seen WHERE seen.contract_id = signed.contract_id AND seen.step = 10"
        " ORDER BY seen.number DESC LIMIT 1), '') FROM credit_contract_steps AS signed"
        " WHERE signed.step = 5 AND signed.outcome = 'passed' AND signed.account_id > %s ORDER BY signed.account_id LIMIT %s",
        [after, limit],
    ).fetchall()


def list_without_contract(conn: psycopg.Connection, *, limit: int) -> tuple[int, list[int]]:
    """How many accounts no contract opened, and the first of them."""
    where = (
        " FROM credit_account AS account WHERE NOT EXISTS (SELECT FROM credit_contract_steps AS signed"
        " WHERE signed.account_id = account.account_id AND signed.step = 5 AND signed.outcome = 'passed')"
    )
    row = conn.execute("SELECT count(*)" + where).fetchone()
    ids = conn.execute("SELECT account_id" + where + " ORDER BY account_id LIMIT %s", [limit])
    return int(row[0]) if row else 0, [int(account_id) for (account_id,) in ids]


def count_passed(conn: psycopg.Connection) -> dict[Step, int]:
    """How many rows passed each step."""
    rows = conn.execute("SELECT step, count(*) FROM credit_contract_steps WHERE outcome = 'passed' GROUP BY step")
    return {Step(step): int(count) for step, count in rows}


def insert_contact(conn: psycopg.Connection, row: ContactRow) -> None:
    """Write down a contact; the same key again changes nothing."""
    conn.execute(
        "INSERT INTO credit_contact (contract_id, customer_ref, channel, at, is_effective, actor, party, clause, evidence, key)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [row.contract_id, row.customer_ref, row.channel, row.at, row.is_effective, row.actor, row.party, row.clause, row.evidence,
         row.key],
    )  # fmt: skip


def list_contacts(conn: psycopg.Connection, customer: str, *, since: dt.datetime | None = None) -> list[ContactRow]:
    """Contacts with a debtor in order, all or since a moment."""
    with conn.cursor(row_factory=class_row(ContactRow)) as cursor:
        query = (
            "SELECT contract_id, customer_ref, channel, at, is_effective, actor, party, clause, evidence, key FROM credit_contact"
            " WHERE customer_ref = %s AND (%s::timestamptz IS NULL OR at >= %s) ORDER BY at, contact_id"
        )
        return cursor.execute(query, [customer, since, since]).fetchall()


def read_done(rows: Sequence[ContactRow]) -> list[ContactDone]:
    """Contacts as the rule reads them."""
    return [ContactDone(channel=Channel(row.channel), at=row.at, is_effective=row.is_effective) for row in rows]
