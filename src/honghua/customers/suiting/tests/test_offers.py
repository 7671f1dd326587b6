"""Offers: nobody without consent, nobody unsuited, not too often; a withdrawal takes effect in the transaction that is under way."""

from __future__ import annotations

import datetime as dt
import threading

import psycopg
import pytest

from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Profile
from honghua.customers.jobs import rotate_keys
from honghua.store.database import Database, connect, run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
SUITED = Profile(is_adult=True, is_student=False, income_minor=900_000)


def say(conn: psycopg.Connection, *kinds: ConsentKind, given: bool = True, now: dt.datetime = NOW) -> None:
    said = [customers.Said(kind=kind, version=1, is_given=given, read_ms=60_000) for kind in kinds]
    run_unit(conn, lambda c: customers.say(c, "anna", said, channel="test", now=now))


@pytest.fixture
def anna(conn: psycopg.Connection) -> str:
    def work(c: psycopg.Connection) -> str:
        customers.publish_texts(c, now=NOW)
        customer = customers.register(c, VAULT, "13800138000", now=NOW, customer="anna")
        customers.write_profile(c, VAULT, customer, SUITED, said_by="anna", now=NOW)
        return customer

    return run_unit(conn, work)


def offer(conn: psycopg.Connection, key: str, *, now: dt.datetime = NOW) -> customers.OfferRow:
    made = customers.Offer(name="spring", channel="message", key=key)
    return run_unit(conn, lambda c: customers.make_offer(c, VAULT, "anna", made, now=now))


def test_offers_follow_consent_suitability_and_the_cap(conn, anna):
    assert offer(conn, "0").reasons == ["OPTED_OUT"]
    say(conn, ConsentKind.MARKETING)
    assert offer(conn, "0").reasons == ["OPTED_OUT"], "the same key gives the first answer"
    day = dt.timedelta(days=1)
    assert [offer(conn, str(n), now=NOW + n * day).is_made for n in (1, 2, 3, 8)] == [True, True, False, True]
    assert offer(conn, "3").reasons == ["OFFERED_OFTEN"]
    run_unit(
        conn,
        lambda c: customers.write_profile(
            c, VAULT, anna, Profile(is_adult=True, is_student=True), said_by="school", now=NOW
        ),
    )
    assert offer(conn, "9", now=NOW + 20 * day).reasons == ["UNSUITABLE_STUDENT"]
    say(conn, ConsentKind.MARKETING, given=False, now=NOW + 21 * day)
    assert offer(conn, "10", now=NOW + 40 * day).reasons[0] == "OPTED_OUT"
    assert rotate_keys(conn, customers.Vault({1: b"f" * 32, 2: b"g" * 32}, b"i" * 32)) == 1
    newer = customers.Vault({2: b"g" * 32}, b"i" * 32)
    found = customers.find_profile(conn, newer, anna)
    assert found is not None
    assert found.is_student


def test_a_use_and_a_withdrawal_take_turns(conn, database: Database, anna):
    """Who uses a consent holds it: the withdrawal waits, and from its commit on nobody finds the consent, whatever they saw before."""
    say(conn, ConsentKind.CREDIT_BUREAU)
    done: list[str] = []

    def withdraw() -> None:
        with connect(database) as other:
            say(other, ConsentKind.CREDIT_BUREAU, given=False, now=NOW + dt.timedelta(seconds=1))
            done.append("withdrawn")

    with conn.transaction():
        assert customers.use_consent(conn, anna, ConsentKind.CREDIT_BUREAU) is not None
        thread = threading.Thread(target=withdraw)
        thread.start()
        thread.join(timeout=0.2)
        assert done == [], "the use is not over"
        assert customers.use_consent(conn, anna, ConsentKind.CREDIT_BUREAU) is not None
    thread.join()
    with conn.transaction():
        assert customers.use_consent(conn, anna, ConsentKind.CREDIT_BUREAU) is None
        assert customers.wants_person(conn, anna), "no consent to automated decisions: a person decides"
    say(conn, ConsentKind.AUTOMATED_DECISION)
    with conn.transaction():
        assert not customers.wants_person(conn, anna)
        customers.make_request(conn, anna, customers.RightKind.HUMAN_DECISION, now=NOW)
        assert customers.wants_person(conn, anna)
