"""The door for the clock: what runs by time in the credit room, each safe to run again at any moment."""

from __future__ import annotations

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

__all__ = [
    "DayReport",
    "DebitReport",
    "FakeBank",
    "SweepReport",
    "accept_answers",
    "close_day",
    "close_until",
    "list_debits",
    "list_sources",
    "release_expired",
    "run_debits",
    "set_sources",
]
