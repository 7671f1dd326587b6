"""The kernel, the columns and the trace say the same, on random policies and on everything that floats can do."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.compiled import config
from honghua.decision.core.compile import differing, explain, judge, judge_batch, judge_row, judge_twin, verdict_at
from honghua.decision.core.language.tests.drawing import VOCABULARY, bundle_unchecked, texts, vectors

ALL_LANES = '''"""One of each."""
ratio = amount_minor / limit_minor
with hard_deny:
    listed = refuse("DENY_LIST", when=on_list("bad"))
with allow_list:
    calm = approve("TRUSTED", when=days > 100, missing=skip)
with score:
    high = step_up("RISK_STEP_UP", kind="sms", when=score >= 0.5, missing=review("SCORE_MISSING", queue="q"))
with matrix:
    grid = table(score, amount_minor, missing=skip, rows={
        cell[:0.5, :]: approve(), cell[0.5:, :yuan(1)]: review("RISK_REVIEW", queue="q"), cell[0.5:, yuan(1):]: refuse("RISK_REFUSED")})
with amount:
    short = approve_less("LIMIT_PARTLY", amount=limit_minor, when=ratio > 1, missing=fires)
'''


@settings(max_examples=60 if config.DISABLE_JIT else 300)
@given(texts(), vectors(), st.data())
@example(
    ALL_LANES,
    np.array(
        [[100, 50, 0.5, 1, 0, 0, 1, 0], [100, 0, np.nan, 1, 0, 0, 1, 0], [np.nan, 1, 0.2, 101, 0, 0, 1, 0]], float
    ),
    None,
)
@example(
    ALL_LANES,
    np.array([[1e308, 1e-308, 0.49999999999999994, np.inf, 0, 0, 1, 0], [99, 100, -0.0, 100, 0, 0, 1, 0]], float),
    None,
)
def test_kernel_columns_and_trace_agree(source, rows, data):
    bundle = bundle_unchecked(source)
    switched = [] if data is None else data.draw(st.lists(st.integers(0, len(bundle.rules) - 1), max_size=4))
    off = bundle.no_rules_off()
    off[switched] = 1
    verdicts = judge_batch(bundle, rows, off=off)
    assert not len(differing(verdicts, judge_twin(bundle, rows, off=off)))
    for k, row in enumerate(rows):
        told = verdict_at(bundle, verdicts, k)
        assert told == explain(bundle, row, off=off).verdict
        assert told == judge(bundle, row, off=off)  # one alone = in a batch


def test_blocks_do_not_mix_rows():
    bundle = bundle_unchecked(ALL_LANES)
    rows = np.random.default_rng(3).choice([0.0, 1.0, 0.5, 100.0, 250.0, np.nan], (300, len(VOCABULARY)))
    verdicts = judge_batch(bundle, rows)
    assert not len(differing(verdicts, judge_twin(bundle, rows)))
    assert np.unique(verdicts.outcome).tolist() == [1, 2, 4, 5]  # the rows are worth judging
    assert [int(judge(bundle, row).outcome) for row in rows[:300]] == verdicts.outcome[:300].tolist()


def test_a_rule_that_is_off_does_not_act_but_is_seen():
    bundle = bundle_unchecked(ALL_LANES)
    row = np.array([100, 500, 0.1, 1, 0, 1, 1, 0], float)
    listed = bundle.find_rule("listed")
    assert listed is not None
    assert judge(bundle, row).code == "DENY_LIST"
    off = bundle.no_rules_off()
    off[listed.number] = 1
    verdict = judge(bundle, row, off=off)
    assert (verdict.outcome.name, verdict.off) == ("APPROVE", (listed.number,))
    assert listed.number in verdict.fired
    assert "switched off" in "\n".join(explain(bundle, row, off=off).lines())


def test_a_broken_vector_is_refused():
    bundle = bundle_unchecked(ALL_LANES)
    verdict = judge(bundle, np.full(len(VOCABULARY), np.nan))
    assert (verdict.code, verdict.amount_minor) == ("INPUT_MISSING", 0)


def test_the_highest_bit_of_a_word_is_a_rule_like_others():
    rules = "\n".join(f'    r{k} = review("RISK_REVIEW", queue="q", when=days > {k}, missing=skip)' for k in range(130))
    bundle = bundle_unchecked(f'"""Many."""\nwith score:\n{rules}\n')
    rows = np.zeros((3, len(VOCABULARY)))
    rows[:, VOCABULARY.place("days")] = 64, 1000, np.nan
    verdicts = judge_batch(bundle, rows)
    alone = [judge(bundle, row) for row in rows]
    assert alone == [verdict_at(bundle, verdicts, k) for k in range(3)]
    assert [(len(one.fired), len(one.unknown)) for one in alone] == [(64, 0), (130, 0), (0, 130)]


def test_a_row_is_read_where_it_lies():
    bundle = bundle_unchecked(ALL_LANES)
    rng = np.random.default_rng(4)
    rows = rng.choice([0.0, 1.0, 0.5, 100.0, 250.0, np.nan], (50, len(VOCABULARY)))
    order = rng.permutation(len(VOCABULARY))
    moved = rows[:, order]
    places = np.argsort(order)[bundle.plan.places].astype(np.int32)
    said = [judge_row(bundle, moved, k, places) for k in range(50)]
    assert said == [judge(bundle, row) for row in rows]
