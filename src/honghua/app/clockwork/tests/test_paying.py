"""Shops that are paid at once: scanned a second time first, paid once whatever the bank does, never by their settlement too (R-063)."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from honghua.app.book import Book
from honghua.app.cli import build_parser
from honghua.app.clockwork import merchants as jobs
from honghua.app.clockwork.contracts import paying, steps
from honghua.app.commands.books.merchants import ACTIONS
from honghua.app.journey.living import (
    INDEBTED,
    SUITED,
    Life,
    become_customer,
    begin,
    invent_good,
    make_evidence,
    profile,
)
from honghua.base.errors import Refusal
from honghua.base.rng import derive_rng
from honghua.bureau.api import FakeBureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.credit.journey import api as journey
from honghua.credit.journey.invariants import check_journeys
from honghua.decision.api import deliver_alerts, list_alerts
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantState
from honghua.merchants.invariants import check_merchants
from honghua.store.database import Database, run_unit
from honghua.web.keyring import Secrets

DAY = dt.timedelta(days=1)
STORM = {
    "timeout_before": 0.3, "timeout_after": 0.3, "delayed": 0.2, "pending": 0.3, "refused": 0.2, "wrong_amount": 0.2, "says_paid": 0.2,
    "says_refused": 0.2, "notice_late": 0.3, "notice_twice": 0.5, "notice_unknown": 0.2, "statement_timeout": 0.2,
}  # fmt: skip


@pytest.fixture
def life(database: Database, conn: psycopg.Connection) -> Life:
    found = begin(database, conn, seed=3, refuse=None)
    become_customer(found)

    def take_over(x: psycopg.Connection) -> None:
        rows = [
            merchants.TakenOver(
                merchant=name, name=name, scenes=("rice-oil",), state=state, score=1, order_max_minor=900_000, settle_days=1, fee_ppm=0
            )
            for name, state in (("M", MerchantState.ADMITTED), ("L", MerchantState.LIMITED))
        ]  # fmt: skip
        merchants.take_over(x, rows, person="ann", source="a test", currency="CNY", now=found.now)
        agreed = [
            merchants.pay_merchant_at_once(x, row.merchant, at_once=True, person="ann", why="agreed", now=found.now)
            for row in rows
        ]
        assert [isinstance(one, Refusal) for one in agreed] == [False, True], "who is limited is not paid at once"

    run_unit(conn, take_over)
    return found


def buy(life: Life, key: str, minor: int, *, merchant: str = "M") -> int:
    order = c.BuyNow(
        key=key, customer=life.customer, amount_minor=minor, merchant=merchant, order=key, category="books"
    )
    (answer,) = credit.execute(life.conn, life.site.registry, [order], now=life.now)
    assert answer["outcome"] == "approved", answer
    return int(answer["purchase_id"])


def pay(life: Life, bank: merchants.FakePayoutBank, *, lenders: int = 1, silent: bool = False) -> str:
    """The job over everything that was committed, the bureau telling so many lenders of the customer, or nothing."""
    merchants.catch_up_wholly(life.conn, now=life.now)
    keys = derive_rng(life.seed, "journey keys")
    field_key, index_key = keys.bytes(32), keys.bytes(32)
    digest = hashlib.sha256(make_evidence(life.seed).national_id.encode()).digest()
    told = replace(invent_good(life.now.date()), lenders=lenders, accounts=lenders)
    provider = FakeBureau(life.seed, life.now.date, known={digest: told}, faults={"down": 1.0} if silent else {})
    secrets = Secrets(session_key=b"s" * 32, index_key=index_key, field_keys={1: field_key})
    return paying.make_payer_at_once(bank, provider, secrets)(life.conn, life.now)


def next_day(life: Life, bank: merchants.FakePayoutBank) -> None:
    """The day closes, shops are settled, and the bank's statement is read the day after."""
    day = credit.get_business_day(life.conn) + DAY
    close_until(life.database, day)
    life.clock.advance(DAY)
    merchants.catch_up_wholly(life.conn, now=life.now)
    jobs.settle(life.conn, life.now)
    for tries in range(6):
        jobs.make_payer(bank)(life.conn, life.now + tries * dt.timedelta(minutes=11))
    jobs.make_reconciler(bank)(life.conn, life.now)


def payout_rows(life: Life) -> list[tuple[str, str, list[str]]]:
    steps.follow(life.conn, life.now)
    paying.write_streams(life.conn, now=life.now)
    _, rows = journey.read_state(life.conn, life.contract_id)
    return [(str(row.outcome), row.decided_by, row.risk["reasons"]) for row in rows if row.step.name == "PAYOUT"]


def check(life: Life) -> None:
    assert [one for one in (*check_merchants(life.conn), *check_journeys(life.conn)) if not one.ok] == []


