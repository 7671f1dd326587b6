"""The job that pays shops at once: each purchase is scanned a second time, then ordered under a key that pays once, or kept back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.merchants import turn_day
from honghua.base.errors import Refusal, WorldFailed
from honghua.bureau.api import BureauProvider
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.merchants import api as merchants
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

Work = Callable[[psycopg.Connection, dt.datetime], str]
AT_ONCE: Final = 100  # of one run: it takes turns with other jobs
UNANSWERED: Final = "refused"  # how a scan's figures say that the bureau gave no report
LATER: Final = dt.timedelta(seconds=30)  # whom nobody could scan is scanned then


def make_payer_at_once(
    bank: merchants.PayoutBank | None, provider: BureauProvider | None, secrets: Secrets | None
) -> Work:
    """The job; without a bank or without keys, by which customers can be looked at, shops are paid by their settlements."""
    if bank is None or secrets is None:
        return lambda conn, now: "no payout bank or no keys are attached: shops are paid by their settlements"
    approver = make_approver(provider, secrets)

    def pay(conn: psycopg.Connection, now: dt.datetime) -> str:
        if find_day(conn) is None:
            return NOT_BEGUN
        turn_day(bank, now)
        currency = credit.open_registry(conn).newest_terms.currency
        merchants.catch_up(conn, now=now)
        told = Counter(
            pay_one(conn, bank, approver, one, currency=currency, now=now)
            for one in merchants.list_due(conn, now=now, limit=AT_ONCE)
        )
        written = write_streams(conn, now=now)
        said = ", ".join(f"{count} {what}" for what, count in sorted(told.items())) or "nothing was due"
        return f"{said}; {written} held ones written into contracts; by {bank.name}"

    return pay


def make_approver(provider: BureauProvider | None, secrets: Secrets) -> journey.Approver:
    """Who looks a second time: with a bureau at what it says by now, without one at our own records alone."""
    if provider is None:
        return journey.StartingApprover(vault=secrets.vault)
    return journey.LimitsApprover(vault=secrets.vault, provider=provider)


def pay_one(
    conn: psycopg.Connection, bank: merchants.PayoutBank, approver: journey.Approver, due: merchants.DuePayout, *, currency: str,
    now: dt.datetime,
) -> str:  # fmt: skip
    """Scan, then order and send, or hold; in a word what it came to.

    A scan that the bureau did not answer is made again until the day is settled: nobody's shop is paid at once unseen.
    """
    seen: journey.RiskVerdict | None
    try:
        seen = journey.scan_purchase(conn, approver, account_id=due.account_id, purchase_id=due.purchase_id, now=now)
    except WorldFailed:
        seen = None
    if seen is None or (seen.is_pass and seen.figures.get("bureau") == UNANSWERED):
        run_unit(conn, lambda c: merchants.postpone_due(c, due.purchase_id, due_at=now + LATER))
        return "not scanned yet"
    if not seen.is_pass:
        held = run_unit(conn, lambda c: merchants.hold_due(c, due, reasons=seen.reasons, seen=seen.figures, now=now))
        return "not to be held any more" if isinstance(held, Refusal) else "held"

    def order(c: psycopg.Connection) -> merchants.PayoutOrder | Refusal:
        return merchants.order_due(c, due, business_on=credit.get_business_day(c), currency=currency, now=now)

    made = run_unit(conn, order)
    if isinstance(made, Refusal):
        return "left to the settlement"
    return str(merchants.send_payout(conn, bank, made.key, now=now).state)


def write_streams(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Held payouts whose purchase has come to stand in its contract's stream, as step 7; how many. The others wait for the follower."""
    written = 0
    for held in merchants.list_unwritten(conn, limit=AT_ONCE):
        written += run_unit(conn, lambda c, held=held: write_stream(c, held, now=now))  # type: ignore[misc]
    return written


def write_stream(conn: psycopg.Connection, held: merchants.HeldPayout, *, now: dt.datetime) -> bool:
    """One of them, in the caller's transaction; False where the purchase is not drawn in the stream yet."""
    taken = journey.write_held(
        conn, account_id=held.account_id, purchase_id=held.purchase_id, reasons=held.reasons, seen=held.seen, now=now
    )
    if isinstance(taken, journey.StepRefusal) and taken.code == "PURCHASE_NOT_DRAWN":
        return False
    merchants.note_written(conn, held.purchase_id, now=now)
    return isinstance(taken, journey.StepRow)


def release(
    conn: psycopg.Connection, purchase_id: int, *, person: str, why: str, now: dt.datetime
) -> merchants.HeldPayout | Refusal:
    """A person lets a held payout go, in the merchants' books and in the contract's stream. In the caller's transaction."""
    day = credit.get_business_day(conn)
    done = merchants.release_held(conn, purchase_id, person=person, why=why, business_on=day, now=now)
    if isinstance(done, Refusal):
        return done
    write_stream(conn, done, now=now)
    journey.write_released(conn, account_id=done.account_id, purchase_id=purchase_id, person=person, why=why, now=now)
    return done


__all__ = ["make_approver", "make_payer_at_once", "pay_one", "release", "write_streams"]
