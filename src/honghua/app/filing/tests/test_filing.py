"""A book that is filed: months, notices, corrections, the ledger's word in every record, and a repair that touches no journal byte."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from honghua.app.clockwork.filing import make_filer
from honghua.app.filing.monthly import FilingRun, file_all
from honghua.app.filing.positions import read_newest_positions, read_positions
from honghua.base.errors import Refusal
from honghua.bureau import api as bureau
from honghua.bureau.core import AccountType, parse_policy
from honghua.bureau.core.filing import read_file
from honghua.bureau.invariants import check_bureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.customers import api as customers
from honghua.customers.core import TEXTS, ConsentKind
from honghua.store.database import Database, run_unit
from honghua.store.wishes import WishState, count_wishes
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import list_messages

ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.date(2026, 1, 5)
NOON = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
TEXT = next(one for one in TEXTS if one.kind is ConsentKind.CREDIT_BUREAU)
POLICY = parse_policy({
    "name": "trial", "arose_first": "2026-01-01", "arose_last": "2026-12-31", "amount_most": "2000.00", "repaid_by": "2026-12-31",
    "display": [{"repaid_until": "2026-12-31", "months_after": 1}],
})  # fmt: skip
NAMES = ("prompt", "late", "lapsed", "silent", "unreported")


class Town:
    """A book with one lender and customers who pay, pay late, never pay, and one who never consented."""

    def __init__(self, database: Database, conn: psycopg.Connection) -> None:
        self.database, self.conn, self.keys = database, conn, 0
        credit.start_book(conn, day=FIRST)
        self.registry = credit.open_registry(conn)
        run_unit(conn, lambda k: customers.publish_texts(k, now=NOON))
        for number, name in enumerate(NAMES):
            self.do(c.OpenAccount, name, limit_minor=1_000_000)
            run_unit(conn, partial(meet, name=name, number=number))
            self.do(c.BuyNow, name, amount_minor=100_000, merchant="shop", order=f"o {name}", category="general")

    def do(self, command: type[c.Command], customer: str, **values: Any) -> dict[str, Any]:
        self.keys += 1
        (answer,) = credit.execute(
            self.conn, self.registry, [command(key=f"k{self.keys}", customer=customer, **values)], now=NOON
        )
        assert answer["outcome"] in ("done", "approved"), answer
        return answer

    def until(self, month: int, day: int) -> None:
        close_until(self.database, dt.date(2026, month, day))

    def file(self, month: int, day: int) -> FilingRun:
        now = dt.datetime(2026, month, day, 4, tzinfo=dt.UTC)
        done = file_all(self.conn, now=now, zone=ZONE, policies=(POLICY,))
        assert done is not None
        done.counts += Counter()  # without the zeros
        return done

    def statuses(self, customer: str) -> str:
        on = credit.get_business_day(self.conn)
        (account,) = bureau.view_report(self.conn, customer, on=on).accounts
        return "".join(status for _, status, _ in account.history)


def meet(conn: psycopg.Connection, *, name: str, number: int) -> None:
    """A person; all but one consent to the bureau."""
    customers.register(conn, VAULT, f"1380013800{number}", now=NOON, customer=name)
    if name != "silent":
        said = customers.Said(kind=TEXT.kind, version=TEXT.version, is_given=True, read_ms=60_000)
        customers.say(conn, name, [said], channel="app", now=NOON)


@pytest.fixture
def town(database: Database, conn: psycopg.Connection) -> Town:
    return Town(database, conn)


def test_months_are_filed_as_the_ledger_has_them(town: Town) -> None:
    """January nothing due; due on 10 February; late pays on 3 March, lapsed never, prompt in time."""
    conn = town.conn
    town.until(2, 2)
    january = town.file(2, 2)
    assert january.month == dt.date(2026, 1, 1)
    assert january.counts == {"filed": 4, "unconsented": 1}
    assert town.file(2, 2).counts == {"unchanged": 4, "unconsented": 1}, "a second look changes nothing"
    town.do(c.Repay, "prompt", amount_minor=100_000)
    town.until(3, 2)
    first = town.file(3, 2)
    assert first.counts == {"filed": 1, "noticed": 3, "unconsented": 1}, "who is told today is filed later"
    (notice,) = bureau.view_own_report(conn, "late", on=dt.date(2026, 3, 2)).notices
    assert (notice.arose_on, notice.amount_minor) == (dt.date(2026, 2, 11), 10_000)
    assert "不早于2026-03-05" in notice.chinese
    assert town.file(3, 3).counts["waiting"] == 3
    town.until(3, 3)
    town.do(c.Repay, "late", amount_minor=200_000)
    town.until(3, 6)
    assert town.file(3, 6).counts == {"filed": 3, "unchanged": 1, "unconsented": 1}
    town.until(4, 2)
    march = town.file(4, 2)
    assert march.counts["filed"] == 4, "the same arrears are told of once"
    assert town.statuses("prompt") == "*N*"
    assert town.statuses("late") == "*1M"
    assert town.statuses("lapsed") == "*12"
    assert {one.name: one.broken for one in check_bureau(conn, read_positions=read_positions) if not one.ok} == {}


def test_a_late_fact_corrects_an_old_month_and_ends_an_objection(town: Town) -> None:
    """R-154: a repayment that was booked to the wrong day is booked right, the record follows, the objector gets it in writing."""
    conn = town.conn
    town.until(3, 2)
    town.file(3, 2)
    town.until(3, 6)
    town.file(3, 6)
    assert town.statuses("lapsed") == "*1"
    (account,) = bureau.view_report(conn, "lapsed", on=dt.date(2026, 3, 6)).accounts
    about = (account.account_id, dt.date(2026, 2, 1))
    at = dt.datetime(2026, 3, 6, 5, tzinfo=dt.UTC)
    words: dict[str, Any] = {"kind": bureau.ObjectionKind.RECORD, "about": about, "now": at}
    made = run_unit(conn, lambda k: bureau.open_objection(k, "lapsed", said="I paid on 9 February", **words))
    assert not isinstance(made, Refusal)
    assert (made.due_on, made.fee_minor) == (dt.date(2026, 3, 26), 0)
    assert run_unit(conn, lambda k: bureau.open_objection(k, "lapsed", said="again", **words)) == made
    stranger = run_unit(conn, lambda k: bureau.open_objection(k, "late", said="not mine", **words))
    assert isinstance(stranger, Refusal)
    assert bureau.view_report(conn, "lapsed", on=dt.date(2026, 3, 6)).accounts[0].is_disputed
    assert [one.objection_id for one in bureau.list_objections(conn)] == [made.objection_id]

    said = {
        "outcome": "corrected",
        "answer": "Your payment of 9 February is booked; the record is mended.",
        "by": "care 7",
    }
    early = run_unit(conn, lambda k: bureau.answer_objection(k, made.objection_id, now=at, **said))
    assert isinstance(early, Refusal)
    assert early.code == "NOT_CORRECTED"
    town.do(c.Repay, "lapsed", amount_minor=100_000, on=dt.date(2026, 2, 9))
    town.until(3, 7)
    assert town.file(3, 7).corrected == 1
    assert town.statuses("lapsed") == "*N"
    answered = run_unit(conn, lambda k: bureau.answer_objection(k, made.objection_id, now=at, **said))
    assert not isinstance(answered, Refusal)
    assert answered.answer is not None
    assert not answered.is_late(at)
    assert not bureau.view_report(conn, "lapsed", on=dt.date(2026, 3, 7)).accounts[0].is_disputed
    again = run_unit(conn, lambda k: bureau.answer_objection(k, made.objection_id, now=at, **said))
    assert isinstance(again, Refusal)
    town.do(c.Repay, "late", amount_minor=100_000, on=dt.date(2026, 2, 10))
    town.until(4, 2)
    assert town.file(4, 2).corrected == 1, "a month before the newest is corrected by the run, too"
    assert town.statuses("late") == "*N*"
    raw = run_unit(conn, lambda k: bureau.read_raw(k, "late", role="auditor", viewer="ada", why="audit 4", now=at))
    assert not isinstance(raw, Refusal)
    assert [(one.version, one.record.status) for one in raw if one.record.month.month == 2] == [(1, "1"), (2, "N")]
    assert {one.name: one.broken for one in check_bureau(conn, read_positions=read_positions) if not one.ok} == {}


def test_repair_changes_what_is_shown_and_nothing_else(town: Town) -> None:
    conn = town.conn
    town.until(3, 2)
    town.file(3, 2)
    town.do(c.Repay, "late", amount_minor=200_000)
    town.do(c.Repay, "lapsed", amount_minor=5_000)
    town.until(4, 2)
    before = ledger_bytes(conn)
    done = town.file(4, 2)
    assert (done.repaired, done.rescored) == (1, 0), "who paid a part of the arrears is not repaired"
    assert town.file(4, 2).repaired == 0
    (repair,) = bureau.list_repairs(conn, "late")
    assert (repair.repaid_on, repair.off_on) == (dt.date(2026, 3, 2), dt.date(2026, 4, 30))
    shown, off = (bureau.view_report(conn, "late", on=dt.date(2026, 4, day)) for day in (29, 30))
    assert statuses_of(shown) == ["*", "1", "M"]
    assert statuses_of(off) == ["*", "N", "N"]
    assert (shown.summary.overdue_months, shown.summary.worst_status) == (1, 1)
    assert (off.summary.overdue_months, off.summary.worst_status, off.summary.overdue_minor) == (0, 0, 0)
    for report in (shown, off):
        assert report.summary == bureau.sum_up(report.accounts)
    assert (town.file(4, 29).rescored, town.file(4, 30).rescored, town.file(5, 5).rescored) == (0, 1, 0)
    assert count_wishes(conn, bureau.RESCORE_WISH)[WishState.WAITING] == 1
    assert [one.customer for one in bureau.list_reinclusions(conn)] == ["late"]
    assert ledger_bytes(conn) == before
    raw = bureau.read_raw(conn, "late", role="care", viewer="cai", why="curious", now=NOON)
    assert isinstance(raw, Refusal)
    kept = bureau.read_raw(conn, "late", role="auditor", viewer="ada", why="audit", now=NOON)
    assert not isinstance(kept, Refusal)
    assert [one.record.status for one in kept] == ["*", "1", "M"]
    assert {one.name: one.broken for one in check_bureau(conn, read_positions=read_positions) if not one.ok} == {}


def statuses_of(report: bureau.Report) -> list[str]:
    return [status for account in report.accounts for _, status, _ in account.history]


def ledger_bytes(conn: psycopg.Connection) -> tuple[object, ...]:
    """All journal entries, balances and facts, as a hash of their text."""
    tables = ("ledger_entry", "ledger_balance", "store_fact", "credit_account", "credit_statement")
    return tuple(
        conn.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t").fetchone()
        for table in tables
    )


def test_a_product_that_does_not_report_emits_nothing(town: Town) -> None:
    """R-023, both ways: the same position, filed under one setting and not under the other."""
    conn = town.conn
    town.until(2, 2)
    ids = credit.find_account_ids(conn, ["prompt"])
    positions = read_newest_positions(conn, town.registry, dt.date(2026, 1, 1), [ids["prompt"]])
    silent = {"huabei": replace(bureau.load_products()["huabei"], reports=False)}
    wanted: dict[str, Any] = {"consented": {"prompt"}, "now": NOON}
    nothing = run_unit(conn, lambda k: bureau.report_positions(k, positions, silent, **wanted))
    assert (nothing.unreported, nothing.filed, nothing.files) == (1, 0, ())
    filed = run_unit(conn, lambda k: bureau.report_positions(k, positions, bureau.load_products(), **wanted))
    assert filed.filed == 1
    header, rows, problems = read_file(filed.files[0])
    assert problems == []
    assert (header.records, len(rows)) == (1, 1)
    assert rows[0][1] == bureau.make_record(positions[0], bureau.load_products()["huabei"])
    assert rows[0][1].account_type is AccountType.REVOLVING
    text = filed.files[0].decode()
    assert "shop" not in text
    assert "general" not in text
    assert [one.name for one in check_bureau(conn, read_positions=read_positions) if not one.ok] == []

    def poorer(k: psycopg.Connection, month: dt.date, known: Mapping[int, int]) -> list[bureau.Position]:
        return [replace(one, line_minor=one.line_minor - 1) for one in read_positions(k, month, known)]

    broken = {one.name: one.broken for one in check_bureau(conn, read_positions=poorer) if not one.ok}
    assert broken == {"bureau.reported_is_ledger": (f"record {ids['prompt']}/2026-01-01",)}, (
        "another word of the ledger is named"
    )


@pytest.mark.slow
def test_a_write_off_is_bad_debt_until_it_is_recovered(town: Town) -> None:
    conn = town.conn
    town.until(3, 2)
    town.file(3, 2)
    town.until(9, 2)
    town.do(c.WriteOff, "lapsed", evidence=("letters", "calls"), attempts=6, approved_by="head of risk")
    town.until(10, 2)
    town.file(10, 2)
    assert town.statuses("lapsed")[-1] == "B"
    owed = bureau.view_report(conn, "lapsed", on=dt.date(2026, 10, 2)).summary.overdue_minor
    assert owed > 100_000
    town.do(c.RecordRecovery, "lapsed", amount_minor=owed)
    town.until(11, 2)
    town.file(11, 2)
    assert town.statuses("lapsed")[-1] == "C"
    town.until(12, 2)
    assert town.file(12, 2).counts["unreported"] == 1, "what has ended is filed no more"
    assert {one.name: one.broken for one in check_bureau(conn, read_positions=read_positions) if not one.ok} == {}


def test_the_job_sends_notices(town: Town) -> None:
    """By message, wished for in the transaction that writes the notice; once."""
    conn, secrets = town.conn, Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"f" * 32})
    town.until(3, 2)
    work = make_filer(secrets, ZONE)
    now = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
    assert work(conn, now).startswith("2026-02: 4 noticed, 1 unconsented; ")
    texts = [one.text for one in list_messages(conn, VAULT)]
    assert len(texts) == 4
    assert all("报送前告知" in text for text in texts)
    work(conn, now)
    assert len(list_messages(conn, VAULT)) == 4
