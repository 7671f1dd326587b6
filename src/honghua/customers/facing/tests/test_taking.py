"""Recorded faces: digits of a lot, once and in time; a silent or lying service; too many tries go to a person; no film twice."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from honghua.base.errors import BadInput, Refusal, TimedOut
from honghua.customers import api as customers
from honghua.customers import jobs
from honghua.customers.core import FACE_TEXT, RECORDING_RULES, FilmKind, check_film, find_check_digit
from honghua.customers.facing import api as facing
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 7, 1, 4, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"a" * 32}, b"i" * 32)
NUMBER = "11010519900307451" + find_check_digit("11010519900307451")
ANNA = customers.Evidence(name="李示范", national_id=NUMBER, phone="13800138000", card="6222021234567890123", clip="c")
DEVICE = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
CAMERA = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(100)


@pytest.fixture
def anna(conn: psycopg.Connection) -> str:
    run_unit(conn, lambda c: customers.register(c, VAULT, ANNA.phone, now=NOW, customer="anna"))
    return "anna"


def begin(conn: psycopg.Connection, aim: str, now: dt.datetime = NOW) -> customers.Challenge:
    made = run_unit(conn, lambda c: facing.begin_recording(c, "anna", aim, now=now))
    assert isinstance(made, customers.Challenge)
    return made


def film(
    one: customers.Challenge, aim: str, *, digits: str = "", content: bytes = b"", key: Ed25519PrivateKey | None = None
) -> facing.Recorded:
    content = content or facing.invent_film(one.challenge_id, digits or one.digits)
    return facing.Recorded(
        aim=aim, challenge_id=one.challenge_id, content=content, kind=FilmKind.WEBM, text_version=FACE_TEXT.version,
        signature=key.sign(one.message) if key else b"",
    )  # fmt: skip


def take(conn: psycopg.Connection, service: facing.FaceService, brought: facing.Recorded, *, after: int = 5) -> str:
    taken = facing.take_recording(conn, service, "anna", brought, now=NOW + dt.timedelta(seconds=after))
    return taken.code if isinstance(taken, Refusal) else taken.said


def test_the_digits_are_said_once_in_time_and_for_one_aim(conn, anna):
    service = facing.FakeFaceService(1)
    first = begin(conn, "joining")
    with pytest.raises(BadInput, match="text in force"):
        take(conn, service, replace(film(first, "joining"), text_version=9))
    assert take(conn, service, film(first, "joining")) == "match"
    assert take(conn, service, film(first, "joining")) == "CHALLENGE_USED"
    assert take(conn, service, film(begin(conn, "joining"), "joining"), after=61) == "CHALLENGE_OVER"
    passed = run_unit(conn, lambda c: facing.find_passed(c, anna, "joining", now=NOW))
    assert passed is not None
    assert passed.is_fake
    assert run_unit(conn, lambda c: facing.find_passed(c, anna, "device", now=NOW)) is None
    late = NOW + dt.timedelta(minutes=11)
    assert run_unit(conn, lambda c: facing.find_passed(c, anna, "joining", now=late)) is None
    assert jobs.sweep_old(conn, now=NOW + dt.timedelta(days=31)) == 3, "two challenges, one film"


def test_replays_and_other_digits_fail_and_then_a_person_looks(conn, anna):
    service = facing.FakeFaceService(1)
    seen = film(begin(conn, "x"), "x", content=CAMERA)
    assert take(conn, service, seen) == "match", "the fake sees nothing in a camera's film, and says that it is a fake"
    assert take(conn, service, film(begin(conn, "x"), "x", content=CAMERA)) == "mismatch", "the same film again"
    wrong = begin(conn, "x")
    assert take(conn, service, film(wrong, "x", digits="0" if wrong.digits[0] != "0" else "1")) == "mismatch"
    silent = facing.FakeFaceService(1, faults={"timeout_before": 1.0})
    assert take(conn, silent, film(begin(conn, "x"), "x")) == "silence"
    over = run_unit(conn, lambda c: facing.begin_recording(c, anna, "x", now=NOW))
    assert isinstance(over, Refusal)
    assert over.code == "FACE_TRIES_OVER"
    assert take(conn, service, film(begin(conn, "y"), "x")) == "FACE_TRIES_OVER", (
        "nor by digits that were drawn for something else"
    )
    assert run_unit(conn, lambda c: facing.is_over(c, anna, "x", now=NOW))
    assert not run_unit(conn, lambda c: facing.is_over(c, anna, "y", now=NOW))
    run_unit(conn, lambda c: customers.erase_person(c, anna, last_dealt_on=None, now=NOW))
    assert conn.execute("SELECT count(*) FROM customers_recording").fetchone() == (0,)


def test_once_a_device_is_bound_only_it_answers(conn, anna):
    check = customers.IdentityCheck(vault=VAULT, provider=customers.FakeIdentityProvider(1))
    assert customers.prove_identity(conn, check, anna, ANNA, key="p", now=NOW).verdict == "proven"
    public = DEVICE.public_key().public_bytes_raw()
    run_unit(conn, lambda c: customers.bind_device(c, anna, public, proof_key="p", now=NOW))
    service = facing.FakeFaceService(1)
    assert take(conn, service, film(begin(conn, "x"), "x")) == "DEVICE_UNKNOWN"
    assert take(conn, service, film(begin(conn, "x"), "x", key=DEVICE)) == "match"


def test_without_a_face_nobody_is_asked_about_one_and_a_person_looks(conn, anna):
    provider = customers.FakeIdentityProvider(1)
    check = customers.IdentityCheck(vault=VAULT, provider=provider)
    proof = customers.prove_identity(conn, check, anna, replace(ANNA, clip=""), key="p", now=NOW)
    assert (proof.verdict, proof.reasons) == ("review", ["IDENTITY_UNANSWERED"])
    assert len(provider.answers) == 1, "the four factors only"


def test_a_service_may_be_silent_and_lie_but_an_answer_stays():
    """A thousand seeds: who says the digits is refused only by a lie; the answer under one request never changes."""
    brought = facing.Film(
        request_id="r", clip="0" * 64, digits="123456", kind=FilmKind.WEBM, content=facing.invent_film(1, "123456"), seconds=1.0
    )  # fmt: skip
    said = {"match": 0, "mismatch": 0}
    for seed in range(1_000):
        service = facing.FakeFaceService(seed, faults={"timeout_after": 0.3, "lies": 0.1})
        told = set()
        for _ in range(4):
            try:
                told.add(service.look(brought).said.value)
            except TimedOut:
                continue
        assert len(told) <= 1
        for one in told:
            said[one] += 1
    assert said["match"] > 8 * said["mismatch"] * 0.9
    assert said["mismatch"] > 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (CAMERA, FilmKind.WEBM),
        (facing.invent_film(1, "123456"), FilmKind.WEBM),
        (b"\0\0\0\x20ftypisom" + bytes(80), FilmKind.MP4),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "FILM_KIND"),
        (b"GIF89a" + bytes(100), "FILM_KIND"),
        (b"", "FILM_EMPTY"),
        (CAMERA[:63], "FILM_EMPTY"),
        (CAMERA + bytes(RECORDING_RULES.bytes_max), "FILM_TOO_LARGE"),
    ],
)  # fmt: skip
def test_a_film_is_known_by_its_own_bytes(content, found):
    assert check_film(content) == found
