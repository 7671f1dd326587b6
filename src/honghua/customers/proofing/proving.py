"""Proving an identity: ask each service under one request id, ask again when it is silent, check what it said, then judge.

Calls to services are made outside any transaction. Each positive answer is read back: a service that says two things about one request
has contradicted itself, and a person looks: until then name and number are kept sealed. Of the card only a blind index is kept, of the
face nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, NotFound, TimedOut
from honghua.customers.core.identity import ID_RULES, IdRules, read_id_number
from honghua.customers.core.personal import Field, normalise
from honghua.customers.core.proofs import (
    SHARING_RULES,
    ProofAnswer,
    ProofKind,
    ProofVerdict,
    Said,
    SharingRules,
    find_shared,
    judge_answers,
)
from honghua.customers.indexing import make_index
from honghua.customers.persons import Origin, find_by_national_id, get_person, write_fields
from honghua.customers.proofing import claims, store
from honghua.customers.proofing.provider import Evidence, IdentityProvider, ProofRequest
from honghua.customers.proofing.store import ProofRow
from honghua.customers.vault import Vault
from honghua.store.database import run_unit

TRIES_MAX: Final = 3
SECONDS: Final = 5.0  # how long one call to a service may take
SYSTEM: Final = "system"
DEVICE_PROOF: Final = "device:"  # keys of proofings of somebody known, who binds a device
NUMBER_CODE: Final = "IDENTITY_NUMBER_WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRules:
    """What a number may say, how much may be shared, how often a silent service is asked."""

    numbers: IdRules = ID_RULES
    sharing: SharingRules = SHARING_RULES
    tries_max: int = TRIES_MAX
    seconds: float = SECONDS


PROOF_RULES: Final = ProofRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCheck:
    """How identities are proven here: the vault that keeps what was learnt, the service that is asked, the rules."""

    vault: Vault
    provider: IdentityProvider
    rules: ProofRules = PROOF_RULES


Judged = tuple[ProofVerdict, tuple[str, ...]]


def prove_identity(
    conn: psycopg.Connection, check: IdentityCheck, customer: str, evidence: Evidence, *, key: str, now: dt.datetime
) -> ProofRow:
    """Ask and judge; the proofing as it then stands. The same key again asks nobody anew where a verdict is there.

    conn must be outside a transaction. Proven: name and number are written to the person. A number that cannot be is refused without
    asking anybody. NotFound for nobody; BadInput for a key of somebody else's proofing.
    """
    known = run_unit(conn, lambda c: _begin(c, customer, key, now))
    if known.verdict is not None:
        return known
    reading = read_id_number(evidence.national_id, on=now.date(), rules=check.rules.numbers)
    if not reading.is_valid:
        return run_unit(conn, lambda c: _close(c, known, [], (ProofVerdict.REFUSED, (NUMBER_CODE,)), now))
    answers = [
        answer
        for kind in list_kinds(evidence)
        for answer in ask_service(check.provider, _request(kind, evidence, key, check.rules), check.rules)
    ]
    return run_unit(conn, lambda c: _judge(c, check, known, evidence, answers, now))


def list_kinds(evidence: Evidence) -> tuple[ProofKind, ...]:
    """What is asked about somebody: without a recorded face nobody is asked about one, and a person looks."""
    return tuple(ProofKind) if evidence.clip else (ProofKind.FOUR_FACTOR,)


def ask_service(provider: IdentityProvider, request: ProofRequest, rules: ProofRules) -> list[ProofAnswer]:
    """Everything that one service said to one request: silences, its answer, and what it says it said where that differs.

    Only an answer to the question counts; what `find` tells is held against it.
    """
    said: list[ProofAnswer] = []
    for _ in range(rules.tries_max):
        try:
            answer = provider.ask(request)
        except TimedOut:
            said.append(_silence(provider, request))
            continue
        said.append(answer)
        try:
            again = provider.find(request.request_id)
        except TimedOut:
            return said  # nobody contradicted it
        return [*said, again] if again is not None and again.said is not answer.said else said
    return said


def _silence(provider: IdentityProvider, request: ProofRequest) -> ProofAnswer:
    return ProofAnswer(
        kind=request.kind, request_id=request.request_id, said=Said.SILENCE, provider=provider.name, is_fake=provider.is_fake
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofWord:
    """A person's word on a proofing that services did not pass."""

    is_proven: bool
    by: str
    why: str

    def __post_init__(self) -> None:
        if not self.by.strip() or self.by == SYSTEM or not self.why.strip():
            raise BadInput("a person's verdict has a name and a reason", code="REVIEWER_MISSING")


