"""The job about payments takes everything that is due, however many pieces that is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from honghua.app.clockwork.payments import ask_all, make_booker
from honghua.base.clock import FixedClock
from honghua.base.errors import WorldFailed
from honghua.credit import api as credit
from honghua.store.database import connect, run_unit
from honghua.web.payments import book
from honghua.web.payments.gateway import Asked, Made
from honghua.web.payments.states import Notice, Status
from honghua.web.tests.doors import NOON, buy, make_site, open_account

MANY = book.AT_ONCE + 7
LATER = NOON + book.ASK_AFTER


class Oracle:
    """A gateway that says of every payment that it was paid, and answers nothing else."""

    def create(self, asked: Asked) -> Made:
        raise WorldFailed("not here", code="GATEWAY_FAILED")

    def read_notice(self, target: str, headers: Mapping[str, str], body: bytes, *, now_s: int) -> Notice:
        raise WorldFailed("not here", code="GATEWAY_FAILED")

    def find(self, payment_id: str) -> Notice:
        return Notice(
            notice_id=f"N-{payment_id}", payment_id=payment_id, reference="r", sequence=1, status=Status.PAID, amount_minor=1,
            currency="CNY",
        )  # fmt: skip


def test_everything_due_is_asked_about_and_booked_in_one_run(database):
    with make_site(database, clock=FixedClock(NOON)) as site, connect(database) as conn:
        open_account(site, "李雷")
        buy(site, "李雷", [MANY])
        for _ in range(MANY):
            run_unit(conn, lambda c: book.make_payment(c, uuid.uuid4(), "李雷", (1, "CNY"), now=NOON))
        assert make_booker(None)(conn, LATER) == "0 asked about, 0 without an answer, 0 booked"
        assert ask_all(conn, Oracle(), now=LATER) == (MANY, 0)
        assert make_booker(None)(conn, LATER) == f"0 asked about, 0 without an answer, {MANY} booked"
        view = credit.find_account_view(conn, site.registry, "李雷")
    assert view is not None
    assert view.owed_minor == 0
