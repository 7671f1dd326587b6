"""Reminders of bills that are due soon, by the customer's wish: each bill and day once, by day, and none to whoever has paid (R-066)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.sweeping import take_all
from honghua.app.clockwork.telling import Telling, tell_customer
from honghua.base.money import format_minor
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.customers import api as customers
from honghua.customers.core import REMINDER_TERMS, ReminderChannel, ReminderChoice, ReminderTerms
from honghua.store.database import run_unit
from honghua.store.wishes import Wish, WishState, make_wishes, settle_wish, take_wishes
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import count_messages, list_waiting, withdraw_messages

REMINDER: Final = "reminder"  # the kind of the wishes, and how keys of the messages begin
AT_ONCE: Final = 500
LEASE: Final = dt.timedelta(seconds=60)
NO_KEYS: Final = "no keys are attached: nobody is reminded"
QUIET: Final = "quiet hours: nobody is reminded"
NOT_WANTED: Final = "paid, another day, or not wished any more"

Bills = Mapping[tuple[int, int], credit_jobs.DueBill]


def make_reminder(
    secrets: Secrets | None, zone: dt.tzinfo, *, terms: ReminderTerms = REMINDER_TERMS
) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job: days by the business date, hours by the local clock of `zone`. A message that the day does not bring is not sent at all."""

    def remind(conn: psycopg.Connection, now: dt.datetime) -> str:
        if secrets is None:
            return NO_KEYS
        if find_day(conn) is None:
            return NOT_BEGUN
        time_left = terms.time_left(now.astimezone(zone))
        if not time_left:
            return QUIET
        plan_reminders(conn, terms, now=now)
        currency = credit.open_registry(conn).newest_terms.currency
        vault, counts = secrets.vault, Counter[str]()
        teller = _Teller(vault, terms, currency, time_left)
        take_all(lambda: run_unit(conn, lambda c: teller.tell_some(c, counts, now)), at_once=AT_ONCE)
        sent = run_unit(conn, lambda c: count_messages(c, f"{REMINDER}:"))
        return (
            f"{counts['']} told, {counts.total() - counts['']} not; in all {sent[WishState.DONE]} delivered,"
            f" {sent[WishState.WAITING]} on their way, {sent[WishState.FAILED]} withdrawn or not delivered"
        )

    return remind


def plan_reminders(conn: psycopg.Connection, terms: ReminderTerms, *, now: dt.datetime) -> int:
    """Wish for the reminder of every bill that is due in one of the terms' days; how many are new. Known ones stay as they are."""
    after = new = 0
    while True:
        count, last = run_unit(conn, lambda c, after=after: _plan_page(c, terms, after, now))  # type: ignore[misc]
        new += count
        if last is None:
            return new
        after = last


def withdraw_unwanted(conn: psycopg.Connection, *, terms: ReminderTerms = REMINDER_TERMS) -> int:
    """Take back reminders on their way whose bill was paid or whose customer wishes none any more; how many.

    In the caller's transaction.
    """
    keys = list_waiting(conn, f"{REMINDER}:")
    if not keys:
        return 0
    places = {key: _place_of(key) for key in keys}
    bills, choices = _read(conn, [account_id for account_id, _, _ in places.values()])
    unwanted = [
        key
        for key, (account_id, seq, days) in places.items()
        if not is_wanted(bills.get((account_id, seq)), days, choices, unsaid=terms.unsaid)
    ]
    return withdraw_messages(conn, unwanted)


def is_wanted(
    bill: credit_jobs.DueBill | None, days: int, choices: Mapping[str, ReminderChoice], *, unsaid: ReminderChoice
) -> bool:
    """Whether this bill is still open, due in so many days, and its customer wishes to hear of it. None: nothing is open."""
    if bill is None or bill.days_left != days:
        return False
    choice = choices.get(bill.customer, unsaid)
    return choice.channel is ReminderChannel.SMS and (choice.if_debited or not bill.is_debited)


def write_reminder(bill: credit_jobs.DueBill, currency: str) -> str:
    """The words: Chinese, then English. What is due and when, nothing else; it promises and threatens nothing."""
    amount = format_minor(bill.unpaid_minor, currency)
    return (
        f"还款提醒:您的账单还有{amount}元未还,到期日为{bill.due_on:%Y-%m-%d}。可在“账单”中还款;如已还款请忽略。"
        "不想再收到,请在“我的 – 还款提醒”中关闭。"
        f" / Reminder: {amount} {currency} of your bill are to be paid by {bill.due_on:%Y-%m-%d}. Pay under “Bills”; ignore this if you"
        " have paid. To hear of it no more: “Mine – Payment reminders”."
    )


class _Teller:
    """Turns wishes for reminders into messages, each in the transaction that settles its wish."""

    def __init__(self, vault: customers.Vault, terms: ReminderTerms, currency: str, time_left: dt.timedelta) -> None:
        self.vault, self.terms, self.currency, self.time_left = vault, terms, currency, time_left

    def tell_some(self, conn: psycopg.Connection, counts: Counter[str], now: dt.datetime) -> int:
        """counts: by what kept somebody from being told, "" = nothing."""
        taken = take_wishes(conn, REMINDER, AT_ONCE, now=now, lease=LEASE)
        bills, choices = _read(conn, [int(one.body["account_id"]) for one in taken])
        for one in taken:
            problem = self._tell(conn, one, bills, choices, now)
            state = WishState.FAILED if problem else WishState.DONE
            settle_wish(conn, one, state, now=now, error=problem or None)
            counts[problem] += 1
        return len(taken)

    def _tell(
        self, conn: psycopg.Connection, one: Wish, bills: Bills, choices: Mapping[str, ReminderChoice], now: dt.datetime
    ) -> str:
        bill = bills.get((int(one.body["account_id"]), int(one.body["seq"])))
        if bill is None or not is_wanted(bill, int(one.body["days"]), choices, unsaid=self.terms.unsaid):
            return NOT_WANTED
        telling = Telling(one.key, bill.customer, write_reminder(bill, self.currency), good_for=self.time_left)
        return tell_customer(conn, self.vault, telling, now=now)


def _plan_page(conn: psycopg.Connection, terms: ReminderTerms, after: int, now: dt.datetime) -> tuple[int, int | None]:
    ids = credit_jobs.list_near_accounts(conn, days_max=max(terms.days_before), after_id=after, limit=AT_ONCE)
    if not ids:
        return 0, None
    bills, choices = _read(conn, ids)
    wanted = [
        bill
        for bill in bills.values()
        if bill.days_left in terms.days_before and is_wanted(bill, bill.days_left, choices, unsaid=terms.unsaid)
    ]
    bodies: list[dict[str, Any]] = [
        {"account_id": bill.account_id, "seq": bill.seq, "days": bill.days_left} for bill in wanted
    ]
    keys = [f"{REMINDER}:{body['account_id']}:{body['seq']}:{body['days']}" for body in bodies]
    return make_wishes(conn, kind=REMINDER, keys=keys, bodies=bodies, due_at=now), ids[-1]


def _read(conn: psycopg.Connection, account_ids: list[int]) -> tuple[Bills, dict[str, ReminderChoice]]:
    """Open bills by account and number, and what their customers wish."""
    bills = {(bill.account_id, bill.seq): bill for bill in credit_jobs.list_open_bills(conn, account_ids)}
    refs = sorted({bill.customer for bill in bills.values()})
    return bills, customers.find_reminder_choices(conn, refs)


def _place_of(key: str) -> tuple[int, int, int]:
    """Account, bill, days: what a reminder's key is made of."""
    _, account_id, seq, days = key.split(":")
    return int(account_id), int(seq), int(days)
