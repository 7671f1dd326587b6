"""Step-up: the code goes to the customer's phone through the outbox, and proves the purchase; once a token, whoever computes it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest

from honghua.credit.jobs import find_customer_refs, send_step_ups
from honghua.credit.proving import STEP_UP_WISH, Prover
from honghua.customers import api as customers
from honghua.store.database import connect, run_unit
from honghua.store.wishes import WishState, count_wishes, wish
from honghua.web.signin.messages import FakeGateway, deliver_messages, list_messages
from honghua.web.signin.proving import SmsProver, compute_code
from honghua.web.tests.doors import open_account

PHONE = "13800001234"


@pytest.fixture
def prover(database, site, clock):
    def find(conn, account_id):
        return find_customer_refs(conn, [account_id]).get(account_id)

    return SmsProver(lambda: connect(database), site.secrets, find, clock)


def wish_step_up(conn, token, now):
    (account_id,) = conn.execute("SELECT account_id FROM credit_account WHERE customer_ref = '李雷'").fetchone()
    body = {"token": token, "account_id": account_id, "kind": "step_up"}
    wish(conn, kind=STEP_UP_WISH, key=f"step-up:{token}", body=body, due_at=now)


def test_it_is_a_prover(prover):
    one: Prover = prover
    assert one.check("t", compute_code(prover.secrets.session_key, "t"))


def test_a_step_up_by_face_sends_no_code_where_faces_are_recorded(site, prover, clock):
    open_account(site, "李雷")
    by_face = replace(prover, by_face=True)
    with site.pool.connection() as conn:
        customers.register(conn, site.vault, PHONE, now=clock.now(), customer="李雷")
        (account_id,) = conn.execute("SELECT account_id FROM credit_account WHERE customer_ref = '李雷'").fetchone()
        for token, one, kind in (("a", by_face, "face"), ("b", by_face, "sms"), ("c", prover, "face")):
            one.send(token=token, account_id=account_id, kind=kind)
        texts = [one.text for one in reversed(list_messages(conn, site.vault))]
    assert "刷脸" in texts[0]
    assert not re.search(r"\d{6}", texts[0])
    assert compute_code(site.secrets.session_key, "b") in texts[1]
    assert compute_code(site.secrets.session_key, "c") in texts[2]
    assert by_face.check("a", compute_code(site.secrets.session_key, "a")), "the page gives it out after the face"


def test_the_code_reaches_the_phone_and_proves(site, prover, clock):
    open_account(site, "李雷")
    vault = site.vault
    with site.pool.connection() as conn:
        customers.register(conn, vault, PHONE, now=clock.now(), customer="李雷")
        run_unit(conn, lambda c: wish_step_up(c, "token-1", clock.now()))
        assert send_step_ups(conn, prover, now=clock.now()) == 1
        assert count_wishes(conn, STEP_UP_WISH)[WishState.DONE] == 1
        gateway = FakeGateway()
        assert deliver_messages(conn, gateway, vault, now=clock.now()) == 1
        (look,) = customers.list_access(conn, "李雷")
    assert (look.viewer, look.purpose) == ("step-up", "message")
    (message,) = gateway.taken.values()
    assert message.phone == "+86" + PHONE
    found = re.search(r"\d{6}", message.text)
    assert found is not None
    code = found[0]
    assert prover.check("token-1", code)
    assert prover.check("token-1", f" {code} ")
    assert not prover.check("token-2", code)
    assert not prover.check("token-1", f"{(int(code) + 1) % 1_000_000:06d}")
    assert not prover.check("token-1", "")


def test_sent_twice_it_is_one_message(site, prover, clock):
    open_account(site, "李雷")
    with site.pool.connection() as conn:
        customers.register(conn, site.vault, PHONE, now=clock.now(), customer="李雷")
        (account_id,) = conn.execute("SELECT account_id FROM credit_account").fetchone()
        for _ in range(2):
            prover.send(token="token-1", account_id=account_id, kind="step_up")
        assert conn.execute("SELECT count(*) FROM web_message").fetchone() == (1,)


def test_a_customer_without_a_number_does_not_stop_the_others(site, prover, clock):
    open_account(site, "李雷")
    vault = site.vault
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: wish_step_up(c, "token-1", clock.now()))
        assert send_step_ups(conn, prover, now=clock.now()) == 1
        assert deliver_messages(conn, FakeGateway(), vault, now=clock.now()) == 0
        (shown,) = list_messages(conn, vault)
        assert (shown.state, shown.problem) == ("failed", "no phone number")
        clock.advance(dt.timedelta(hours=1))
        assert deliver_messages(conn, FakeGateway(), vault, now=clock.now()) == 0
