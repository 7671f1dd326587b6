"""The job of profiles: a pass that failed is made up for by the next, nobody's profile is forgotten over it."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.app.clockwork.learning.profiles import make_profiler
from honghua.base.errors import IntegrityBroken
from honghua.credit import api as credit
from honghua.credit import core as c

NOW = dt.datetime(2026, 2, 2, 4, tzinfo=dt.UTC)


def test_a_pass_that_failed_is_made_up_for(conn, owner_conn, tmp_path):
    credit.start_book(conn, day=NOW.date())
    registry = credit.open_registry(conn)
    credit.execute(conn, registry, [c.OpenAccount(key="o", customer="an", limit_minor=200_000)], now=NOW)
    buying = c.BuyNow(key="b", customer="an", amount_minor=24_000, merchant="M", order="b", category="milk-powder")
    credit.execute(conn, registry, [buying], now=NOW)
    follow = make_profiler(tmp_path / "kept")
    owner_conn.execute("ALTER TABLE lab_profile ADD CONSTRAINT broken CHECK (false)")
    owner_conn.commit()
    with pytest.raises(IntegrityBroken):
        follow(conn, NOW)
    conn.rollback()
    owner_conn.execute("ALTER TABLE lab_profile DROP CONSTRAINT broken")
    owner_conn.commit()
    assert "1 profiles told" in follow(conn, NOW)
    assert conn.execute("SELECT customer FROM lab_profile").fetchall() == [("an",)]
