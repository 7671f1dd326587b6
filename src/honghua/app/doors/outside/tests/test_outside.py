"""Counterparties over HTTP and by folder: what is unknown stays unknown, what is not signed is not believed, money moves once."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import httpx
import pytest
from starlette.testclient import TestClient

from honghua.app.doors.joining import make_joining
from honghua.app.doors.outside.client import SignedClient
from honghua.app.doors.outside.fakes import FakeServices
from honghua.app.doors.outside.folders import FolderDesk, FolderPartner
from honghua.app.doors.outside.services import (
    HttpBureau,
    HttpDebitBank,
    HttpEvidenceSource,
    HttpIdentity,
    HttpPayoutBank,
)
from honghua.app.doors.outside.tests.vouchers import make_vouchers
from honghua.app.doors.outside.wiring import make_debit_bank, make_filing_desk, make_partners, make_payout_bank
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.bureau.api import FakeBureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs
from honghua.credit.core import Source, SourceKind
from honghua.credit.jobs import Declined, DeclineReason, FakeBank, Paid
from honghua.customers.api import Evidence, FakeIdentityProvider, ProofRequest
from honghua.customers.core import ProofKind
from honghua.funding.api import FakeLenderBank, PartnerRow
from honghua.merchants.api import FakeEvidenceSource, FakePayoutBank, OrderAsked
from honghua.merchants.core.payouts import Said
from honghua.web.payments.gateway import SIGNATURE, TIMESTAMP, sign

SECRET = "s" * 40
SERVICES = ("payouts", "debits", "evidence", "bureau", "identity", "lenders", "materials", "documents", "register")
NOW_S = 1_772_330_400
DAY = dt.date(2026, 3, 1)
URL = "http://testserver"
WHO = bytes(range(32))


def make_fake(*, debits=None, vouchers=None, **faults):
    return FakeServices(
        secrets=dict.fromkeys(SERVICES, SECRET),
        now_s=lambda: NOW_S, today=lambda: DAY,
        bank=FakePayoutBank(1, faults=faults, day=DAY), bureau=FakeBureau(1, lambda: DAY), identity=FakeIdentityProvider(1),
        debits=FakeBank(1, {"thin": 300}, faults=debits or {}), evidence=FakeEvidenceSource(1),
        lenders=FakeLenderBank(1, DAY), vouchers=make_vouchers() if vouchers is None else vouchers,
    )  # fmt: skip


def line_to(fake):
    """A client whose every request ends in the fake."""
    inner = TestClient(fake.app)

    def carry(request):
        answer = inner.request(request.method, str(request.url), content=request.content, headers=dict(request.headers))
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    return httpx.Client(transport=httpx.MockTransport(carry))


def speak(fake, **more):
    told = {"name": "bank", "url": URL, "secret": SECRET, "now_s": lambda: NOW_S, **more}
    return SignedClient(**{"client": line_to(fake), **told})


def pay(bank, key="k:1", minor=700):
    return bank.pay(key=key, merchant="书店", amount_minor=minor, currency="CNY")


def test_a_bank_is_spoken_to_as_its_port_says():
    fake = make_fake()
    bank = HttpPayoutBank(speak(fake))
    assert bank.find("k:1") is None
    assert (pay(bank).said, pay(bank).amount_minor) == (Said.PAID, 700)
    assert fake.bank.total_moved() == 700
    assert bank.find("k:1") == pay(bank)
    with pytest.raises(BadInput) as reused:
        pay(bank, minor=701)
    assert reused.value.code == "BANK_KEY_REUSED"
    assert [one.key for one in bank.take_notices()] == ["k:1"]
    assert bank.take_notices() == []
    with pytest.raises(BadInput):
        bank.read_statement(DAY)
    fake.today = lambda: DAY + dt.timedelta(days=1)
    statement = bank.read_statement(DAY)
    assert [(row.key, row.merchant, row.amount_minor, row.is_moved) for row in statement.rows] == [
        ("k:1", "书店", 700, True)
    ]
    assert (statement.moved, statement.moved_minor) == (1, 700)
    assert [one.key for one in HttpPayoutBank(speak(fake)).take_notices()] == [
        "k:1"
    ]  # a restarted side hears all again


def test_a_bank_that_is_silent_is_unknown_and_never_paid_twice():
    fake = make_fake(timeout_after=1.0)
    bank = HttpPayoutBank(speak(fake))
    for _ in range(3):
        with pytest.raises(TimedOut):
            pay(bank)
    assert fake.bank.total_moved() == 700

    def drop(request):
        raise httpx.ReadTimeout("nothing came", request=request)

    with pytest.raises(TimedOut):
        pay(HttpPayoutBank(speak(fake, client=httpx.Client(transport=httpx.MockTransport(drop)))))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(502), TimedOut),
        (httpx.Response(200, json={"key": "k:1", "said": "paid", "amount_minor": 700}), WorldFailed),  # not signed
        (httpx.Response(302, headers={"location": "https://elsewhere"}), WorldFailed),
    ],
)
def test_what_is_not_signed_moves_nothing(answer, error):
    client = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(error):
        pay(HttpPayoutBank(speak(make_fake(), client=client)))


def test_wrong_secrets_old_stamps_and_answers_of_other_questions_are_not_believed():
    fake = make_fake()
    for more in ({"secret": "t" * 40}, {"now_s": lambda: NOW_S + 301}):
        with pytest.raises(WorldFailed) as told:
            pay(HttpPayoutBank(speak(fake, **more)))
        assert not isinstance(told.value, TimedOut)
    assert fake.bank.total_moved() == 0
    bank = HttpPayoutBank(speak(fake))
    pay(bank)
    pay(bank, key="k:2")
    kept: list[httpx.Response] = []

    def replay(request):  # whoever sits between hands out the true answer to another question
        kept.append(line_to(fake).send(request))
        return httpx.Response(kept[0].status_code, headers=kept[0].headers, content=kept[0].content)

    between = HttpPayoutBank(speak(fake, client=httpx.Client(transport=httpx.MockTransport(replay))))
    assert between.find("k:1") == bank.find("k:1")
    with pytest.raises(WorldFailed):
        between.find("k:2")


def debit(bank, key="d:1", reference="card", minor=500, least=None):
    source = Source(SourceKind.DEBIT_CARD, reference)
    return bank.debit(key=key, source=source, amount_minor=minor, currency="CNY", at_least_minor=least)


def test_a_debit_bank_takes_once_a_part_or_nothing():
    fake = make_fake()
    bank = HttpDebitBank(speak(fake, name="debit bank"))
    assert bank.find("d:1") is None
    assert debit(bank) == debit(bank) == bank.find("d:1") == Paid(500)
    assert debit(bank, "d:2", "thin") == Declined(DeclineReason.FUNDS_SHORT) == bank.find("d:2")
    assert debit(bank, "d:3 &?", "thin", least=100) == Paid(300) == bank.find("d:3 &?")
    with pytest.raises(BadInput):
        debit(bank, minor=501)
    assert fake.debits.taken_minor == 800
    for body in ({"key": "d:9", "taken_minor": 5}, {"key": "d:1"}, {"key": "d:1", "taken_minor": 5, "reason": "funds_short"},
                 {"key": "d:1", "taken_minor": -5}):  # fmt: skip
        lies = SignedClient(name="liar", url=URL, secret=SECRET, now_s=lambda: NOW_S, client=line_that_says(body))
        with pytest.raises(WorldFailed) as told:
            HttpDebitBank(lies).find("d:1")
        assert told.value.code == "COUNTERPARTY_FAILED"


def line_that_says(body):
    """A client of one who holds the secret and always says the same."""

    def say(request):
        content, stamp = json.dumps(body).encode(), str(NOW_S)
        signature = sign(SECRET, stamp, request.url.raw_path.decode(), content)
        return httpx.Response(200, headers={TIMESTAMP: stamp, SIGNATURE: signature}, content=content)

    return httpx.Client(transport=httpx.MockTransport(say))


def test_bills_are_debited_over_http_whatever_the_bank_forgets_to_say(conn, database):
    """Silence before, after and about it."""
    fake = make_fake(debits={"timeout_before": 0.3, "timeout_after": 0.3, "find_timeout": 0.3})
    bank = HttpDebitBank(speak(fake))
    credit.start_book(conn, day=DAY)
    registry, now = credit.open_registry(conn), dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
    who = [f"C{k}" for k in range(4)]
    for name in who:
        credit.execute(conn, registry, [c.OpenAccount(key=f"o{name}", customer=name, limit_minor=100_000)], now=now)
        order = c.BuyNow(key=f"b{name}", customer=name, amount_minor=5_000, merchant="M", order=name, category="books")
        credit.execute(conn, registry, [order], now=now)
        assert (
            jobs.set_sources(conn, registry, name, [Source(SourceKind.DEBIT_CARD, f"of {name}")])["outcome"] == "done"
        )
    jobs.close_until(database, view_of(conn, registry, "C0").next_statement_due_on)
    for k in range(60):
        jobs.run_debits(conn, registry, bank, slot=1, now=now + k * dt.timedelta(minutes=20))
    assert [view_of(conn, registry, name).owed_minor for name in who] == [0, 0, 0, 0]
    assert fake.debits.taken_minor == 20_000


def view_of(conn, registry, customer):
    view = credit.find_account_view(conn, registry, customer)
    assert view is not None
    return view


def test_what_became_of_orders_is_asked_over_http():
    fake = make_fake()
    source = HttpEvidenceSource(speak(fake, name="carrier"))
    now = dt.datetime.fromtimestamp(NOW_S, dt.UTC)
    order = OrderAsked(
        purchase_id=7, merchant="书店", order="o 1", amount_minor=900, bought_at=now - dt.timedelta(days=9)
    )
    told = source.report([order], now=now)
    assert told == FakeEvidenceSource(1).report([order], now=now)
    assert told
    assert source.find_capacity("书店 & 1") == 10_000
    with pytest.raises(WorldFailed, match="not happened"):
        source.report([order], now=order.bought_at - dt.timedelta(days=1))
    fake.evidence.faults = {"timeout": 1.0}
    with pytest.raises(TimedOut):
        source.report([order], now=now)


def test_bureau_and_identity_are_asked_over_http():
    fake = make_fake()
    told = HttpBureau(speak(fake, name="bureau")).ask(WHO, reason_code="02")
    assert told == FakeBureau(1, lambda: DAY).ask(WHO, reason_code="02")
    with pytest.raises(BadInput):
        HttpBureau(speak(fake)).ask(WHO, reason_code="")
    fake.bureau.faults = {"timeout": 1.0}
    with pytest.raises(TimedOut):
        HttpBureau(speak(fake)).ask(WHO, reason_code="02")
    service = HttpIdentity(speak(fake, name="identity"))
    evidence = Evidence(name="李雷", national_id="11010119900307123X", phone="13800001234", card="6222", clip="c")
    request = ProofRequest(request_id="r/1 &", kind=next(iter(ProofKind)), evidence=evidence, seconds=1.0)
    assert service.find("r/1 &") is None
    answer = service.ask(request)
    assert (answer.request_id, answer.is_fake) == ("r/1 &", True)
    assert service.find("r/1 &") == service.ask(request) == answer


def test_folders_show_whole_files_and_never_half_of_one(tmp_path):
    desk = FolderDesk(tmp_path / "filing")
    desk.deliver("R1", "2026-02-16.txt", b"one")
    desk.deliver("R1", "2026-02-16.txt", b"one")
    assert [one.name for one in (tmp_path / "filing" / "out" / "R1").iterdir()] == ["2026-02-16.txt"]
    assert desk.read_receipt("R1", "2026-02-16.txt") is None
    (tmp_path / "filing" / "in" / "R1").mkdir(parents=True)
    (tmp_path / "filing" / "in" / "R1" / "2026-02-16.txt.receipt").write_text("accepted 3\nmore")
    assert desk.read_receipt("R1", "2026-02-16.txt") == "accepted 3"
    with pytest.raises(BadInput):
        desk.deliver("../R1", "x", b"")
    partner = FolderPartner("p01", tmp_path / "p01")
    rows = [PartnerRow("fact:1:a,b", 'loan "1" lent', 5), PartnerRow("换行", "lent", 7)]
    with pytest.raises(TimedOut):
        partner.read_statement(DAY)
    partner.deliver(DAY, rows)
    (tmp_path / "p01" / "out").rename(tmp_path / "p01" / "in")  # it books what it was told
    assert partner.read_statement(DAY).rows == tuple(rows)
    (tmp_path / "p01" / "in" / f"{DAY}.csv").write_text("key,what,amount_minor\nk,lent,much\n")
    with pytest.raises(WorldFailed):
        partner.read_statement(DAY)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorldFailed):
        FolderDesk(tmp_path / "file").deliver("R1", "x", b"")


def test_settings_name_counterparties_and_without_them_nothing_is_there(tmp_path):
    base = {"HONGHUA_STATE_DIR": str(tmp_path)}
    clock = SystemClock()
    bare = load_settings(environment=base)
    assert (make_payout_bank(bare, clock), make_filing_desk(bare), make_partners(bare)) == (None, None, {})
    assert make_joining(bare, is_demo=False, clock=clock) is None
    assert make_joining(bare, is_demo=True, clock=clock) is not None
    told = dict(base)
    for word in ("PAYOUT", "DEBIT", "BUREAU", "IDENTITY"):
        told |= {f"HONGHUA_{word}_URL": f"https://{word.lower()}.example", f"HONGHUA_{word}_SECRET": SECRET}
    ports = make_joining(load_settings(environment=told), is_demo=False, clock=clock)
    assert ports is not None
    assert (ports.bank.name, ports.bureau.name, ports.identity.is_fake) == ("payout bank", "bureau", False)
    assert SECRET not in repr(load_settings(environment=told))
    debits = make_debit_bank(load_settings(environment=told), clock)
    assert (debits is not None, make_debit_bank(bare, clock)) == (True, None)
    missing = {name: text for name, text in told.items() if name != "HONGHUA_IDENTITY_URL"}
    assert make_joining(load_settings(environment=missing), is_demo=False, clock=clock) is None
    for wrong in ({"HONGHUA_PAYOUT_URL": "http://bank.example"}, {"HONGHUA_PAYOUT_SECRET": "short"}):
        with pytest.raises(BadInput):
            load_settings(environment=told | wrong)
    (tmp_path / "p01").mkdir()
    with_folders = load_settings(environment=base | {"HONGHUA_PARTNERS_FOLDER": str(tmp_path)})
    assert [one.name for one in make_partners(with_folders).values()] == ["p01 by folder"]
    (tmp_path / "nobody").mkdir()
    with pytest.raises(BadInput):
        make_partners(with_folders)
    gone = replace(with_folders, services=replace(with_folders.services, partners_folder=str(tmp_path / "absent")))
    with pytest.raises(BadInput):
        make_partners(gone)
