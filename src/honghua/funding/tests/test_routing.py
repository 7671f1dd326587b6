"""Who is under which route: read strictly, dated, the same customer always in the same place."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput
from honghua.funding import api as funding
from honghua.funding.core import choose_routing, find_route, parse_routings, place_customer

DAY = dt.date(2026, 3, 1)
ROUTE = {"channel": "joint-p01", "share_ppm": 250_000, "quota_day_minor": 10**9, "named_in": "contract 4, clause 5"}


def routings(*routes, on=DAY, **more):
    row = {"effective_on": on, "source": "committee 7", "route": [dict(ROUTE, **one) for one in routes], **more}
    return parse_routings([row], channels=funding.load_book().channels, source="test")


def test_what_is_shipped_shares_nothing(tmp_path):
    assert funding.load_routings() == ()
    path = tmp_path / "routes.toml"
    path.write_text(
        '[[routing]]\neffective_on = 2026-03-01\nsource = "x"\n[[routing.route]]\nchannel = "joint-p02"\n'
        'share_ppm = 1000000\nquota_day_minor = 5\nnamed_in = "contract"\n',
        encoding="utf-8",
    )
    (one,) = funding.load_routings(path=path)
    assert (one.effective_on, one.routes[0].channel, one.routes[0].quota_day_minor) == (DAY, "joint-p02", 5)
    with pytest.raises(BadInput):
        funding.load_routings(path=tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "nobody"}, {"share_ppm": 0}, {"share_ppm": 1_000_001}, {"share_ppm": True}, {"named_in": " "},
        {"least_minor": 5, "most_minor": 4}, {"quota_day_minor": -1}, {"customer": "typo"}, {"share_ppm": "all"},
    ],
)  # fmt: skip
def test_a_wrong_route_is_not_read(wrong):
    with pytest.raises(BadInput, match="2026-03-01"):
        routings(wrong)


def test_a_wrong_routing_is_not_read():
    for rows in (
        None,
        ["x"],
        [{"effective_on": "2026-03-01", "source": "x"}],
        [{"effective_on": DAY, "source": ""}],
        [{"effective_on": DAY, "source": "x", "routes": []}],
        [{"effective_on": DAY, "source": "x"}, {"effective_on": DAY, "source": "y"}],
        [{"effective_on": DAY, "source": "x", "route": [dict(ROUTE), dict(ROUTE)]}],
    ):
        with pytest.raises(BadInput):
            parse_routings(rows, channels=funding.load_book().channels, source="test")
    with pytest.raises(BadInput):
        routings({"share_ppm": 600_000}, {"share_ppm": 500_000, "channel": "joint-p02"})


def test_the_newest_routing_in_force_counts():
    first, second = routings({})[0], routings(on=DAY + dt.timedelta(days=10))[0]
    both = (second, first)
    assert choose_routing(both, DAY - dt.timedelta(days=1)) is None
    assert choose_routing(both, DAY + dt.timedelta(days=9)) is first
    assert choose_routing(both, DAY + dt.timedelta(days=10)) is second
    assert find_route(routings()[0], "anna") is None  # a routing without routes ends sharing


def test_customers_are_divided_and_stay_where_they_are():
    names = [f"c{i}" for i in range(20_000)]
    (one,) = routings({}, {"channel": "joint-p02", "share_ppm": 500_000})
    found = [find_route(one, name) for name in names]
    shares = {
        code: sum(route is not None and route.channel == code for route in found) for code in ("joint-p01", "joint-p02")
    }
    assert abs(shares["joint-p01"] - 5_000) < 300  # five deviations of a fair hash
    assert abs(shares["joint-p02"] - 10_000) < 400
    (later,) = routings({}, {"channel": "joint-p03", "share_ppm": 600_000})
    for name, before in zip(names, found, strict=True):
        if before is not None and before.channel == "joint-p01":
            assert find_route(later, name) == before
    assert place_customer("anna") == place_customer("anna") < 1_000_000
    (own_door,) = routings(
        {"customers": "p07-", "channel": "joint-p07", "share_ppm": 1_000_000}, {"share_ppm": 1_000_000}
    )
    at_doors = [find_route(own_door, name) for name in ("p07-li", "anna")]
    assert [None if route is None else route.channel for route in at_doors] == ["joint-p07", "joint-p01"]
