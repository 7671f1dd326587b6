"""Jobs about people: messages go out, keys are rotated, the time of keeping ends, old counts go."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.base.clock import FixedClock
from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import FakeGateway, Message, wish_message

NOW = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
OLD = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32})
BOTH = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32, 2: b"b" * 32})
NAMES = ["messages", "rotation", "conduct", "erasure", "doors"]


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def people(conn, clock):
    vault = OLD.vault
    customers.register(conn, vault, "13800001234", now=NOW, customer="C1")
    run_unit(conn, lambda c: wish_message(c, vault, Message("k1", "+8613800001234", "text"), "138****1234", now=NOW))
    return conn


def run(conn, clock, **ports):
    ran = run_jobs(conn, make_jobs(Ports(**ports)), clock=clock, names=NAMES)
    assert [one for one in ran if one.error is not None] == []
    return {one.name: one.told for one in ran}


def test_without_keys_and_gateway_nothing_is_lost(people, clock):
    assert run(people, clock) == {
        "messages": "no gateway is attached: 1 message(s) wait",
        "rotation": "no keys are attached",
        "erasure": "0 identities erased",
        "conduct": "0 newly late",
        "doors": "0 messages, 0 counts and 0 applications' sessions deleted, 0 acts of the desk ended that were left open",
    }


def test_with_them_it_goes_on(people, clock):
    gateway = FakeGateway()
    told = run(people, clock, secrets=BOTH, gateway=gateway)
    assert told["messages"] == "1 sent"
    assert told["rotation"].startswith("1 persons")
    assert [message.text for message in gateway.taken.values()] == ["text"]
    new = customers.Vault({2: b"b" * 32}, b"i" * 32)
    assert customers.show_masked(people, new, "C1") == {Field.PHONE: "138****1234"}
    clock.advance(dt.timedelta(days=8))
    assert run(people, clock, secrets=BOTH, gateway=gateway)["doors"].startswith("1 messages")


def test_the_time_of_keeping_ends_by_the_local_date(people, clock):
    customers.erase_person(people, "C1", last_dealt_on=dt.date(2016, 1, 6), now=NOW)
    shanghai = dt.timezone(dt.timedelta(hours=8))
    assert run(people, clock, zone=shanghai)["erasure"] == "0 identities erased"
    clock.advance(dt.timedelta(hours=13))  # the sixth in Shanghai, the fifth in London
    assert run(people, clock)["erasure"] == "0 identities erased"
    assert run(people, clock, zone=shanghai)["erasure"] == "1 identities erased"
