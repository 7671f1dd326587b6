"""`honghua gateway` in a process of its own, with a bank that fails: our orders leave by a socket, and every order is paid once."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from honghua.app.clockwork.merchants import make_payer
from honghua.app.doors.outside.services import HttpPayoutBank
from honghua.app.doors.outside.wiring import make_payout_bank
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import WorldFailed
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.merchants.payouts.orders import Payable, bank_day, list_payouts, place_orders
from honghua.store.database import run_unit

ORDERS = 12


@pytest.fixture
def bank_url(tmp_path):
    told = {"HONGHUA_STATE_DIR": str(tmp_path), "HONGHUA_PAYOUT_SECRET": "p" * 40}
    command = [
        sys.executable,
        "-m",
        "honghua.app.cli",
        "gateway",
        "--port",
        "0",
        "--bank-fault",
        "timeout_after=0.4",
        "--bank-fault",
        "pending=0.2",
    ]
    with subprocess.Popen(command, env=os.environ | told, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0]
        yield url
        process.terminate()


@pytest.mark.slow
def test_payouts_leave_by_http_and_are_paid_once(conn, bank_url, tmp_path):
    clock = SystemClock()
    given = {"HONGHUA_STATE_DIR": str(tmp_path), "HONGHUA_PAYOUT_URL": bank_url, "HONGHUA_PAYOUT_SECRET": "p" * 40}
    bank = make_payout_bank(load_settings(environment=given), clock)
    assert bank is not None
    names, now = [f"m{i}" for i in range(ORDERS)], clock.now()

    def order(c):
        ids = ledger.open_owners(c, kind=OwnerKind.MERCHANT, refs=names, currency="CNY").tolist()
        for i, (name, owner) in enumerate(zip(names, ids, strict=True)):
            payable = Payable(
                key=f"p:{i}",
                merchant_id=owner,
                merchant=name,
                amount_minor=100 + i,
                purchase_id=i + 1,
            )
            place_orders(c, [payable], business_on=bank_day(now), currency="CNY", now=now)

    run_unit(conn, order)
    pay = make_payer(bank)
    told = []
    for n in range(1, 40):
        told.append(pay(conn, now + n * dt.timedelta(minutes=11)))
        if {one.state for one in list_payouts(conn)} == {"paid"}:
            break
    assert {one.state for one in list_payouts(conn)} == {"paid"}
    assert " 0 without an answer" not in told[0]  # the bank was silent about some
    for i in range(ORDERS):
        answer = bank.find(f"p:{i}") if i else None
        assert answer is None or answer.amount_minor in (0, 100 + i)
    stranger = replace(bank.client, secret="q" * 40)
    with pytest.raises(WorldFailed):
        HttpPayoutBank(stranger).find("p:1")
    bank.client.client.close()
