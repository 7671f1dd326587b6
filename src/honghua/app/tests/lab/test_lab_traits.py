"""`honghua lab traits` and `lab profile`: traits into the table that only fairness reads and out again; a look that is written down."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.customers import api as customers
from honghua.lab.profiles import store
from honghua.lab.profiles.api import key_of_person
from honghua.lab.profiles.reading import find_book
from honghua.store.database import connect, open_database

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)


def test_traits_are_kept_told_and_forgotten(honghua, tmp_path):
    people = tmp_path / "people.parquet"
    pq.write_table(pa.table({"key": [1, 2, 3], "female": [True, None, False], "who": ["a", "b", "c"]}), people)

    def say(*words):
        return json.loads(honghua("lab", "traits", *words, "--json"))

    assert say("--file", people, "--column", "female", "--source", "survey") == {
        "changed": 2,
        "kept": [{"trait": "female", "rows": 2, "source": "survey", "last_at": say()["kept"][0]["last_at"]}],
    }
    some = tmp_path / "some.parquet"
    pq.write_table(pa.table({"key": [3, 9]}), some)
    told = say("--file", some, "--forget")
    assert (told["changed"], told["kept"][0]["rows"]) == (1, 1)
    assert say("--file", people, "--customer", "who", "--column", "female", "--source", "survey")["changed"] == 2
    one = tmp_path / "one.parquet"
    pq.write_table(pa.table({"key": [key_of_person("c")]}), one)
    assert say("--file", one, "--forget")["changed"] == 1, "under the key that goes when they leave"
    for words, why in (
        (("--file", people, "--column", "age", "--source", "s"), "no column age"),
        (("--file", people, "--key", "who", "--column", "female", "--source", "s"), "whole numbers"),
        (("--file", people, "--customer", "key", "--column", "female", "--source", "s"), "references"),
        (("--file", people, "--source", "s"), "which columns"),
        (("--file", people, "--column", "female"), "a source"),
        (("--file", tmp_path / "none.parquet", "--column", "female", "--source", "s"), "none.parquet"),
    ):
        with pytest.raises(BadInput, match=why):
            say(*words)


def test_a_profile_is_told_for_a_purpose_and_the_look_is_kept(honghua, settings):
    tag = next(tag for tag in find_book().tags if tag.group == "repayment habit")
    with open_database(settings.store) as database, connect(database) as conn:
        credit.start_book(conn, day=NOW.date())
        with conn.transaction():
            customers.register(conn, customers.Vault({1: b"f" * 32}, b"i" * 32), "13812345678", now=NOW, customer="mu")
            store.write_profiles(conn, [("mu", [tag.name], {tag.name: dict.fromkeys(tag.evidence, 2.0)}, NOW, NOW)])
        words = ("lab", "profile", "mu", "--by", "rita", "--purpose")
        told = json.loads(honghua(*words, "dispute", "--json"))
        assert [(one["tag"], one["uses"]) for one in told["tags"]] == [(tag.name, ["limits"])]
        assert tag.definition in honghua(*words, "care")
        with pytest.raises(BadInput, match="kept for care, dispute, fraud_review"):
            honghua(*words, "collection")
        assert [(row.viewer, row.purpose) for row in customers.list_access(conn, "mu")] == [
            ("rita", "care"),
            ("rita", "dispute"),
        ]
