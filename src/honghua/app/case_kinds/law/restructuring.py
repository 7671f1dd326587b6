"""Cases of restructuring: a late account gets one plan, charges are forgiven, and what books, classes and bureau say of it (R-152)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from honghua.app.case_kinds.law.accounts import EVENTS
from honghua.app.case_kinds.law.prudence import TABLE_NAMES
from honghua.app.case_kinds.law.reading import (
    fold_word,
    iso,
    major,
    only,
    read_choice,
    read_flag,
    read_inputs,
    read_local_day,
)
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported
from honghua.app.filing.positions import find_trades
from honghua.base.errors import BadInput
from honghua.bureau.core import AccountType, MonthEnd, MonthFigures, Trade, compute_status
from honghua.credit import core as c
from honghua.credit.prudence.api import Ground, use_table

WORDS: Final = (
    "opened_on", "limit", "events", "as_of", "days", "table", "cure_months", "restructure_months", "hardship_periods_max", "account_type",
)  # fmt: skip
EVENT_WORDS: Final = (
    "on", "date", "type", "event", "amount", "periods", "waive", "ground", "evidence", "asked_by", "approved_by", "until", "pair", "days",
)  # fmt: skip
DEFAULT_LIMIT: Final = 1_000_000
NON_PERFORMING: Final = 3  # substandard and worse
LOOKS_MAX: Final = 100
TYPES: Final = {one.value.lower(): one for one in AccountType} | {
    "loan": AccountType.TERM_LOAN, "revolving": AccountType.REVOLVING, "card": AccountType.CREDIT_CARD,
}  # fmt: skip
GROUNDS: Final = {ground.name.lower(): int(ground) for ground in Ground}


def restructuring(case: Case) -> Mapping[str, Any]:
    """An account after a restructuring: class, what is owed, the plan, and what the bureau is told, on one day or several."""
    fields = read_inputs(case, *WORDS)
    terms = use_table(c.ProductTerms(), read_choice(fields, "table", known=TABLE_NAMES, default="2023"))
    terms = replace(
        terms,
        cure_months=fields.whole("cure_months", default=terms.cure_months),
        restructure_months=fields.whole("restructure_months", default=terms.restructure_months),
        hardship_periods_max=fields.whole("hardship_periods_max", default=terms.hardship_periods_max),
    )
    kind = read_choice(fields, "account_type", known=TYPES, default=AccountType.REVOLVING)
    looks, story = live(fields, terms, kind)
    last = looks[-1]
    now, plan = last.condition, last.condition.plan

    def of_plan(name: str) -> Any:
        return None if plan is None else getattr(plan, name)

    return Answers(**{
        "class": lambda: now.risk_class, "name": lambda: c.CLASS_WORDS[now.risk_class][0],
        "name_en": lambda: c.CLASS_WORDS[now.risk_class][1], "non_performing": lambda: now.risk_class >= NON_PERFORMING,
        "days_past_due": lambda: now.days_past_due, "principal": lambda: major(now.principal_minor),
        "interest": lambda: major(now.interest_minor), "fee": lambda: major(now.fee_minor), "penalty": lambda: major(now.penalty_minor),
        "owed": lambda: major(last.owed_minor), "waived": lambda: major(now.waived_minor),
        "restructured_on": lambda: iso(now.restructured_on), "observed_until": lambda: iso(now.observed_until),
        "plan_periods": lambda: of_plan("periods"), "plan_billed": lambda: of_plan("billed"),
        "plan_principal": lambda: None if plan is None else major(plan.principal_minor),
        "plan_left": lambda: None if plan is None else major(plan.left_minor),
        "status": lambda: last.status, "trades": lambda: [int(trade) for trade in last.trades],
        "bills": story.bills, "refused": lambda: story.refused,
        "classes": lambda: [look.condition.risk_class for look in looks], "statuses": lambda: [look.status for look in looks],
        "owed_on_days": lambda: [major(look.owed_minor) for look in looks],
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """The account at the end of a day, and what a report of its month so far says."""

    condition: c.Condition
    status: str
    trades: tuple[Trade, ...]

    @property
    def owed_minor(self) -> int:
        """All that is owed."""
        one = self.condition
        return one.principal_minor + one.interest_minor + one.fee_minor + one.penalty_minor


@dataclass(slots=True)
class Story:
    """An account that lives day by day: who reports a month must know whether any day of it was late."""

    life: c.Life
    late_on: list[dt.date] = field(default_factory=list)
    hardship_on: list[dt.date] = field(default_factory=list)
    reduced_on: list[dt.date] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def pass_to(self, day: dt.date) -> None:
        """Day after day; BadInput for one before."""
        while self.life.on < day:
            self.life.pass_to(self.life.on + dt.timedelta(days=1))
            if self.life.feel().days_past_due:
                self.late_on.append(self.life.on)
        self.life.pass_to(day)

    def do(self, command: c.Command) -> None:
        """One command of today, its refusal kept."""
        answer = self.life.do(command)
        if answer["outcome"] == "refused":
            self.refused.append(str(answer["code"]))
        elif isinstance(command, c.AgreeHardship):
            self.hardship_on.append(self.life.on)
            self.reduced_on += [self.life.on] if command.waive else []
        elif isinstance(command, c.WaiveCharges):
            self.reduced_on.append(self.life.on)

    def look(self, kind: AccountType) -> Look:
        """Now, with the bureau's status and special trades of this month."""
        condition, today = self.life.feel(), self.life.on

        def happened(days: list[dt.date]) -> bool:
            return any((day.year, day.month) == (today.year, today.month) for day in days)

        due = sum(bill.total_minor for bill in self.life.bills if happened([bill.due_on]) and bill.due_on <= today)
        figures = MonthFigures(
            days_past_due=condition.days_past_due, due_minor=due, was_overdue=happened(self.late_on), end=MonthEnd.OPEN
        )
        trades = find_trades(
            plans_settled=False, hardship=happened(self.hardship_on), reduced=happened(self.reduced_on)
        )
        return Look(condition, compute_status(kind, figures), trades)

    def bills(self) -> list[dict[str, Any]]:
        """Every bill as it was cut."""
        return [
            {"cut_on": bill.cut_on.isoformat(), "due_on": bill.due_on.isoformat(), "total": major(bill.total_minor)}
            for bill in self.life.bills
        ]


