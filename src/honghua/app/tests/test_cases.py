"""`honghua cases`: the published file, cases of the same kinds, and what happens to a broken one."""

from __future__ import annotations

import argparse
import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honghua.app.case_kinds.comparing import Comparison, Exactly, parse_tolerance
from honghua.app.cases import Outcome, read_cases, run_case, run_cases
from honghua.app.commands.books import cases as command
from honghua.base.errors import BadInput

ORACLES = Path(__file__).resolve().parents[5] / "shared" / "oracles" / "loan_cases.json"
SIBLINGS = Path(__file__).parent / "case_siblings.json"


def run_one(category: str, inputs: Any, expected: Any, tolerance: Any = "exact") -> Outcome:
    case = {"id": "one", "category": category, "inputs": inputs, "expected": expected, "tolerance": tolerance}
    return run_case(case, {})


@pytest.mark.skipif(not ORACLES.exists(), reason=f"{ORACLES} is not on this machine")
def test_every_published_case_passes() -> None:
    outcomes = run_cases(read_cases(ORACLES))
    assert len(outcomes) == 52
    assert [outcome for outcome in outcomes if outcome.status != "passed"] == []


@pytest.mark.parametrize("case", read_cases(SIBLINGS), ids=lambda case: case["id"])
def test_siblings_pass(case: dict[str, Any]) -> None:
    inputs = {other["id"]: other["inputs"] for other in read_cases(SIBLINGS)}
    outcome = run_case(case, inputs)
    assert outcome.status == "passed", outcome.why


