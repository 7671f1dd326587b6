"""Which accounts' closed months later facts have reached: each fact is read once, and an account stays noted until it is told anew."""

from __future__ import annotations

import datetime as dt

from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.credit.limiting import lateness
from honghua.credit.tests.days import FIRST, settle
from honghua.store.database import run_unit


def test_only_what_reaches_a_closed_month_is_noted_once(database, conn, monkeypatch):
    monkeypatch.setattr(lateness, "PAGE", 3)
    town = settle(database, conn, 3)
    for k, name in enumerate(town.names):
        town.buy(f"b{k}", name, 20_000)
    month = (FIRST + dt.timedelta(days=31)).replace(day=1)

    def read(before: dt.date) -> int:
        pages = 0
        while run_unit(conn, lambda k: lateness.note_late(k, closed_before=before)):
            pages += 1
        return pages

    def noted(after: int = 0) -> list[int]:
        return run_unit(conn, lambda k: lateness.list_late(k, after_id=after, limit=2))

    assert read(FIRST.replace(day=1)) > 1, "page by page"
    assert noted() == [], "facts of a month that is not closed"
    close_until(database, month)
    town.do(c.Repay(key="now", customer="C00", amount_minor=100))
    town.do(c.Repay(key="late", customer="C01", amount_minor=100, on=month - dt.timedelta(days=1)))
    assert read(month) >= 1
    assert read(month) == 0, "each fact once"
    late = town.account_id("C01")
    assert noted() == [late]
    assert noted(late) == []
    run_unit(conn, lambda k: lateness.forget_late(k, [late]))
    assert noted() == []
