"""Policies, engines and purchases for the tests of this room."""

from __future__ import annotations

import datetime as dt

import numpy as np

from honghua.decision import api
from honghua.decision.core.docket import record_batch
from honghua.decision.core.vocabulary import Input, Kind, Vocabulary

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000
EVENTS = ("at_us", "kind", "amount_minor", "origin_at_us", "customer", "device")
ANN = api.Act("Ann", "wanted")
BEN = api.Act("Ben", "looked at it")

BASE = Vocabulary(
    (
        Input("amount_minor", Kind.MONEY, may_be_missing=False, low=0),
        Input("available_minor", Kind.MONEY, may_be_missing=False, low=0),
        Input("fused", Kind.NUMBER, low=0, high=1),
    )
)
LISTED = BASE.extended(
    [
        Input("on_list.deny", Kind.FLAG, may_be_missing=False),
        Input("arm.face", Kind.CATEGORY, may_be_missing=False, levels=(("holdout", 0), ("control", 1), ("strict", 2))),
    ]
)
LIMIT = """
'''The limit and nothing else.'''
with hard_deny:
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
"""
STRICT = """
'''Limit, deny list, score.'''
with hard_deny:
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
    listed = refuse("DENY_LIST", when=on_list("deny"))
with score:
    risky = refuse("RISK_REFUSED", when=fused >= 0.9, missing=skip)
    unsure = step_up("RISK_STEP_UP", kind="face", when=fused >= 0.5 and arm("face") == "strict", missing=skip)
"""
HARSH = STRICT.replace("0.9", "0.6")
TERMS = api.EngineTerms(BASE, ("s1", "s2"), EVENTS, brake=api.BrakePlan(tile_seconds=10, tiles=6, sample_min=50))


def release(conn, source=STRICT, *, name="strict", vocabulary=LISTED, role=api.Role.CHAMPION, share_ppm=0):
    """Proposed by Ann, approved and activated by Ben."""
    with conn.transaction():
        made = api.propose(conn, api.Proposal(name, source, vocabulary), ANN)
        api.review(conn, made.release_id, BEN, approved=True)
        api.activate(conn, made.release_id, BEN, role=role, share_ppm=share_ppm)
    return made.release_id


def purchases(n, *, seed=1, at_us=NOW_US, step_us=0):
    """(base inputs, events, signals): amounts up to 1 000, scores uniform, customers 1 … n, some without a score."""
    rng = np.random.default_rng(seed)
    base = np.stack([rng.integers(1, 100_000, n), np.full(n, 90_000), rng.random(n)], axis=1).astype(np.float64)
    base[rng.random(n) < 0.1, 2] = np.nan
    events = np.zeros((n, len(EVENTS)), np.int64)
    events[:, 0] = at_us + step_us * np.arange(n)
    events[:, 1], events[:, 2], events[:, 3] = 1, base[:, 0].astype(np.int64), events[:, 0]
    events[:, 4], events[:, 5] = np.arange(1, n + 1), rng.integers(1, 50, n)
    signals = np.stack([base[:, 2], rng.integers(0, 9, n)], axis=1).astype(np.float32)
    return base, events, signals


def judge_all(conn, watch, made, *, first_id=1):
    """Judge purchases as one batch and record them; (columns, brake changes)."""
    base, events, signals = made
    judge = watch.judge(conn)
    prepared = judge.complete(base, events, events[:, 0], signals=signals)
    n = len(events)
    heads = np.stack([events[:, 4] * 10, np.arange(first_id, first_id + n)], axis=1)
    columns, changes = record_batch(judge, prepared, judge.batch(prepared), heads, signals=signals, events=events)
    with conn.transaction():
        api.record_judged(conn, judge, columns, changes, now=NOW)
    return columns, changes
