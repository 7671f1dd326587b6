"""A city's files: the same bytes from one process and from two, readable by anybody, with the truth elsewhere."""

from __future__ import annotations

import datetime as dt
import tomllib

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from honghua.sim.api import (
    EVENTS_FILE,
    PEOPLE_FILE,
    SCHEMA_PAGE,
    SHOPS_FILE,
    TRUTH_FILE,
    CityPlan,
    CrewPlan,
    MakePlan,
    make_city,
    standard_scenes,
)
from honghua.sim.core.life import settle_city
from honghua.sim.event_files import COLUMNS, MAP_FILE
from honghua.sim.generation import foresee
from honghua.sim.people_file import PEOPLE_TRUTH_FILE

CITY = CityPlan(standard_scenes(), 600, 8, 9, dt.date(2026, 3, 2))
SECRETS = {"fraud", "typology", "ring", "crime", "act", "will", "mindful", "lifts"}


def make(folder, **work):
    made = make_city(
        MakePlan(CITY, CrewPlan(9, 1), folder / "city", folder / "secret", **work), progress=lambda day, events: None
    )
    files = {path.name: path.read_bytes() for part in ("city", "secret") for path in (folder / part).iterdir()}
    return made, files


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    return folder, *make(folder)


def test_files_are_what_the_page_says(city):
    folder, made, files = city
    assert set(files) == {EVENTS_FILE, PEOPLE_FILE, SHOPS_FILE, SCHEMA_PAGE, MAP_FILE, TRUTH_FILE, PEOPLE_TRUTH_FILE}
    events = pq.ParquetFile(folder / "city" / EVENTS_FILE)
    assert events.metadata.num_rows == made.events
    assert events.num_row_groups == CITY.days
    page = files[SCHEMA_PAGE].decode()
    for name in events.schema_arrow.names:
        assert f"| {name} |" in page, name
    assert f"{made.events:,} events" in page
    people = pq.read_table(folder / "city" / PEOPLE_FILE)
    assert people.num_rows == CITY.people
    assert all(name in page for name in people.column_names)
    shops = pq.read_table(folder / "city" / SHOPS_FILE)
    assert all(name in page for name in shops.column_names)
    table = events.read()
    known = set(people["customer"].to_pylist())
    assert set(table["customer"].to_pylist()) <= known
    assert set(table["merchant"].to_pylist()) - {None} <= set(shops["merchant"].to_pylist())
    assert table["id"].to_pylist() == list(range(1, made.events + 1))
    at = table["at"].to_numpy()
    assert (np.diff(at) >= np.timedelta64(0)).all()
    assert (table["hour"].to_numpy() == ((at.astype("int64") // 3_600_000_000 + 8) % 24)).all()
    assert table["weekday"][0].as_py() == CITY.first_day.weekday()
    told = tomllib.loads(files[MAP_FILE].decode())["columns"]
    assert {value for value in told.values() if isinstance(value, str)} <= {*table.column_names, "reported_at"}


def test_the_pages_query_gives_a_table_with_labels_that_were_told(city, monkeypatch):
    folder, _, files = city
    monkeypatch.chdir(folder / "city")
    duckdb.sql(files[SCHEMA_PAGE].decode().partition("```sql")[2].partition("```")[0])
    labelled = pq.read_table(folder / "city" / "labelled.parquet")
    (folder / "city" / "labelled.parquet").unlink()
    events = pq.read_table(folder / "city" / EVENTS_FILE)
    kinds = np.array(events["kind"].to_pylist())
    assert labelled.num_rows == np.isin(kinds, ("purchase", "refund", "transfer", "limit_raised")).sum()
    assert 0 < sum(labelled["reported"].to_pylist()) <= (kinds == "fraud_reported").sum()
    late = labelled.filter(labelled["reported"].to_numpy() == 1)
    assert (late["reported_at"].to_numpy() > late["at"].to_numpy()).all()


def test_truth_is_elsewhere(city):
    folder, _, _ = city
    assert not {one.name for one in COLUMNS} & SECRETS
    for name in (EVENTS_FILE, PEOPLE_FILE, SHOPS_FILE):
        assert not set(pq.read_schema(folder / "city" / name).names) & SECRETS
    truth = pq.read_table(folder / "secret" / TRUTH_FILE)
    events = pq.read_table(folder / "city" / EVENTS_FILE)
    assert truth["fraud"].to_numpy().sum() > 0
    kinds = np.array(events["kind"].to_pylist())[truth["id"].to_numpy() - 1]
    assert set(kinds[truth["fraud"].to_numpy()]) <= {"purchase", "transfer", "refund", "refused", "repayment"}
    with pytest.raises(ValueError, match="folder of its own"):
        MakePlan(CITY, None, folder / "x", folder / "x")


def test_memory_is_counted(city):
    _, made, _ = city
    assert 150 < made.bytes_per_person < 5_000


@pytest.mark.slow
def test_one_and_two_processes_and_any_slice_give_the_same_bytes(city, tmp_path):
    _, _, files = city
    _, same = make(tmp_path, processes=2, slice_days=4)
    assert same == files


def test_without_futures_nobody_knows_who_would_default():
    truth = foresee(settle_city(CITY), 0)
    assert np.isnan(truth.default_share).all()
    assert truth.draws == 0
    assert len(truth.lifts) == CITY.people


@pytest.mark.slow
def test_futures_tell_who_would_default():
    truth = foresee(settle_city(CITY), 2)
    assert set(np.unique(truth.default_share)) <= {0.0, 0.5, 1.0}
    assert 0 < truth.default_share.mean() < truth.late_share.mean() < 0.6
    assert truth.will[truth.default_share > 0].mean() < truth.will.mean()
