"""Steps that the books took: what was bought, paid out, repaid and written off under a signed contract becomes rows of its stream.

Purchases of shops, pages and partners go straight to the books; this follower reads their facts behind a cursor and writes steps 6, 8, 9
and 12, and step 7 once the bank's statement confirms that the shop has its money. A row's key names the fact, so a pass that died is
repeated without harm. What the machine forbids is not written: it is counted and told, for the books went on without the stream.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import from_day
from honghua.credit import store as books_store
from honghua.credit.core.journey import RiskVerdict, Step, Verdict
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done, Moment, Quiet
from honghua.credit.journey.books import compute_trial_balance
from honghua.credit.journey.store import StepRow
from honghua.credit.journey.taking import Cleared, StepRefusal, Taking, look_at_step, record_step
from honghua.credit.limiting.store import read_place, write_place
from honghua.credit.refold import each_fact
from honghua.credit.registry import Registry
from honghua.facts.kinds import Fact, FactKind
from honghua.merchants import api as merchants
from honghua.store.database import run_unit
from honghua.store.facts import read_final_page

FEED: Final = "journey.books"
PAGE: Final = 500
ROWS_AT_ONCE: Final = 500  # a pass takes turns with other jobs: it may not keep them waiting
PAYOUT_DAYS: Final = (
    60  # a shop is paid within days; what was not paid after so many is no payout any more but a case for people
)
PAYOUTS_AT_ONCE: Final = 500
FOLLOWED: Final = frozenset({
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.REPAYMENT_RECEIVED, FactKind.WRITTEN_OFF,
})  # fmt: skip


@dataclass(slots=True)
class Followed:
    """What a pass did. written: rows by step; forbidden: codes of rows that the machine did not allow, with the first contracts."""

    facts: int = 0
    written: Counter[Step] = field(default_factory=Counter)
    forbidden: Counter[str] = field(default_factory=Counter)
    contracts: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass at work."""

    conn: psycopg.Connection
    registry: Registry
    now: dt.datetime
    told: Followed


@dataclass(frozen=True, slots=True)
class BooksHook(Quiet):
    """The look at a step that the books took already: it forbids nothing, and where the books are unsound it calls a person."""

    registry: Registry
    name: str = "what the books did"

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """Drawn: the decision by which it can be replayed. Booked: the account's own trial balance, its row held meanwhile."""
        if moment.step is Step.DRAWDOWN:
            return RiskVerdict(self.name, figures={"decision_id": done.decided["purchase_id"], "said": "approved"})
        if moment.step is Step.BOOKING and done.account_id is not None:
            books_store.load_accounts(conn, np.array([done.account_id], np.int64), lock=True)
            found = compute_trial_balance(conn, self.registry, done.account_id)
            figures = {"entries": found.entries, "sum_minor": found.sum_minor, "unlike": list(found.unlike)}
            if found.is_balanced:
                return RiskVerdict(self.name, figures=figures)
            return RiskVerdict(self.name, Verdict.REFER, ("BOOKING_UNBALANCED",), figures)
        return RiskVerdict(self.name)


def follow_books(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime) -> Followed:
    """One pass over what became final since the last. Transactions of its own.

    It ends early once it wrote ROWS_AT_ONCE rows: the next pass goes on there.
    """
    work = _Pass(conn, registry, now, Followed())
    while work.told.written.total() < ROWS_AT_ONCE and _follow_page(work):
        pass
    return work.told


def _follow_page(work: _Pass) -> bool:
    """A page of facts; whether more may lie behind it."""
    columns = read_final_page(work.conn, after=read_place(work.conn, FEED), limit=PAGE)
    if not len(columns):
        return False
    facts = [(fact_id, fact) for fact_id, fact in each_fact(columns) if fact.kind in FOLLOWED]
    contracts = store.find_contracts_of(work.conn, sorted({fact.account_id for _, fact in facts}))
    for fact_id, fact in facts:
        if fact.account_id in contracts:
            _follow_fact(work, contracts[fact.account_id], fact_id, fact)
    after = (int(columns.txid[-1]), int(columns.fact_id[-1]))
    run_unit(work.conn, lambda c: write_place(c, FEED, after))
    work.told.facts += len(columns)
    return len(columns) == PAGE


