"""Evidence comes: the limit is decided on again and the change is told. It goes: the next decision is that of somebody who never had it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import psycopg
import pytest

from honghua.base.errors import Conflict
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.journey import api as journey
from honghua.credit.limiting.accepting import accept
from honghua.credit.materials import api as evidence
from honghua.credit.materials.invariants import check_evidence
from honghua.customers import api as customers
from honghua.customers.core import TEXTS, ConsentKind, MaterialPurpose, Profile, find_check_digit
from honghua.customers.materials import api as materials
from honghua.limits import api as limits
from honghua.limits.core import Rulebook, rule_one
from honghua.store.database import run_unit

DAY = dt.date(2026, 1, 5)
NOW = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"a" * 32}, b"i" * 32)
BASE_MINOR, LIMIT_MINOR = 600_000, 300_000
TOLD = Profile(is_adult=True, is_student=False, income_minor=600_000, debt_service_minor=0)
KNOWN = bureau.Exposure(
    as_of=DAY, lenders=1, accounts=1, limit_minor=1_000_000, balance_minor=100_000, monthly_due_minor=10_000, overdue_accounts=0,
    overdue_minor=0, worst_status=0, worst_class=1, inquiries_90d=0, inquiries_6m=0,
)  # fmt: skip


@dataclass
class Town:
    """People alike to the last value, each with an account and a bureau's answer."""

    conn: psycopg.Connection
    registry: credit.Registry
    numbers: int = 0

    def settle(self, name: str, *, automated: bool = True) -> str:
        self.numbers += 1
        front = f"11010519900101{self.numbers:03d}"
        number = front + find_check_digit(front)
        proof = customers.Evidence(
            name=name,
            national_id=number,
            phone=f"1380000{self.numbers:04d}",
            card=f"622202000000000{self.numbers:04d}",
            clip=name,
        )
        opening = c.OpenAccount(key=f"o {name}", customer=name, limit_minor=LIMIT_MINOR)
        (answer,) = credit.execute(self.conn, self.registry, [opening], now=NOW)
        assert answer["outcome"] == "done"
        customers.register(self.conn, VAULT, proof.phone, now=NOW, customer=name)
        check = customers.IdentityCheck(vault=VAULT, provider=customers.FakeIdentityProvider(1))
        assert customers.prove_identity(self.conn, check, name, proof, key=name, now=NOW).verdict == "proven"
        kinds = {ConsentKind.CREDIT_BUREAU, *({ConsentKind.AUTOMATED_DECISION} if automated else ())}
        said = [
            customers.Said(kind=one.kind, version=one.version, is_given=True, read_ms=60_000)
            for one in TEXTS
            if one.kind in kinds
        ]

        def work(k: psycopg.Connection) -> None:
            customers.write_profile(k, VAULT, name, TOLD, said_by=name, now=NOW)
            customers.say(k, name, said, channel="app", now=NOW)
            limits.assess(k, name, BASE_MINOR, reason="APPLICATION", lenders=1, now=NOW)

        run_unit(self.conn, work)
        consent = bureau.Consent(kind="credit_bureau", version=1, given_at=NOW)
        digest = number.encode().ljust(32)[:32]
        asking = bureau.Asking(
            customer=name, national_id_digest=digest, purpose=bureau.Purpose.APPROVAL, consent=consent, reference=name
        )
        told = bureau.inquire(self.conn, bureau.FakeBureau(1, lambda: DAY, known={digest: KNOWN}), asking, now=NOW)
        assert isinstance(told, bureau.BureauAnswer)
        assert told.report is not None
        return number

    def bring(self, name: str, number: str, key: str, *, kind: str = "payroll", **values: int) -> materials.MaterialRow:
        known = {(number, kind): values}
        wish = materials.Wish(kind=kind, purposes=(MaterialPurpose.LIMIT,), version=1, key=key)
        source = materials.FakeMaterialSource(1, lambda: DAY, known=known)
        row = materials.add_from_source(self.conn, VAULT, source, name, wish, now=NOW)
        assert row.state == "in_force"
        return row

    def decide(self, name: str, key: str) -> evidence.EvidenceDecision:
        done = self.find_decision(name, key, NOW)
        assert done is not None
        return done

    def find_decision(self, name: str, key: str, now: dt.datetime) -> evidence.EvidenceDecision | None:
        done = run_unit(self.conn, lambda k: evidence.decide(k, VAULT, self.registry, name, key=key, now=now))
        evidence.carry_out(self.conn, self.registry, now=now)
        assert evidence.carry_out(self.conn, self.registry, now=now) == 0, "once"
        return done

    def withdraw(self, name: str, row: materials.MaterialRow) -> None:
        run_unit(self.conn, lambda k: materials.withdraw(k, name, row.material_id, now=NOW))

    def limit(self, name: str) -> int:
        view = credit.find_account_view(self.conn, self.registry, name)
        assert view is not None
        return int(view.limit.fixed_minor)

    def ceiling(self, name: str) -> int:
        return limits.find_ceilings(self.conn, [name])[name][0]

    def offers(self, name: str) -> list[limits.Offer]:
        return limits.list_offers(self.conn, name, on=DAY)


