"""A small city through the whole bench: named, ranked, the same online, tagged and asked."""

from __future__ import annotations

import json

import pytest

from honghua.app.cli import main


@pytest.mark.slow
def test_a_small_city_is_named_ranked_computed_tagged_and_asked(capsys):
    assert main(["bench", "factory", "--people", "900", "--days", "130", "--rings", "0", "--seed", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["variables_named"] >= 100_000
    assert told["mismatches"] == 0
    assert told["compared"] > 1_000
    assert told["winners"] > 0
    assert told["ranking_values"] < told["values_if_all"]
    assert told["tags"] >= 300
    assert told["credit_tags"] >= 120
    assert told["tags_with_truth"] > 50
    assert told["forbidden_inputs"] == 0
    assert told["asked_held"]["hit_at_5"] > 0.8
    assert told["served_ms_p99"] > 0
