"""Proving identities against a service that is silent, repeats itself, lies and contradicts itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pytest

from honghua.base.errors import BadInput, Conflict
from honghua.customers import api as customers
from honghua.customers.core import Field, ProofKind, ProofVerdict, find_check_digit, judge_answers
from honghua.customers.jobs import rotate_keys
from honghua.customers.proofing.proving import PROOF_RULES, _request, ask_service
from honghua.customers.proofing.store import ProofRow
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
FRONT = "11010519900307451"
ANNA = customers.Evidence(
    name="安娜", national_id=FRONT + find_check_digit(FRONT), phone="13800138000", card="6222021234567890", clip="face", device="phone"
)  # fmt: skip


def checked(provider: customers.FakeIdentityProvider) -> customers.IdentityCheck:
    return customers.IdentityCheck(vault=VAULT, provider=provider)


def honest(seed: int = 1, **faults: float) -> customers.FakeIdentityProvider:
    return customers.FakeIdentityProvider(seed, truth={ANNA.national_id: ANNA}, faults=faults)


def verdict_of(provider: customers.FakeIdentityProvider, evidence: customers.Evidence, key: str) -> ProofVerdict:
    answers = [
        one
        for kind in ProofKind
        for one in ask_service(provider, _request(kind, evidence, key, PROOF_RULES), PROOF_RULES)
    ]
    return judge_answers(answers)[0]


def test_a_thousand_seeds_of_silence_and_contradiction():
    """A truthful person is never refused, a thief with the wrong card never proven: both wait for a person at worst."""
    faults = {"timeout_before": 0.3, "timeout_after": 0.3, "find_timeout": 0.3, "contradicts": 0.2}
    thief = replace(ANNA, card="6222020000000000")
    seen = set()
    for seed in range(1_000):
        provider = honest(seed, **faults)
        true, false = verdict_of(provider, ANNA, "true"), verdict_of(provider, thief, "false")
        assert true is not ProofVerdict.REFUSED
        assert false is not ProofVerdict.PROVEN
        assert len(provider.answers) <= 6, "one request of each kind for each of the two, however often it was asked"
        seen |= {true, false}
    assert seen == set(ProofVerdict)


def test_a_lie_is_believed_once_and_kept():
    """A service that lies with one voice cannot be found out by asking it again: the record says who said it."""
    provider = honest(3, lies=1.0)
    assert verdict_of(provider, ANNA, "key") is ProofVerdict.REFUSED
    assert {one.said for one in provider.answers.values()} == {"mismatch"}


@pytest.fixture
def anna(conn: psycopg.Connection) -> str:
    def work(c: psycopg.Connection) -> str:
        return customers.register(c, VAULT, ANNA.phone, now=NOW, customer="anna")

    return run_unit(conn, work)


def test_a_proof_says_who_answered_and_the_same_key_asks_nobody_again(conn, anna):
    provider = honest()
    first = customers.prove_identity(conn, checked(provider), anna, ANNA, key="k", now=NOW)
    calls = dict(provider.calls)
    again = customers.prove_identity(conn, checked(provider), anna, ANNA, key="k", now=NOW)
    assert (first, provider.calls) == (again, calls)
    assert (first.verdict, first.is_fake, first.reasons) == ("proven", True, [])
    assert customers.is_proven(conn, anna)
    assert customers.find_by_national_id(conn, VAULT, ANNA.national_id) == anna
    kept = conn.execute("SELECT count(*), bool_and(is_fake) FROM customers_proof_answer").fetchone()
    assert kept == (3, True)
    run_unit(conn, lambda c: customers.register(c, VAULT, "13800138009", now=NOW, customer="bo"))
    with pytest.raises(BadInput, match="another customer"):
        customers.prove_identity(conn, checked(provider), "bo", ANNA, key="k", now=NOW)


def test_a_number_that_cannot_be_asks_nobody_and_a_silent_service_waits_for_a_person(conn, anna):
    provider = honest(timeout_before=1.0)
    wrong = replace(ANNA, national_id="110105199003074510")
    refused = customers.prove_identity(conn, checked(provider), anna, wrong, key="wrong", now=NOW)
    assert (refused.verdict, refused.reasons, provider.calls) == ("refused", ["IDENTITY_NUMBER_WRONG"], {})
    silent = customers.prove_identity(conn, checked(provider), anna, ANNA, key="silent", now=NOW)
    assert (silent.verdict, silent.reasons) == ("review", ["IDENTITY_UNANSWERED"])
    assert not customers.is_proven(conn, anna)
    for by, why in (("system", "x"), ("ann", " "), ("", "x")):
        with pytest.raises(BadInput):
            customers.ProofWord(is_proven=True, by=by, why=why)
    with pytest.raises(BadInput, match="prove it again"):
        settle(conn, "wrong")
    assert "claimed" in str(customers.export_person(conn, VAULT, anna, now=NOW)["proofs"])
    settled = settle(conn, "silent")
    assert (settled.verdict, settled.decided_by) == ("proven", "ann")
    assert settle(conn, "silent") == settled, "a second time changes nothing"
    assert_known(conn, anna, ANNA, said_by="ann")


def settle(conn: psycopg.Connection, key: str, *, is_proven: bool = True, vault: customers.Vault = VAULT) -> ProofRow:
    word = customers.ProofWord(is_proven=is_proven, by="ann", why="saw the passport")
    return run_unit(conn, lambda c: customers.settle_proof(c, vault, key, word, now=NOW))


def assert_known(conn: psycopg.Connection, customer: str, as_whom: customers.Evidence, *, said_by: str) -> None:
    """Name and number are the person's, said by that one, and nothing is kept beside them."""
    access = customers.Access("a test", customers.Purpose.IDENTITY_CHECK)
    wanted = [Field.NAME, Field.NATIONAL_ID]
    known = run_unit(conn, lambda c: customers.reveal(c, VAULT, customer, wanted, access, now=NOW))
    assert known == {Field.NAME: as_whom.name, Field.NATIONAL_ID: as_whom.national_id}
    assert customers.find_by_national_id(conn, VAULT, as_whom.national_id) == customer
    versions = customers.list_versions(conn, VAULT, customer)
    assert {one.said_by for one in versions if one.field in wanted} == {said_by}
    assert conn.execute("SELECT count(*) FROM customers_proof_claim").fetchone() == (0,)


