"""Customers are looked at again: once after a repair, and when their answer is old; never without consent or an answer."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest

from honghua.app.clockwork import assessing
from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.app.filing.assessing import Assessor
from honghua.base.clock import FixedClock
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.customers import api as customers
from honghua.customers.core import TEXTS, ConsentKind, Field, Profile, find_check_digit
from honghua.facts.kinds import FactKind
from honghua.limits import api as limits
from honghua.limits.core import Rulebook
from honghua.store.database import run_unit
from honghua.store.wishes import wish
from honghua.web.keyring import Secrets

DAY = dt.date(2026, 1, 5)
NOW = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
KEYS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32})
TEXT = next(one for one in TEXTS if one.kind is ConsentKind.CREDIT_BUREAU)
GOOD = bureau.Exposure(
    as_of=DAY, lenders=1, accounts=1, limit_minor=1_000_000, balance_minor=100_000, monthly_due_minor=10_000, overdue_accounts=0,
    overdue_minor=0, worst_status=0, worst_class=1, inquiries_90d=0, inquiries_6m=0,
)  # fmt: skip
START_MINOR, LIMIT_MINOR = 100_000, 300_000


@dataclass
class Town:
    """Accounts of proven people, and a bureau that knows what the tests say."""

    conn: psycopg.Connection
    registry: credit.Registry
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    known: dict[bytes, bureau.Exposure] = field(default_factory=dict)

    def provider(self, **faults: float) -> bureau.FakeBureau:
        return bureau.FakeBureau(1, lambda: self.clock.now().date(), faults=faults, known=self.known)

    def settle(self, name: str, number: int) -> None:
        """A person with an account, a proof, a profile and consent, whom the approval found to owe one lender."""
        front = f"11010519900101{number:03d}"
        evidence = customers.Evidence(
            name=name, national_id=front + find_check_digit(front), phone=f"1380000{number:04d}", card=f"622202000000000{number:04d}",
            clip=f"clip {number}",
        )  # fmt: skip
        opening = c.OpenAccount(key=f"o {name}", customer=name, limit_minor=LIMIT_MINOR)
        (answer,) = credit.execute(self.conn, self.registry, [opening], now=NOW)
        assert answer["outcome"] == "done"
        customers.register(self.conn, KEYS.vault, evidence.phone, now=NOW, customer=name)
        service = customers.FakeIdentityProvider(1, truth={evidence.national_id: evidence})
        check = customers.IdentityCheck(vault=KEYS.vault, provider=service)
        assert customers.prove_identity(self.conn, check, name, evidence, key=name, now=NOW).verdict == "proven"
        told = Profile(is_adult=True, is_student=False, income_minor=800_000, debt_service_minor=0)
        run_unit(self.conn, lambda k: customers.write_profile(k, KEYS.vault, name, told, said_by=name, now=NOW))
        run_unit(self.conn, lambda k: limits.assess(k, name, LIMIT_MINOR, reason="APPLICATION", lenders=1, now=NOW))
        self.say(name, is_given=True)
        self.known[self.digest(name)] = GOOD

    def say(self, name: str, *, is_given: bool) -> None:
        said = customers.Said(kind=TEXT.kind, version=TEXT.version, is_given=is_given, read_ms=60_000)
        run_unit(self.conn, lambda k: customers.say(k, name, [said], channel="app", now=self.clock.now()))

    def digest(self, name: str) -> bytes:
        access = customers.Access("test", customers.Purpose.IDENTITY_CHECK)
        wanted = [Field.NATIONAL_ID]
        found = run_unit(self.conn, lambda k: customers.reveal(k, KEYS.vault, name, wanted, access, now=NOW))
        return hashlib.sha256(found[Field.NATIONAL_ID].encode()).digest()

    def approve(self, name: str) -> None:
        """The inquiry of the approval."""
        consent = bureau.Consent(kind="credit_bureau", version=1, given_at=NOW)
        asking = bureau.Asking(
            customer=name, national_id_digest=self.digest(name), purpose=bureau.Purpose.APPROVAL, consent=consent
        )
        answer = bureau.inquire(self.conn, self.provider(), asking, now=NOW)
        assert isinstance(answer, bureau.BureauAnswer)
        assert answer.state == "fresh"

    def wish(self, name: str) -> bool:
        body = {"customer": name, "items": 1, "policy": "trial", "reason": "bureau repair"}
        key = f"bureau_rescore:{name}"
        return run_unit(
            self.conn, lambda k: wish(k, kind=bureau.RESCORE_WISH, key=key, body=body, due_at=self.clock.now())
        )

    def run(self, name: str, jobs: Any) -> str:
        (ran,) = run_jobs(self.conn, jobs, clock=self.clock, names=[name])
        assert ran.error is None, ran.error
        return str(ran.told)

    def jobs(self, **faults: float) -> Any:
        return make_jobs(Ports(secrets=KEYS, bureau=self.provider(**faults)))

    def wishes(self) -> dict[str, tuple[str, str]]:
        rows = self.conn.execute(
            "SELECT body ->> 'customer', state, last_error FROM store_wish WHERE kind = %s", [bureau.RESCORE_WISH]
        ).fetchall()
        self.conn.rollback()
        return {name: (state, why) for name, state, why in rows}

    def ceiling(self, name: str) -> int:
        return run_unit(self.conn, lambda k: limits.find_ceilings(k, [name]))[name][0]

    def purposes(self, name: str) -> list[tuple[str, str, str | None]]:
        rows = run_unit(self.conn, lambda k: bureau.list_inquiries(k, name))
        return [(row.purpose, row.reason_code, row.outcome) for row in rows]

    def limit(self, name: str) -> int:
        view = run_unit(self.conn, lambda k: credit.find_growth(k, self.registry, Rulebook().terms, name))
        assert view is not None
        return view.record.limit_minor


@pytest.fixture
def town(conn: psycopg.Connection) -> Town:
    credit.start_book(conn, day=DAY)
    run_unit(conn, lambda k: customers.publish_texts(k, now=NOW))
    town = Town(conn, run_unit(conn, credit.open_registry))
    for number, name in enumerate(("ann", "bo")):
        town.settle(name, number)
    return town


def test_a_repaired_customer_is_scored_again_once_and_nobody_without_consent(town: Town) -> None:
    town.clock.advance(dt.timedelta(days=60))
    town.say("bo", is_given=False)
    assert town.wish("ann")
    assert town.wish("bo")
    assert town.wish("stranger")
    assert "3 customer(s) wait" in town.run("rescoring", make_jobs(Ports(secrets=KEYS)))
    town.clock.advance(dt.timedelta(hours=1))
    assert town.run("rescoring", town.jobs()) == "1 moved, 0 kept, 2 over, 0 later"
    states = town.wishes()
    assert {name: state for name, (state, _) in states.items()} == {"ann": "done", "bo": "failed", "stranger": "failed"}
    assert states["ann"][1].startswith("REPAIRED, approved ")
    assert "(shipped) reads debt_minor, lenders, inquiries_6m, worst_24m;" in states["ann"][1], (
        "what was approved to be read"
    )
    assert states["bo"][1].startswith("BUREAU_CONSENT_MISSING")
    assert "nobody is registered" in states["stranger"][1]
    assert town.purposes("ann") == [("limit_change", "02", "answered")]
    assert town.purposes("bo") == []
    assert town.ceiling("ann") > LIMIT_MINOR
    assert not town.wish("ann"), "once a customer"
    town.clock.advance(dt.timedelta(hours=1))
    assert town.run("rescoring", town.jobs()) == "0 moved, 0 kept, 0 over, 0 later"
    repaired = "SELECT count(*) FROM limits_ceiling WHERE customer = 'ann' AND reason = 'REPAIRED'"
    assert town.conn.execute(repaired).fetchone() == (1,)


def test_a_bureau_that_is_down_leaves_all_as_it_is_and_is_asked_later(town: Town) -> None:
    town.wish("ann")
    for days, outcome in ((0, "failed"), (7, "timed_out")):
        town.clock.advance(dt.timedelta(days=days))
        fault = {"failed": "down", "timed_out": "timeout"}[outcome]
        assert town.run("rescoring", town.jobs(**{fault: 1.0})) == "0 moved, 0 kept, 0 over, 1 later"
        state, why = town.wishes()["ann"]
        assert (state, outcome in why) == ("waiting", True)
    assert (town.ceiling("ann"), town.limit("ann")) == (LIMIT_MINOR, LIMIT_MINOR)
    town.clock.advance(dt.timedelta(days=7))
    town.run("rescoring", town.jobs())
    assert "BUREAU_QUOTA_SPENT" in town.wishes()["ann"][1], "silence counts: the person sees it in their report, too"
    town.clock.advance(dt.timedelta(days=366))
    town.say("ann", is_given=True)
    assert town.run("rescoring", town.jobs()) == "1 moved, 0 kept, 0 over, 0 later"
    assert [outcome for _, _, outcome in town.purposes("ann")] == ["answered", "timed_out", "failed"]


def test_old_answers_are_asked_for_again_few_a_run_and_lenders_compared(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessing, "ASKED_MAX", 1)
    town.approve("ann")
    town.approve("bo")
    town.settle("cai", 2)  # whom the bureau was never asked about
    town.clock.advance(dt.timedelta(days=89))
    jobs = town.jobs()
    assert town.run("bureau-watch", jobs) == "0 moved, 0 kept, 0 over, 0 later"
    town.clock.advance(dt.timedelta(days=2))
    town.known[town.digest("ann")] = replace(GOOD, lenders=4, accounts=5)
    assert town.run("bureau-watch", jobs) == "1 moved, 0 kept, 0 over, 0 later"
    assert (town.limit("ann"), town.ceiling("ann"), town.limit("bo")) == (START_MINOR, START_MINOR, LIMIT_MINOR)
    assert town.purposes("ann")[0] == ("post_loan", "01", "answered")
    town.clock.advance(dt.timedelta(hours=6))
    assert town.run("bureau-watch", jobs) == "0 moved, 1 kept, 0 over, 0 later", "bo's turn; ann's answer is young"
    assert town.limit("bo") == LIMIT_MINOR
    assert town.purposes("cai") == []
    town.clock.advance(dt.timedelta(days=91))
    town.say("bo", is_given=False)
    assert town.run("bureau-watch", town.jobs(down=1.0)) == "0 moved, 0 kept, 0 over, 1 later"
    town.clock.advance(dt.timedelta(hours=6))
    assert town.run("bureau-watch", town.jobs(down=1.0)) == "0 moved, 0 kept, 1 over, 0 later"
    assert len(town.purposes("ann")) == 3
    assert town.limit("ann") == START_MINOR


def test_a_look_that_died_before_it_was_settled_moves_nothing_twice(town: Town) -> None:
    """The same key again: the young answer is used again, the limit is cut once, and no ceiling comes back."""
    town.approve("ann")
    town.clock.advance(dt.timedelta(days=60))
    town.known[town.digest("ann")] = replace(GOOD, lenders=4, accounts=5)
    provider = town.provider()
    assessor = Assessor(provider=provider, vault=KEYS.vault, registry=town.registry)
    for _ in range(2):
        seen = assessor.look(
            town.conn,
            "ann",
            bureau.Purpose.LIMIT_CHANGE,
            key="rescore 1",
            now=town.clock.advance(dt.timedelta(hours=1)),
        )
        assert seen.why.startswith("LENDERS_GREW, 4 lenders, 3 more")
        assert (town.limit("ann"), town.ceiling("ann")) == (START_MINOR, START_MINOR)
    assert provider.asked == 1
    changes = "SELECT count(*) FROM store_fact WHERE kind = %s"
    assert town.conn.execute(changes, [FactKind.LIMIT_CHANGED]).fetchone() == (1,)
