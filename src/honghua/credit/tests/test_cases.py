"""The stories in `cases/`: product people read them and add to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from honghua.credit.tests.storytelling import check, read_cases

CASES = list(read_cases(Path(__file__).parent / "cases"))


@pytest.mark.parametrize(("given", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_story(given, expected):
    check(given, expected)


def test_a_wrong_expectation_fails():
    with pytest.raises(AssertionError):
        check("2026-01-05 open 100.00\n2026-01-05 show", "2026-01-05 account: nothing owed; available 100.01; normal")
