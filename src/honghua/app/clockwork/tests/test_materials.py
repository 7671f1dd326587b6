"""The clock ends evidence whose days are over, asks silent sources again, and books what follows; twice does nothing more."""

from __future__ import annotations

import datetime as dt

from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.base.clock import FixedClock
from honghua.credit import api as credit
from honghua.credit.materials import api as evidence
from honghua.credit.materials.tests.test_deciding import BASE_MINOR, DAY, NOW, Town
from honghua.customers import api as customers
from honghua.customers.core import MaterialPurpose
from honghua.customers.materials import api as materials
from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

KEYS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"a" * 32})


def test_evidence_whose_taker_died_is_decided_on_by_itself(conn):
    """Taken and committed, then nothing: the process is gone before it decides. The clock decides as it would have, and once."""
    credit.start_book(conn, day=DAY)
    run_unit(conn, lambda k: customers.publish_texts(k, now=NOW))
    town, clock = Town(conn, run_unit(conn, credit.open_registry)), FixedClock(NOW)
    rows = {name: town.bring(name, town.settle(name), name, income_minor=1_500_000) for name in ("ann", "bo")}

    def run(name: str) -> str:
        clock.advance(dt.timedelta(minutes=1))
        (ran,) = run_jobs(conn, make_jobs(Ports(secrets=KEYS)), clock=clock, names=[name])
        assert ran.error is None, ran.error
        return str(ran.told)

    key = evidence.name_brought(rows["bo"].material_id)
    twin = run_unit(conn, lambda k: evidence.decide(k, KEYS.vault, town.registry, "bo", key=key, now=NOW))
    assert twin is not None, "bo's taker lived"
    assert town.ceiling("ann") == BASE_MINOR
    assert run("materials-left") == "1 pieces decided on that had been left"
    assert run("materials-left") == "0 pieces decided on that had been left"
    (made,) = run_unit(conn, lambda k: evidence.list_decisions(k, "ann"))
    assert made.key == evidence.name_brought(rows["ann"].material_id)
    assert (made.outcome, made.ceiling_to_minor, made.offered_minor) == (
        twin.outcome,
        twin.ceiling_to_minor,
        twin.offered_minor,
    )
    assert town.ceiling("ann") == town.ceiling("bo") > BASE_MINOR
    town.withdraw("ann", rows["ann"])
    clock.advance(dt.timedelta(days=31))
    assert run("materials-left").startswith("0 "), "what was taken back leads to nothing"


def test_what_is_over_is_erased_and_what_was_silent_comes(conn):
    credit.start_book(conn, day=DAY)
    run_unit(conn, lambda k: customers.publish_texts(k, now=NOW))
    town = Town(conn, run_unit(conn, credit.open_registry))
    number, clock = town.settle("ann"), FixedClock(NOW)
    wish = materials.Wish(kind="payroll", purposes=(MaterialPurpose.LIMIT,), version=1, key="k")
    known = {(number, "payroll"): {"income_minor": 1_500_000}}
    silent = materials.FakeMaterialSource(1, lambda: DAY, faults={"timeout_before": 1.0})
    row = materials.add_from_source(conn, KEYS.vault, silent, "ann", wish, now=NOW)
    assert row.state is None
    source = materials.FakeMaterialSource(1, lambda: DAY, known=known)

    def run(name: str, ports: Ports) -> str:
        clock.advance(dt.timedelta(hours=2))
        (ran,) = run_jobs(conn, make_jobs(ports), clock=clock, names=[name])
        assert ran.error is None, ran.error
        return str(ran.told)

    ports = Ports(secrets=KEYS, materials=source)
    assert run("materials-end", Ports(secrets=KEYS, materials=silent)) == "0 pieces ended, 0 of 1 awaited came"
    assert run("materials-end", ports) == "0 pieces ended, 1 of 1 awaited came"
    assert run("materials", ports).startswith("1 decisions")
    assert run("materials", ports).startswith("0 decisions")
    assert town.ceiling("ann") > BASE_MINOR
    clock.advance(dt.timedelta(days=181))
    assert run("materials-end", ports) == "1 pieces ended, 0 of 0 awaited came"
    assert run("materials", ports).startswith("1 decisions")
    assert town.ceiling("ann") == BASE_MINOR
    (newest, *_) = run_unit(conn, lambda k: evidence.list_decisions(k, "ann"))
    assert (newest.key, newest.code) == (f"expired:{row.material_id}", "EVIDENCE_GONE")
    assert limits.list_offers(conn, "ann", on=DAY) == []
    assert run("materials-end", ports) == "0 pieces ended, 0 of 0 awaited came"
