"""Rules mean what they say; what is not known fulfils nothing."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.lab.tags.rules import holds, parse_rule

NAN = float("nan")
VALUES = {
    "a": np.array([1.0, 2.0, 3.0, NAN], np.float32),
    "b": np.array([2.0, 2.0, 2.0, 2.0], np.float32),
}


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("a >= 2", [False, True, True, False]),
        ("a < 2", [True, False, False, False]),
        ("a == 3", [False, False, True, False]),
        ("a == missing", [False, False, False, True]),
        ("a > b", [False, False, True, False]),
        ("a >= 0.5 * b", [True, True, True, False]),
        ("a >= 2 and a <= 2", [False, True, False, False]),
        ("a <= 1 or a == missing", [True, False, False, True]),
        ("a >= q0.5", [False, True, True, False]),
        ("a >= -1.5", [True, True, True, False]),
    ],
)
def test_a_rule_holds_where_it_says(rule, wanted):
    parsed = parse_rule(rule)
    assert holds(parsed, VALUES, {("a", 0.5): 2.0}).tolist() == wanted
    assert set(parsed.variables) <= {"a", "b"}


@pytest.mark.parametrize("rule", ["a", "a => 2", "a >= 2 also b >= 1", "a > missing", "a >= q1.5 *", "and a >= 2", ""])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(BadInput, match="no clause of a tag"):
        parse_rule(rule)


def test_a_quantile_that_nobody_knows_holds_for_nobody():
    assert not holds(parse_rule("a >= q0.9"), VALUES, {("a", 0.9): NAN}).any()
