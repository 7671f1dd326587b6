"""How accounts stood at the end of a month, as the facts known now make it: what the credit bureau is told of them.

A late or reversed fact changes what a past month was, and the next look says so. Each account is folded from its beginning, so the cost
is that of its facts (some 0.2 ms an account); nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import NO_DAY, from_day, to_day
from honghua.credit.core.account import Account, refold, restore, terms_max
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import (
    D_DUE,
    D_MINIMUM,
    E_A2,
    E_AMOUNT,
    E_KIND,
    E_ON,
    H_CHARGED_OFF,
    H_CLASS,
    H_DUES,
    H_LIMIT,
    H_OPENED,
    H_STATUS,
    H_TEMPORARY,
    H_TERMS,
    S_DUE,
    S_TOTAL,
    STATUS_CLOSED,
    STATUS_NONE,
    STATUS_WRITTEN_OFF,
)  # fmt: skip
from honghua.credit.core.lines.purposes import holder_of
from honghua.credit.refold import event_matrix, standing
from honghua.credit.registry import Registry
from honghua.credit.store_risk import find_customer_refs
from honghua.credit.viewing.store_issued import load_issued_of
from honghua.credit.viewing.views import day_or_none
from honghua.facts.kinds import FactKind
from honghua.ledger.core import CLAIM
from honghua.store.facts import find_reached, read_facts

Ints = NDArray[np.int64]
NOTHING: Final = np.zeros(0, np.int64)
USED: Final = 20
AT_DAWN, AFTER = 0, 1  # at the start of a day, before its facts, and after them
MONEY_IN: Final = (int(FactKind.REPAYMENT_RECEIVED), int(FactKind.RECOVERY_RECEIVED))
CURES: Final = (
    *MONEY_IN, int(FactKind.PURCHASE_REFUNDED), int(FactKind.HARDSHIP_AGREED), int(FactKind.BILL_INSTALLED), int(FactKind.CHARGES_WAIVED),
)  # fmt: skip
# By kind of fact, whether it is one of these: a look into a table costs a hundredth of a search among five.
IS_MONEY_IN, IS_CURE = (np.isin(np.arange(max(FactKind) + 1), kinds) for kinds in (MONEY_IN, CURES))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPosition:
    """One account at the end of a month (of the last calendar day, after all of its facts). Amounts minor units of `currency`.

    due_minor: bills that fell due in the month; paid_minor: what came in; overdue_minor: what was to be paid before the last day and
    was not, days_past_due: of the oldest such bill. overdue_from … cleared_on: the last unbroken run of arrears in the month, None =
    none, and not cleared; overdue_most_minor: the most of it so far; carried_cleared_on: the day that ended a run which began before
    the month. state: open, closed or written_off; ended_on: since when. plans_settled, hardship, reduced: whether a plan was settled
    early, a hardship plan agreed, charges waived in the month. known_fact_id: the last fact of the account that was looked at.
    """

    account_id: int
    customer: str
    product: str
    currency: str
    month: dt.date
    opened_on: dt.date
    line_minor: int
    used_minor: int
    owed_minor: int
    due_minor: int
    paid_minor: int
    last_paid_on: dt.date | None
    days_past_due: int
    overdue_from: dt.date | None
    cleared_on: dt.date | None
    carried_cleared_on: dt.date | None
    overdue_minor: int
    overdue_most_minor: int
    risk_class: int
    charged_off_minor: int
    state: str
    ended_on: dt.date | None
    plans_settled: bool
    hardship: bool
    reduced: bool
    known_fact_id: int


def list_month_positions(
    conn: psycopg.Connection,
    registry: Registry,
    month: dt.date,
    account_ids: Sequence[int],
    *,
    known: Mapping[int, int] | None = None,
) -> list[MonthPosition]:
    """Positions of these accounts at the end of a month, by rising id; those not opened by then are left out, and those whose
    facts cannot be folded, which stand in quarantine.

    known: by account the last fact to look at, for those who ask what could be known at some moment.
    """
    ids = np.array(sorted(set(account_ids)), np.int64)
    if not len(ids):
        return []
    names = find_customer_refs(conn, ids.tolist())
    facts = read_facts(conn, ids)
    events, fact_ids, reverses = event_matrix(facts)
    terms_rows = registry.learn_terms(conn, up_to=terms_max(events))
    issued = load_issued_of(conn, ids.tolist())
    ends = np.searchsorted(facts.account_id, ids, side="right")
    starts = np.searchsorted(facts.account_id, ids, side="left")
    found = []
    for account_id, first, last in zip(ids.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if account_id not in names:
            continue
        newest = (known or {}).get(account_id, int(fact_ids[first:last].max(initial=0)))
        seen = np.flatnonzero(fact_ids[first:last] <= newest) + first
        mine = standing(events[seen], fact_ids[seen], reverses[seen])
        base = restore(account_id, names[account_id], terms_rows, NOTHING)
        life = Life(base, mine, issued[account_id], newest)
        with suppress(ArithmeticError, AssertionError):  # facts that fold to nothing: `verify` names the account
            position = life.position(month.replace(day=1), registry)
            found += [position] if position is not None else []
    return found


def list_month_accounts(conn: psycopg.Connection, *, after_id: int, limit: int) -> list[int]:
    """Ids of accounts above one id, rising: the pages of a monthly run."""
    rows = conn.execute(
        "SELECT account_id FROM credit_account WHERE status > 0 AND account_id > %s ORDER BY account_id LIMIT %s",
        [after_id, limit],
    )
    return [int(row[0]) for row in rows]


def find_opened(conn: psycopg.Connection, account_ids: Sequence[int], *, before: dt.date) -> set[int]:
    """Which of these accounts were opened before a day."""
    query = "SELECT account_id FROM credit_account WHERE account_id = ANY(%s::bigint[]) AND opened_on < %s"
    return {int(row[0]) for row in conn.execute(query, [list(account_ids), before])}


@dataclass(slots=True)
class Run:
    """An unbroken run of arrears, day numbers: its first day, the day that cleared it (NO_DAY: not yet), the most that was overdue."""

    start: int
    cleared: int
    most: int


class Life:
    """An account's events that count, folded up to any day."""

    def __init__(self, base: Account, events: Ints, issued: Ints, known_fact_id: int) -> None:
        self.base = base
        self.events = events
        self.issued = issued
        self.known_fact_id = known_fact_id

    def at(self, day: int) -> tuple[Account, Ints]:
        """The state at the start of a day and every statement cut by then."""
        return refold(self.base, self.events[self.events[:, E_ON] < day], self.issued, day)

    def after(self, day: int) -> tuple[Account, Ints]:
        """The state after all facts of a day and before the next one dawns: a bill of the next day is not made yet."""
        return refold(self.base, self.events[self.events[:, E_ON] <= day], self.issued, day)

    def position(self, month: dt.date, registry: Registry) -> MonthPosition | None:
        """How it stood at the end of a month, None when it was not open yet."""
        first = to_day(month)
        end = to_day((month + dt.timedelta(days=31)).replace(day=1))
        account, statements = self.after(end - 1)
        head = account.head
        if int(head[H_STATUS]) == STATUS_NONE:
            return None
        terms = registry.terms[int(head[H_TERMS])]
        mine = self.events[(self.events[:, E_ON] >= first) & (self.events[:, E_ON] < end)]
        paid = mine[IS_MONEY_IN[mine[:, E_KIND]]]
        runs = self.arrears(statements, end - 1) if self.was_late(account, statements, first, end) else []
        mine_runs = [run for run in runs if run.cleared == NO_DAY or run.cleared >= first]
        run = mine_runs[-1] if mine_runs else Run(NO_DAY, NO_DAY, 0)
        carried = mine_runs[0].cleared if mine_runs and mine_runs[0].start < first else NO_DAY
        hardships = mine[mine[:, E_KIND] == FactKind.HARDSHIP_AGREED]
        overdue = overdue_minor(account, end - 1)
        return MonthPosition(
            account_id=account.account_id,
            customer=holder_of(account.customer_ref),
            product=terms.name,
            currency=terms.currency,
            month=month,
            opened_on=from_day(int(head[H_OPENED])),
            line_minor=int(head[H_LIMIT] + head[H_TEMPORARY]),
            used_minor=int(account.balance[USED]),
            owed_minor=int(account.balance[CLAIM].sum()),
            due_minor=int(statements[(statements[:, S_DUE] >= first) & (statements[:, S_DUE] < end), S_TOTAL].sum()),
            paid_minor=int(paid[:, E_AMOUNT].sum()),
            last_paid_on=self.last_paid_on(end),
            days_past_due=int(days_past_due(head)),
            overdue_from=day_or_none(run.start),
            cleared_on=day_or_none(run.cleared),
            carried_cleared_on=day_or_none(carried),
            overdue_minor=overdue,
            overdue_most_minor=max(run.most, overdue),
            risk_class=int(head[H_CLASS]) or 1,
            charged_off_minor=int(head[H_CHARGED_OFF]),
            state={STATUS_CLOSED: "closed", STATUS_WRITTEN_OFF: "written_off"}.get(int(head[H_STATUS]), "open"),
            ended_on=self.ended_on(int(head[H_STATUS]), end),
            plans_settled=bool((mine[:, E_KIND] == FactKind.PLAN_SETTLED).any()),
            hardship=bool(len(hardships)),
            reduced=bool(hardships[:, E_A2].any() or (mine[:, E_KIND] == FactKind.CHARGES_WAIVED).any()),
            known_fact_id=self.known_fact_id,
        )

    def was_late(self, at_end: Account, statements: Ints, first: int, end: int) -> bool:
        """Whether there were arrears on any day of a month: most accounts have none, and their past need not be walked through."""
        if int(at_end.head[H_STATUS]) == STATUS_WRITTEN_OFF:
            return True
        due = statements[(statements[:, S_DUE] >= first) & (statements[:, S_DUE] < end - 1), S_DUE] + 1
        return any(overdue_minor(self.at(day)[0], day) for day in (first, *due.tolist()))

    def arrears(self, statements: Ints, until: int) -> list[Run]:
        """Every unbroken run of arrears up to the end of a day, the oldest first.

        Walks from due day to payment to due day, folding on from where it stands. Paying the oldest bill while another is overdue does
        not end a run; being written off does not either, only the recovery of all of it.
        """
        written = self.ended_on(STATUS_WRITTEN_OFF, until + 1)
        last = until if written is None else to_day(written) - 1
        dawns = {(due_on + 1, AT_DAWN) for due_on in statements[:, S_DUE].tolist() if due_on < last}
        payments = {(day, AFTER) for day in self.events[IS_CURE[self.events[:, E_KIND]], E_ON].tolist() if day <= last}
        runs: list[Run] = []
        account, taken = self.base, 0
        for day, phase in sorted(dawns | payments | {(last, AFTER)}):
            upto = int(np.searchsorted(self.events[:, E_ON], day, side="left" if phase == AT_DAWN else "right"))
            account, _ = refold(account, self.events[taken:upto], self.issued, day)
            taken = upto
            overdue = overdue_minor(account, day)
            if runs and runs[-1].cleared == NO_DAY:
                runs[-1].cleared = NO_DAY if overdue else day
                runs[-1].most = max(runs[-1].most, overdue)
            elif overdue:
                runs.append(Run(day, NO_DAY, overdue))
        if written is not None:
            self.lose(runs, account, to_day(written), until)
        return runs

    def lose(self, runs: list[Run], before: Account, written: int, until: int) -> None:
        """The whole claim is overdue once it was written off, until all of it has been recovered."""
        if not runs or runs[-1].cleared != NO_DAY:
            runs.append(Run(written, NO_DAY, 0))
        runs[-1].most = max(runs[-1].most, int(before.balance[CLAIM].sum()))
        paid_on = self.last_paid_on(until + 1)
        account, _ = self.after(until)
        if not int(account.head[H_CHARGED_OFF]) and paid_on is not None:
            runs[-1].cleared = to_day(paid_on)

    def last_paid_on(self, end: int) -> dt.date | None:
        """The day of the last money that came in before a day."""
        paid = self.events[IS_MONEY_IN[self.events[:, E_KIND]] & (self.events[:, E_ON] < end), E_ON]
        return from_day(int(paid.max())) if len(paid) else None

    def ended_on(self, status: int, end: int) -> dt.date | None:
        """The day of the fact that closed the account or wrote it off."""
        kind = {STATUS_CLOSED: FactKind.STATUS_SET, STATUS_WRITTEN_OFF: FactKind.WRITTEN_OFF}.get(status)
        if kind is None:
            return None
        days = self.events[(self.events[:, E_KIND] == kind) & (self.events[:, E_ON] < end), E_ON]
        return from_day(int(days.max())) if len(days) else None


def overdue_minor(account: Account, day: int) -> int:
    """What had to be paid before a day and was not."""
    dues = account.dues[: int(account.head[H_DUES])]
    return int(dues[(dues[:, D_DUE] < day) & (dues[:, D_MINIMUM] > 0), D_MINIMUM].sum())


def list_overtaken(conn: psycopg.Connection, looked: Sequence[tuple[int, dt.date, int]]) -> list[tuple[int, dt.date]]:
    """Of looks at (account, month, last fact then known) those whose month later facts have reached, as (account, month)."""
    ends = [(month + dt.timedelta(days=31)).replace(day=1) for _, month, _ in looked]
    accounts, known = [account_id for account_id, _, _ in looked], [fact_id for _, _, fact_id in looked]
    return [looked[place][:2] for place in find_reached(conn, accounts, ends=ends, known=known)]


__all__ = ["MonthPosition", "find_opened", "list_month_accounts", "list_month_positions", "list_overtaken"]