@pytest.mark.parametrize("case", read_cases(SIBLINGS), ids=lambda case: case["id"])
def test_a_wrong_figure_fails_and_ours_does_not_move(case: dict[str, Any]) -> None:
    """Ours must not depend on what is expected: every expected figure is changed, one by one."""
    inputs = {other["id"]: other["inputs"] for other in read_cases(SIBLINGS)}
    right = run_case(case, inputs)
    for path in list(figures(case["expected"]))[:12]:
        wrong = copy.deepcopy(case)
        place = wrong["expected"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = "7777.77" if isinstance(place[path[-1]], str) else 7777.5
        outcome = run_case(wrong, inputs)
        assert outcome.status == "failed", (path, outcome)
        assert close(leaf(outcome.ours, path), leaf(right.ours, path))


def figures(expected: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(expected, dict):
        for key, value in expected.items():
            if key not in ("n", "event", "status", "row_order"):
                yield from figures(value, (*path, key))
    elif isinstance(expected, list):
        for k, value in enumerate(expected):
            yield from figures(value, (*path, k))
    elif isinstance(expected, int | float) or any(digit in f"{expected}" for digit in "0123456789"):
        yield path


def leaf(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def close(a: Any, b: Any) -> bool:
    """Equal up to the decimals in which both were printed."""
    try:
        gap = abs(float(a) - float(b))
    except ValueError:
        return bool(a == b)
    return gap <= (0.06 if "." in f"{a}" and "." in f"{b}" else 0.51)


def test_unknown_is_skipped_and_malformed_fails_with_a_reason() -> None:
    assert run_one("astrology", {}, {"x": "1"}).status == "skipped"
    assert "no rule for category" in run_one("astrology", {}, {"x": "1"}).why
    assert run_one("tvm", {"function": "xirr", "args": []}, {"value": "1"}).status == "skipped"
    loan = {"principal": "100.00", "annual_percent": "7", "n": 6, "disbursement_date": "2024-01-01"}
    assert run_one("schedule", loan, {"phase_of_the_moon": "1"}).status == "skipped"
    assert run_one("schedule", loan, {"phase_of_the_moon": "1", "emi": "9.99"}).status == "failed"
    for inputs, words in (
        (None, '"inputs" is missing'),
        ([], "inputs is a list, an object is wanted"),
        ({}, "is missing"),
        (loan | {"n": "six"}, "inputs.n"),
        (loan | {"n": 10**9}, "instalments"),
        (loan | {"principal": "-5.00"}, "positive"),
        (loan | {"principal": "5.001"}, "decimals"),
        (loan | {"disbursement_date": "2024-02-30"}, "not a date"),
        (loan | {"due_dates": ["2024-03-01", "2024-02-01"]}, "does not follow"),
        (loan | {"day_count": "lunar"}, "day count"),
        (loan | {"currency": "ZZZ"}, "unknown currency"),
    ):
        outcome = run_one("schedule", inputs, {"emi": "17.01"})
        assert outcome.status == "failed"
        assert words in outcome.why
    assert "asks for nothing" in run_one("schedule", loan, {}).why
    assert "tolerance" in run_one("schedule", loan, {"emi": "17.01"}, "roughly").why
    assert "not in the file" in run_one("early_payoff", {"loan": "gone", "events": []}, {"interest": "1"}).why


@pytest.mark.parametrize(
    ("sentence", "ours", "expected", "agrees"),
    [
        ("exact", "1.00", "1", True),
        ("exact", "1.001", "1", False),
        (None, "1.001", "1", False),
        ("exact to 0.01", "1.004", "1.00", True),
        ("exact to 0.01", "1.01", "1.00", False),
        ("0.005 percentage points (round to 2 dp)", "9.6949", "9.69", True),
        ("0.005 percentage points", "9.6951", "9.69", False),
        ("round half up to 1 dp", "324.45", "324.5", True),
        ("round half even to 1 dp", "324.45", "324.4", True),
        ("round half up to 1 dp", "324.4499", "324.5", False),
        ("round to 0 dp", "1683.139", "1683", True),
        ("round to 0 dp", "1683.51", "1683", False),
        ("1e-9", "0.1000000009", "0.1", True),
        ("1e-9", "0.1000000011", "0.1", False),
        ("0", "-250", "-250", True),
        (0.01, "1.009", "1", True),
        ("± 0.5", "1.4", "1", True),
        ("relative 1e-3", "1000.9", "1000", True),
        ("0.01 / 1e-6", "8.2500405", "8.250040", True),
        ("0.01 / 1e-6", "8.250042", "8.250040", False),
        ("0.01 / 1e-6", "1707.009", "1707.00", True),
        ("1 cent", "1.01", "1.00", True),
    ],
)
def test_tolerance_sentences(sentence: Any, ours: str, expected: str, agrees: bool) -> None:
    comparison = Comparison(parse_tolerance(sentence))
    comparison.layer(Decimal(ours), expected, "x")
    assert (not comparison.differences) is agrees


def test_several_payments_need_an_interval() -> None:
    """Regulation Z, Appendix J, (c)(1): 24 monthly payments of 230.00 are 9.69 %; the days to the first alone do not tell that."""
    loan = {
        "advance": "5000.00", "advance_date": "1978-01-10", "first_payment_date": "1978-02-10", "number_of_payments": 24,
        "regular_payment": "230.00",
    }  # fmt: skip
    monthly = run_one("apr_us_appendix_j", {**loan, "unit_period": "1 month"}, {"apr_percent": "9.69"}, "0.005")
    assert monthly.status == "passed", monthly.why
    for inputs in (
        loan,
        {**loan, "payments": ["230.00"] * 24},
        {**loan, "payments": [{"amount": "230.00", "count": 24}]},
    ):
        outcome = run_one("apr_us_appendix_j", inputs, {"apr_percent": "9.69"}, "0.005")
        assert (outcome.status, "unit_period" in outcome.why) == ("failed", True), outcome


def test_an_empty_list_asks_that_there_are_none() -> None:
    opened = {"opened_on": "2026-01-02", "as_of": "2026-01-20"}
    assert run_one("due_day_change", opened, {"refused": []}).status == "passed"
    twice = {**opened, "changes": [{"on": "2026-01-10", "pair": "5/15"}, {"on": "2026-01-12", "pair": "10/20"}]}
    assert run_one("due_day_change", twice, {"refused": []}).status == "failed"
    assert run_one("due_day_change", opened, {}).why == "expected asks for nothing"


@pytest.mark.parametrize(
    ("category", "inputs"),
    [
        ("subsidy", {"consumed_on": "2026-02-01", "amount": "10.00", "annual_percent": "6", "from": "2026-03-01", "to": "2026-02-01"}),
        ("subsidy", {"consumed_on": "2026-02-01", "amount": "10.00", "annual_percent": "6", "days": -3}),
        ("ecl_stage", {"days_past_due": 0, "claim": "-1.00", "pd_12_months": "1", "lgd": "45"}),
        ("ecl_stage", {"days_past_due": 0, "claim": "1.00", "pd_12_months": "130", "lgd": "45"}),
        ("affordability", {"income": "-1.00", "limit": "5.00"}),
        ("price_cap", {"lender": "bank", "on": "2026-03-01", "days": -5}),
        ("five_classes", {"class_before": "loss", "arrears_paid_on": "2026-05-01", "as_of": "2026-04-01"}),
        ("credit_repair", {"overdue_on": "2025-06-10", "overdue_amount": "5.00", "repaid_on": "2025-05-20"}),
        ("joint_split", {"principal": "10.00", "shares": {"own": "30", "bank": "60"}}),
    ],
)  # fmt: skip
def test_what_cannot_be_fails_with_a_sentence_and_stops_nobody_else(category: str, inputs: Any) -> None:
    asked = {"ecl_stage": {"expected_loss": "1.00"}, "five_classes": {"class": 1}}.get(category, {"refused": None})
    outcome = run_one(category, inputs, asked)
    assert outcome.status == "failed"
    assert not outcome.why.startswith("cannot be computed"), outcome.why


def test_open_objects_may_be_asked_in_part_but_exact_ones_not() -> None:
    comparison = Comparison(parse_tolerance("exact"))
    comparison.layer({"a": 1, "b": 2}, {"a": 1}, "x")
    assert comparison.differences == []
    comparison.layer(Exactly({"1-10": 5}), {}, "x")
    assert comparison.differences == ["x.1-10: ours '5', expected none"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"[]", 'no list "cases"'),
        (b'{"cases": {}}', 'no list "cases"'),
        (b'{"cases": [1]}', "cases[0] is not an object"),
        (b'{"cases": [{"category": "tvm"}]}', 'cases[0] has no "id"'),
        (b'{"cases": [{"id": "a"}, {"id": "a"}]}', "2 times"),
        (b'{"cases": [{"id": "a", "x": NaN}]}', "NaN"),
        (b'{"cases": [', "line 1"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "cases.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_cases(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    with pytest.raises(BadInput):
        read_cases(tmp_path / "absent.json")


def test_the_command_says_it_in_json_and_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"id": "good", "category": "tvm", "inputs": {"function": "pmt", "args": ["0", "60", "15000"]},
            "expected": {"value": "-250"}, "tolerance": "0"}  # fmt: skip
    bad = good | {"id": "bad", "expected": {"value": "-251"}}
    odd = good | {"id": "odd", "category": "astrology"}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"cases": [good, bad, odd]}), encoding="utf-8")
    assert command.run(argparse.Namespace(file=path, json=True), None) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["passed"], answer["failed"], answer["skipped"]) == (1, 1, 1)
    assert [case["status"] for case in answer["cases"]] == ["passed", "failed", "skipped"]
    assert answer["cases"][1] | {"why": ""} == {
        "id": "bad", "status": "failed", "pass": False, "ours": {"value": "-250"}, "expected": {"value": "-251"}, "why": ""
    }  # fmt: skip
    assert {"machine", "commit", "seed", "seconds"} <= answer.keys()
    path.write_text(json.dumps({"cases": [good, odd]}), encoding="utf-8")
    assert command.run(argparse.Namespace(file=path, json=False), None) == 0
    assert "1 passed" in capsys.readouterr().out


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", [], {}, -1, 0, 10**30, "abc", "1e999999999", "9" * 100, 1e308, True, "0001-01-01", "9999-12-31", [[]],
     {"a": 1}, "NaN", "1/0", "1e-50", 10**6]
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_mutilated_case_breaks_the_run(data: st.DataObject) -> None:
    cases = read_cases(SIBLINGS)
    case = copy.deepcopy(dict(data.draw(st.sampled_from(cases))))
    place: Any = case
    key: Any = data.draw(st.sampled_from(["inputs", "expected", "tolerance", "category"]))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(JUNK)
    outcome = run_case(case, {other["id"]: other["inputs"] for other in cases})
    assert outcome.status in ("passed", "failed", "skipped")
    json.dumps(outcome.as_json(), allow_nan=False)
