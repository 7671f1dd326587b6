"""The bench of the register on a small size: its keys stay, no answer is another merchant's; and what a take-over refuses."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from honghua.app.bench.shops.registered import make_row
from honghua.app.cli import build_parser
from honghua.base.errors import BadInput, Conflict
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantState
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_the_bench_prints_its_keys(store_settings, monkeypatch, capsys):
    monkeypatch.setenv("HONGHUA_STATE_DIR", str(store_settings.state_dir))
    args = build_parser().parse_args(
        ["bench", "shops", "--merchants", "300", "--scenes", "700", "--lookups", "50", "--json"]
    )
    found = args.bench(args, store_settings)
    assert (found["scenes"]["loaded"], found["scenes"]["wrong"]) == (700, 0)
    assert (found["merchants"]["registered"], found["merchants"]["wrong"]) == (300, 0)
    assert found["merchants"]["bytes_each"] > 100
    assert json.loads(json.dumps(found)) == found
    capsys.readouterr()


def test_a_register_is_taken_over_whole_or_not_at_all(conn):
    scenes = sorted(merchants.load_scenes().by_code)
    rows = [make_row(i, scenes) for i in range(4)]

    def take(some, person="ann"):
        return run_unit(
            conn, lambda c: merchants.take_over(c, some, person=person, source="old system", currency="CNY", now=NOW)
        )

    assert take(rows[:2]) == 2
    with pytest.raises(Conflict):
        take(rows[1:])
    assert set(merchants.find_standings(conn, [one.merchant for one in rows])) == {one.merchant for one in rows[:2]}
    one = merchants.get_merchant(conn, rows[0].merchant)
    assert (one.state, one.decided_by, one.scenes) == (MerchantState.ADMITTED, "ann", [scenes[0]])
    assert [step.reasons for step in merchants.list_merchant_steps(conn, rows[0].merchant)] == [
        ["taken over from old system"]
    ]
    for wrong, person in ((make_row(7, ["nowhere"]), "ann"), (rows[3], " ")):
        with pytest.raises(BadInput):
            take([wrong], person=person)
