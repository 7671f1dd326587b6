"""Recorded decisions backtested out of the database: the policy that decided changes nothing, another one does."""

from __future__ import annotations

import pytest

from honghua.base.errors import BadInput
from honghua.decision import api
from honghua.decision.core import compile_bundle, compute_report
from honghua.decision.core.vocabulary import Input
from honghua.decision.tests.policies import HARSH, LISTED, STRICT, TERMS, judge_all, purchases, release


def report_of(conn, source, *, threads=2):
    bundle = compile_bundle("again", source, LISTED)
    parts = api.read_recorded_parts(conn, bundle, loss_input="fused")
    return compute_report(bundle, api.run_backtest(bundle, parts, threads=threads))


def test_recorded_decisions_backtested(conn):
    release(conn)
    with conn.transaction():
        api.start_experiment(conn, "face", {"control": 500_000, "strict": 500_000}, api.Act("Ann", "wanted"))
    columns, _ = judge_all(conn, api.Watch(TERMS), purchases(300))
    same = report_of(conn, STRICT)
    assert (same["decisions"], same["flip_share"]) == (300, 0.0)
    assert same["amount_before_minor"] == same["amount_after_minor"] == int(columns.amount_minor.sum())
    assert same["expected_loss_before_minor"] == same["expected_loss_after_minor"] > 0
    harsh = report_of(conn, HARSH)
    assert harsh["refusal_share_after"] > harsh["refusal_share_before"]
    assert {e["code"] for e in harsh["new_refusals"]} == {"RISK_REFUSED"}
    assert harsh == report_of(conn, HARSH, threads=1)
    more = compile_bundle(
        "more", HARSH.replace("fused >= 0.6", "other >= 0.6"), LISTED.extended([Input("other"), Input("more")])
    )
    with pytest.raises(BadInput, match="no record has other"):
        list(api.read_recorded_parts(conn, more))
