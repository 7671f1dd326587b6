"""The store against its naive twin, cut into any batches, cut off, saved and taken up, and short of room."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.features.api import FeatureStore
from honghua.features.core import FeatureSet, Schema, Window
from honghua.features.core.layout import H_USED
from honghua.features.tests.streams import SCHEMA, STREAMS, feature_set, random_events
from honghua.features.tests.twin import naive_values

SET = feature_set()
CLOSE = {
    "c_entropy",
    "m_entropy",
    "c_std",
    "c_std_moved",
    "c_std_hour",
}  # the twin sums logarithms and takes roots of whole numbers


def differing(found, wanted, names=SET.names):
    """What differs, to be read in a failure; all bits count but for the names in CLOSE."""
    told = []
    for v, name in enumerate(names):
        same = (found[:, v] == wanted[:, v]) | (np.isnan(found[:, v]) & np.isnan(wanted[:, v]))
        if name in CLOSE:
            same |= np.isclose(found[:, v], wanted[:, v], rtol=1e-6, atol=1e-6)
        told += [(name, int(i), float(found[i, v]), float(wanted[i, v])) for i in np.flatnonzero(~same)]
    return told


@given(STREAMS)
@settings(max_examples=60)
def test_every_value_is_that_of_the_naive_twin(events):
    assert differing(FeatureStore(SET).values(events), naive_values(SET, events)) == []


def test_a_longer_stream_with_late_rows_refunds_and_labels():
    events = random_events(1, 300)
    store = FeatureStore(SET)
    assert differing(store.values(events), naive_values(SET, events)) == []
    counters = store.counters()
    assert counters["customer"]["late"] > 10
    assert counters["customer"]["evicted"] == 0


@given(STREAMS, st.lists(st.integers(1, 50), max_size=6))
@settings(max_examples=15)
def test_batches_of_any_size_give_the_same_bits(events, sizes):
    whole, pieces = FeatureStore(SET), FeatureStore(SET)
    wanted, found = whole.values(events), []
    start = 0
    for size in [*sizes, len(events)]:
        found.append(pieces.values(np.ascontiguousarray(events[start : start + size])))
        start += size
    assert np.concatenate(found).tobytes() == wanted.tobytes()
    assert pieces.digest() == whole.digest()


@pytest.mark.parametrize("cut", [1, 37, 120])
def test_a_value_does_not_know_what_comes_after_it(cut):
    events = random_events(2, 150)
    whole = FeatureStore(SET).values(events)
    assert FeatureStore(SET).values(events[:cut].copy()).tobytes() == whole[:cut].tobytes()
    changed = events.copy()
    changed[cut:, 2] += 17
    assert FeatureStore(SET).values(changed)[:cut].tobytes() == whole[:cut].tobytes()
    assert FeatureStore(SET).values(changed)[cut:].tobytes() != whole[cut:].tobytes()


def test_saved_and_taken_up_it_goes_on_alike(tmp_path):
    events = random_events(3, 200)
    store = FeatureStore(SET, capacities={"customer": 50})
    store.values(events[:120].copy())
    store.save(tmp_path / "state")
    again = FeatureStore.load(tmp_path / "state", SET)
    assert again.digest() == store.digest()
    assert again.state.limits == store.state.limits
    assert again.values(events[120:].copy()).tobytes() == store.values(events[120:].copy()).tobytes()
    assert again.digest() == store.digest()


def test_what_is_mapped_is_not_changed_by_events_nor_by_saving_again(tmp_path):
    events = random_events(3, 200)
    store = FeatureStore(SET)
    store.values(events[:80].copy())
    store.save(tmp_path)
    saved = (tmp_path / "rows.raw").read_bytes()
    first, second = FeatureStore.load(tmp_path, SET), FeatureStore.load(tmp_path, SET)
    wanted = first.values(events[80:].copy())
    assert (tmp_path / "rows.raw").read_bytes() == saved
    first.save(tmp_path)  # over the files that the second one is mapped to
    assert (tmp_path / "rows.raw").read_bytes() != saved
    assert second.values(events[80:].copy()).tobytes() == wanted.tobytes()
    assert FeatureStore.load(tmp_path, SET).digest() == first.digest() == second.digest()


def test_a_folder_of_other_definitions_or_cut_short_is_refused(tmp_path):
    store = FeatureStore(SET)
    store.values(random_events(5, 40))
    store.save(tmp_path)
    other = FeatureSet(SCHEMA, [Window("n", ("customer",), "count")])
    with pytest.raises(IntegrityBroken, match="other definitions"):
        FeatureStore.load(tmp_path, other)
    told = json.loads((tmp_path / "features.json").read_text())
    assert told["definitions"] == SET.digest.hex()
    rows = tmp_path / "rows.raw"
    whole = rows.read_bytes()
    rows.write_bytes(whole[:-8])
    with pytest.raises(IntegrityBroken, match="not as long"):
        FeatureStore.load(tmp_path, SET)
    rows.write_bytes(whole)
    heads = np.load(tmp_path / "heads.npy")
    heads[0, H_USED] = 10**9
    np.save(tmp_path / "heads.npy", heads)
    with pytest.raises(IntegrityBroken, match="do not fit"):
        FeatureStore.load(tmp_path, SET)
    (tmp_path / "features.json").unlink()
    with pytest.raises(IntegrityBroken, match="no saved features"):
        FeatureStore.load(tmp_path, SET)


def rows_of(customers, *, step=1_000_000):
    events = np.zeros((len(customers), 5), np.int64)
    events[:, 0] = events[:, 3] = 1_700_000_000_000_000 + step * np.arange(len(customers))
    events[:, 1] = 1
    events[:, 2] = 100
    events[:, 4] = customers
    return events


ONE = FeatureSet(
    Schema(("customer",)),
    [Window("n", ("customer",), "count", window="30d"), Window("m", ("customer",), "max", window="5m")],
)


def test_it_grows_to_any_number_of_keys():
    events = rows_of([*range(1, 3001), *range(1, 3001)])
    store = FeatureStore(ONE)
    values = store.values(events)
    assert values[:3000, 0].tolist() == [1.0] * 3000
    assert values[3000:, 0].tolist() == [2.0] * 3000
    assert store.counters()["customer"] == {"live": 3000, "looked_up": 6000, "evicted": 0, "late": 0, "dropped": 0}


def test_a_full_group_forgets_the_longest_unseen_and_counts_them():
    store = FeatureStore(ONE, capacities={"customer": 32})
    store.values(rows_of([*range(1, 33), 1, 2]))  # 3 and 4 are now the longest unseen
    after = store.values(rows_of([33, 1, 2, 3]))  # a sixteenth of 32 goes at once
    assert after[:, 0].tolist() == [1.0, 3.0, 3.0, 1.0]
    assert store.counters()["customer"]["evicted"] == 2
    assert store.counters()["customer"]["live"] == 32
    assert store.memory()["customer"]["keys"] == 32


@pytest.mark.parametrize("step", [1_000_000, 3_600_000_000])
def test_evicted_or_not_it_is_the_same_one_by_one(step):
    customers = np.random.default_rng(4).zipf(1.3, 1500) % 200 + 1
    events = rows_of(customers, step=step)
    whole = FeatureStore(ONE, capacities={"customer": 40})
    wanted = whole.values(events)
    assert whole.counters()["customer"]["evicted"] > 100
    single = FeatureStore(ONE, capacities={"customer": 40})
    found = np.concatenate([single.values(events[i : i + 1]) for i in range(len(events))])
    assert found.tobytes() == wanted.tobytes()
    assert single.digest() == whole.digest()
    assert single.counters() == whole.counters()


def test_rows_of_other_kinds_and_absent_entities_read_nothing():
    events = rows_of([1, 1, 0, 1])
    events[1, 1] = 6
    values = FeatureStore(ONE).values(events)
    assert np.isnan(values[1]).all()
    assert np.isnan(values[2]).all()
    assert values[3, 0] == 3.0, "the label was counted, as no condition leaves it out"


def test_memory_is_told_per_key():
    store = FeatureStore(SET)
    store.values(random_events(5, 200))
    memory = store.memory()
    assert set(memory) == {"customer", "merchant", "customer+merchant", "device"}
    for told in memory.values():
        assert told["bytes_per_key"] * told["keys"] == pytest.approx(
            told["row_bytes"] + told["slab_bytes"] + told["slot_bytes"]
        )
    assert memory["customer"]["slab_bytes"] > 0


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [(0, -1, "at_us"), (1, 0, "kind"), (1, 63, "kind"), (2, 2**40, "amount_minor"), (3, -5, "origin_at_us")],
)
def test_a_bad_event_is_refused_before_anything_changed(column, value, said):
    events = random_events(6, 20)
    store = FeatureStore(SET)
    before = store.digest()
    events[13, column] = value
    with pytest.raises(BadInput, match=rf"event 13: {said}"):
        store.values(events)
    assert store.digest() == before
    with pytest.raises(BadInput, match="C-contiguous"):
        store.step(random_events(6, 20), np.zeros((20, 3), np.float32))


def test_a_key_without_a_capacity_is_refused():
    with pytest.raises(ValueError, match="no key payee; keys are customer"):
        FeatureStore(ONE, capacities={"payee": 5})
    with pytest.raises(ValueError, match="at least 2"):
        FeatureStore(ONE, capacities={"customer": 1})


def test_a_folder_whose_arrays_do_not_fit_each_other_is_refused(tmp_path):
    store = FeatureStore(ONE)
    store.values(rows_of([1, 2, 3]))
    store.save(tmp_path)
    heads = np.load(tmp_path / "heads.npy")
    heads[0, H_USED] = 2
    np.save(tmp_path / "heads.npy", heads)
    with pytest.raises(IntegrityBroken, match="do not fit"):
        FeatureStore.load(tmp_path, ONE)


def test_who_is_forgotten_was_never_there():
    pairs = FeatureSet(
        Schema(("customer", "merchant")),
        [
            Window("n", ("customer",), "count", window="30d"),
            Window("sum", ("customer", "merchant"), "sum", window="7d"),
            Window("shops", ("customer",), "distinct", value="merchant", window="1d"),
        ],
    )
    rng = np.random.default_rng(8)
    events = np.zeros((900, pairs.schema.width), np.int64)
    events[:, 0] = events[:, 3] = 1_700_000_000_000_000 + np.sort(rng.integers(0, 20 * 86_400_000_000, 900))
    events[:, 1], events[:, 2] = 1, rng.integers(1, 10_000, 900)
    events[:, 4], events[:, 5] = rng.integers(1, 30, 900), rng.integers(1, 9, 900)
    gone = np.isin(events[:, 4], (3, 17))
    first, last = np.arange(900) < 600, np.arange(900) >= 600
    store, other = FeatureStore(pairs), FeatureStore(pairs)
    store.values(events[first])
    other.values(events[first & ~gone])
    assert store.digest() != other.digest()
    assert store.forget("customer", np.array([3, 17, 99])) > 4
    assert store.digest() == other.digest()
    assert not any(
        np.isin(words, (3, 17)).any() for words in (store.state.rows_of(0)[:, 0], store.state.rows_of(1)[:, 0])
    )
    assert store.values(events[last]).tobytes() == other.values(events[last]).tobytes(), (
        "a new start when they come back"
    )
    assert store.forget("customer", np.array([99])) == 0
