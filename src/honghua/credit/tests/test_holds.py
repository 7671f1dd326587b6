"""Expired holds are given back once, by commands, however often the sweep runs."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput
from honghua.credit.api import execute, open_registry, start_book
from honghua.credit.core.commands import AuthorisePurchase, CapturePurchase, OpenAccount
from honghua.credit.eod import close_until
from honghua.credit.holds import release_expired
from honghua.credit.viewing.views import find_account_view

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LAST_DAY = dt.date(2026, 1, 31)  # authorised on 1 January for 30 days


def test_holds_expire_after_their_last_day_and_once(database, conn):
    start_book(conn, day=dt.date(2026, 1, 1))
    registry = open_registry(conn)
    names = ["A", "B", "C"]
    execute(conn, registry, [OpenAccount(key=f"o{n}", customer=n, limit_minor=1_000_00) for n in names], now=NOW)
    holds = execute(
        conn,
        registry,
        [
            AuthorisePurchase(key=f"h{n}", customer=n, amount_minor=10_00, merchant="M", order=n, category="x")
            for n in names
        ],
        now=NOW,
    )
    capture = CapturePurchase(
        key="c", customer="C", purchase_id=holds[2]["purchase_id"], amount_minor=4_00, final=False
    )
    execute(conn, registry, [capture], now=NOW)

    def held(name):
        view = find_account_view(conn, registry, name)
        assert view is not None
        return view.limit.held_minor

    close_until(database, LAST_DAY)
    with pytest.raises(BadInput):
        release_expired(conn, registry, by=LAST_DAY + dt.timedelta(days=1), now=NOW)
    assert release_expired(conn, registry, by=LAST_DAY, now=NOW).released == 0, "the last day still counts"
    by = LAST_DAY + dt.timedelta(days=1)
    close_until(database, by)
    first = release_expired(conn, registry, by=by, now=NOW, limit=2)
    assert (first.released, first.released_minor, first.more) == (2, 20_00, True)
    second = release_expired(conn, registry, by=by, now=NOW, limit=2)
    assert (second.released, second.released_minor, second.more) == (1, 6_00, False)
    again = release_expired(conn, registry, by=by, now=NOW)
    assert (again.released, again.refused) == (0, 0)
    assert [held(name) for name in names] == [0, 0, 0]
