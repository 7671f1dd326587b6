"""The kernel says what an interpreter written from the documentation alone says."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.compiled import config
from honghua.decision.core.compile import judge_batch, verdict_at
from honghua.decision.core.language.tests.drawing import VOCABULARY, bundle_unchecked, texts, vectors
from honghua.decision.core.language.tests.naive import Naive
from honghua.decision.core.vocabulary import Kind

LEVELS = {i.name: dict(i.levels) for i in VOCABULARY if i.levels}
FLAGS = {i.name for i in VOCABULARY if i.kind == Kind.FLAG}
SURE = {i.name for i in VOCABULARY if not i.may_be_missing}
TABLES = '''"""Three values, money bounds, levels, conditions, and what is said where one is missing."""
share = coalesce(amount_minor / limit_minor, 1)
odd = (score if new else days) not in (1, 2, 0.5) or arm("strict") == "treated"
with exclusions:
    a = refuse("OVERDUE", when=status in ("frozen", "closed") and 0 < share <= 1 < days, missing=review("RISK_REVIEW", queue="q"))
    b = delay("TELECOM_FRAUD", minutes=90, warning="w", when=odd, missing=fires)
with matrix:
    t = table(limit_minor, status, odd, missing=review("SCORE_MISSING", queue="m"), rows={
        cell[:yuan(0.5), :, True]: refuse("RISK_REFUSED"), cell[yuan(0.5):yuan(1), "active", :]: approve(),
        cell[yuan(1):, "closed", False]: step_up("RISK_STEP_UP", kind="sms")}, otherwise=approve("LOW_RISK"))
with amount:
    most = approve_less("LIMIT_PARTLY", amount=floor_to(max(limit_minor, minor(0)) * score, minor(7)), when=share > 1 or new, missing=fires)
    more = temporary_limit("ORDER_LIMIT", amount=limit_minor * 0.5, when=count_true(new, odd, score > 0) >= 2, missing=skip)
'''
CHOICES = (
    0.0,
    1.0,
    2.0,
    4.0,
    0.5,
    49.0,
    50.0,
    99.0,
    100.0,
    101.0,
    -1.0,
    -0.0,
    7.0,
    2.0**53,
    float("inf"),
    float("nan"),
)


def said(bundle, verdict):
    name = [rule.name for rule in bundle.rules]
    return (
        verdict.outcome.name.lower(), verdict.code, verdict.detail, verdict.minutes, verdict.amount_minor, verdict.extra_minor,
        sorted(name[k] for k in verdict.fired), sorted(name[k] for k in verdict.unknown),
    )  # fmt: skip


def check(source, rows, switched=()):
    bundle = bundle_unchecked(source)
    off = bundle.no_rules_off()
    off[list(switched)] = 1
    verdicts = judge_batch(bundle, rows, off=off)
    naive = Naive(source, levels=LEVELS, flags=FLAGS, sure=SURE)
    muted = {bundle.rules[k].name for k in switched}
    for k, row in enumerate(rows):
        vector = dict(zip(VOCABULARY.names, row.tolist()))
        assert said(bundle, verdict_at(bundle, verdicts, k)) == naive.judge(vector, muted), vector


@settings(max_examples=30 if config.DISABLE_JIT else 150)
@given(texts(), vectors(), st.data())
@example(TABLES, np.full((1, len(VOCABULARY)), np.nan), None)
def test_the_kernel_means_what_is_documented(source, rows, data):
    check(source, rows, [] if data is None else data.draw(st.lists(st.integers(0, 8), max_size=3)))


def test_tables_and_three_valued_logic_on_every_limit():
    rng = np.random.default_rng(11)
    rows = rng.choice(CHOICES, (300 if config.DISABLE_JIT else 3_000, len(VOCABULARY)))
    rows[:, 7] = rng.integers(0, 2, len(rows))
    rows[rng.random(len(rows)) < 0.9, 5] = 0.0  # mostly present where it must be
    check(TABLES, np.ascontiguousarray(rows))
    check(TABLES, rows[:200].copy(), (1, 2))
