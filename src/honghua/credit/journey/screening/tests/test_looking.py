"""Applications beside those of the last weeks: what the record keeps, whom a person sees, what an absent scorer says, replay to the bit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from honghua.base.errors import IntegrityBroken
from honghua.credit import api as credit
from honghua.credit.core.journey import OnTrial
from honghua.credit.journey import api as journey
from honghua.credit.journey.hooks.opening import ApplicationHook
from honghua.credit.journey.invariants import check_journeys
from honghua.credit.journey.screening.looking import load_screens, note_session, screen_application
from honghua.credit.journey.taking import make_moment
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.store.database import run_unit
from tests.verify.contracts import make_evidence, make_site, meet_kim, withdraw
from tests.verify.screening import make_scorer, seat_scorer

DAY = dt.date(2026, 1, 5)
NOW = dt.datetime(2026, 1, 5, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
TOLD: dict[str, Any] = {
    "typing": (90.0, 200.0, 30.0, 120.0, 2.0, 0.0),
    "path": (0, 1, 2, 3),
    "page_s": (4.0, 30.0, 40.0, 50.0, 0.0, 0.0, 0.0, 0.0),
}
HERE = journey.Observed(network="203.0.113.0/24", **TOLD)
ELSEWHERE = journey.Observed(network="198.51.100.0/24")
Step = journey.Step


@pytest.fixture
def site(conn: psycopg.Connection) -> journey.JourneySite:
    credit.start_book(conn, day=DAY)
    return make_site(conn, credit.open_registry(conn), VAULT, now=NOW)


def taking(number: int, key: str = "a", *, by: str = journey.SYSTEM, **asked: Any) -> journey.Taking:
    return journey.Taking(
        contract_id=number, step=Step.APPLICATION, key=key, asked={"asked_minor": 300_000, **asked}, decided_by=by
    )


def come_before(conn: psycopg.Connection, count: int, observed: journey.Observed = HERE) -> None:
    """Others who applied an hour ago, from where kim will."""

    def work(c: psycopg.Connection) -> None:
        for k in range(count):
            name, then = f"other {observed.network} {k}", NOW - dt.timedelta(minutes=60 - k)
            customers.register(c, VAULT, f"1380000{len(observed.network):02d}{k:02d}", now=then, customer=name)
            number = journey.begin_contract(c, name, product="huabei", key=name, now=then)
            note_session(c, VAULT, journey.get_contract(c, number), observed, asked_minor=200_000, now=then)

    run_unit(conn, work)


def bring_kim(conn: psycopg.Connection, site: journey.JourneySite) -> int:
    """Proven, about to apply."""
    number = meet_kim(conn, site, now=NOW)
    proving = journey.Taking(contract_id=number, step=Step.PROOFING, key="proof", asked={"proof": "kim"})
    proven: Any = journey.prove_identity(conn, site, proving, make_evidence(), now=NOW)
    assert proven.outcome == "passed"
    return number


def apply(
    conn: psycopg.Connection,
    site: journey.JourneySite,
    wish: journey.Taking,
    *,
    observed: journey.Observed | None = HERE,
) -> Any:
    return journey.apply_for_credit(conn, site, wish, now=NOW, observed=observed)


def look(conn: psycopg.Connection, number: int, rules: Any) -> Any:
    """What other rules would say of the same application."""
    _, rows = journey.read_state(conn, number)
    moment = make_moment(journey.get_contract(conn, number), taking(number), rows, now=NOW, business_on=DAY)
    return run_unit(conn, lambda c: screen_application(c, moment, every=(rules,)))


def replay(conn: psycopg.Connection, row: journey.StepRow) -> dict[str, Any] | None:
    return run_unit(conn, lambda c: journey.replay_screen(c, row))


def describe(conn: psycopg.Connection, row: journey.StepRow) -> list[float | None] | None:
    return run_unit(conn, lambda c: journey.describe_again(c, row))


def test_who_sits_in_the_seat_calls_a_person_who_may_set_the_word_aside(conn, site):
    version = run_unit(conn, lambda c: seat_scorer(c, make_scorer(), now=NOW, champion=True))
    come_before(conn, 3)
    number = bring_kim(conn, site)
    waits = apply(conn, site, taking(number))
    assert waits.outcome == "referred"
    assert waits.risk["reasons"] == ["APPLICATION_GANG_LIKE"]
    told = waits.risk["figures"]["screen"]
    assert (told["state"], told["version"], told["says"]) == ("in the seat", version, "above the line")
    assert told["pushes"][0][0] == "shared things"
    assert told["unknown"] == []
    upheld = apply(conn, site, taking(number, "b", by="ann"))
    assert (
        upheld.code == "STEP_WAITS_FOR_PERSON"
        if isinstance(upheld, journey.StepRefusal)
        else upheld.outcome != "passed"
    )
    passed = apply(conn, site, taking(number, "c", by="ann", overruled=("APPLICATION_GANG_LIKE",)))
    assert passed.outcome == "passed"
    assert passed.risk["figures"]["overruled_by"] == "ann"
    assert passed.risk["figures"]["screen"]["score"] == told["score"]
    for row in (waits, passed):
        assert replay(conn, row) == {name: told[name] for name in ("score", "pushes", "unknown")}
        assert describe(conn, row) == told["values"]
    strict = replace(load_screens()[0], refuse_share=0.05)
    assert look(conn, number, strict).reasons == ("APPLICATION_GANG",)
    assert [check.name for check in check_journeys(conn) if not check.ok] == []


def test_on_trial_it_is_written_down_and_refuses_nobody(conn, site):
    run_unit(conn, lambda c: seat_scorer(c, make_scorer(), now=NOW))
    come_before(conn, 3)
    number = bring_kim(conn, site)
    row = apply(conn, site, taking(number))
    told = row.risk["figures"]["screen"]
    assert (row.outcome, told["state"], told["says"]) == ("passed", "on trial", "above the line")
    rules = replace(load_screens()[0], challenger=OnTrial.REFER, refuse_share=0.05)
    assert look(conn, number, rules).reasons == ("APPLICATION_GANG_LIKE",)


def test_without_scorer_or_rules_it_says_so_and_decides_nothing(conn, site):
    come_before(conn, 3)
    number = bring_kim(conn, site)
    row = apply(conn, site, taking(number))
    assert row.outcome == "passed"
    assert row.risk["figures"]["screen"] == {"state": "no scorer is seated"}
    assert journey.find_scored(row) is None
    assert replay(conn, row) is None
    late = replace(load_screens()[0], since=DAY + dt.timedelta(days=1))
    assert look(conn, number, late).figures["screen"] == {"state": "no rules are in force"}
    other = replace(make_scorer(), names=(*make_scorer().names[:-1], "asked twice"))
    run_unit(conn, lambda c: seat_scorer(c, other, now=NOW))
    assert "reads other values" in look(conn, number, load_screens()[0]).figures["screen"]["state"]


def test_only_what_came_before_and_from_here_counts(conn, site):
    run_unit(conn, lambda c: seat_scorer(c, make_scorer(), now=NOW, champion=True))
    come_before(conn, 3, ELSEWHERE)
    number = bring_kim(conn, site)
    row = apply(conn, site, taking(number))
    assert row.outcome == "passed"
    come_before(conn, 3)  # committed later: it changes nothing of what was decided
    told = row.risk["figures"]["screen"]
    assert describe(conn, row) == told["values"]
    assert run_unit(conn, lambda c: journey.forget_sessions(c, now=NOW + dt.timedelta(days=181))) == 7
    assert describe(conn, row) is None
    again = replay(conn, row)
    assert again is not None
    assert again["score"] == told["score"], "the record is enough"


def test_behaviour_is_kept_by_consent_alone(conn, site):
    run_unit(conn, lambda c: seat_scorer(c, make_scorer(), now=NOW, champion=True))
    number = bring_kim(conn, site)
    withdraw(conn, "kim", ConsentKind.PERSONAL_DATA, now=NOW)
    row = apply(conn, site, taking(number))
    assert (row.outcome, row.risk["reasons"][0]) == ("refused", "CONSENT_MISSING")
    kept = conn.execute("SELECT typing, path, page_s, network > 0 FROM credit_application_session").fetchone()
    assert kept == (None, None, None, True)


def test_a_changed_record_is_found(conn, owner_conn, site):
    run_unit(conn, lambda c: seat_scorer(c, make_scorer(), now=NOW, champion=True))
    number = bring_kim(conn, site)
    row = apply(conn, site, taking(number))
    with owner_conn.transaction():
        owner_conn.execute("ALTER TABLE credit_contract_steps DISABLE TRIGGER USER")
        owner_conn.execute(
            "UPDATE credit_contract_steps SET risk = jsonb_set(risk, '{figures,screen,digest}', '\"00\"') WHERE step = 3"
        )
        owner_conn.execute("ALTER TABLE credit_contract_steps ENABLE TRIGGER USER")
    assert "credit.application_scores_replay" in [check.name for check in check_journeys(conn) if not check.ok]
    _, rows = journey.read_state(conn, number)
    with pytest.raises(IntegrityBroken, match="is not the one that scored"):
        replay(conn, rows[-1])
    assert ApplicationHook(site).name == row.risk["hook"]