def test_what_waits_for_a_person_is_sealed_rotated_taken_back_and_erased(conn, anna):
    silent = honest(timeout_before=1.0)
    for key in ("one", "two", "three"):
        customers.prove_identity(conn, checked(silent), anna, ANNA, key=key, now=NOW)
    kept = conn.execute("SELECT sealed FROM customers_proof_claim ORDER BY proof_id").fetchall()
    assert len(kept) == 3
    assert not any(ANNA.name.encode() in sealed or ANNA.national_id.encode() in sealed for (sealed,) in kept)
    newer = customers.Vault({1: b"f" * 32, 2: b"g" * 32}, b"i" * 32)
    assert rotate_keys(conn, newer) == 1
    assert conn.execute("SELECT sealed FROM customers_proof_claim ORDER BY proof_id").fetchall() != kept
    assert settle(conn, "one", is_proven=False, vault=newer).verdict == "refused"
    with pytest.raises(BadInput, match="prove it again"):
        settle(conn, "one", vault=newer)
    assert settle(conn, "two", vault=newer).verdict == "proven"
    with pytest.raises(BadInput, match="prove it again"):
        settle(conn, "three", vault=newer)  # the one proven ended what was waited for
    assert customers.find_by_national_id(conn, VAULT, ANNA.national_id) == anna


def test_a_person_cannot_give_away_anothers_number(conn, anna):
    customers.prove_identity(conn, checked(honest()), anna, ANNA, key="anna", now=NOW)
    run_unit(conn, lambda c: customers.register(c, VAULT, "13900139001", now=NOW, customer="bo"))
    taken = customers.prove_identity(
        conn, checked(customers.FakeIdentityProvider(1)), "bo", replace(ANNA, phone="13900139001"), key="bo", now=NOW
    )
    assert taken.verdict == "review"
    with pytest.raises(Conflict):
        settle(conn, "bo")
    assert customers.list_proofs(conn, "bo")[0].verdict == "review"
    assert customers.find_by_national_id(conn, VAULT, ANNA.national_id) == anna
    run_unit(conn, lambda c: customers.erase_person(c, "bo", last_dealt_on=None, now=NOW))
    with pytest.raises(BadInput, match="prove it again"):
        settle(conn, "bo")  # the key has gone, and what lay under it


def test_one_number_for_two_persons_and_a_device_of_a_crowd_wait_for_a_person(conn, anna):
    assert customers.prove_identity(conn, checked(honest()), anna, ANNA, key="anna", now=NOW).verdict == "proven"
    everybody = customers.FakeIdentityProvider(1)

    def meet(c: psycopg.Connection) -> None:
        for n in range(1, 5):
            customers.register(c, VAULT, f"1390013900{n}", now=NOW, customer=f"crowd {n}")

    run_unit(conn, meet)
    twin = replace(ANNA, phone="13900139001", card="6222029999999999", device="other")
    taken = customers.prove_identity(conn, checked(everybody), "crowd 1", twin, key="twin", now=NOW)
    assert taken.verdict == "review"
    assert "IDENTITY_TAKEN" in taken.reasons
    proofs = []
    for n in range(2, 5):
        front = f"1101051990030745{n}"
        own = replace(ANNA, national_id=front + find_check_digit(front), phone=f"1390013900{n}", card=f"62220299999{n}")
        proofs.append(customers.prove_identity(conn, checked(everybody), f"crowd {n}", own, key=f"crowd {n}", now=NOW))
    assert proofs[-1].verdict == "review"
    assert proofs[-1].reasons == ["IDENTITY_SHARED"]
    assert customers.list_shared(conn, "crowd 4") == ("device",)
    assert customers.list_shared(conn, anna) == ("national_id", "device")


def test_who_leaves_is_linked_to_nobody(conn, anna):
    customers.prove_identity(conn, checked(honest()), anna, ANNA, key="anna", now=NOW)
    run_unit(conn, lambda c: customers.erase_person(c, anna, last_dealt_on=NOW.date(), now=NOW))
    assert conn.execute("SELECT DISTINCT kind FROM customers_link").fetchall() == [("national_id",)]
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: customers.write_fields(c, VAULT, anna, {}, customers.Origin("a", "b"), now=NOW))
