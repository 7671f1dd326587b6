"""A bank that acquires cards, over the line: as its port says, unknown where it is silent, unbelieved where it does not fit; wired by the
settings; its page says that it is a fake."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from honghua.app.doors.outside.acquiring import HttpCardAcquirer
from honghua.app.doors.outside.fake_cards import FakeCards
from honghua.app.doors.outside.tests.test_outside import SECRET, URL, make_fake, speak
from honghua.app.doors.outside.wiring import make_acquirer
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.web.cards.fake import FakeAcquirer
from honghua.web.cards.port import CardAsked, CardState, DisputeState, RefundAsked

ASKED = CardAsked(
    key="k-1", merchant="书店", order="o-1", amount_minor=900, discount_minor=100, currency="CNY",
    expires_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), return_url="http://testserver/my/cards/k-1",
)  # fmt: skip


def test_a_card_payment_its_refunds_and_its_dispute_go_over_the_line_once():
    fake = make_fake()
    fake.secrets["cards"] = SECRET
    fake.cards = FakeCards(bank=FakeAcquirer(1), disputes_end="won")
    bank = HttpCardAcquirer(speak(fake, name="Acquirer Ltd"))
    assert bank.name == "Acquirer Ltd"
    assert bank.find("k-1") is None
    made = bank.pay(ASKED)
    assert (made.state, made.amount_minor, made.pay_url) == (CardState.WAITING, 900, f"{URL}/cards/pay/k-1")
    assert bank.pay(ASKED) == made == bank.find("k-1")
    with pytest.raises(BadInput):
        bank.pay(replace(ASKED, amount_minor=901))
    with pytest.raises(BadInput):
        bank.dispute("k-1")  # nothing was paid
    page = TestClient(fake.app, follow_redirects=False)
    assert "Fake acquiring bank" in page.get("/cards/pay/k-1").text
    assert page.get("/cards/pay/k-2").status_code == page.post("/cards/pay/k-2").status_code == 404
    assert page.post("/cards/pay/k-1", data={"do": "pay"}).headers["location"] == ASKED.return_url
    page.post("/cards/pay/k-1", data={"do": "fail"})  # the first word stands
    paid = bank.find("k-1")
    assert paid is not None
    assert (paid.state, paid.last_four) == (CardState.PAID, "4242")
    first, again, more = (
        bank.refund(RefundAsked(key=key, payment="k-1", amount_minor=minor, currency="CNY"))
        for key, minor in (("r-1", 600), ("r-1", 600), ("r-2", 301))
    )
    assert first == again
    assert (first.is_done, more.is_done) == (True, False)
    opened, ended = bank.dispute("k-1"), bank.dispute("k-1")
    assert (opened.state, opened.amount_minor, ended.state) == (DisputeState.OPEN, 300, DisputeState.WON)


def test_silence_is_unknown_and_what_does_not_fit_is_not_believed():
    fake = make_fake()
    fake.secrets["cards"] = SECRET
    fake.cards = FakeCards(bank=FakeAcquirer(1, faults={"timeout_after": 1.0}))
    bank = HttpCardAcquirer(speak(fake))
    with pytest.raises(TimedOut):
        bank.pay(ASKED)
    assert bank.find("k-1") is not None
    fake.cards.bank.faults = {}
    fake.cards.bank.payments["k-1"] = replace(fake.cards.bank.payments["k-1"], key="k-9")
    with pytest.raises(WorldFailed, match="makes no sense"):
        bank.find("k-1")
    with pytest.raises(WorldFailed, match="not believed"):
        HttpCardAcquirer(speak(fake, secret="o" * 40)).find("k-1")
    with pytest.raises(BadInput, match="no such fault"):
        FakeAcquirer(1, faults={"eclipse": 1.0})
    line = {"HONGHUA_CARDS_URL": "https://cards.example", "HONGHUA_CARDS_SECRET": SECRET}
    for told, name in ((line, "acquiring bank"), ({}, None)):
        made = make_acquirer(load_settings(environment={"HONGHUA_STATE_DIR": "/tmp/x", **told}), SystemClock())
        assert (None if made is None else made.name) == name