@pytest.fixture
def town(conn: psycopg.Connection) -> Town:
    credit.start_book(conn, day=DAY)
    run_unit(conn, lambda k: customers.publish_texts(k, now=NOW))
    return Town(conn, run_unit(conn, credit.open_registry))


def test_more_income_raises_the_ceiling_and_offers_a_limit_that_waits_for_a_yes(town):
    number = town.settle("ann")
    row = town.bring("ann", number, "m", income_minor=1_500_000)
    done = town.decide("ann", "d1")
    assert (done.outcome, done.code, done.named, done.materials) == (
        "raised",
        "EVIDENCE",
        ["income_minor"],
        [row.material_id],
    )
    assert done.base_minor == BASE_MINOR < done.ceiling_to_minor == town.ceiling("ann")
    assert town.decide("ann", "d1") == done, "once under its key"
    assert town.limit("ann") == LIMIT_MINOR, "nothing moves without a yes"
    (offer,) = town.offers("ann")
    assert (offer.reason, offer.amount_minor) == ("EVIDENCE", done.offered_minor)
    accept(town.conn, town.registry, offer.offer_id, customer="ann", now=NOW)
    assert town.limit("ann") == done.offered_minor > LIMIT_MINOR
    town.withdraw("ann", row)
    gone = town.decide("ann", "d2")
    assert (gone.outcome, gone.code, gone.ceiling_to_minor) == ("lowered", "EVIDENCE_GONE", BASE_MINOR)
    assert town.limit("ann") == BASE_MINOR, "what rested on it is cut at once"
    assert [one.key for one in run_unit(town.conn, lambda k: evidence.list_decisions(k, "ann"))] == ["d2", "d1"]


def test_the_decision_after_a_withdrawal_is_that_of_somebody_who_never_had_it(town):
    names = {"had": town.settle("had"), "never": town.settle("never")}
    first = town.bring("had", names["had"], "m1", income_minor=1_500_000)
    second = town.bring("had", names["had"], "m2", kind="bank_flow", income_minor=1_234_567, debt_service_minor=45_678)
    town.decide("had", "with both")
    assert town.offers("had")
    assert not town.offers("never")
    town.withdraw("had", first)
    town.withdraw("had", second)
    for name in names:
        town.decide(name, f"after {name}")

    def seen(name: str) -> tuple[object, ...]:
        def work(k: psycopg.Connection) -> tuple[object, ...]:
            report = bureau.find_before(k, name, 2**62)
            applicant = journey.describe_applicant(k, VAULT, name, report, asked_minor=0, now=NOW)
            alike = replace(applicant, customer="somebody")
            vector, ruling = rule_one(Rulebook(), alike, DAY)
            made = evidence.list_decisions(k, name)[0]
            same = (made.materials, made.named, made.base_minor, made.ceiling_to_minor, made.offered_minor)
            known = customers.find_situation(k, VAULT, name, on=DAY)
            return alike, vector.tobytes(), ruling, same, known, customers.find_unsuited(k, VAULT, name, on=DAY)

        found = run_unit(town.conn, work)
        return *found, town.limit(name), town.ceiling(name), len(town.offers(name))

    assert seen("had") == seen("never")
    kept = town.conn.execute(
        "SELECT count(*) FILTER (WHERE sealed IS NOT NULL OR issued_on IS NOT NULL) FROM customers_material"
    )
    assert kept.fetchone() == (0,)
    for text in ("1500000", "1234567", "45678"):
        for table in ("customers_material", "customers_material_word", "credit_evidence_decision"):
            left = town.conn.execute(
                f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE %s", [f"%{text}%"]
            ).fetchone()
            assert left == (0,), (table, text)


