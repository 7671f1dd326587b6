"""A file of published schedules, rates and refunds, each computed here and held against what was published."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from honghua.app.case_kinds.comparing import Comparison, parse_tolerance
from honghua.app.case_kinds.kinds import KINDS
from honghua.app.case_kinds.reading import Case, Unsupported
from honghua.base.errors import BadInput, HonghuaError

FILE_BYTES_MAX = 64 * 2**20
SHOWN_MAX = 5
ROW_COLUMNS = ("principal", "interest", "balance")

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case; `ours` has the layout of `expected`, `why` is a sentence."""

    id: str
    status: Status
    ours: Any
    expected: Any
    why: str

    def as_json(self) -> dict[str, Any]:
        """The object that `honghua cases --json` prints per case."""
        return {
            "id": self.id,
            "status": self.status,
            "pass": self.status == "passed",
            "ours": self.ours,
            "expected": self.expected,
            "why": self.why,
        }


def read_cases(path: Path) -> list[Mapping[str, Any]]:
    """The cases of a file; BadInput naming what is wrong when it is not one: {"cases": [{"id": …}, …]}, ids unique."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadInput(f"{path}: larger than {FILE_BYTES_MAX >> 20} MB")
        text = path.read_bytes().decode("utf-8-sig")
        document = json.loads(text, parse_constant=_refuse_constant)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}: not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except (RecursionError, ValueError) as error:
        raise BadInput(f"{path}: not readable as JSON ({error})") from None
    cases = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(cases, list):
        raise BadInput(f'{path}: no list "cases" at the top')
    for k, case in enumerate(cases):
        if not isinstance(case, dict):
            raise BadInput(f"{path}: cases[{k}] is not an object")
        if not isinstance(case.get("id"), str) or not case["id"]:
            raise BadInput(f'{path}: cases[{k}] has no "id"')
    twice = [ident for ident, count in Counter(case["id"] for case in cases).items() if count > 1]
    if twice:
        raise BadInput(f"{path}: id {twice[0]!r} stands there {sum(case['id'] == twice[0] for case in cases)} times")
    return cases


def run_cases(cases: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Each case on its own; a loan that a case names is looked up among the others' inputs, never their answers."""
    inputs = {case["id"]: case.get("inputs") for case in cases}
    return [run_case(case, inputs) for case in cases]


def run_case(case: Mapping[str, Any], inputs: Mapping[str, Any]) -> Outcome:
    """Compute one case and compare; malformed fails, and what no rule covers is skipped, both with the reason."""
    ident, expected = case["id"], case.get("expected")
    try:
        category = case.get("category")
        if not isinstance(category, str):
            raise BadInput('"category" is missing')
        if category not in KINDS:
            raise Unsupported(f"no rule for category {category!r}; known: {', '.join(sorted(KINDS))}")
        missing = next((name for name in ("inputs", "expected") if case.get(name) is None), None)
        if missing:
            raise BadInput(f'"{missing}" is missing')
        rules = parse_tolerance(case.get("tolerance"))
        comparison = Comparison(rules)
        answers = KINDS[category](_visible(case, category, inputs))
        ours = comparison.layer(answers, expected, "expected")
    except Unsupported as reason:
        return Outcome(ident, "skipped", None, expected, f"{reason}")
    except BadInput as error:
        return Outcome(ident, "failed", None, expected, f"{error}")
    except (HonghuaError, ArithmeticError, ValueError, LookupError, TypeError, AssertionError) as error:
        # a rule that breaks on one case's inputs must not lose the answers to all others
        return Outcome(ident, "failed", None, expected, f"cannot be computed: {type(error).__name__} {error}")
    return Outcome(ident, *_verdict(comparison, ours, expected, case.get("tolerance")))


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many passed, failed and were skipped."""
    found = Counter(outcome.status for outcome in outcomes)
    return {status: found[status] for status in ("passed", "failed", "skipped")}


def _verdict(comparison: Comparison, ours: Any, expected: Any, tolerance: Any) -> tuple[Status, Any, Any, str]:
    if comparison.differences:
        shown = "; ".join(comparison.differences[:SHOWN_MAX])
        more = len(comparison.differences) - SHOWN_MAX
        return "failed", ours, expected, shown + (f"; and {more} more" if more > 0 else "")
    if comparison.unknown:
        return "skipped", ours, expected, "not computed here: " + "; ".join(comparison.unknown[:SHOWN_MAX])
    if not comparison.compared:
        return "failed", ours, expected, "expected asks for nothing"
    return "passed", ours, expected, f"agrees: {tolerance if tolerance is not None else 'exact'}"


def _visible(case: Mapping[str, Any], category: str, inputs: Mapping[str, Any]) -> Case:
    """What a rule may see: no figure of the expected answer is in it, only its layout."""
    expected = case["expected"]
    order = expected.get("row_order") if isinstance(expected, dict) else None
    columns = (
        order if isinstance(order, list) and all(name in (*ROW_COLUMNS, "due", "payment") for name in order) else None
    )

    def inputs_of(ident: str) -> Any:
        if ident not in inputs:
            raise BadInput(f"inputs.loan names case {ident!r}, which is not in the file")
        return inputs[ident]

    return Case(category, case["inputs"], isinstance(expected, list), tuple(columns or ROW_COLUMNS), inputs_of)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")
