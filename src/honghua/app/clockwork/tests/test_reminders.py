"""Reminders: at their days and no other, never by night, once a bill and day through a gateway that fails, none after repayment."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import psycopg
import pytest

from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.app.clockwork.reminders import NO_KEYS, QUIET, REMINDER
from honghua.base.clock import FixedClock
from honghua.base.errors import BadInput, NotFound
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.debiting import Source, SourceKind
from honghua.credit.eod import close_until
from honghua.credit.jobs import DueBill, list_near_accounts, list_open_bills, set_sources
from honghua.customers import api as customers
from honghua.customers.core import ReminderChannel, ReminderChoice, ReminderTerms
from honghua.store.database import Database, run_unit
from honghua.store.wishes import WishState, count_wishes
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import FakeGateway, count_messages

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = dt.date(2026, 1, 5)
KEYS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32})
PEOPLE = {who: f"1380000000{k}" for k, who in enumerate(("ann", "bob", "debit", "wishes", "none", "idle"))}
OWED = 50_000


class Town:
    """Six customers with accounts of the same days, one of whom bought nothing, and the clockwork that reminds them."""

    def __init__(self, database: Database, conn: psycopg.Connection) -> None:
        self.database = database
        self.conn, self.gateway, self.clock = conn, FakeGateway(), FixedClock(dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC))
        credit.start_book(conn, day=FIRST)
        self.registry = credit.open_registry(conn)
        self.do(*(c.OpenAccount(key=f"o:{who}", customer=who, limit_minor=1_000_000) for who in PEOPLE))
        self.do(
            *(
                c.BuyNow(key=f"b:{who}", customer=who, amount_minor=OWED, merchant="M", order=who, category="books")
                for who in PEOPLE
                if who != "idle"
            )
        )
        with conn.transaction():
            for who, phone in PEOPLE.items():
                customers.register(conn, KEYS.vault, phone, now=self.clock.now(), customer=who)
        for who in ("debit", "wishes"):
            set_sources(conn, self.registry, who, [Source(SourceKind.DEBIT_CARD, "card")])
        self.choose("wishes", ReminderChoice(if_debited=True))
        self.choose("none", ReminderChoice(channel=ReminderChannel.NONE))

    def do(self, *commands: c.Command) -> None:
        answers = credit.execute(self.conn, self.registry, list(commands), now=self.clock.now())
        assert {answer["outcome"] for answer in answers} <= {"done", "approved"}, answers

    def choose(self, who: str, choice: ReminderChoice) -> None:
        run_unit(self.conn, lambda c: customers.choose_reminders(c, who, choice, now=self.clock.now()))

    def close_to(self, days_left: int) -> dt.date:
        """The business date is so many days before the due day of the first bill."""
        if not (bills := self.bills()):
            close_until(self.database, dt.date(2026, 2, 1))
            bills = self.bills()
        day = bills[0].due_on - dt.timedelta(days=days_left)
        close_until(self.database, day)
        return day

    def bills(self) -> list[DueBill]:
        ids = [row[0] for row in self.conn.execute("SELECT account_id FROM credit_account").fetchall()]
        found = list_open_bills(self.conn, ids)
        self.conn.rollback()
        return found

    def run(self, day: dt.date, hour: int, *, keys: Secrets | None = KEYS) -> str:
        """The reminders at a local hour of a day and the messages a minute later; what the reminders told."""
        at = dt.datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(dt.UTC)
        jobs = make_jobs(Ports(secrets=keys, gateway=self.gateway, zone=ZONE))
        told = ""
        for name in ("reminders", "messages"):
            self.clock = FixedClock(at)
            (ran,) = run_jobs(self.conn, jobs, clock=self.clock, names=[name])
            assert ran.error is None
            told = told or str(ran.told)
            at += dt.timedelta(minutes=1)
        return told

    def texts(self, who: str) -> list[str]:
        return [one.text for one in self.gateway.taken.values() if one.phone == f"+86{PEOPLE[who]}"]


@pytest.fixture
def town(database: Database, conn: psycopg.Connection) -> Town:
    return Town(database, conn)


def test_three_days_one_day_and_the_day_itself_each_once_and_never_by_night(town: Town) -> None:
    day = town.close_to(4)
    assert town.run(day, 12).startswith("0 told")
    day = town.close_to(3)
    assert town.run(day, 6) == QUIET
    assert town.run(day, 7, keys=None) == NO_KEYS
    assert town.run(day, 8).startswith("3 told, 0 not")
    assert town.run(day, 12).startswith("0 told, 0 not; in all 3 delivered, 0 on their way")
    assert town.run(town.close_to(2), 12).startswith("0 told")
    assert town.run(town.close_to(1), 12).startswith("3 told")
    assert town.run(town.close_to(0), 12).startswith("3 told")
    due = town.bills()[0].due_on
    assert town.run(town.close_to(-1), 12).startswith("0 told, 0 not; in all 9 delivered, 0 on their way, 0 withdrawn")
    for who, times in {"ann": 3, "bob": 3, "wishes": 3, "debit": 0, "none": 0, "idle": 0}.items():
        assert len(town.texts(who)) == times, who
    for part in ("还款提醒", "500.00元", f"到期日为{due}", "500.00 CNY", f"by {due}", "关闭", "no more"):
        assert part in town.texts("ann")[0]


def test_repayment_and_a_changed_mind_stop_what_is_on_its_way(town: Town) -> None:
    day = town.close_to(3)
    town.gateway.failing = {f"+86{PEOPLE[who]}": 2 for who in ("ann", "bob", "wishes")}
    assert "3 on their way" in town.run(day, 9)
    town.do(c.Repay(key="r", customer="ann", amount_minor=OWED))
    town.choose("wishes", ReminderChoice(channel=ReminderChannel.NONE))
    for hour in (10, 11, 12, 13):
        town.run(day, hour)
    assert (town.texts("ann"), len(town.texts("bob")), town.texts("wishes")) == ([], 1, [])
    assert town.gateway.failures == {f"+86{PEOPLE['bob']}": 2, f"+86{PEOPLE['ann']}": 1, f"+86{PEOPLE['wishes']}": 1}
    assert "1 delivered, 0 on their way, 2 withdrawn" in town.run(day, 14)
    assert town.run(town.close_to(1), 12).startswith("1 told")  # who has paid is reminded of nothing more


def test_a_part_is_no_repayment_and_the_text_says_what_is_left(town: Town) -> None:
    town.close_to(3)
    town.do(c.Repay(key="r", customer="ann", amount_minor=OWED - 12_345))
    town.run(town.close_to(3), 12)
    assert "123.45元" in town.texts("ann")[0]


def test_what_the_gateway_does_not_take_by_evening_is_not_sent_at_night(town: Town) -> None:
    day = town.close_to(1)
    town.gateway.failing = {f"+86{PEOPLE['ann']}": 2}
    for hour in (19, 20, 22, 23):
        town.run(day, hour)
    assert len(town.texts("bob")) == 1
    town.run(day + dt.timedelta(days=1), 9)
    assert town.texts("ann") == []
    states = count_messages(town.conn, f"{REMINDER}:")
    assert (states[WishState.DONE], states[WishState.FAILED], states[WishState.WAITING]) == (2, 1, 0)


def test_who_left_between_is_not_told_and_a_wish_left_over_is_given_up(town: Town) -> None:
    day = town.close_to(3)
    run_unit(town.conn, lambda c: customers.erase_person(c, "bob", last_dealt_on=day, now=town.clock.now()))
    assert town.run(day, 12).startswith("2 told, 1 not")
    assert town.run(day, 13).startswith("0 told, 0 not")
    assert count_wishes(town.conn, REMINDER)[WishState.FAILED] == 1


def test_the_newest_word_counts_and_nobody_has_none(conn: psycopg.Connection) -> None:
    now = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
    customers.register(conn, KEYS.vault, "13800001234", now=now, customer="ann")
    assert customers.find_reminder_choices(conn, ["ann", "stranger"]) == {}
    for choice in (ReminderChoice(channel=ReminderChannel.NONE), ReminderChoice(if_debited=True)):
        customers.choose_reminders(conn, "ann", choice, now=now)
        assert customers.find_reminder_choices(conn, ["ann", "stranger"]) == {"ann": choice}
    with pytest.raises(NotFound):
        customers.choose_reminders(conn, "stranger", ReminderChoice(), now=now)
    assert customers.list_kept(conn, KEYS.vault, "ann")["reminders"] == {"channel": "sms", "if_debited": True}
    assert list_near_accounts(conn, days_max=3, after_id=0, limit=5) == []


def test_hours_end_when_they_say() -> None:
    terms = ReminderTerms()
    at = dt.datetime(2026, 1, 5, 21, 59, tzinfo=ZONE)
    assert terms.time_left(at) == dt.timedelta(minutes=1)
    for hour in (0, 7, 22, 23):
        assert terms.time_left(at.replace(hour=hour)) == dt.timedelta(0)
    for wrong in ({"days_before": (1, 3)}, {"days_before": (-1,)}, {"days_before": ()}, {"from_time": dt.time(23)}):
        with pytest.raises(BadInput):
            ReminderTerms(**wrong)
