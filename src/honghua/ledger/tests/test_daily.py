"""The journal by day beside plain sums over the entries."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.base.dates import from_day
from honghua.base.errors import BadInput
from honghua.ledger.api import list_days_of_books, post_entries
from honghua.ledger.core import Component
from honghua.ledger.tests.book import DAY, batch_of, grant, open_accounts, open_shop, purchase, repayment

FIRST = from_day(DAY)


def test_balances_of_every_day_are_the_sums_up_to_it(conn):
    (anna,) = open_accounts(conn)
    shop = open_shop(conn)
    rng = np.random.default_rng(4)
    entries = [grant(anna, 1_000_000) | {"booked_on": DAY}]
    for day in sorted(rng.integers(0, 12, 30).tolist()):
        entries.append(purchase(anna, shop, int(rng.integers(100, 9_000)), day=DAY + day))
        entries.append(repayment(anna, 50, day=DAY + day))
    with conn.transaction():
        post_entries(conn, batch_of(*entries))
    since, until = FIRST + dt.timedelta(days=2), FIRST + dt.timedelta(days=8)
    found = list_days_of_books(conn, since=since, until=until, currency="CNY")
    assert [day.day for day in found] == [since + dt.timedelta(days=k) for k in range(7)]
    for one in found:
        for component in Component:
            lines = [
                (entry["booked_on"], amount)
                for entry in entries
                for account, amount in entry["lines"]
                if account & 255 == component
            ]
            number = (one.day - FIRST).days + DAY
            assert one.balance_minor[component] == sum(amount for booked, amount in lines if booked <= number)
            assert one.gained_minor.get(component, 0) == sum(amount for booked, amount in lines if booked == number)
    assert {sum(day.balance_minor.values()) for day in found} == {0}
    with pytest.raises(BadInput):
        list_days_of_books(conn, since=until, until=since, currency="CNY")
