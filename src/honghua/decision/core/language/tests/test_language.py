"""What a text may say, what it may not, and that every problem is told with its line."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.decision.core.compile import Digests, compile_bundle, explain, judge, judge_twin
from honghua.decision.core.language.tests.drawing import VOCABULARY
from honghua.decision.core.problems import PolicyProblems
from honghua.decision.core.vocabulary import AMOUNT, read_vocabulary, vocabulary_bytes

HEAD = '"""A policy."""\n'


def problems_of(text):
    with pytest.raises(PolicyProblems) as caught:
        compile_bundle("p", HEAD + text, VOCABULARY)
    return [(p.line, p.code) for p in caught.value.problems]


def rule(condition, **words):
    more = "".join(f", {k}={v}" for k, v in ({"missing": "skip"} | words).items())
    return f'with score:\n    r = refuse("OVERDUE", when={condition}{more})\n'


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("amount_minor > 500", "KIND_MIXED"),
        ("amount_minor * limit_minor > yuan(1)", "KIND_MIXED"),
        ("amount_minor + score > yuan(1)", "KIND_MIXED"),
        ("1 / amount_minor > 1", "KIND_MIXED"),
        ("score", "KIND_MIXED"),
        ("new == True", "KIND_MIXED"),
        ("new + new > 1", "KIND_MIXED"),
        ("status > 1", "KIND_MIXED"),
        ('status == "actve"', "UNKNOWN_LEVEL"),
        ('score == "high"', "KIND_MIXED"),
        ("scor > 1", "UNKNOWN_NAME"),
        ('on_list("good")', "UNKNOWN_NAME"),
        ('arm("strict") == "x"', "UNKNOWN_LEVEL"),
        ("sqrt(score) > 1", "UNKNOWN_CALL"),
        ("score ** 2 > 1", "SYNTAX"),
        ("score // 2 > 1", "SYNTAX"),
        ("(lambda: 1)() > 1", "UNKNOWN_CALL"),
        ("[s for s in (1, 2)]", "SYNTAX"),
        ("score is None", "SYNTAX"),
        ("yuan(0.001) < amount_minor", "TOO_LARGE"),
        ("score > 9007199254740993", "TOO_LARGE"),
        ("score / 0 > 1", "CONSTANT"),
        ("floor_to(limit_minor, amount_minor) > yuan(1)", "NOT_CONSTANT"),
        ("score > 1 and True", None),
        ("__import__('os').system('true')", "UNKNOWN_CALL"),
        ("score.real > 1", "UNKNOWN_NAME"),
        ("min(score) > 1", "SYNTAX"),
        ("min(score, b=1) > 1", "SYNTAX"),
        (f"{'(' * 70}score > 1{')' * 70}", None),
        ("not " * 70 + "new", "TOO_LARGE"),
        ("score > 1 and score < 1", "CONSTANT"),
        ("score > 1 or not score > 1", None),
        ("is_missing(amount_minor)", "CONSTANT"),
        ("amount_minor >= 0", "CONSTANT"),
        ("amount_minor < 0", "CONSTANT"),
    ],
)
def test_conditions(condition, code):
    if code is None:
        compile_bundle("p", HEAD + rule(condition), VOCABULARY)
    else:
        assert problems_of(rule(condition)) == [(3, code)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = score\n" + rule("days > 1"), [(2, "UNUSED_NAME")]),
        ("x = score\nx = days\n" + rule("x > 1"), [(3, "ASSIGNED_TWICE")]),
        ("score = 1\n" + rule("days > 1"), [(2, "ASSIGNED_TWICE")]),
        ("import os\n" + rule("days > 1"), [(2, "SYNTAX")]),
        ("for x in (1, 2):\n    pass\n", [(2, "SYNTAX")]),
        (rule("days > y") + "y = 1\n", [(3, "UNKNOWN_NAME"), (4, "UNUSED_NAME")]),
        ("with nowhere:\n    r = 1\n", [(2, "LANE")]),
        (rule("days > 1") + 'with allow_list:\n    a = approve("TRUSTED", when=new, missing=skip)\n', [(4, "LANE")]),
        ('with score:\n    r = refuse("OVERDUE", when=days > 1)\n', [(3, "MISSING_POLICY")]),
        ('with score:\n    r = refuse("NO_SUCH", when=days > 1, missing=skip)\n', [(3, "REASON_UNKNOWN")]),
        ('with score:\n    r = refuse("RISK_STEP_UP", when=days > 1, missing=skip)\n', [(3, "REASON_NOT_ADVERSE")]),
        ("with score:\n    r = refuse(when=days > 1, missing=skip)\n", [(3, "REASON_UNKNOWN")]),
        ('with hard_deny:\n    r = review("RISK_REVIEW", queue="q", when=days > 1, missing=skip)\n', [(3, "OUTCOME_NOT_IN_LANE")]),
        ('with score:\n    r = step_up("RISK_STEP_UP", when=days > 1, missing=skip)\n', [(3, "SYNTAX")]),
        ('with score:\n    r = delay("TELECOM_FRAUD", minutes=0.5, warning="w", when=days > 1, missing=skip)\n', [(3, "SYNTAX")]),
        ('with amount:\n    r = approve_less("LIMIT_PARTLY", amount=score, when=days > 1, missing=skip)\n', [(3, "KIND_MIXED")]),
        ('with score:\n    r = refuse("OVERDUE", when=days > 1, missing=skip, because=1)\n', [(3, "SYNTAX")]),
        ('with score:\n    r = refuse("OVERDUE", when=days > 1, missing=skip, shadow=new)\n', [(3, "SYNTAX")]),
        ("with score:\n    def f(): pass\n", [(3, "SYNTAX")]),
        ("with score:\n  r = (\n", [(3, "SYNTAX")]),
    ],
)  # fmt: skip
def test_statements(text, expected):
    assert problems_of(text) == expected


def test_a_policy_says_what_it_is_for():
    with pytest.raises(PolicyProblems, match="what this policy is for"):
        compile_bundle("p", rule("days > 1"), VOCABULARY)


def test_all_problems_at_once_in_the_order_of_lines():
    text = "a = amount_minor + 5\nb = unknown_thing\n" + rule("days > 1 and limit_minor > 3")
    assert problems_of(text) == [(2, "KIND_MIXED"), (3, "UNKNOWN_NAME"), (5, "KIND_MIXED")]


def test_long_chains_of_names_are_no_trouble():
    doubling = "".join(f"x{k} = x{k - 1} + x{k - 1}\n" for k in range(1, 1500))
    bundle = compile_bundle("p", HEAD + "x0 = score\n" + doubling + rule("x1499 > 1"), VOCABULARY)
    vector = [1.0, 1, 1, 1, 0, 0, 1, 0]
    assert judge(bundle, as_vector(vector)).code == "OVERDUE"
    assert explain(bundle, as_vector(vector)).verdict == judge(bundle, as_vector(vector))
    assert judge_twin(bundle, as_vector([vector])).outcome.tolist() == [5]
    assert judge(bundle, as_vector([1.0, 1, 0, *vector[3:]])).code == ""


def test_the_digest_names_the_meaning():
    def digest(text, **more):
        return compile_bundle("p", HEAD + text, more.pop("words", VOCABULARY), **more).digest

    base = digest(rule("days > 1"))
    assert base == digest(rule("days>1") + "\n# a remark\n") == digest(rule("(days  >  1.0)"))
    stored = read_vocabulary(vocabulary_bytes(VOCABULARY))
    assert stored == VOCABULARY
    assert base == digest(rule("days > 1"), words=stored)
    others = [
        digest(rule("days > 2")),
        digest(rule("days >= 1")),
        digest(rule("days > 1", missing="fires")),
        digest(rule("days > 1", shadow="True")),
        digest(rule("days > 1"), digests=Digests(model=b"m")),
        digest(rule("days > 1"), digests=Digests(lists=b"m")),
        digest(rule("days > 1"), digests=Digests(features=b"m")),
        digest(rule("days > 1"), digests=Digests(credit=b"m")),
        compile_bundle("q", HEAD + rule("days > 1"), VOCABULARY).digest,
        compile_bundle("p", '"""Other."""\n' + rule("days > 1"), VOCABULARY).digest,
        digest(rule("days > 1"), words=VOCABULARY.extended([])),
    ]
    assert others.pop() == base
    assert len({base, *others}) == len(others) + 1


def test_what_a_bundle_reads():
    bundle = compile_bundle(
        "p", HEAD + rule('on_list("bad") and arm("strict") == "treated" and value("days") > 1'), VOCABULARY
    )
    assert (bundle.lists, bundle.experiments) == (("bad",), ("strict",))
    assert set(bundle.inputs_read) == {AMOUNT, "days", "on_list.bad", "arm.strict"}


def as_vector(values):
    return np.array(values, float)
