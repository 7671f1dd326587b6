"""Tables without gaps and overlaps, rules that can be reached: what is claimed is true on drawn values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.compiled import config
from honghua.decision.core.compile import compile_bundle, judge_batch
from honghua.decision.core.language.checks import check_policy
from honghua.decision.core.language.reading import read_policy
from honghua.decision.core.language.tests.drawing import VOCABULARY, bundle_unchecked, texts, vectors
from honghua.decision.core.problems import PolicyProblems

HEAD = '"""A policy."""\n'


def told(text):
    policy, problems = read_policy("p", HEAD + text, VOCABULARY)
    return [(p.code, p.message) for p in problems + check_policy(policy)]


def table(*rows, more=""):
    inside = ", ".join(f"{row}: approve()" for row in rows)
    return f"with matrix:\n    t = table(score, amount_minor, missing=skip, rows={{{inside}}}{more})\n"


@pytest.mark.parametrize(
    ("rows", "code", "where"),
    [
        (["cell[:1, :]", "cell[1:, :yuan(1)]", "cell[1:, yuan(1):]"], None, ""),
        (["cell[:1, :]", "cell[1:, :yuan(1)]"], "TABLE_GAP", "score ≥ 1 and amount_minor ≥ 100"),
        (["cell[:1, :]", "cell[0.5:, :]"], "TABLE_OVERLAP", "rows 1 and 2 of t both hold for 0.5 ≤ score < 1"),
        (["cell[:, :]", "cell[:, :minor(0)]"], "TABLE_ROW_EMPTY", "row 2"),  # an amount is never below 0
        (["cell[:, minor(0):]"], None, ""),
        (["cell[1:1, :]"], "TABLE_ROW_EMPTY", ""),
        (["cell[:, 1:]"], "KIND_MIXED", ""),
        (["cell[:]"], "SYNTAX", "2 value(s)"),
    ],
)
def test_tables(rows, code, where):
    found = told(table(*rows))
    assert [c for c, _ in found][:1] == ([code] if code else [])
    assert all(where in message for _, message in found[:1])


def test_otherwise_fills_gaps_and_levels_are_known():
    text = (
        "with matrix:\n    t = table(status, new, missing=skip, rows={"
        'cell["active", True]: approve(), cell["active", False]: approve()})\n'
    )
    assert [m for _, m in told(text)] == [
        f'no row of t holds for status "{level}" and {flag}: add one, or say otherwise='
        for level in ("frozen", "closed")
        for flag in ("not new", "new")
    ]
    assert told(table("cell[1:, :]", more=', otherwise=refuse("RISK_REFUSED")')) == []


@settings(max_examples=150)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 4), min_size=1, max_size=5))
def test_tables_against_a_grid_of_points(rows):
    rows = [(a, b, c, d) for a, b, c, d in rows if a < b and c < d] or [(0, 4, 0, 4)]
    cells = [f"cell[{a}:{b}, minor({c}):minor({d})]" for a, b, c, d in rows]
    points = [(x, y) for x in (-0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 9) for y in (0, 1, 2, 3, 4, 9)]
    hits = [sum(a <= x < b and c <= y < d for a, b, c, d in rows) for x, y in points]
    codes = {code for code, _ in told(table(*dict.fromkeys(cells)))}
    if len(set(cells)) == len(cells):
        assert ("TABLE_OVERLAP" in codes) == any(h > 1 for h in hits)
    assert ("TABLE_GAP" in codes) == any(h == 0 for h in hits)


@pytest.mark.parametrize(
    ("first", "second", "hidden"),
    [
        ("score > 1", "score > 2", True),
        ("score > 2", "score > 1", False),
        ("score >= 1", "score > 1", True),
        ("score > 1", "score >= 1", False),
        ("score > 1", "score > 1 and new", True),
        ("score > 1 and new", "score > 1", False),
        ("score > 1 or new", "new", True),
        ("score > 1 or days > 1", "days > 2 or score > 5", True),
        ("amount_minor > limit_minor", "limit_minor < amount_minor", True),
        ("amount_minor >= limit_minor", "amount_minor == limit_minor", True),
        ("amount_minor > limit_minor", "amount_minor >= limit_minor", False),
        ('status == "active"', 'status in ("active", "closed")', False),
        ('status in ("active", "closed")', 'status == "closed"', True),
        ("score < 1", "not score >= 1", True),
        ("score != 1", "score > 3", True),
        ("is_missing(score)", "is_missing(score) and new", True),
        ("coalesce(score, days) > 1", "coalesce(score, days) > 2", True),
        ("score > 1", "coalesce(score, days) > 2", False),
    ],
)
def test_rules_hidden_by_an_earlier_one(first, second, hidden):
    text = "with score:\n" + "".join(
        f'    {name} = refuse("OVERDUE", when={condition}, missing=skip)\n'
        for name, condition in (("a", first), ("b", second))
    )
    assert [c for c, _ in told(text)] == (["UNREACHABLE"] if hidden else [])


@pytest.mark.parametrize(
    ("lane", "says", "hidden"),
    [("hard_deny", 'refuse("DENY_LIST"', True), ("exclusions", 'refuse("OVERDUE"', True), ("allow_list", 'approve("TRUSTED"', True),
     ("exclusions", 'step_up("RISK_STEP_UP", kind="sms"', False), ("matrix", 'refuse("OVERDUE"', False)],
)  # fmt: skip
def test_rules_hidden_across_lanes(lane, says, hidden):
    first = f"with {lane}:\n    a = {says}, when=score > 1, missing=skip)\n"
    second = 'with score:\n    b = refuse("VELOCITY", when=score > 2, missing=skip)\n'
    text = first + second if lane != "matrix" else second + first
    assert [c for c, _ in told(text)] == (["UNREACHABLE"] if hidden else [])


def test_a_rule_that_acts_on_missing_values_is_not_hidden():
    text = (
        'with score:\n    a = refuse("OVERDUE", when=score > 1, missing=skip)\n'
        '    b = refuse("VELOCITY", when=score > 2, missing=fires)\n'
    )
    assert told(text) == []


@settings(max_examples=40 if config.DISABLE_JIT else 200)
@given(texts(), vectors())
def test_what_is_called_unreachable_or_constant_is(source, rows):
    """Only vectors that keep the vocabulary, without infinities that make NaN by arithmetic."""
    bundle = bundle_unchecked(source)
    claims = {
        (p.code, p.message.split(" ")[0], "never hold" in p.message or "always holds" not in p.message)
        for p in check_policy(bundle.policy)
    }
    rows = np.where(np.isfinite(rows) & (np.abs(rows) < 1e15), rows, np.nan)
    rows[:, 0] = np.abs(np.nan_to_num(rows[:, 0]))
    for place in (5, 7):
        rows[:, place] = rows[:, place] == 1
    rows[:, 4] = np.where(np.isnan(rows[:, 4]), np.nan, rows[:, 4] == 1)
    rows[:, 6] = np.where(np.isin(rows[:, 6], (1.0, 2.0, 4.0)), rows[:, 6], np.nan)
    verdicts = judge_batch(bundle, rows)
    for code, name, never in claims:
        rule = bundle.find_rule(name)
        if rule is None:
            continue
        spoke = (verdicts.fired[:, rule.number // 64] >> np.uint64(rule.number % 64)) & np.uint64(1)
        unknown = (verdicts.unknown[:, rule.number // 64] >> np.uint64(rule.number % 64)) & np.uint64(1)
        if code == "UNREACHABLE":
            assert rule.number not in verdicts.rule
            assert rule.number not in verdicts.figures[:, 3]
        elif code == "CONSTANT" and never:
            assert not (spoke & ~unknown).any()
        elif code == "CONSTANT":
            assert (spoke | unknown).all()


def test_shadow_rules_hide_nobody():
    text = HEAD + (
        'with score:\n    a = refuse("OVERDUE", when=score > 1, missing=skip, shadow=True)\n'
        '    b = refuse("VELOCITY", when=score > 2, missing=skip)\n'
    )  # fmt: skip
    bundle = compile_bundle("p", text, VOCABULARY)
    verdicts = judge_batch(bundle, np.array([[1, 1, 3, 0, 0, 0, 1, 0], [1, 1, 1.5, 0, 0, 0, 1, 0]], float))
    assert verdicts.rule.tolist() == [2, -1]
    assert verdicts.fired[:, 0].tolist() == [0b110, 0b010]


def test_every_table_problem_names_its_line():
    with pytest.raises(PolicyProblems) as caught:
        compile_bundle("p", HEAD + table("cell[:1, :]", "cell[0.5:2, :]"), VOCABULARY)
    assert {p.line for p in caught.value.problems} == {3}