def test_a_ceiling_assessed_while_evidence_counted_does_not_outlive_it(town):
    number = town.settle("ann")
    row = town.bring("ann", number, "m", income_minor=1_500_000)
    later = NOW + dt.timedelta(minutes=1)
    run_unit(town.conn, lambda k: limits.assess(k, "ann", 3_000_000, reason="REPAIRED", lenders=1, now=later))
    after = NOW + dt.timedelta(minutes=2)
    run_unit(town.conn, lambda k: materials.withdraw(k, "ann", row.material_id, now=after))
    done = town.find_decision("ann", "d", after)
    assert done is not None
    assert (done.outcome, done.code) == ("lowered", "EVIDENCE_GONE")
    never = town.settle("never")
    assert never
    report = run_unit(town.conn, lambda k: bureau.find_before(k, "never", 2**62))
    applicant = run_unit(
        town.conn, lambda k: journey.describe_applicant(k, VAULT, "never", report, asked_minor=0, now=after)
    )
    assert done.ceiling_to_minor == rule_one(Rulebook(), applicant, DAY)[1].ceiling_minor


def test_less_income_than_was_told_lowers_and_no_approval_goes_to_a_person(town):
    number = town.settle("ann")
    town.bring("ann", number, "m", income_minor=350_000)
    done = town.decide("ann", "d1")
    assert (done.outcome, done.ceiling_to_minor) == ("kept", BASE_MINOR), "less than was told, enough for what stands"
    town.bring("ann", number, "flow", kind="bank_flow", income_minor=1, debt_service_minor=130_000)
    done = town.decide("ann", "d2")
    assert (done.outcome, done.named) == ("lowered", ["income_minor", "debt_service_minor"])
    assert done.ceiling_to_minor == town.ceiling("ann") < BASE_MINOR
    assert not town.offers("ann")
    town.bring("ann", number, "more", kind="bank_flow", income_minor=1, debt_service_minor=340_000)
    done = town.decide("ann", "d3")
    assert (done.outcome, done.offered_minor) == ("review", 0)
    assert done.code not in ("EVIDENCE", "EVIDENCE_SAME"), "the rulebook's own word"
    assert customers.list_requests(town.conn, customer="ann")[0].kind == "human_decision"


def test_who_wants_a_person_and_whom_risk_lowered_are_not_raised_by_machine(town):
    shy, hurt = town.settle("shy", automated=False), town.settle("hurt")
    town.bring("shy", shy, "m", income_minor=1_500_000)
    done = town.decide("shy", "d")
    assert (done.outcome, done.code, done.offered_minor, town.ceiling("shy")) == (
        "review",
        "HUMAN_WANTED",
        0,
        BASE_MINOR,
    )
    assert [one.kind for one in customers.list_requests(town.conn, customer="shy")] == ["human_decision"]
    run_unit(town.conn, lambda k: limits.assess(k, "hurt", LIMIT_MINOR, reason="FRAUD_REPORTED", lenders=1, now=NOW))
    town.bring("hurt", hurt, "n", income_minor=1_500_000)
    done = town.decide("hurt", "d of hurt")
    assert (done.outcome, done.code, town.ceiling("hurt")) == ("kept", "RISK_LOWERED", LIMIT_MINOR)
    run_unit(town.conn, lambda k: customers.register(k, VAULT, "13900000000", now=NOW, customer="nobody"))
    assert town.find_decision("nobody", "x", NOW) is None
    with pytest.raises(Conflict):
        town.bring("nobody", "n", "y", income_minor=1)
    assert all(one.ok for one in check_evidence(town.conn))


@pytest.mark.parametrize("fault", ["timeout_before", "breaks"])
def test_a_broken_source_is_on_record_and_the_decision_goes_on_without_it(town, fault):
    """R-236: what was asked, why and at what cost is known although nothing came; nothing of the limit waits for it, and it says so."""
    town.settle("ann")
    source = materials.FakeMaterialSource(1, lambda: DAY, faults={fault: 1.0})
    wish = materials.Wish(kind="payroll", purposes=(MaterialPurpose.LIMIT,), version=1, key="k")
    row = materials.add_from_source(town.conn, VAULT, source, "ann", wish, now=NOW)
    assert row.state is None, "it waits, and may be asked for again"
    decided = town.decide("ann", "without it")
    assert (decided.materials, decided.named, decided.offered_minor) == ([], [], 0)
    assert decided.ceiling_to_minor == town.ceiling("ann") == BASE_MINOR
    calls = run_unit(town.conn, lambda k: customers.list_provider_calls(k, "ann"))
    outcome, tries = ("timed_out", 2) if fault == "timeout_before" else ("failed", 1)
    told = {
        (one.provider, one.is_fake, one.purpose, one.basis, one.outcome, one.cost_minor, one.material_id)
        for one in calls
    }
    assert told == {(source.name, True, "limit", "consent payroll/1", outcome, 200, row.material_id)}
    assert len(calls) == tries
