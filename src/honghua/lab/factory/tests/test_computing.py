"""The same name has the same bits here, in the live store and by its SQL; and no value knows what came later."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.features.api import FeatureStore, sql_values
from honghua.features.core import ASKED
from honghua.lab.factory.api import (
    Computer,
    Factory,
    Rows,
    compute,
    event_rows,
    load_stream,
    online_events,
    probe_events,
    shipped_dictionary,
    snapshot_rows,
    to_plan,
    to_plans,
    training_table,
    with_last,
)
from honghua.lab.factory.computing import walk_blocks
from honghua.lab.factory.tests.town import DAY_US, START_US, dictionary, town, write_town

PARTS_OF_TIME = ("night", "morning", "daytime", "evening", "weekend", "workday", "month_start", "month_end")
BANDS = tuple(f"amount_{side}_{band}" for side in ("from", "below") for band in (2000, 10000, 50000, 200000))
NAMES = list(Factory(dictionary()).names())


def rows_of(stream, *days):
    rows = snapshot_rows(stream, [START_US + day * DAY_US + 12_345_678 for day in days])
    return with_last(stream, rows.take(np.arange(0, len(rows), 5)), ("merchant", "device"))


def merged(stream, rows):
    """The stream with the rows' questions at their places, and where these stand."""
    events, asked = online_events(stream), probe_events(stream.dictionary, rows)
    both = np.concatenate([events, asked])
    order = np.argsort(both[:, 0], kind="stable")
    places = np.empty(len(asked), np.int64)
    places[order[order >= len(events)] - len(events)] = np.flatnonzero(order >= len(events))
    return np.ascontiguousarray(both[order]), places


def unlike(found, wanted):
    return int((~((found == wanted) | (np.isnan(found) & np.isnan(wanted)))).sum())


def test_offline_is_online_and_sql_on_all_values_of_variables_of_every_shape():
    stream = town()
    rows = rows_of(stream, 100, 147)
    events, places = merged(stream, rows)
    some = [*NAMES[::41], *[name for name in NAMES if "std_" in name][::9]]
    offline = compute(stream, some, rows)
    assert np.isfinite(offline).mean() > 0.5
    told = 0
    for plan in to_plans(stream.dictionary, some):
        mine = [place for place, name in enumerate(plan.names) if name in some]
        wanted = offline[:, [some.index(plan.names[place]) for place in mine]]
        assert unlike(FeatureStore(plan).values(events)[places][:, mine], wanted) == 0
        told += len(mine)
    assert told == len(set(some))
    few = [name for name in some[::17] if "entropy" not in name]  # logarithms may differ in the last bit
    plan = to_plan(stream.dictionary, few)
    by_sql = sql_values(plan, events)[places][:, [plan.names.index(name) for name in few]]
    assert unlike(by_sql, offline[:, [some.index(name) for name in few]]) == 0


def test_cutting_off_the_future_changes_no_value():
    stream = town()
    rows = rows_of(stream, 60, 90, 120)
    names = NAMES[::23]
    wanted = compute(stream, names, rows)
    for moment in np.unique(rows.as_of_us):
        then = np.flatnonzero(rows.as_of_us == moment)
        past = stream.until(int(moment))
        assert past.rows < stream.rows
        assert unlike(compute(past, names, rows.take(then)), wanted[then]) == 0
    later = compute(stream, names, Rows(rows.keys, rows.as_of_us + 40 * DAY_US))
    assert unlike(later, wanted) > wanted.size // 10, "a value that nothing changes would prove nothing"


def test_what_is_told_late_is_known_late():
    stream = town()
    name = "customer__count__repayments__ever"
    paid = np.flatnonzero(stream.columns["kind"] == 4)[50]
    key, known_us = stream.columns["customer"][[paid]], int(stream.columns["at_us"][paid])
    assert known_us - stream.columns["origin_at_us"][paid] == 2 * DAY_US
    before, after = (
        compute(stream, [name], Rows({"customer": key}, np.array([moment])))[0, 0]
        for moment in (known_us - 1, known_us)
    )
    assert after == before + 1


