"""The twelve steps: text cases of legal and illegal paths, and random walks that no order of wishes can break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.credit.core.journey import JourneyState, Move, Step, StepOutcome, advance, find_illegal, fold, list_next
from honghua.credit.core.journey.machine import LINE, OF_PURCHASE

WORDS = {"+": "passed", "-": "refused", "?": "referred", "a": "appealed", "u": "upheld", "o": "reopened"}
LINE_PASSED = "1+ 2+ 3+ 4+ 5+"
USED = LINE_PASSED + " 6+x 7+x 8+x"


def read(path: str) -> list[Move]:
    """Moves of a text: step, outcome, subject; a capital P at the end is a person's word, =finding what monitoring found."""
    moves = []
    for word in path.split():
        rest, _, finding = word.partition("=")
        person = rest.endswith("P")
        rest = rest.removesuffix("P")
        number = rest.rstrip("+-?auoxyz")
        outcome = rest[len(number)]
        subject = rest[len(number) + 1 :]
        moves.append(Move(Step(int(number)), StepOutcome(WORDS[outcome]), subject, finding, person))
    return moves


@pytest.mark.parametrize(
    "path",
    [
        "",
        LINE_PASSED,
        "2+ 3+ 4+ 5+",
        USED + " 9+ 10+=current 6+y 8+y 7+y 10+=arrears 11+ 11+ 12+ 9+ 10+=arrears 11+",
        "1- 1a 1oP 1+ 2+",
        "1+ 2? 2+P 3+ 4? 4-P 4a 4oP 4+P 5+",
        "1+ 2+ 3+ 4- 4a 4uP",
        LINE_PASSED + " 10+=current 6-x 6+y 6ax 6oPx",
        USED + " 10+=arrears 11-x 11+y 12- 12a 12oP 12+",
    ],
)
def test_legal_paths(path):
    text = path.replace("oPx", "oxP")
    assert fold(read(text))[1] is None


@pytest.mark.parametrize(
    ("path", "place", "code"),
    [
        ("3+", 1, "STEP_OUT_OF_ORDER"),
        ("1+ 3+", 2, "STEP_OUT_OF_ORDER"),
        ("1+ 2+ 2+", 3, "STEP_OUT_OF_ORDER"),
        ("1+ 2- 3+", 3, "CONTRACT_STOPPED"),
        ("1+ 2- 2+", 3, "STEP_CLOSED"),
        ("1+ 2- 2a 2+", 4, "STEP_CLOSED"),
        ("1+ 2- 2a 2uP 2a", 5, "NOTHING_REFUSED"),
        ("1+ 2- 2oP", 3, "NOTHING_APPEALED"),
        ("1+ 2- 2a 2o", 4, "PERSON_NEEDED"),
        ("1+ 2? 2+", 3, "STEP_WAITS_FOR_PERSON"),
        ("1+ 2+ 2a", 3, "NOTHING_REFUSED"),
        ("1+ 2+ 3+ 4+ 6+x", 5, "CONTRACT_UNSIGNED"),
        (LINE_PASSED + " 6+", 6, "SUBJECT_MISSING"),
        (LINE_PASSED + " 7+x", 6, "PURCHASE_NOT_DRAWN"),
        (LINE_PASSED + " 6+x 7+x 7+x", 8, "STEP_DONE"),
        (LINE_PASSED + " 6+x 6+x", 7, "STEP_DONE"),
        (LINE_PASSED + " 9+", 6, "NOTHING_BOOKED"),
        (USED + " 11+", 9, "NOT_IN_ARREARS"),
        (USED + " 10+=watch 12+", 10, "NOT_IN_ARREARS"),
        (USED + " 10+=arrears 12+", 10, "NEVER_CONTACTED"),
        (USED + " 10+=arrears 11+ 12+ 6+y", 12, "CONTRACT_WRITTEN_OFF"),
        (USED + " 10+=arrears 11+ 12+ 12+", 12, "CONTRACT_WRITTEN_OFF"),
    ],
)
def test_illegal_paths(path, place, code):
    assert fold(read(path))[1] == (place, code)


MOVES = st.builds(
    Move,
    st.sampled_from(Step),
    st.sampled_from(StepOutcome),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(["", "current", "arrears"]),
    st.booleans(),
)


@given(st.lists(MOVES, max_size=60))
def test_no_order_of_wishes_breaks_the_rules(wishes):
    """Take what is legal, leave the rest: then what the steps promise holds, and the kept path is legal as a whole."""
    state, kept = JourneyState(), []
    for move in wishes:
        if find_illegal(state, move) is None:
            state = advance(state, move)
            kept.append(move)
    assert fold(kept) == (state, None)
    passed = [move.step for move in kept if move.outcome is StepOutcome.PASSED]
    line = [step for step in passed if step in LINE]
    assert line == sorted(line)
    assert len(set(line)) == len(line)
    done = [
        (move.step, move.subject) for move in kept if move.outcome is StepOutcome.PASSED and move.step in OF_PURCHASE
    ]
    assert len(set(done)) == len(done), "a purchase is drawn, paid and booked once"
    if Step.WRITE_OFF in passed:
        assert Step.COLLECTION in passed[: passed.index(Step.WRITE_OFF)]
    for number, move in enumerate(kept):
        if move.outcome in (StepOutcome.UPHELD, StepOutcome.REOPENED):
            before = [one for one in kept[:number] if (one.step, one.subject) == (move.step, move.subject)]
            assert before[-1].outcome is StepOutcome.APPEALED
            assert move.is_by_person


@given(st.lists(MOVES, max_size=30))
def test_what_is_next_is_legal_for_some_subject(wishes):
    state = JourneyState()
    for move in wishes:
        if find_illegal(state, move) is None:
            state = advance(state, move)
    for step in list_next(state):
        subjects = ["", "new", *state.purchases]
        moves = [Move(step, StepOutcome.PASSED, subject, "", False) for subject in subjects]
        assert any(find_illegal(state, move) is None for move in moves)