def settle_proof(conn: psycopg.Connection, vault: Vault, key: str, word: ProofWord, *, now: dt.datetime) -> ProofRow:
    """A person's verdict on a proofing in review or refused. In the caller's transaction.

    Proven: name and number are written to the person, as by a proofing that services passed; proven already: nothing happens.
    BadInput for a proofing that was broken off, or of which no claim is kept; Conflict where the number is another customer's.
    """
    proof = get_proof(conn, key)
    if proof.verdict is None:
        raise BadInput("this proofing was broken off: take it again under its key", code="PROOF_OPEN")
    person = get_person(conn, proof.customer, lock=True)
    proof = get_proof(conn, key)
    if word.is_proven and proof.verdict == ProofVerdict.PROVEN:
        return proof
    if word.is_proven:
        claim = claims.find_claim(conn, vault, person, proof.proof_id)
        if not claim:
            raise BadInput("nothing is kept of what was to be proven: let them prove it again", code="PROOF_CLAIM_GONE")
        _write_proven(conn, vault, proof, claim, Origin(word.by, f"identity proofing {key}"), now)
    store.delete_claim(conn, proof.proof_id)
    verdict = ProofVerdict.PROVEN if word.is_proven else ProofVerdict.REFUSED
    store.insert_verdict(conn, proof.proof_id, verdict, [] if word.is_proven else proof.reasons, by=word.by, now=now)
    return get_proof(conn, key)


def _write_proven(
    conn: psycopg.Connection, vault: Vault, proof: ProofRow, values: dict[Field, str], origin: Origin, now: dt.datetime
) -> None:
    """They are who they said: nothing else that they said of themselves is waited for any more."""
    write_fields(conn, vault, proof.customer, values, origin, now=now)
    store.delete_claims(conn, get_person(conn, proof.customer).person_id)


def get_proof(conn: psycopg.Connection, key: str) -> ProofRow:
    """The proofing of a key; NotFound where there is none."""
    proof = store.find_proof(conn, key)
    if proof is None:
        raise NotFound(f"no proofing under {key!r}", code="PROOF_UNKNOWN")
    return proof


def list_proofs(conn: psycopg.Connection, customer: str) -> list[ProofRow]:
    """Somebody's proofings, the newest first; NotFound for nobody."""
    return store.list_proofs(conn, get_person(conn, customer).person_id)


def name_device_proof(challenge_id: int) -> str:
    """The key of a proofing for a device, by the challenge whose film it rests on."""
    return f"{DEVICE_PROOF}{challenge_id}"


def is_proven(conn: psycopg.Connection, customer: str) -> bool:
    """Whether somebody's newest proofing with a verdict says that they are who they say; one that failed to bind a device says nothing
    of who they were proven to be before."""
    told = [(row.key, row.verdict == ProofVerdict.PROVEN) for row in list_proofs(conn, customer) if row.verdict]
    return next((is_yes for key, is_yes in told if is_yes or not key.startswith(DEVICE_PROOF)), False)


def list_shared(conn: psycopg.Connection, customer: str, *, rules: SharingRules = SHARING_RULES) -> tuple[str, ...]:
    """What somebody shares with more people than may be: kinds of link."""
    return find_shared(store.count_sharers(conn, get_person(conn, customer).person_id), rules=rules)


