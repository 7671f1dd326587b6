"""Vouchers over HTTP say what their fakes say; their silence, their nonsense and their lies end where the room's own end."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import httpx
import msgspec
import pytest

from honghua.app.doors.joining import make_joining
from honghua.app.doors.materials import make_materials
from honghua.app.doors.outside.tests.test_outside import NOW_S, SECRET, URL, make_fake, speak
from honghua.app.doors.outside.tests.vouchers import TODAY, make_vouchers
from honghua.app.doors.outside.vouching import (
    BusinessTold,
    HttpBusinessRegister,
    HttpDocumentReader,
    HttpMaterialSource,
)
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.customers import api as customers
from honghua.customers.core import (
    Business,
    BusinessStanding,
    DocumentKind,
    Holder,
    MaterialPurpose,
    Sector,
    find_licence_check,
)
from honghua.customers.invariants import check_customers
from honghua.customers.materials import api as materials
from honghua.customers.materials.api import Document, MaterialRequest, issue_document
from honghua.store.database import run_unit
from honghua.web.payments.gateway import SIGNATURE, TIMESTAMP, sign
from tests.verify.contracts import make_evidence

VAULT = customers.Vault({1: b"a" * 32}, b"i" * 32)
NOW = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
HOLDER = Holder(name="金示例", national_id=make_evidence().national_id)
ASKED = MaterialRequest(request_id="r1", kind="payroll", holder=HOLDER, seconds=2.0)
PAPER = issue_document("payroll", HOLDER, {"income_minor": 900_000}, TODAY)
READ = Document(request_id="r2", kind="payroll", form=DocumentKind.PDF, content=PAPER, seconds=2.0)
FRONT = "92110105MA0098765"
LICENCE = FRONT + find_licence_check(FRONT)


def test_the_wire_changes_nothing_of_what_is_told():
    """Whatever the fake tells by hand it tells over HTTP, but for who is named as its teller; that it is invented is told, too."""
    near, far = make_vouchers(), make_fake()
    source, reader, register = (
        HttpMaterialSource(speak(far)),
        HttpDocumentReader(speak(far)),
        HttpBusinessRegister(speak(far)),
    )
    for told, own in (
        (source.fetch(ASKED), near.materials.fetch(ASKED)),
        (reader.read(READ), near.documents.read(READ)),
    ):
        assert told is not None
        assert own is not None
        assert told == replace(own, provider="bank", values=dict(own.values))
        assert told.is_fake
    assert source.fetch(ASKED) == source.fetch(ASKED), "the same question has the same answer"
    broken = reader.read(replace(READ, content=PAPER.replace(b"900000", b"990000")))
    assert broken is not None
    assert broken.marks == ("SEAL_BROKEN",)
    assert reader.read(replace(READ, content=b"%PDF-1.7 nothing")) is None
    found = register.ask(LICENCE, claimed_by="金示例")
    assert found == replace(near.register.ask(LICENCE, claimed_by="金示例"), register="bank")


@pytest.mark.parametrize(
    ("fault", "error"), [("timeout_before", TimedOut), ("timeout_after", TimedOut), ("breaks", TimedOut)]
)
def test_a_source_that_fails_is_unknown(fault, error):
    """A fake that breaks answers 504: whoever asked knows as little as of a real one."""
    source = HttpMaterialSource(speak(make_fake(vouchers=make_vouchers(materials={fault: 1.0}))))
    with pytest.raises(error):
        source.fetch(ASKED)
    with pytest.raises(WorldFailed):
        HttpMaterialSource(speak(make_fake(), secret="q" * 40)).fetch(ASKED)


def test_an_answer_about_another_licence_is_none():
    def lie(request):
        other = BusinessTold("92110105MA00000000", BusinessStanding.ACTIVE, "金示例", dt.date(2020, 1, 1))
        return signed(request, other)

    with pytest.raises(WorldFailed):
        HttpBusinessRegister(speak(make_fake(), client=httpx.Client(transport=httpx.MockTransport(lie)))).ask(
            LICENCE, claimed_by="金示例"
        )


def signed(request, told):
    """An answer as the other side signs it."""
    body, stamp = msgspec.json.encode(told), str(NOW_S)
    return httpx.Response(
        200, content=body, headers={TIMESTAMP: stamp, SIGNATURE: sign(SECRET, stamp, request.url.path, body)}
    )


def test_evidence_and_businesses_by_http_end_where_the_rooms_end(conn):
    """Through the rooms: what is true is in force, what is a lie is refused, silence waits; a register that fails makes a person look."""

    def meet(c):
        customers.register(c, VAULT, "13900139000", now=NOW, customer="kim")

    run_unit(conn, meet)
    check = customers.IdentityCheck(vault=VAULT, provider=customers.FakeIdentityProvider(1))
    assert customers.prove_identity(conn, check, "kim", make_evidence(), key="kim", now=NOW).verdict == "proven"

    def bring(key, **faults):
        source = HttpMaterialSource(speak(make_fake(vouchers=make_vouchers(materials=faults))))
        wish = materials.Wish(kind="payroll", purposes=(MaterialPurpose.LIMIT,), version=1, key=key)
        row = materials.add_from_source(conn, VAULT, source, "kim", wish, now=NOW)
        return row.state, list(row.reasons)

    assert bring("true") == ("in_force", [])
    assert bring("silent", timeout_before=1.0) == (None, [])
    assert bring("nothing", nothing=1.0) == ("refused", ["MATERIAL_NOTHING_FOUND"])
    lies = [bring(name, **{name: 1.0})[0] for name in ("other_person", "old", "wrong_kind")]
    assert lies == ["refused"] * 3
    assert bring("marks", marks=1.0)[0] == "review"

    cafe = Business(name="金记小馆", licence=LICENCE, sector=Sector.CATERING, takings_minor=8_000_000, shops=())

    def verdict(secret=SECRET, **faults):
        """Of a business that was said anew: what a register has given its word on is not asked again."""
        run_unit(conn, lambda c: customers.write_business(c, VAULT, "kim", cafe, said_by="kim", now=NOW))
        register = HttpBusinessRegister(speak(make_fake(vouchers=make_vouchers(register=faults)), secret=secret))
        return customers.check_business(conn, VAULT, register, "kim", now=NOW)

    found = verdict(timeout=1.0), verdict(secret="q" * 40), verdict(lies=1.0), verdict()
    assert [one.verdict for one in found] == ["review", "review", "refused", "checked"]
    assert found[-1].is_fake, "an invented answer is kept as one"

    calls = run_unit(conn, lambda c: customers.list_provider_calls(c, "kim"))[::-1]
    told = [(one.kind, one.outcome, one.cost_minor) for one in calls]
    sources = ["answered", "timed_out", "timed_out", "nothing", *["answered"] * 4]
    register = ["timed_out", "timed_out", "failed", "answered", "answered"]
    assert told == [*(("source", one, 200) for one in sources), *(("register", one, 10) for one in register)]
    assert {(one.purpose, one.basis) for one in calls} == {
        ("limit", "consent payroll/1"), ("business line", "PIPL 13(2): the application for the business line"),
    }  # fmt: skip
    copy = run_unit(conn, lambda c: customers.export_person(c, VAULT, "kim", now=NOW))
    assert len(copy["asked_of_providers"]) == len(calls), "their own copy says who was asked"
    assert [check.name for check in run_unit(conn, check_customers) if not check.ok] == []


def test_the_settings_name_them(tmp_path):
    told = {"HONGHUA_STATE_DIR": str(tmp_path)}
    clock = SystemClock()
    nothing = make_materials(load_settings(environment=told), is_demo=False, clock=clock)
    assert (nothing.source, nothing.reader) == (None, None)
    for word in ("MATERIALS", "DOCUMENTS", "REGISTER"):
        told |= {f"HONGHUA_{word}_URL": URL.replace("testserver", "127.0.0.1"), f"HONGHUA_{word}_SECRET": SECRET}
    settings = load_settings(environment=told)
    for is_demo in (False, True):
        ports = make_materials(settings, is_demo=is_demo, clock=clock)
        assert (type(ports.source), type(ports.reader)) == (HttpMaterialSource, HttpDocumentReader)
    joining = make_joining(settings, is_demo=True, clock=clock)
    assert joining is not None
    assert type(joining.register) is HttpBusinessRegister
    with pytest.raises(BadInput):
        load_settings(environment={**told, "HONGHUA_REGISTER_URL": "http://elsewhere.example"})
    with pytest.raises(BadInput):
        load_settings(environment={**told, "HONGHUA_MATERIALS_SECRET": "short"})
