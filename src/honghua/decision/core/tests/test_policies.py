"""The shipped policies: sound, and the account's rules say what the first policy said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.credit.core.refusals import REFUSALS
from honghua.decision.core import (
    FEATURES,
    LIST_PREFIX,
    POLICIES,
    REASONS,
    WITHIN_LIMIT,
    compile_bundle,
    engine_vocabulary,
    evaluate,
    judge,
)
from honghua.decision.core.language.reading import ALLOWED
from honghua.decision.core.outcomes import SEVERITY, Lane, Outcome

# Records of issue 2 carry this digest; it must name the same rules for ever.
FIRST_DIGEST = "7b7fd91f7434dd24d423fdf19789063f74bc83e9528b1bb7825280887c034187"


def test_the_first_policy_keeps_its_name():
    assert WITHIN_LIMIT.digest.hex() == FIRST_DIGEST


@given(
    st.tuples(
        st.integers(1, 300),
        st.integers(0, 300),
        st.integers(0, 300),
        st.integers(0, 4),
        st.integers(0, 2),
        st.integers(0, 1),
    )
)
@example((100, 100, 100, 1, 0, 1))
@example((101, 100, 100, 1, 0, 1))
@example((101, 101, 100, 1, 0, 1))
def test_account_rules_say_what_the_first_policy_said(features):
    words = engine_vocabulary()
    bundle = compile_bundle("account-rules", POLICIES["account-rules"], words)
    vector = np.full(len(words), np.nan)
    vector[[words.place(name) for name in words.names if name.startswith(LIST_PREFIX)]] = 0
    vector[[words.place(name) for name in FEATURES]] = features
    old = evaluate(WITHIN_LIMIT.digest, features)
    new = judge(bundle, vector)
    assert (new.outcome, new.code) == (old.outcome, old.code)
    assert new.amount_minor == (features[0] if new.outcome == Outcome.APPROVE else 0)
    vector[words.place("on_list.exclusion")] = 1
    stopped = judge(bundle, vector)
    assert stopped.outcome == Outcome.REFUSE
    assert stopped.code == ("MERCHANT_BLOCKED" if new.outcome == Outcome.APPROVE else stopped.code)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_shipped_policies_are_sound(name):
    bundle = compile_bundle(name, POLICIES[name], engine_vocabulary())
    assert {rule.code for rule in bundle.rules if rule.code} <= set(REASONS)


@pytest.mark.parametrize("code", sorted(REASONS))
def test_reasons_are_told_in_both_languages(code):
    reason = REASONS[code]
    assert all((reason.zh, reason.en, reason.agent_zh, reason.agent_en))
    assert bool(reason.adverse_zh) == bool(reason.adverse_en)
    if code in REFUSALS:  # the credit room says the same to the customer
        assert REFUSALS[code] == (reason.zh, reason.en)


def test_every_lane_and_outcome_has_its_place():
    assert set(ALLOWED) == set(Lane)
    assert set(SEVERITY) == set(Outcome) == set().union(*ALLOWED.values())