def test_a_row_at_an_event_sees_itself_and_nothing_behind_it():
    stream = town()
    rows = event_rows(stream, "purchases", picked=np.arange(500, 900, 7))
    names = [
        "customer__count__purchases__1d",
        "merchant__mean_amount__purchases__7d",
        "customer_x_merchant__count__purchases__ever",
    ]
    offline = compute(stream, names, rows)
    live = FeatureStore(to_plan(stream.dictionary, names)).values(online_events(stream))
    assert rows.bound is not None
    assert unlike(live[rows.bound - 1], offline) == 0
    assert (offline[:, 0] >= 1).all()


def test_the_last_device_is_the_one_used_by_then():
    stream = town()
    rows = rows_of(stream, 80)
    at, owner, device = (stream.columns[name] for name in ("at_us", "customer", "device"))
    for key, moment, found in zip(rows.keys["customer"], rows.as_of_us, rows.keys["device"], strict=True):
        used = device[(owner == key) & (at <= moment) & (device != 0)]
        assert found == used[-1]
    nobody = with_last(stream, Rows({"customer": np.array([0, 12345])}, np.array([START_US, START_US])), ("device",))
    assert nobody.keys["device"].tolist() == [0, 0]


def test_asked_for_one_or_all_the_values_are_the_same():
    stream = town()
    rows = rows_of(stream, 110)
    computer = Computer(stream, rows)
    blocks = list(walk_blocks(Factory(stream.dictionary).variables(), 700))
    assert sum(len(block) for block in blocks) == len(NAMES)
    whole = np.concatenate([computer.values(block) for block in blocks])
    assert computer.computed >= whole.size
    for name in NAMES[::97]:
        assert unlike(compute(stream, [name], rows)[:, 0], whole[NAMES.index(name)]) == 0


def test_absent_keys_and_strangers():
    stream = town()
    rows = Rows({"customer": np.array([0, 77])}, np.array([stream.last_us, stream.last_us]))
    found = compute(stream, ["customer__count__purchases__30d", "customer__mean_amount__purchases__30d"], rows)
    assert np.isnan(found[0]).all()
    assert found[1, 0] == 0
    assert np.isnan(found[1, 1])
    with pytest.raises(BadInput, match="the rows name no merchant"):
        compute(stream, ["merchant__count__purchases__30d"], rows)
    with pytest.raises(BadInput, match="no variable"):
        compute(stream, ["merchant__count__sales__30d"], rows)


def test_more_filters_than_a_plan_holds_are_said_and_parted():
    city = shipped_dictionary("city")
    names = [
        f"customer__count__purchases__{scene}__{when}__30d"
        for scene in ("dining", "games", "travel", "baby")
        for when in PARTS_OF_TIME
    ]
    names += [
        f"customer__count__purchases__{band}__{scene}__7d"
        for band in BANDS
        for scene in ("dining", "games", "travel", "baby", "gold")
    ]
    with pytest.raises(BadInput, match="different sets of conditions"):
        to_plan(city, names)
    plans = to_plans(city, names)
    assert [len(plan.plan.filters) for plan in plans] == [62, len(names) - 62]
    assert {name for plan in plans for name in plan.names} == set(names)


def test_a_training_table_has_names_times_and_raw_ids():
    stream = town()
    rows = rows_of(stream, 100, 120)
    names = ["customer__count__purchases__30d", "customer__last_debt__people__ever"]
    target = (np.arange(len(rows)) % 3 == 0).astype(np.uint8)
    table = training_table(stream, names, rows, target, target_name="late")
    assert table.names == tuple(names)
    assert table.ids is not None
    assert all(name.startswith("p") for name in table.ids)
    assert table.time is not None
    assert table.time.tolist() == rows.as_of_us.tolist()
    assert probe_events(stream.dictionary, rows)[:, 1].tolist() == [ASKED] * len(rows)


def test_files_that_lack_something_are_refused_with_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="none of the dictionary's tables"):
        load_stream(dictionary(), tmp_path)
    write_town(tmp_path, seed=3, people=8, days=40)
    (tmp_path / "people.parquet").unlink()
    stream = load_stream(dictionary(), tmp_path)
    assert "table people is absent: no variable of it knows anything" in stream.notes
    (tmp_path / "repayments.csv").write_text("who,paid_minor\np1,100\n")
    with pytest.raises(BadInput, match=r"repayments\.csv has no column paid_at"):
        load_stream(dictionary(), tmp_path)
    (tmp_path / "purchases.parquet").write_text("no parquet")
    with pytest.raises(BadInput, match="cannot be read"):
        load_stream(dictionary(), tmp_path)
