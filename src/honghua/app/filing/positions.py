"""Credit's month-end positions in the words of the bureau room, which may not look at credit itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import psycopg

from honghua.bureau.api import LenderPart, Position, divide_position
from honghua.bureau.core import Trade, month_after
from honghua.credit import api as credit
from honghua.credit.jobs import MonthPosition, list_month_positions
from honghua.funding import api as funding


def read_positions(
    conn: psycopg.Connection, month: dt.date, known: Mapping[int, int], *, registry: credit.Registry | None = None
) -> list[Position]:
    """Accounts at the end of a month as their facts up to a given one make them: known = last fact by account."""
    found = list_month_positions(conn, registry or credit.open_registry(conn), month, list(known), known=known)
    return [to_position(one) for one in found]


def read_newest_positions(
    conn: psycopg.Connection, registry: credit.Registry, month: dt.date, account_ids: Sequence[int]
) -> list[Position]:
    """The same with all that is known now, by lender: of a shared account one position a lender, which sum to the account."""
    parts = find_parts(conn, month, account_ids)
    found = [to_position(one) for one in list_month_positions(conn, registry, month, account_ids)]
    return [mine for one in found for mine in divide_position(one, parts.get(one.account_id, ()))]


def find_parts(conn: psycopg.Connection, month: dt.date, account_ids: Sequence[int]) -> dict[int, list[LenderPart]]:
    """What other lenders have in accounts at the end of a month, in the words of the bureau."""
    days = (month, month_after(month, 1) - dt.timedelta(days=1))
    return {
        account_id: [
            LenderPart(
                reporter=funding.get_reporter(part.lender), lent_on=part.lent_on, out_minor=part.out_minor, got_minor=part.got_minor,
                lost_minor=part.lost_minor, moved_on=part.moved_on, sold_on=part.sold_on,
            )
            for part in parts
        ]
        for account_id, parts in funding.read_parts(conn, account_ids, days=days).items()
    }  # fmt: skip


def find_trades(*, plans_settled: bool, hardship: bool, reduced: bool) -> tuple[Trade, ...]:
    """The special trades of a month in which these happened."""
    events = (
        (plans_settled, Trade.SETTLED_EARLY), (hardship, Trade.HARDSHIP_PLAN), (reduced, Trade.DEBT_REDUCED),
    )  # fmt: skip
    return tuple(trade for happened, trade in events if happened)


def to_position(one: MonthPosition) -> Position:
    """One position, its special events as trades."""
    return Position(
        account_id=one.account_id, customer=one.customer, product=one.product, currency=one.currency, month=one.month,
        opened_on=one.opened_on, line_minor=one.line_minor, used_minor=one.used_minor, owed_minor=one.owed_minor,
        due_minor=one.due_minor, paid_minor=one.paid_minor, last_paid_on=one.last_paid_on, days_past_due=one.days_past_due,
        overdue_from=one.overdue_from,
        cleared_on=one.cleared_on, carried_cleared_on=one.carried_cleared_on,
        overdue_minor=one.overdue_minor, overdue_most_minor=one.overdue_most_minor,
        risk_class=one.risk_class, charged_off_minor=one.charged_off_minor, state=one.state, ended_on=one.ended_on,
        trades=find_trades(plans_settled=one.plans_settled, hardship=one.hardship, reduced=one.reduced),
        known_fact_id=one.known_fact_id,
    )  # fmt: skip