def follow_payouts(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime) -> Followed:
    """Step 7 of purchases whose shop has its money by the bank's own statement. Transactions of its own."""
    work = _Pass(conn, registry, now, Followed())
    since = books_store.get_business_day(work.conn) - dt.timedelta(days=PAYOUT_DAYS)
    after = (since, 0, 0)
    while page := store.list_unpaid(work.conn, after=after, limit=PAYOUTS_AT_ONCE):
        paid = merchants.find_paid(work.conn, [row.purchase_id for row in page])
        for row in page:
            if row.purchase_id in paid:
                payout = paid[row.purchase_id]
                decided = {
                    "purchase_id": row.purchase_id,
                    "payout": "confirmed",
                    "payout_key": payout.key,
                    "bank": payout.bank,
                }
                done = Done(decided={**decided, "followed": True}, account_id=row.account_id, fact_id=row.fact_id)
                key = f"paid:{row.purchase_id}"
                _write(work, Taking(contract_id=row.contract_id, step=Step.PAYOUT, key=key, subject=row.subject), done)
        after = page[-1].place
    return work.told


def name_purchase(purchase_id: int) -> str:
    """The subject of a purchase that no step drew: orders repeat from shop to shop, numbers do not."""
    return f"purchase {purchase_id}"


def _follow_fact(work: _Pass, contract_id: int, fact_id: int, fact: Fact) -> None:
    subject = store.find_subject(work.conn, contract_id, fact.purchase_id) or name_purchase(fact.purchase_id)
    shop = {
        "purchase_id": fact.purchase_id,
        "amount_minor": fact.amount_minor,
        "on": from_day(fact.effective_on).isoformat(),
    }
    if fact.kind == FactKind.WRITTEN_OFF:
        evidence = (fact.detail or {}).get("approved_by", "")
        steps = [(Step.WRITE_OFF, "claim", {"written_off_minor": fact.amount_minor, "approved_by": [evidence]})]
    elif fact.kind == FactKind.REPAYMENT_RECEIVED:
        steps = [(Step.REPAYMENT, f"fact {fact_id}", {"amount_minor": fact.amount_minor})]
    elif fact.kind == FactKind.PURCHASE_AUTHORISED:
        steps = [(Step.DRAWDOWN, subject, shop)]
    else:
        steps = [(Step.DRAWDOWN, subject, shop), (Step.BOOKING, subject, {**shop, "booked_minor": fact.amount_minor})]
    for step, about, decided in steps:
        if not store.has_step(work.conn, contract_id, step, about, fact_id):
            done = Done(decided={**decided, "followed": True}, account_id=fact.account_id, fact_id=fact_id)
            taking = Taking(contract_id=contract_id, step=step, key=f"books:{fact_id}:{step}", subject=about)
            _write(work, taking, done)


def _write(work: _Pass, taking: Taking, done: Done) -> None:
    hook = BooksHook(work.registry)

    def write(c: psycopg.Connection) -> StepRow | StepRefusal:
        looked = look_at_step(c, hook, taking, now=work.now, business_on=books_store.get_business_day(c))
        return record_step(c, hook, taking, looked, done) if isinstance(looked, Cleared) else looked

    taken = run_unit(work.conn, write)
    if isinstance(taken, StepRefusal):
        work.told.forbidden[taken.code] += 1
        work.told.contracts.append(taking.contract_id)
    else:
        work.told.written[taken.step] += 1


__all__ = ["FEED", "BooksHook", "Followed", "follow_books", "follow_payouts", "name_purchase"]
