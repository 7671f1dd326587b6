"""Golden cases of dated rules: every file here passes exactly, also through the verb, and would fail with another answer."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from honghua.app.case_kinds.kinds import KINDS
from honghua.app.cases import read_cases, run_case, run_cases
from honghua.app.cli import main

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.json"))
GUIDE = HERE.parents[1] / "docs" / "CASES.md"
RULES_LINE = re.compile(r"rules\.md §[0-9]+ .+")


def test_there_are_files() -> None:
    assert {"credit_repair", "bureau_strip", "bureau_retention"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_passes_exactly(path: Path) -> None:
    cases = read_cases(path)
    assert [case["id"] for case in cases if case.get("tolerance") not in (None, "exact")] == []
    outcomes = run_cases(cases)
    assert [(one.id, one.why) for one in outcomes if one.status != "passed"] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_names_its_rule_and_stands_in_the_file_of_its_kind(path: Path) -> None:
    for case in read_cases(path):
        assert case["category"] == path.stem, case["id"]
        assert RULES_LINE.fullmatch(case["source"]["rules"]), case["id"]
        assert case["title"], case["id"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_another_answer_fails(path: Path) -> None:
    """Each expected figure is changed alone: a kind that looked at what is expected, or compared nothing, would still pass."""
    cases = read_cases(path)
    inputs = {case["id"]: case.get("inputs") for case in cases}
    for case in cases:
        for place in list(leaves(case["expected"]))[:8]:
            wrong = copy.deepcopy(case)
            parent = wrong["expected"]
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] = other(parent[place[-1]])
            assert run_case(wrong, inputs).status == "failed", (case["id"], place)


def leaves(tree: Any, place: tuple[Any, ...] = ()) -> Any:
    """Places of the figures, texts and flags of an answer."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*place, key))
    elif isinstance(tree, list) and tree:
        for k, value in enumerate(tree):
            yield from leaves(value, (*place, k))
    else:
        yield place


def other(value: Any) -> Any:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 7
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return f"7{value}" if not value.startswith("-") else value[1:]
    return ["something else"] if isinstance(value, list) else f"not {value}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_verb_says_the_same(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] == len(said["cases"]) > 0
    assert Counter(one["status"] for one in said["cases"]) == {"passed": said["passed"]}


def test_the_guide_has_a_section_for_each_category_whose_example_passes() -> None:
    """What other people copy has to work."""
    text = GUIDE.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `([a-z_0-9]+)`\n(.*?)(?=^#|\Z)", text, flags=re.DOTALL | re.MULTILINE))
    assert sections.keys() == KINDS.keys()
    for category, section in sections.items():
        (example,) = re.findall(r"```json\n(.*?)```", section, flags=re.DOTALL)
        case = {"id": category, "category": category, **json.loads(example)}
        outcome = run_case(case, {})
        assert outcome.status == "passed", (category, outcome.why)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_input_that_nobody_reads_is_refused_with_a_sentence(path: Path) -> None:
    case = copy.deepcopy(read_cases(path)[0])
    if not isinstance(case["inputs"], dict):
        pytest.skip("the inputs are a list")
    outcome = run_case({**case, "inputs": {**case["inputs"], "phase_of_the_moon": "full"}}, {})
    assert outcome.status == "skipped"
    assert "phase_of_the_moon" in outcome.why
