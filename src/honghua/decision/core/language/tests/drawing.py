"""Random policies as text, and vectors that stand on their limits: for the property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from honghua.decision.core.compile import Bundle
from honghua.decision.core.language.planning import plan_policy
from honghua.decision.core.language.reading import read_policy
from honghua.decision.core.vocabulary import Input, Kind, Vocabulary

VOCABULARY = Vocabulary((
    Input("amount_minor", Kind.MONEY, may_be_missing=False, low=0), Input("limit_minor", Kind.MONEY), Input("score"), Input("days"),
    Input("new", Kind.FLAG), Input("on_list.bad", Kind.FLAG, may_be_missing=False),
    Input("status", Kind.CATEGORY, levels=(("active", 1), ("frozen", 2), ("closed", 4))),
    Input("arm.strict", Kind.CATEGORY, may_be_missing=False, levels=(("control", 0), ("treated", 1))),
))  # fmt: skip

LIMITS = (0.0, -0.0, 0.5, 1.0, 2.0, 3.0, 100.0, -1.0, 99.99999999999999, 9007199254740992.0)
HUGE = (1e308, -1e308, 5e-324, float("inf"), float("-inf"), float("nan"), float("nan"))
VALUES = st.one_of(
    st.sampled_from(LIMITS), st.sampled_from(HUGE), st.floats(allow_nan=True, allow_infinity=True, width=64)
)

_OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_NUMBERS = st.sampled_from(["0", "0.5", "1", "-1", "100", "score", "days", "percent(50)"])
_MONEY = st.sampled_from(["yuan(1)", "minor(0)", "yuan(0.5)", "amount_minor", "limit_minor"])
_ATOMS = st.sampled_from([
    "new", 'on_list("bad")', 'status == "active"', 'status in ("frozen", "closed")', 'arm("strict") != "control"', "is_missing(score)",
    "is_missing(limit_minor)", "coalesce(new, True)", "limit_minor < 0 or amount_minor >= 0", "True",
])  # fmt: skip


def _deeper(leaves: st.SearchStrategy[str], of_kind: str) -> st.SearchStrategy[str]:
    pair = st.tuples(leaves, leaves)
    found = [
        pair.map(lambda p: f"({p[0]} + {p[1]})"), pair.map(lambda p: f"({p[0]} - {p[1]})"), pair.map(lambda p: f"min({p[0]}, {p[1]})"),
        pair.map(lambda p: f"max({p[0]}, {p[1]})"), pair.map(lambda p: f"coalesce({p[0]}, {p[1]})"), leaves.map(lambda x: f"abs({x})"),
        leaves.map(lambda x: f"floor({x})"), leaves.map(lambda x: f"-{x}"), pair.map(lambda p: f"({p[0]} if new else {p[1]})"),
    ]  # fmt: skip
    if of_kind == "number":
        found += [pair.map(lambda p: f"({p[0]} * {p[1]})"), pair.map(lambda p: f"({p[0]} / max({p[1]}, days))")]
    else:
        found += [leaves.map(lambda x: f"({x} * score)"), leaves.map(lambda x: f"floor_to({x}, yuan(1))")]
    return st.one_of(found)


NUMBERS = st.recursive(_NUMBERS, lambda leaves: _deeper(leaves, "number"), max_leaves=5)
MONEY = st.recursive(_MONEY, lambda leaves: _deeper(leaves, "money"), max_leaves=4)
_COMPARED = st.one_of(
    st.tuples(NUMBERS, _OPERATORS, NUMBERS).map(" ".join), st.tuples(MONEY, _OPERATORS, MONEY).map(" ".join),
    st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda t: f"between({', '.join(t)})"), NUMBERS.map(lambda x: f"0 <= {x} < 1"),
    _ATOMS,
)  # fmt: skip
CONDITIONS = st.recursive(
    _COMPARED.map(lambda c: f"({c})"),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} and {p[1]})"), st.tuples(inner, inner).map(lambda p: f"({p[0]} or {p[1]})"),
        inner.map(lambda c: f"(not {c})"), st.tuples(inner, inner).map(lambda p: f"(count_true({p[0]}, {p[1]}) >= 1)"),
    ),
    max_leaves=4,
)  # fmt: skip

_HINDER = ['refuse("OVERDUE"{})', 'review("RISK_REVIEW", queue="q"{})', 'step_up("RISK_STEP_UP", kind="sms"{})']
_HINDER += ['delay("TELECOM_FRAUD", minutes=30, warning="scam"{})']
_LANES = {
    "hard_deny": ['refuse("DENY_LIST"{})'], "allow_list": ['approve("TRUSTED"{})'], "exclusions": _HINDER,
    "score": [*_HINDER, 'approve("LOW_RISK"{})'], "matrix": [*_HINDER, 'approve("LOW_RISK"{})'],
    "amount": [*_HINDER, 'approve_less("LIMIT_PARTLY", amount=AMOUNT{})', 'temporary_limit("ORDER_LIMIT", amount=AMOUNT{})'],
}  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A policy in which everything that is read stands; checks of meaning (constants, unreachable rules) may still complain."""
    lines = ['"""Drawn."""', f"ratio = {draw(NUMBERS)}", f"risky = {draw(CONDITIONS)} or ratio > 1"]
    for lane, sayings in _LANES.items():
        lines.append(f"with {lane}:")
        for k in range(draw(st.integers(1, 2))):
            saying = draw(st.sampled_from(sayings)).replace("AMOUNT", draw(MONEY))
            condition = draw(
                st.one_of(CONDITIONS, CONDITIONS.map(lambda c: f"{c} and not risky"), st.just("ratio >= 0.5"))
            )
            then = draw(st.sampled_from([s for s in sayings if "AMOUNT" not in s])).format("")
            missing = draw(st.sampled_from(["skip", "fires", then]))
            shadow = draw(st.sampled_from(["", "", ", shadow=True"]))
            lines.append(f"    {lane}_{k} = " + saying.format(f", when={condition}, missing={missing}{shadow}"))
        if lane == "matrix":
            lines.append('    grid = table(ratio, new, missing=review("SCORE_MISSING", queue="q"), rows={')
            lines.append('        cell[:0.5, :]: approve(), cell[0.5:, True]: step_up("RISK_STEP_UP", kind="sms"),')
            lines.append('        cell[0.5:2, False]: approve()}, otherwise=refuse("RISK_REFUSED"))')
    return "\n".join(lines)


@st.composite
def vectors(draw: st.DrawFn) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A few vectors, mostly in the vocabulary, with everything that floats can do."""
    flags = st.sampled_from([0.0, 1.0, 1.0, float("nan"), 7.0])
    levels = st.sampled_from([0.0, 1.0, 2.0, 4.0, float("nan")])
    kinds = {Kind.FLAG: flags, Kind.CATEGORY: levels}
    row = st.tuples(*(kinds.get(i.kind, VALUES) for i in VOCABULARY))
    return np.array(draw(st.lists(row, min_size=1, max_size=6)), np.float64)


def bundle_unchecked(source: str) -> Bundle:
    """A bundle of a text that can be read, whatever the checks of meaning say."""
    policy, problems = read_policy("drawn", source, VOCABULARY)
    assert {p.code for p in problems} <= {"UNUSED_NAME"}, problems
    return Bundle("drawn", source, VOCABULARY, policy, plan_policy(policy, VOCABULARY), bytes(32))
