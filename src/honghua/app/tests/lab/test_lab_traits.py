"""`honghua lab traits`: a file into the table that only fairness reads, and out of it again."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.base.errors import BadInput


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
    for words, why in (
        (("--file", people, "--column", "age", "--source", "s"), "no column age"),
        (("--file", people, "--key", "who", "--column", "female", "--source", "s"), "whole numbers"),
        (("--file", people, "--source", "s"), "which columns"),
        (("--file", people, "--column", "female"), "a source"),
        (("--file", tmp_path / "none.parquet", "--column", "female", "--source", "s"), "none.parquet"),
    ):
        with pytest.raises(BadInput, match=why):
            say(*words)