def list_links(conn: psycopg.Connection, customer: str) -> dict[str, bytes]:
    """Kind of thing -> blind index of the newest that somebody has; equal for who shares it, and nothing else can be learnt from it."""
    return store.list_links(conn, get_person(conn, customer).person_id)


def note_links(
    conn: psycopg.Connection, vault: Vault, customer: str, *, device: str = "", address: str = "", now: dt.datetime
) -> None:
    """Somebody was seen with a device or at an address; only blind indexes are kept."""
    values = {"device": device, "address": address}
    digests = {kind: make_index(conn, vault, kind, value) for kind, value in values.items() if value}
    store.insert_links(conn, get_person(conn, customer).person_id, digests, now=now)


def _begin(conn: psycopg.Connection, customer: str, key: str, now: dt.datetime) -> ProofRow:
    person = get_person(conn, customer)
    store.insert_proof(conn, person.person_id, key, now=now)
    proof = get_proof(conn, key)
    if proof.customer != customer:
        raise BadInput("this key belongs to another customer's proofing", code="KEY_TAKEN")
    return proof


def _request(kind: ProofKind, evidence: Evidence, key: str, rules: ProofRules) -> ProofRequest:
    request_id = hashlib.sha256(f"{key}\0{kind}".encode()).hexdigest()[:32]
    return ProofRequest(request_id=request_id, kind=kind, evidence=evidence, seconds=rules.seconds)


def _judge(
    conn: psycopg.Connection, check: IdentityCheck, proof: ProofRow, evidence: Evidence, answers: list[ProofAnswer], now: dt.datetime
) -> ProofRow:  # fmt: skip
    person = get_person(conn, proof.customer, lock=True)
    verdict, reasons = judge_answers(answers)
    store.insert_links(conn, person.person_id, index_evidence(conn, check.vault, evidence), now=now)
    owner = find_by_national_id(conn, check.vault, evidence.national_id)
    if owner not in (None, proof.customer):
        verdict, reasons = ProofVerdict.REVIEW, (*reasons, "IDENTITY_TAKEN")
    if find_shared(store.count_sharers(conn, person.person_id), rules=check.rules.sharing):
        verdict = ProofVerdict.REVIEW if verdict is ProofVerdict.PROVEN else verdict
        reasons = (*reasons, "IDENTITY_SHARED")
    if get_proof(conn, proof.key).verdict is None:  # else somebody was faster
        values = {Field.NAME: evidence.name, Field.NATIONAL_ID: evidence.national_id}
        if verdict is ProofVerdict.PROVEN:
            _write_proven(conn, check.vault, proof, values, Origin("identity proofing", proof.key), now)
        else:
            claims.keep_claim(conn, check.vault, person, proof.proof_id, values)
    return _close(conn, proof, answers, (verdict, reasons), now)


def _close(
    conn: psycopg.Connection, proof: ProofRow, answers: list[ProofAnswer], judged: Judged, now: dt.datetime
) -> ProofRow:
    current = get_proof(conn, proof.key)
    if current.verdict is not None:
        return current  # somebody was faster
    store.insert_answers(conn, proof.proof_id, answers, now=now)
    store.insert_verdict(conn, proof.proof_id, judged[0], judged[1], by=SYSTEM, now=now)
    return get_proof(conn, proof.key)


def index_evidence(conn: psycopg.Connection, vault: Vault, evidence: Evidence) -> dict[str, bytes]:
    """The blind indexes of what a person brought, without what they did not bring."""
    values = {
        "national_id": normalise(Field.NATIONAL_ID, evidence.national_id), "phone": normalise(Field.PHONE, evidence.phone),
        "card": evidence.card.replace(" ", ""), "device": evidence.device, "address": evidence.address,
    }  # fmt: skip
    return {kind: make_index(conn, vault, kind, value) for kind, value in values.items() if value}