def live(fields: Fields, terms: c.ProductTerms, kind: AccountType) -> tuple[list[Look], Story]:
    """A look at the end of each day asked for, events and days in order."""
    begins = read_local_day(fields, "opened_on")
    story = Story(c.Life(terms, begins))
    limit_minor = fields.money("limit", default=DEFAULT_LIMIT)
    opened = story.life.do(c.OpenAccount(key="k", customer="A", limit_minor=limit_minor))
    if opened["outcome"] == "refused":
        raise BadInput(f"inputs: the account cannot be opened: {opened['code']}")
    events = [only(one, *EVENT_WORDS) for one in (fields.objects("events") if "events" in fields else [])]
    days = read_days(fields)
    looks: list[Look] = []
    for one in events:
        on = read_local_day(one, "on", "date")
        while days and days[0] < on:
            story.pass_to(days.pop(0))
            looks.append(story.look(kind))
        story.pass_to(on)
        story.do(read_command(one))
    for day in days:
        story.pass_to(day)
        looks.append(story.look(kind))
    return looks, story


def read_days(fields: Fields) -> list[dt.date]:
    """`as_of`, or every one of `days`; BadInput where none is told or they fall."""
    if "days" in fields:
        days = fields.days("days")
    else:
        days = [read_local_day(fields, "as_of")]
    if not 1 <= len(days) <= LOOKS_MAX or days != sorted(days):
        raise BadInput(f"inputs.days: 1 … {LOOKS_MAX} days in order")
    return days


def read_command(one: Fields) -> c.Command:
    """What an event asks for. Unsupported for a word that is not known."""
    kind = fold_word(one.text("type", "event"))
    if kind not in KINDS:
        raise Unsupported(f"{one.place}.type {kind!r}: known are {', '.join(sorted(KINDS))}")
    return KINDS[kind](one)


def _hardship(one: Fields) -> c.Command:
    waive = read_flag(one, "waive", default=True)
    return c.AgreeHardship(key="k", customer="A", periods=one.whole("periods"), waive=waive, evidence=("case",))


def _waive(one: Fields) -> c.Command:
    evidence = tuple(str(text) for text in one.list_("evidence")) if "evidence" in one else ("case",)
    return c.WaiveCharges(
        key="k", customer="A", amount_minor=one.money("amount"), evidence=evidence,
        ground=read_choice(one, "ground", known=GROUNDS, default=int(Ground.OTHER)),
        asked_by=str(one.get("asked_by") or "care"), approved_by=str(one.get("approved_by") or "chief"),
    )  # fmt: skip


def _plain(word: str) -> Callable[[Fields], c.Command]:
    return lambda one: EVENTS[word](one, [])


KINDS: Final[dict[str, Callable[[Fields], c.Command]]] = {
    **dict.fromkeys(("hardship", "restructure", "hardship_plan", "re_instalment"), _hardship),
    **dict.fromkeys(("waive", "relief", "waive_charges", "forgive"), _waive),
    **{word: _plain(word) for word in ("buy", "purchase", "repay", "repayment", "change_limit", "set_limit")},
}

__all__ = ["restructuring"]
