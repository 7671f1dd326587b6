"""A challenge is answered once, in time, by the device that was bound; who has only the person's words has nothing."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from honghua.base.errors import BadInput, Conflict, Refusal
from honghua.customers import api as customers
from honghua.customers import jobs
from honghua.customers.core import find_check_digit
from honghua.customers.proofing.challenging import (
    PER_HOUR_MAX,
    Challenge,
    answer_challenge,
    bind_device,
    end_device,
    find_device,
    issue_challenge,
)
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 7, 1, 4, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"a" * 32}, b"i" * 32)
NUMBER = "11010519900307451" + find_check_digit("11010519900307451")
ANNA = customers.Evidence(name="李示范", national_id=NUMBER, phone="13800138000", card="6222021234567890123", clip="c")
OURS, THEIRS = Ed25519PrivateKey.from_private_bytes(b"o" * 32), Ed25519PrivateKey.from_private_bytes(b"t" * 32)


@pytest.fixture
def anna(conn: psycopg.Connection) -> str:
    run_unit(conn, lambda c: customers.register(c, VAULT, ANNA.phone, now=NOW, customer="anna"))
    prove(conn, "first")
    return "anna"


def prove(conn: psycopg.Connection, key: str) -> None:
    check = customers.IdentityCheck(vault=VAULT, provider=customers.FakeIdentityProvider(1))
    assert customers.prove_identity(conn, check, "anna", ANNA, key=key, now=NOW).verdict == "proven"


def ask(conn: psycopg.Connection, now: dt.datetime = NOW) -> Challenge:
    made = run_unit(conn, lambda c: issue_challenge(c, "anna", now=now))
    assert isinstance(made, Challenge)
    return made


def answer(
    conn: psycopg.Connection, one: Challenge, key: Ed25519PrivateKey, *, after: int = 5, who: str = "anna"
) -> str:
    now = NOW + dt.timedelta(seconds=after)
    said = run_unit(
        conn, lambda c: answer_challenge(c, who, one.challenge_id, signature=key.sign(one.message), now=now)
    )
    return said.code if isinstance(said, Refusal) else said


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def test_once_in_time_and_for_its_owner(conn, anna):
    first, late = ask(conn), ask(conn)
    assert len(first.digits) == 6
    assert answer(conn, first, THEIRS) == first.digits, "no device is bound yet"
    assert answer(conn, first, THEIRS) == "CHALLENGE_USED"
    assert answer(conn, late, THEIRS, after=61) == "CHALLENGE_OVER"
    assert answer(conn, late, THEIRS) == "CHALLENGE_USED", "a late answer uses it up"
    run_unit(conn, lambda c: customers.register(c, VAULT, "13800138001", now=NOW, customer="bo"))
    assert answer(conn, ask(conn), THEIRS, who="bo") == "CHALLENGE_UNKNOWN"
    for _ in range(PER_HOUR_MAX - 3):
        ask(conn)
    refused = run_unit(conn, lambda c: issue_challenge(c, "anna", now=NOW))
    assert isinstance(refused, Refusal)
    assert refused.code == "CHALLENGES_MANY"
    assert isinstance(run_unit(conn, lambda c: issue_challenge(c, "anna", now=NOW + dt.timedelta(hours=1))), Challenge)
    assert jobs.sweep_old(conn, now=NOW + dt.timedelta(days=1, minutes=30)) == PER_HOUR_MAX
    assert jobs.sweep_old(conn, now=NOW + dt.timedelta(days=1, minutes=30)) == 0, "the later one is not old enough"


def test_only_the_bound_device_answers_until_a_new_proof_binds_another(conn, anna):
    run_unit(conn, lambda c: bind_device(c, anna, public(OURS), proof_key="first", now=NOW))
    one, other = ask(conn), ask(conn)
    assert answer(conn, one, THEIRS) == "DEVICE_UNKNOWN", "everything known, another device"
    assert answer(conn, one, OURS) == "CHALLENGE_USED"
    assert answer(conn, other, OURS) == other.digits
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: bind_device(c, anna, public(THEIRS), proof_key="first", now=NOW))
    with pytest.raises(BadInput):
        run_unit(conn, lambda c: bind_device(c, anna, b"short", proof_key="first", now=NOW))
    assert find_device(conn, anna) == public(OURS)
    prove(conn, "second")
    run_unit(conn, lambda c: bind_device(c, anna, public(THEIRS), proof_key="second", now=NOW))
    again = ask(conn)
    assert answer(conn, again, OURS) == "DEVICE_UNKNOWN"
    assert run_unit(conn, lambda c: end_device(c, anna, now=NOW))
    assert not run_unit(conn, lambda c: end_device(c, anna, now=NOW))
    assert find_device(conn, anna) is None
