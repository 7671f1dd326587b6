"""Payment links are read back as they were made, by nobody else's key, and not too late; codes at a till pay once."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput
from honghua.web import pay_codes
from honghua.web.tickets import Ticket, open_ticket, seal_ticket

KEY = b"s" * 32
NOW = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)
TICKET = Ticket(
    merchant="书店", order="o-1", category="books", amount_minor=12_800, currency="CNY", title="书", return_to="https://shop.example/1",
    merchant_pays=(3, 6), expires_at=NOW + dt.timedelta(minutes=30),
)  # fmt: skip


def test_a_link_is_read_back_until_its_time_is_over():
    text = seal_ticket(KEY, TICKET)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert open_ticket(KEY, text, now=NOW) == TICKET
    with pytest.raises(BadInput) as caught:
        open_ticket(KEY, text, now=NOW + dt.timedelta(minutes=31))
    assert caught.value.code == "TICKET_EXPIRED"


def test_no_changed_link_is_taken():
    text = seal_ticket(KEY, TICKET)
    changed = [text[:i] + ("A" if text[i] != "A" else "B") + text[i + 1 :] for i in range(0, len(text) - 1, 7)]
    for wrong in [*changed, "", "x", text[:-4], "é" * 10, "a" * 5_000]:
        with pytest.raises(BadInput) as caught:
            open_ticket(KEY, wrong, now=NOW)
        assert caught.value.code == "TICKET_WRONG", wrong
    with pytest.raises(BadInput):
        open_ticket(b"o" * 32, text, now=NOW)


def test_a_code_pays_once_and_not_late(conn):
    with conn.transaction():
        code = pay_codes.issue_code(conn, "李雷", now=NOW)
        late = pay_codes.issue_code(conn, "李雷", now=NOW)
        assert code is not None
        assert late is not None
        soon = NOW + dt.timedelta(seconds=30)
        spaced = f"{code[:4]} {code[4:]}"
        assert pay_codes.redeem_code(conn, spaced, spender="order-1", now=soon) == "李雷"
        assert pay_codes.redeem_code(conn, code, spender="order-1", now=soon) == "李雷"  # the same order asks again
        assert pay_codes.redeem_code(conn, code, spender="order-2", now=soon) is None
        assert pay_codes.redeem_code(conn, late, spender="order-3", now=NOW + pay_codes.LIFE) is None
        assert pay_codes.redeem_code(conn, "28" + "0" * 16, spender="order-4", now=soon) is None


def test_one_customer_has_a_bounded_number_of_open_codes(conn):
    with conn.transaction():
        made = [pay_codes.issue_code(conn, "李雷", now=NOW) for _ in range(pay_codes.OPEN_MAX)]
        assert len(set(made)) == pay_codes.OPEN_MAX
        assert pay_codes.issue_code(conn, "李雷", now=NOW) is None
        assert pay_codes.issue_code(conn, "韩梅梅", now=NOW) is not None
        assert pay_codes.issue_code(conn, "李雷", now=NOW + pay_codes.LIFE) is not None
