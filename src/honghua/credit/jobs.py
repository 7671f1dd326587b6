"""The door for the clock: what runs by time in the credit room, each safe to run again at any moment."""

from __future__ import annotations

from honghua.credit.banking.bank import Bank, DebitAnswer, Declined, DeclineReason, Paid
from honghua.credit.banking.debits import (
    DebitReport,
    accept_answers,
    list_debits,
    list_sources,
    run_debits,
    set_sources,
)
from honghua.credit.banking.fake_bank import FakeBank
from honghua.credit.eod import DayReport, close_day, close_until
from honghua.credit.holds import SweepReport, release_expired
from honghua.credit.limiting.accepting import accept
from honghua.credit.limiting.following import (
    Assessment,
    Follower,
    LimitReport,
    follow_limits,
    reassess,
)
from honghua.credit.limiting.lateness import forget_late, list_late, note_late
from honghua.credit.proving import SENDS_AT_ONCE, STEP_UP_WISH, FakeProver, Prover, send_step_ups
from honghua.credit.store_risk import find_customer_refs
from honghua.credit.suspensions import Tie, claim, decide_review, find_customer, lapse_expired, list_queue, list_ties
from honghua.credit.viewing.monthly import (
    MonthPosition,
    find_opened,
    list_month_accounts,
    list_month_positions,
    list_overtaken,
)
from honghua.credit.viewing.near_bills import DueBill, list_near_accounts, list_open_bills

__all__ = [
    "SENDS_AT_ONCE",
    "STEP_UP_WISH",
    "Assessment",
    "Bank",
    "DayReport",
    "DebitAnswer",
    "DebitReport",
    "DeclineReason",
    "Declined",
    "DueBill",
    "FakeBank",
    "FakeProver",
    "Follower",
    "LimitReport",
    "MonthPosition",
    "Paid",
    "Prover",
    "SweepReport",
    "Tie",
    "accept",
    "accept_answers",
    "claim",
    "close_day",
    "close_until",
    "decide_review",
    "find_customer",
    "find_customer_refs",
    "find_opened",
    "follow_limits",
    "forget_late",
    "lapse_expired",
    "list_debits",
    "list_late",
    "list_month_accounts",
    "list_month_positions",
    "list_near_accounts",
    "list_open_bills",
    "list_overtaken",
    "list_queue",
    "list_sources",
    "list_ties",
    "note_late",
    "reassess",
    "release_expired",
    "run_debits",
    "send_step_ups",
    "set_sources",
]
