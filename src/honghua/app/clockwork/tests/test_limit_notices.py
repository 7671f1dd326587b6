"""Notices of limits: one message a change, through a gateway that is down at first; who cannot be told is settled with the reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import psycopg

from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.base.clock import FixedClock
from honghua.customers import api as customers
from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.store.wishes import WishState, count_wishes
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import WISH_KIND, FakeGateway

NOW = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
KEYS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32})
PHONE = "+8613800001234"


CUT = limits.Change(
    fact_id=1, customer="ann", kind="fixed", from_minor=200_000, to_minor=60_050, reason="LENDERS_GREW", rule="", rulebook="", model="",
    consent="", notice="limit:1", on_day=NOW.date(), happened_at=NOW,
)  # fmt: skip


def run(conn: psycopg.Connection, clock: FixedClock, **ports: Any) -> dict[str, str]:
    ran = run_jobs(conn, make_jobs(Ports(**ports)), clock=clock, names=["limit-notices", "messages"])
    assert [one for one in ran if one.error is not None] == []
    return {one.name: one.told for one in ran}


def test_each_change_is_one_message_however_long_the_gateway_is_down(conn: psycopg.Connection) -> None:
    clock = FixedClock(NOW)
    customers.register(conn, KEYS.vault, "13800001234", now=NOW, customer="ann")
    customers.register(conn, KEYS.vault, "13800005678", now=NOW, customer="gone")
    customers.erase_person(conn, "gone", last_dealt_on=NOW.date(), now=NOW)
    changes = [
        CUT,
        replace(CUT, fact_id=2, notice="limit:2", customer="gone"),
        replace(CUT, fact_id=3, notice="limit:3", customer="stranger"),
        replace(CUT, fact_id=4, notice="limit:4", kind="opened", from_minor=0, to_minor=200_000, reason="APPLICATION"),
    ]
    for _ in range(2):
        run_unit(conn, lambda c: limits.note_changes(c, changes, now=NOW))
    gateway = FakeGateway(failing={PHONE: 20})
    assert run(conn, clock, gateway=gateway)["limit-notices"] == "no keys are attached: 4 notice(s) wait"
    clock.advance(dt.timedelta(minutes=1))
    first = run(conn, clock, secrets=KEYS, gateway=gateway)
    assert first == {"limit-notices": "2 told, 2 without anybody to tell", "messages": "0 sent"}
    states = conn.execute(
        "SELECT body ->> 'customer', state, last_error FROM store_wish WHERE kind = %s ORDER BY key", [limits.NOTICE]
    )
    assert [row[:2] for row in states] == [("ann", "done"), ("gone", "failed"), ("stranger", "failed"), ("ann", "done")]
    conn.rollback()
    for _ in range(30):
        assert count_wishes(conn, WISH_KIND)[WishState.FAILED] == 0
        conn.rollback()
        clock.advance(dt.timedelta(hours=1, seconds=1))
        run(conn, clock, secrets=KEYS, gateway=gateway)
    assert gateway.failures == {PHONE: 20}
    texts = [message.text for message in gateway.taken.values()]
    assert len(texts) == 2, "one a change, and nothing to those who cannot be told"
    (cut,) = (text for text in texts if "2000.00元调整为600.50元" in text)
    for part in (
        "在其他机构的借款明显增加",
        "异议",
        "from 2000.00 to 600.50 CNY",
        "debts with other lenders grew",
        "object",
    ):
        assert part in cut
    assert any("额度已开通,为2000.00元" in text for text in texts)
    assert run(conn, clock, secrets=KEYS, gateway=gateway)["limit-notices"].startswith("0 told")


def test_a_notice_is_given_up_after_a_week(conn: psycopg.Connection) -> None:
    clock = FixedClock(NOW)
    customers.register(conn, KEYS.vault, "13800001234", now=NOW, customer="ann")
    run_unit(conn, lambda c: limits.note_changes(c, [CUT], now=NOW))
    gateway = FakeGateway(failing={PHONE: 10_000})
    run(conn, clock, secrets=KEYS, gateway=gateway)
    clock.advance(dt.timedelta(days=8))
    run(conn, clock, secrets=KEYS, gateway=gateway)
    assert count_wishes(conn, WISH_KIND) == {WishState.WAITING: 0, WishState.DONE: 0, WishState.FAILED: 1}
