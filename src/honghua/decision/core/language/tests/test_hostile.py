"""Texts that mean harm, or only look harmless: every one is told as a problem with its line, in no time, and nothing runs."""

from __future__ import annotations

import pytest

from honghua.decision.core.compile import compile_bundle
from honghua.decision.core.language.tests.drawing import VOCABULARY
from honghua.decision.core.problems import PolicyProblems

HEAD = '"""A policy."""\n'
RULE = 'with score:\n    r = refuse("RISK_REFUSED", when={}, missing=skip)\n'


def codes(text, *, head=HEAD):
    try:
        compile_bundle("hostile", head + text, VOCABULARY)
    except PolicyProblems as found:
        return [problem.code for problem in found.problems]
    return []


@pytest.mark.parametrize("word", ["a{0} and a{0}", "not (a{0} or a{0})", "(a{0} or new) and a{0}"])
def test_names_that_read_each_other_twice_are_checked_in_no_time(word):
    """Forty doublings: looked through name by name this would outlast us all."""
    names = "".join(f"a{k} = {word.format(k - 1)}\n" for k in range(1, 41))
    assert codes(f"a0 = score > 1\n{names}" + RULE.format("a40")) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('with score:\n    r = refuse("OVERDUE", when=new, when=score > 1, missing=skip)\n', "SYNTAX"),
        ('with score:\n    r = refuse("OVERDUE", when=new, missing=skip, missing=fires)\n', "SYNTAX"),
        ('with score:\n    r = step_up("OVERDUE", kind="a", kind="b", when=new, missing=skip)\n', "SYNTAX"),
        ("with matrix:\n    t = table(score, **{}, missing=skip, rows={cell[:]: approve()})\n", "SYNTAX"),
        ('with score:\n    r = refuse("", when=new, missing=skip)\n', "REASON_UNKNOWN"),
        ('with matrix:\n    t = table(new, missing=skip, rows={cell[:]: approve("")})\n', "REASON_UNKNOWN"),
        (RULE.format("0x" + "f" * 5_000 + " > score"), "TOO_LARGE"),
        (RULE.format("score ** 0x" + "f" * 5_000 + " > 1"), "TOO_LARGE"),
        (RULE.format("9" * 5_000 + " > score"), "SYNTAX"),
        (RULE.format("score > 9007199254740993"), "TOO_LARGE"),
        (RULE.format("-" * 5_000 + "score > 1"), "TOO_LARGE"),
        (RULE.format("score > 1") + "# \udcff", "SYNTAX"),
        (RULE.format("__import__('os').system('true') > 1"), "UNKNOWN_CALL"),
        (RULE.format("score.__class__ > 1"), "UNKNOWN_NAME"),
        (RULE.format("(lambda: score)() > 1"), "UNKNOWN_CALL"),
        (RULE.format("(x := score) > 1"), "SYNTAX"),
        (RULE.format("[s for s in (1, 2)] == score"), "SYNTAX"),
    ],
)
def test_problems(text, code):
    assert codes(text) == [code]


@pytest.mark.parametrize("name", ["min", "yuan", "on_list", "table", "skip", "amount_minor"])
def test_a_name_that_means_something_is_not_given_again(name):
    assert "ASSIGNED_TWICE" in codes(f"{name} = score + 1\n" + RULE.format(f"{name} > 1"))


def test_how_an_editor_saves_does_not_matter():
    text = HEAD + RULE.format("score > 1")
    digests = {compile_bundle("p", t, VOCABULARY).digest for t in (text, "\ufeff" + text, text.replace("\n", "\r\n"))}
    assert len(digests) == 1


def test_a_gap_as_fine_as_floats_is_told_in_full():
    rows = "{cell[:0.3]: approve(), cell[0.30000000000000004:]: approve()}"
    with pytest.raises(PolicyProblems, match=r"0\.3 ≤ score < 0\.30000000000000004"):
        compile_bundle("p", f"{HEAD}with matrix:\n    t = table(score, missing=skip, rows={rows})\n", VOCABULARY)


def test_a_rule_behind_one_that_may_say_less_when_unsure_is_reached():
    """Where `score` is missing, `a` asks for a proof and closes the lane: `b` does not refuse, and `c` has its say."""
    text = (
        'with exclusions:\n    a = refuse("OVERDUE", when=score > 0.9, missing=step_up("RISK_STEP_UP", kind="sms"))\n'
        '    b = refuse("DENY_LIST", when=amount_minor > yuan(1))\n'
        'with score:\n    c = review("RISK_REVIEW", queue="q", when=amount_minor > yuan(2))\n'
    )
    assert codes(text) == []
    assert codes(text.replace('missing=step_up("RISK_STEP_UP", kind="sms")', "missing=fires")) == ["UNREACHABLE"]
