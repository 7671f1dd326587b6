"""The outbox: a wish is taken by one, leased, and settled once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from honghua.base.errors import BadInput, NotFound
from honghua.store.database import connect
from honghua.store.wishes import WishState, count_wishes, get_wish_state, make_wishes, settle_wish, take_wishes, wish

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=1)


def test_a_life(conn):
    assert wish(conn, kind="debit", key="a", body={"amount_minor": 5}, due_at=NOW)
    assert not wish(conn, kind="debit", key="a", body={"amount_minor": 6}, due_at=NOW)
    (taken,) = take_wishes(conn, "debit", 10, now=NOW, lease=LEASE)
    assert (taken.key, taken.body, taken.tries, taken.lease_until) == ("a", {"amount_minor": 5}, 1, NOW + LEASE)
    assert take_wishes(conn, "debit", 10, now=NOW, lease=LEASE) == []
    later = NOW + dt.timedelta(hours=1)
    assert settle_wish(conn, taken, WishState.WAITING, now=NOW, error="timed out", due_at=later)
    assert take_wishes(conn, "debit", 10, now=NOW, lease=LEASE) == []
    (again,) = take_wishes(conn, "debit", 10, now=later, lease=LEASE)
    assert (again.tries, again.last_error) == (2, "timed out")
    assert settle_wish(conn, again, WishState.DONE, now=later)
    assert not settle_wish(conn, again, WishState.FAILED, now=later)
    assert get_wish_state(conn, "a") is WishState.DONE
    assert count_wishes(conn, "debit") == {WishState.WAITING: 0, WishState.DONE: 1, WishState.FAILED: 0}


def test_a_lease_that_ran_out(conn):
    wish(conn, kind="debit", key="a", body={}, due_at=NOW)
    (dead,) = take_wishes(conn, "debit", 1, now=NOW, lease=LEASE)
    (heir,) = take_wishes(conn, "debit", 1, now=NOW + LEASE, lease=LEASE)
    assert heir.wish_id == dead.wish_id
    assert not settle_wish(conn, dead, WishState.FAILED, now=NOW)
    assert settle_wish(conn, heir, WishState.DONE, now=NOW)


def test_order_kind_and_due(conn):
    make_wishes(conn, kind="debit", keys=["late", "later"], bodies=[1, 2], due_at=NOW + LEASE)
    make_wishes(conn, kind="debit", keys=["early"], bodies=[0], due_at=NOW)
    make_wishes(conn, kind="sms", keys=["other"], bodies=["x"], due_at=NOW)
    assert [w.key for w in take_wishes(conn, "debit", 9, now=NOW, lease=LEASE)] == ["early"]
    assert [w.body for w in take_wishes(conn, "debit", 9, now=NOW + LEASE, lease=LEASE)] == [0, 1, 2]


def test_takers_at_once_never_share(database):
    with connect(database) as conn:
        assert (
            make_wishes(conn, kind="debit", keys=[f"k{n}" for n in range(300)], bodies=list(range(300)), due_at=NOW)
            == 300
        )

    def take(_):
        with connect(database) as conn:
            return [w.wish_id for w in take_wishes(conn, "debit", 60, now=NOW, lease=LEASE)]

    with ThreadPoolExecutor(4) as pool:
        taken = [wish_id for ids in pool.map(take, range(6)) for wish_id in ids]
    assert len(set(taken)) == len(taken)
    assert len(taken) <= 300


def test_a_wish_lives_and_dies_with_its_transaction(conn):
    with conn.transaction(force_rollback=True):
        wish(conn, kind="debit", key="a", body={}, due_at=NOW)
        assert get_wish_state(conn, "a") is WishState.WAITING
    with pytest.raises(NotFound):
        get_wish_state(conn, "a")


def test_refusals(conn):
    with pytest.raises(BadInput):
        wish(conn, kind="debit", key="", body={}, due_at=NOW)
    for n in (0, 10_001):
        with pytest.raises(BadInput):
            take_wishes(conn, "debit", n, now=NOW, lease=LEASE)
    assert make_wishes(conn, kind="debit", keys=[], bodies=[], due_at=NOW) == 0