def test_paid_at_once_and_never_by_the_settlement_too(life: Life):
    bank = merchants.FakePayoutBank(1)
    bought = buy(life, "a", 40_000)
    agreed = verb(life, "pay", "M", "at-once", "--by", "ann", "--why", "contract 7")
    assert agreed["paid_at_once"] is True
    buy(life, "b", 5_000, merchant="N")
    assert pay(life, bank).startswith("1 paid")
    assert bank.paid_minor == {"M": 40_000}, "the other shop waits for its day"
    assert pay(life, bank).startswith("nothing was due")
    late = buy(life, "late", 7_000)
    merchants.catch_up_wholly(life.conn, now=life.now)
    next_day(life, bank)
    assert bank.paid_minor == {"M": 47_000, "N": 5_000}, "what nobody ordered on its day came with the settlement"
    assert pay(life, bank).startswith("1 left to the settlement")
    next_day(life, bank)
    next_day(life, bank)
    assert bank.paid_minor == {"M": 47_000, "N": 5_000}
    steps.follow(life.conn, life.now)
    steps.follow_payouts(life.conn, life.now)
    paid = merchants.find_paid(life.conn, [bought, late])
    assert (paid[bought].kind, paid[late].kind) == ("at_once", "settlement")
    assert [outcome for outcome, _, _ in payout_rows(life)] == ["passed"] * 3
    assert merchants.list_due(life.conn, now=life.now, limit=9) == []
    check(life)


def test_whose_risk_rose_since_the_approval_is_not_paid_for(life: Life):
    """New lenders, a situation that no longer suits, a frozen account, a reported fraud: each holds, and a person lets go."""
    bank = merchants.FakePayoutBank(1)
    for _ in range(2):
        next_day(life, bank)  # what the bureau said at the approval has grown old
    held = [buy(life, "debts", 1_000)]
    profile(life, INDEBTED)
    assert pay(life, bank).startswith("1 held")
    profile(life, SUITED)
    held.append(buy(life, "frozen", 2_000))
    do(life, c.SetStatus(key="freeze", customer=life.customer, status=c.STATUS_FROZEN))
    assert pay(life, bank).startswith("1 held")
    do(life, c.SetStatus(key="thaw", customer=life.customer, status=c.STATUS_ACTIVE))
    held.append(buy(life, "fraud", 4_000))
    do(life, c.ReportFraud(key="report", customer=life.customer, purchase_id=held[0]))
    assert pay(life, bank).startswith("1 held")
    do(life, c.ClearReport(key="clear", customer=life.customer, purchase_id=held[0]))
    buy(life, "good", 16_000)
    assert pay(life, bank).startswith("1 paid")
    for _ in range(2):
        next_day(life, bank)
    held.append(buy(life, "lenders", 8_000))
    assert pay(life, bank, silent=True).startswith("1 not scanned yet")
    life.clock.advance(paying.LATER)
    assert pay(life, bank, lenders=9).startswith("1 held")
    assert payout_rows(life) == [("referred", "system", ["SCAN_RISK_ROSE"])] * 4
    deliver_alerts(life.conn, now=life.now)
    assert sum("kept back" in alert.sentence for alert in list_alerts(life.conn, limit=50)) == 4
    next_day(life, bank)
    next_day(life, bank)
    assert bank.paid_minor == {"M": 16_000}, "no settlement pays what is held"
    assert len(verb(life, "held")["held"]) == 4
    let_go = verb(life, "release", str(held[1]), "--by", "bo", "--why", "thawed")
    assert (let_go["purchase_id"], let_go["released_by"]) == (held[1], "bo")
    again = run_unit(life.conn, lambda x: paying.release(x, held[1], person="bo", why="again", now=life.now))
    assert isinstance(again, Refusal)
    next_day(life, bank)
    next_day(life, bank)
    assert bank.paid_minor == {"M": 18_000}, "who was let go is paid once"
    assert payout_rows(life)[-1] == ("passed", "bo", [])
    assert {one.purchase_id for one in merchants.list_held(life.conn)} == set(held) - {held[1]}
    check(life)


def verb(life: Life, *words: str) -> Any:
    """`honghua merchants …` on this book."""
    args = build_parser().parse_args(["merchants", *words])
    return ACTIONS[args.action](args, Book(life.database, life.conn, life.site.registry), life.now)


def do(life: Life, command: c.Command) -> None:
    (answer,) = credit.execute(life.conn, life.site.registry, [command], now=life.now)
    assert answer["outcome"] == "done", answer


def test_a_bank_that_is_silent_repeats_and_lies_pays_once(life: Life):
    bank = merchants.FakePayoutBank(11, faults=STORM)
    total = 0
    for day in range(4):
        for number in range(4):
            total += 1_000 + number
            buy(life, f"{day} {number}", 1_000 + number)
            if number % 2:
                pay(life, bank)
        next_day(life, bank)
    for _ in range(40):
        if bank.total_moved() == total and not open_payouts(life):
            break
        next_day(life, bank)
    assert (bank.total_moved(), open_payouts(life)) == (total, [])
    next_day(life, bank)
    assert bank.total_moved() == total
    kinds: dict[str, Any] = {one.kind: one for one in merchants.list_payouts(life.conn, limit=100)}
    assert set(kinds) == {"at_once", "settlement"}, "some were refused for good, and came with a settlement"
    check(life)


def open_payouts(life: Life) -> list[str]:
    return [one.key for one in merchants.list_payouts(life.conn, limit=100) if one.ended_at is None]
