"""`honghua journey`: all twelve steps on real books, and every step refused once with its human path."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from honghua.app import verifying
from honghua.app.commands.books.journey import REFUSABLE
from honghua.app.journey.evidence import PackedEvidence
from honghua.app.journey.living import TITLES, live_through, make_evidence, make_vault
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.facts.steps import STEP_FACTS, Step
from honghua.store.database import Database, connect
from honghua.store.settings import StoreSettings


def test_a_customer_lives_through_twelve_steps(database: Database):
    found = live_through(database, seed=7)
    assert (found["ok"], found["failed"], found["coverage"]) == (True, "", "12/12")
    assert [one["name"] for one in found["steps"]] == [step.name.lower() for step in Step]
    assert [one["fact"]["kind"] for one in found["steps"]] == [STEP_FACTS[step] for step in Step]
    assert all(one["risk"]["verdict"] == "pass" and one["risk"]["hook"] for one in found["steps"])
    with_facts = {one["name"] for one in found["steps"] if one["fact"]["fact_id"]}
    assert with_facts == {"contract", "drawdown", "payout", "booking", "repayment", "write_off"}
    last = found["steps"][-1]
    assert last["risk"]["figures"]["claim_minor"] == last["decided"]["written_off_minor"], (
        "what was approved is what goes"
    )
    assert len(set(TITLES.values())) == 12
    assert verifying.sum_up(verifying.verify(database))["broken"] == []
    with connect(database) as conn:
        assert customers.trace_in_tables(conn, values_of(7)) == [], "nothing personal stands anywhere in the clear"
        check_write_off_again(conn, last)


def check_write_off_again(conn: psycopg.Connection, written_off: dict[str, Any]) -> None:
    """Who died between the books and the row asks for the same write-off again: nothing new is booked, the same fact comes back."""
    evidence = PackedEvidence(credit.open_registry(conn), make_vault(7))
    contract = journey.get_contract(conn, 1)
    packs = conn.execute("SELECT count(*) FROM credit_write_off_pack").fetchone()
    now = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    asked = {"approved_by": ["ann", "li"], "evidence": []}
    assert evidence.gather(conn, contract, asked, now=now).missing == ()
    again = evidence.write_off(conn, contract, asked, key="again", now=now)
    assert again["fact_id"] == written_off["fact"]["fact_id"]
    assert again["written_off_minor"] == written_off["decided"]["written_off_minor"]
    assert conn.execute("SELECT count(*) FROM credit_write_off_pack").fetchone() == packs


def values_of(seed: int) -> dict[Field, str]:
    shown = make_evidence(seed)
    return {
        Field.NAME: shown.name, Field.PHONE: f"+86{shown.phone}", Field.NATIONAL_ID: shown.national_id, Field.ADDRESS: shown.address,
    }  # fmt: skip


@pytest.mark.slow
def test_no_file_of_the_server_holds_anything_of_the_customer(database: Database, store_settings: StoreSettings):
    """Pages, log and write-ahead log: what was never written in the clear is in no old page either; what we write, is found."""
    live_through(database, seed=9)
    assert customers.trace_in_files(store_settings.state_dir, values_of(9)) == []
    with connect(database, owner=True) as owner:
        owner.execute("CREATE TABLE web_leak AS SELECT %s::text AS leak", [make_evidence(9).national_id])
    assert {one.field for one in customers.trace_in_files(store_settings.state_dir, values_of(9))} == {"national_id"}


@pytest.mark.slow
@pytest.mark.parametrize("step", REFUSABLE)
def test_a_refused_step_has_a_human_path(database: Database, step: str):
    found = live_through(database, seed=8, refuse=Step[step.upper()])
    assert (found["ok"], found["failed"]) == (True, "")
    words = [one["outcome"] for one in found["refused"]]
    assert words in (["refused", "appealed", "reopened"], ["refused", "appealed", "upheld"])
    assert found["refused"][0]["risk"]["reasons"]
    assert found["refused"][0]["decided"]["sentence"]
    assert found["refused"][-1]["decided"]["by"] != "system"
    assert verifying.sum_up(verifying.verify(database))["broken"] == []
