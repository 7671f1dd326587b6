"""Definitions that mean nothing are refused with a sentence each; a digest names what a set means."""

from __future__ import annotations

import pytest

from honghua.features.core import BadDefinition, FeatureSet, Ratio, Schema, Window
from honghua.features.core.spans import DAY, HOUR, MINUTE, Span, parse_span

SCHEMA = Schema(("customer", "merchant"), ("hour",))
C = ("customer",)


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (Window("n", (), "count"), "a key is one entity or a pair"),
        (Window("n", ("customer", "customer"), "count"), "a pair of different ones"),
        (Window("n", ("payee",), "count"), "no entity 'payee'"),
        (Window("n", C, "median"), "no aggregate 'median'"),
        (Window("n", C, "sum", value="merchant"), "of an entity's key means nothing"),
        (Window("n", C, "sum", value="colour"), "no value 'colour'"),
        (Window("n", C, "count", value="hour"), "count takes no value"),
        (Window("n", C, "count", window="7w"), "no window '7w'"),
        (Window("n", C, "count", window="25h"), "no multiple of its hop of 120 minutes"),
        (Window("n", C, "count", window="181d"), "longer than 180 days"),
        (Window("n", C, "last", window="7d"), "told over 'ever' only"),
        (Window("n", C, "count", empty="nothing"), "empty is 'missing' or 'zero'"),
        (Window("n", C, "count", where=(("colour", "==", 1),)), "no column 'colour'"),
        (Window("n", C, "count", where=(("kind", "=", 1),)), "no comparison '='"),
        (Window("n", C, "count", where=(("kind", "==", True),)), "compares with a whole number"),
        (Window("n", C, "count", where=(("hour", "multiple_of", 0),)), "above 0"),
        (Window("n", C, "max", where=(("kind", "==", 1),), reverse_on_refund=True), "cannot take back a max"),
        (Window("n", C, "sum", reverse_on_refund=True), "needs a condition on what is refunded"),
        (Window("Sum", C, "sum"), "a name is a-z"),
        (Window("hour", C, "sum"), "a column of the schema has this name"),
        (Ratio("r", "amount_minor", "later"), "no value 'later' before it"),
        (Ratio("r", "amount_minor", "hour", weight=-1.0), "weight is 0 or more"),
        (Ratio("r", "amount_minor", "hour", support_min=3.0), "support_min without support"),
    ],
)
def test_what_means_nothing_is_refused(definition, said):
    with pytest.raises(BadDefinition, match=said):
        FeatureSet(SCHEMA, [definition, Window("later", C, "count")])


def test_all_problems_are_told_at_once():
    with pytest.raises(BadDefinition, match=r"a: no aggregate.*b: no entity 'payee'.*b: named twice|a: .*; b: "):
        FeatureSet(SCHEMA, [Window("a", C, "mode"), Window("b", ("payee",), "count"), Window("b", C, "count")])
    with pytest.raises(BadDefinition, match="1 … 4096 definitions"):
        FeatureSet(SCHEMA, [])


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5m", Span(MINUTE, 5)),
        ("10m", Span(MINUTE, 10)),
        ("1h", Span(10 * MINUTE, 6)),
        ("6h", Span(2 * HOUR, 3)),
        ("1d", Span(2 * HOUR, 12)),
        ("7d", Span(DAY, 7)),
        ("30d", Span(DAY, 30)),
        ("90d", Span(3 * DAY, 30)),
        ("180d", Span(3 * DAY, 60)),
        ("ever", Span(0, 0)),
    ],
)
def test_spans_have_these_hops(text, span):
    assert parse_span(text) == span


def test_a_digest_follows_the_meaning():
    one = FeatureSet(SCHEMA, [Window("n", C, "count")])
    assert FeatureSet(Schema(("customer", "merchant"), ("hour",)), [Window("n", C, "count")]).digest == one.digest
    others = [
        FeatureSet(SCHEMA, [Window("n", C, "count", include_current=False)]),
        FeatureSet(SCHEMA, [Window("m", C, "count")]),
        FeatureSet(Schema(("customer", "merchant", "device"), ("hour",)), [Window("n", C, "count")]),
        FeatureSet(SCHEMA, [Window("n", C, "count"), Ratio("r", "amount_minor", "n")]),
    ]
    assert len({other.digest for other in others} | {one.digest}) == 5


def test_equal_parts_are_kept_once():
    paid = (("kind", "==", 1),)
    alone = FeatureSet(SCHEMA, [Window("mean", C, "mean", window="7d", where=paid)]).plan
    shared = FeatureSet(
        SCHEMA,
        [
            Window("mean", C, "mean", window="7d", where=paid),
            Window("sum", C, "sum", window="7d", where=paid),
            Window("count", C, "count", window="7d", where=paid),
        ],
    ).plan
    assert len(alone.accs) == len(shared.accs) == 2
    assert shared.groups[0].tolist()[2] == alone.groups[0].tolist()[2], "the row is no wider"


def test_more_filters_than_bits_are_refused():
    chosen = FeatureSet(SCHEMA, [Window(f"n{k}", C, "count", where=(("hour", "==", k),)) for k in range(63)])
    with pytest.raises(ValueError, match="more than 62 different conditions"):
        _ = chosen.plan
